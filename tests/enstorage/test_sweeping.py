"""`gc` frees what nothing refers to, and never what somebody needs."""

import os
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import deltalake
import fsspec
import numpy as np
import pytest
from sklearn.linear_model import LinearRegression
from sqlalchemy import select

from enstorage import Connector, DataSnapshot, DataSource, Project, check, gc
from enstorage.entity import STORE, DataCsv, Ensemble, Forecast, Model, _rows
from enstorage.entity._object_columns import hash_columns
from enstorage.errors import CorruptError, InvalidInputError, StoreError
from enstorage.upkeep import sweep as sweeping

NOW = timedelta(0)


def found(sweep):
    """How many of each kind."""
    return {each.kind: each.count for each in sweep.garbage if each.count}


def age(store, days=2):
    """Everything in the object store was written some days ago."""
    folder = Path(store.settings.objects.removeprefix("file:"))
    for path in folder.rglob("*"):
        if path.is_file():
            os.utime(path, (time.time() - days * 86400,) * 2)


def put(store, content=b"nobody refers to it"):
    return store.objects.put(content)


@pytest.fixture
def flow(sunspots):
    """A model with everything it was made from."""
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax")
    model = Project(name="Sun", data_source=sunspots).save().create_research("r", preparation).create_model("m")
    model.save_object(LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0]))
    return model


def test_a_store_in_use_holds_no_garbage(store, flow, census):
    age(store)
    before = census(store)
    for delete in (False, True):
        sweep = gc(store, delete=delete, grace=NOW)
        assert (found(sweep), sweep.bytes, sweep.freed, sweep.spared) == ({}, 0, delete, 0)
    assert census(store) == before
    assert check(store, notes=True) == []


def test_an_empty_store_holds_no_garbage(store):
    assert found(gc(delete=True, grace=NOW)) == {}


def test_what_no_record_refers_to_is_freed_only_when_told_to(store, flow, census):
    before = census(store)
    loose = [put(store), put(store, b"nor to this")]
    age(store)
    sweep = gc(store)
    assert (found(sweep), sweep.bytes, sweep.freed) == ({"objects": 2}, 19 + 11, False)
    assert all(store.objects.has(each) for each in loose)
    again = gc(store, delete=True)
    assert (again.garbage, again.freed) == (sweep.garbage, True)
    assert census(store) == before
    assert found(gc(store)) == {}
    assert check(store) == []


def test_what_was_replaced_or_deleted_is_freed(store, flow, census):
    age(store)
    kept = census(store)["objects"]
    flow.save_object(LinearRegression().fit([[1.0], [2.0]], [1.0, 7.0]))
    assert found(gc(store, delete=True)) == {"objects": 1}
    assert census(store)["objects"] == kept
    flow.research.project.data_source.delete(cascade=True)
    assert found(gc(store, grace=NOW))["objects"] == kept
    gc(store, delete=True, grace=NOW)
    assert census(store)["objects"] == census(store)["points"] == 0


def test_what_lies_in_the_trash_is_kept(store, flow):
    age(store)
    flow.deleted_at = datetime.now(UTC)
    flow.save()
    assert found(gc(store, delete=True)) == {}
    assert flow.load_object() is not None


def test_what_was_written_or_touched_lately_is_spared(store, sunspots):
    old, touched = put(store, b"old"), put(store, b"touched")
    age(store, days=3)
    young = put(store, b"young")
    put(store, b"touched")
    sweep = gc(store, delete=True, grace=timedelta(days=2))
    assert (found(sweep), sweep.spared) == ({"objects": 1}, 2)
    assert [store.objects.has(each) for each in (old, young, touched)] == [False, True, True]
    assert found(gc(store, grace=timedelta(days=4))) == {}


def test_the_hash_that_a_forecast_bears_keeps_nothing(store, flow):
    times, values = flow.research.data_preparation.data_snapshot.read()
    flow.save_forecasts("train", times[:5], values[:5])
    age(store)
    flow.save_object(LinearRegression().fit([[1.0], [2.0]], [1.0, 7.0]))
    assert Forecast.get(1).object_sha256 != flow.object_sha256
    assert found(gc(store, delete=True)) == {"objects": 1}
    assert check(store) == []


