"""A clock that jumps back changes no order: what was written last counts, and ids and lists are as they were written."""

import datetime as real
import time
from types import SimpleNamespace

import pytest

import enstorage
from endirector.rendering import conductor
from enstorage import Connector, DataSource, Model
from enstorage.entity import _record
from enstorage.upkeep import sweep as sweeping

_YEAR = real.timedelta(days=365)


@pytest.fixture
def clock(monkeypatch):
    """The clock that the package sees, and by how much it is off."""
    state, seconds = SimpleNamespace(off=real.timedelta()), time.time

    class Moved(real.datetime):
        @classmethod
        def now(cls, tz=None):
            return real.datetime.now(tz) + state.off

    monkeypatch.setattr(_record, "datetime", Moved)
    for module in (conductor, sweeping):
        monkeypatch.setattr(module, "datetime", Moved)
    monkeypatch.setattr(time, "time", lambda: seconds() + state.off.total_seconds())
    return state


@pytest.fixture
def filled(filled_store):
    urls, _ = filled_store()
    with Connector(*urls) as connector:
        yield connector
    connector.close()


def test_what_was_written_last_counts_whatever_the_clock_says(filled, clock):
    (source,) = DataSource.find("name = 'subject'")
    (model,) = Model.find("name = 'objects'")
    made = [DataSource(name="made before").save()]
    for turn in (1, 2, 3):
        source.write([0], [float(turn)])
        source.create_snapshot(str(turn))
        model.meta("turn", turn)
        model.log(0, loss=turn)
        model.curves()
        model.save_forecasts("test", [0, 1], [turn, turn])
        made.append(DataSource(name=f"made {turn}").save())
        clock.off -= _YEAR
    assert source.read()[1][0] == 3
    assert [snapshot.description for snapshot in source.snapshots()] == ["first", "1", "2", "3"]
    assert [snapshot.read()[1][0] for snapshot in source.snapshots()] == [0, 1, 2, 3]
    assert model.meta("turn") == 3
    assert model.curves()["loss"].to_list() == [3]
    assert model.forecasts("test")["value"].to_list() == [3, 3]
    assert [record.id for record in made] == sorted({record.id for record in made})
    assert DataSource.find("name LIKE 'made %'") == made
    assert enstorage.check() == []


def test_a_deletion_is_not_undone_by_a_clock_that_jumps_back(filled, clock):
    (source,) = DataSource.find("name = 'subject'")
    source.delete_points()
    clock.off -= _YEAR
    assert source.read()[0].tolist() == []
    source.write([0], [1.0])
    clock.off += _YEAR
    filled.series.compact()
    assert source.read()[1].tolist() == [1.0]


@pytest.mark.parametrize("jump", [-_YEAR, _YEAR])
def test_what_is_referred_to_is_never_freed_whatever_the_clock_says(filled, clock, census, jump):
    before = census(filled)
    clock.off += jump
    enstorage.gc(delete=True)
    assert census(filled) == before
    assert enstorage.check() == []


def test_times_of_records_are_those_of_the_clock(filled, clock):
    """So a record can have been changed before it was made: times are told, and decide nothing."""
    record = DataSource(name="made").save()
    clock.off -= _YEAR
    record.unit = "m"
    record.save()
    again = DataSource.get(record.id)
    assert again.unit == "m"
    assert again.updated_at < again.created_at


def test_what_gathers_is_written_after_a_second_whatever_the_clock_says(filled, clock):
    (model,) = Model.find("name = 'facts'")
    started = time.monotonic()
    with filled.buffered():
        model.meta("first", 1)
        clock.off -= _YEAR
        model.meta("second", 2)
        model.log(0, loss=1.0)
        # Another connector sees it as soon as it is written; ours would write it by looking.
        with Connector(*filled.settings) as other:
            while Model.get(model.id).metas().keys() < {"first", "second"}:
                assert time.monotonic() - started < 10
                time.sleep(0.01)
            assert Model.get(model.id).curves()["loss"].to_list() == [1.0]
        other.close()
    assert time.monotonic() - started >= 0.5