def test_every_column_that_refers_to_an_object_is_known():
    columns = {(column.table.name, column.name) for column in hash_columns()}
    assert columns >= {
        (DataCsv.__tablename__, "sha256"),
        (Model.__tablename__, "object_sha256"),
        (Ensemble.__tablename__, "object_sha256"),
    }
    assert (Forecast.__tablename__, "object_sha256") not in columns


def test_points_without_a_source_are_freed(store, sunspots, census):
    store.series.append(77, np.arange(3), np.arange(3.0))
    sweep = gc(store)
    assert found(sweep) == {"points": 3}
    assert sweep.garbage[2].bytes is None
    assert found(gc(store, delete=True)) == {"points": 3}
    assert store.series.sources() == [sunspots.id]
    assert census(store)["points"] == 40


def test_points_that_other_programs_may_have_written_are_left_alone(store, monkeypatch):
    monkeypatch.setattr(type(store.series), "written_by_others", True)
    store.series.append(77, np.arange(3), np.arange(3.0))
    assert found(gc(store, delete=True, grace=NOW)) == {}
    assert store.series.sources() == [77]


def test_the_rest_of_a_killed_write_is_freed_after_an_hour_at_least(store, tmp_path):
    rest = tmp_path / "store" / "objects" / "new" / "rest"
    rest.write_bytes(b"12345")
    assert found(gc(store, delete=True, grace=NOW)) == {}
    age(store)
    sweep = gc(store, delete=True)
    assert (found(sweep), sweep.bytes) == ({"unfinished writes": 1}, 5)
    assert not rest.exists()


def test_versions_that_snapshots_name_stay_readable_and_others_are_freed(store, sunspots):
    times, values = sunspots.read()
    snapshots, states = [], []
    for turn in range(60):
        sunspots.write(times, values + turn)
        if turn in (3, 50):
            snapshots.append(sunspots.create_snapshot())
            states.append(values + turn)
    store.series.compact()
    nobody_named = snapshots[0].series_version + 20
    store.series.read(sunspots.id, version=nobody_named)
    assert found(gc(store, delete=True)) == {}  # all of it is younger than a day
    counted = gc(store, grace=NOW)
    folder = Path(store.settings.series.removeprefix("delta:"))
    files = sum(path.is_file() for path in folder.rglob("*"))
    assert gc(store, delete=True, grace=NOW).garbage == counted.garbage
    assert files - sum(path.is_file() for path in folder.rglob("*")) == found(counted)["series files"] > 40
    for snapshot, state in zip(snapshots, states, strict=True):
        assert snapshot.read_again()[1].tobytes() == state.tobytes()
    with pytest.raises(LookupError, match=f"does not keep its version {nobody_named}"):
        store.series.read(sunspots.id, version=nobody_named)
    assert sunspots.read()[1].tobytes() == (values + 59).tobytes()
    assert check(store, notes=True) == []
    snapshots[0].delete()
    assert found(gc(store, delete=True, grace=NOW))["series files"] > 0
    assert snapshots[1].read_again()[1].tobytes() == states[1].tobytes()


class TestBesideAWriter:
    """The sweep and a writer, interleaved by hand at the places that matter."""

    @pytest.fixture
    def when(self, store, monkeypatch):
        """Does something once, just before or after a step of the sweep."""

        def arrange(owner, name, act, *, after=False):
            step, done = getattr(owner, name), []

            def both(*arguments, **options):
                if not after and not done:
                    done.append(act())
                result = step(*arguments, **options)
                if after and not done:
                    done.append(act())
                return result

            monkeypatch.setattr(owner, name, both)
            return done

        return arrange

    @pytest.fixture
    def old(self, store):
        """An object that nothing refers to, from some days ago."""
        sha256 = put(store)
        age(store)
        return sha256

    def commit(self, store, sha256):
        return DataCsv(sha256=sha256, rows=0, columns={}, bytes=19, connector=store).save()

    def test_an_object_that_was_put_and_not_yet_committed_is_spared(self, store):
        sha256 = put(store)
        assert gc(store, delete=True).spared == 1
        self.commit(store, sha256)
        assert store.objects.has(sha256)

    def test_one_that_is_touched_after_the_listing_is_spared(self, store, old, when):
        done = when(store.series, "sources", lambda: put(store))
        assert found(gc(store, delete=True)) == {}
        assert done == [old]
        self.commit(store, old)
        assert store.objects.has(old)

    def test_one_that_is_touched_just_before_it_is_deleted_is_spared(self, store, old, when):
        done = when(store.objects, "delete", lambda: put(store))
        assert found(gc(store, delete=True)) == {}
        assert done == [old]
        assert store.objects.has(old)

    def test_one_whose_row_is_committed_after_the_rows_were_read_is_seen(self, store, old, when, monkeypatch):
        # The touch alone would save it; here it is lost, as on a store whose clock is wrong.
        monkeypatch.setattr(os, "utime", lambda *arguments: None)
        done = when(store.objects, "clear_unfinished", lambda: self.commit(store, put(store)))
        assert found(gc(store, delete=True)) == {}
        assert len(done) == 1
        assert store.objects.has(old)

    def test_one_whose_row_is_committed_after_the_deletion_is_found_missing_by_its_writer(self, store, old, when):
        # The writer touched it long ago, and commits only now.
        done = when(store.objects, "delete", lambda: store.objects.has(old), after=True)
        assert found(gc(store, delete=True)) == {"objects": 1}
        assert done == [False]
        self.commit(store, old)
        assert not store.objects.has(old)  # what every writer looks at after its commit
        put(store)
        assert store.objects.has(old)

    def test_a_row_cannot_be_committed_while_objects_are_deleted(self, store, old, when):
        def try_to_write():
            with sqlite3.connect(str(store.database.url.database), timeout=0) as other:
                try:
                    other.execute("UPDATE project SET name = 'x'")
                except sqlite3.OperationalError as error:
                    return str(error)
            return "written"

        done = when(store.objects, "delete", try_to_write)
        gc(store, delete=True)
        assert done == ["database is locked"]

    def test_points_whose_source_is_committed_meanwhile_stay(self, store, sunspots, monkeypatch):
        read, seen = sweeping._source_ids, []

        def before_the_commit(session):
            seen.append(read(session))
            return seen[-1] if len(seen) > 1 else set()

        monkeypatch.setattr(sweeping, "_source_ids", before_the_commit)
        assert found(gc(store, delete=True)) == {}
        assert seen == [{sunspots.id}] * 2
        assert len(sunspots.read()[0]) == 40

    def test_a_snapshot_that_is_being_taken_keeps_its_version(self, store, sunspots, when, monkeypatch):
        times, values = sunspots.read()

        def rewrite_and_sweep():
            sunspots.write(times, values + 1)
            store.series.compact()
            gc(store, delete=True)

        when(_rows, "_rows", rewrite_and_sweep, after=True)
        snapshot = sunspots.create_snapshot()
        monkeypatch.undo()
        assert snapshot.read_again()[1].tobytes() == values.tobytes()


class TestNothingIsFreed:
    @pytest.fixture
    def garbage(self, store, flow):
        store.series.append(77, np.arange(3), np.arange(3.0))
        put(store)
        age(store)

        def count():
            return len(list(store.objects.hashes())), store.series.sources()

        before = count()
        yield
        assert count() == before
        assert before[1] == [1, 77]

    def execute(self, store, statement):
        database = sqlite3.connect(str(store.database.url.database))
        database.execute(statement)
        database.commit()
        database.close()

    @pytest.mark.parametrize("delete", [False, True])
    def test_when_a_row_refers_to_no_hash(self, store, garbage, delete):
        self.execute(store, "UPDATE data_csv SET sha256 = 'x' WHERE id = 2")
        with pytest.raises(CorruptError, match=r"sha256 of data_csv 2 is 'x', which is no SHA-256\. Nothing was freed"):
            gc(store, delete=delete, grace=NOW)

    @pytest.mark.parametrize("delete", [False, True])
    def test_when_a_row_refers_to_what_is_missing(self, store, garbage, delete):
        self.execute(store, f"UPDATE model SET object_sha256 = '{'0' * 64}'")
        with pytest.raises(
            CorruptError, match=r"0, to which model 1 refers, is missing .*Nothing was freed.*`enstorage check`"
        ):
            gc(store, delete=delete, grace=NOW)

    def test_when_the_rows_cannot_be_read(self, store, garbage):
        self.execute(store, "ALTER TABLE ensemble RENAME TO lost")
        with pytest.raises(StoreError, match="no such table: ensemble"):
            gc(store, delete=True, grace=NOW)

    def test_when_a_named_version_cannot_be_read(self, store, garbage, sunspots, tmp_path):
        log = tmp_path / "store" / "series" / "_delta_log"
        deltalake.DeltaTable(str(log.parent)).create_checkpoint()
        (log / f"{DataSnapshot.get(1).series_version:020}.json").unlink()
        with pytest.raises(StoreError, match=r"version .* that a snapshot names cannot be read: .*Nothing was freed"):
            gc(store, delete=True, grace=NOW)

    def test_inside_a_transaction(self, store, garbage):
        with store.transaction(), pytest.raises(InvalidInputError, match="inside a transaction, whose deletions may"):
            gc(store, delete=True, grace=NOW)

    def test_for_a_negative_grace_period(self, store, garbage):
        with pytest.raises(InvalidInputError, match=r"grace period is -1 day.*; expected zero or more"):
            gc(store, delete=True, grace=timedelta(days=-1))


def test_when_it_is_killed_the_store_is_whole_and_the_next_one_goes_on(store, flow, monkeypatch):
    for number in range(30):
        put(store, b"%d" % number)
    age(store)
    delete, calls = store.objects.delete, []

    def killed(sha256, **options):
        calls.append(sha256)
        if len(calls) == 25:
            raise KeyboardInterrupt
        return delete(sha256, **options)

    monkeypatch.setattr(store.objects, "delete", killed)
    with pytest.raises(KeyboardInterrupt):
        gc(store, delete=True)
    assert check(store) == []
    assert found(gc(store, delete=True)) == {"objects": 6}
    assert check(store, notes=True) == []


def test_a_store_that_was_copied_to_a_bucket_opens_there(store, flow, bucket, tmp_path):
    with store.database.reading() as session:
        name = session.scalar(select(STORE.c.uuid))
    for each in (store.objects, store.series):
        each.claim(name)
    files = fsspec.filesystem("s3")
    files.put(str(tmp_path / "store" / "objects"), f"{bucket}/objects", recursive=True)
    files.put(str(tmp_path / "store" / "series"), f"{bucket}/points", recursive=True)
    urls = store.settings.database, f"delta:s3://{bucket}/points", f"s3://{bucket}/objects"
    with Connector(*urls) as moved:
        for each in (moved.objects, moved.series):
            each.claim(name)
            with pytest.raises(StoreError, match=f"belongs to the database with the id {name}"):
                each.claim("b" * 32)
        assert check(moved, notes=True) == []
        assert gc(moved, delete=True, grace=NOW).bytes == 0
        np.testing.assert_array_equal(DataSource.get(1).read(), DataSource.get(1, connector=store).read())


def test_it_works_in_an_object_store_too(tmp_path, bucket):
    with Connector(f"sqlite:///{tmp_path}/x.sqlite", f"delta:s3://{bucket}/points", f"s3://{bucket}/objects") as store:
        source = DataSource(name="x", time_interval="1d").save()
        source.write(["2020-01-01", "2020-01-02"], [1.0, 2.0])
        snapshot = source.create_snapshot()
        source.write(["2020-01-01"], [7.0])
        store.series.compact()
        store.series.append(77, np.arange(3), np.arange(3.0))
        put(store)
        time.sleep(1.1)  # its times are kept to the second
        sweep = gc(store, delete=True, grace=NOW)
        assert (found(sweep)["objects"], found(sweep)["points"]) == (1, 3)
        assert found(sweep)["series files"] >= 1
        assert snapshot.read_again()[1].tolist() == snapshot.read()[1].tolist() == [1.0, 2.0]
        assert source.read()[1].tolist() == [7.0, 2.0]
        assert check(store, notes=True) == []
        assert list(store.objects.hashes()) == [snapshot.data_csv.sha256]
