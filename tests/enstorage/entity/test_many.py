"""Many sources at once: the same as one by one, all or none, in far less time."""

import numpy as np
import pytest

import enstorage
from enstorage import DataPreparation, DataSnapshot, DataSource, save_all
from enstorage.errors import InvalidInputError

DAY = 86_400 * 10**9
COUNT = 12


def series_of(number, rows=30):
    """Every series has gaps and a period of its own."""
    random = np.random.default_rng(number)
    days = np.sort(random.choice(np.arange(50), rows, replace=False))
    return days * DAY + number, random.normal(size=rows).round(3)


def make_sources():
    kinds = [
        {},
        {"time_interval": "1d"},
        {"time_interval": "1w", "aggregate": "count"},
        {"time_interval": "4d", "aggregate": "median", "time_from": 10 * DAY},
        {"time_from": 5 * DAY, "time_to": 40 * DAY},
    ]
    return [DataSource(name=f"series {number}", **kinds[number % len(kinds)]) for number in range(COUNT)]


def test_many_give_what_each_gives_alone(store):
    many, alone = make_sources(), make_sources()
    points = [series_of(number) for number in range(COUNT)]
    assert enstorage.write_all(many, points) == 30 * COUNT
    for source, pair in zip(alone, points, strict=True):
        source.write(*pair)
    snapshots = enstorage.create_snapshots(many, "of a moment")
    preparations = enstorage.create_preparations(snapshots, "linear", "standard", 0.5, 0.2, 0.3, description="scaled")
    for index, source in enumerate(alone):
        snapshot = source.create_snapshot("of a moment")
        preparation = snapshot.create_preparation("linear", "standard", 0.5, 0.2, 0.3, description="scaled")
        for one, other in ((snapshots[index], snapshot), (preparations[index], preparation)):
            told = ("rows", "sha256", "description")
            assert [getattr(one, name) for name in told] == [getattr(other, name) for name in told]
        assert snapshots[index].data_source == many[index]
        for name in ("time_from", "time_to", "time_interval", "aggregate", "empty_rows"):
            assert getattr(snapshots[index], name) == getattr(snapshot, name)
        assert preparations[index].state == preparation.state
        assert preparations[index].data_snapshot == snapshots[index]
    assert len({snapshot.series_version for snapshot in snapshots}) == 1
    for each in (*DataSnapshot.get_list(), *DataPreparation.get_list()):
        assert each.data_csv.rows == each.rows
    assert enstorage.check() == []


def test_points_that_are_there_are_replaced_and_stored_sources_may_be_given(store):
    stored = save_all([DataSource(name="a"), DataSource(name="b")])
    stored[0].write([1, 2], [1.0, 2.0], time_unit="ns")
    new = DataSource(name="c")
    assert enstorage.write_all([*stored, new], [([2, 3], [5.0, 6.0]), ([9], [8.0]), ([0], [7.0])], time_unit="ns") == 4
    assert stored[0].read()[1].tolist() == [1.0, 5.0, 6.0]
    assert stored[1].read()[1].tolist() == [8.0]
    assert new.read()[1].tolist() == [7.0]


def test_none_is_none(store, census):
    assert enstorage.write_all([], []) == 0
    assert enstorage.create_snapshots([]) == []
    assert enstorage.create_preparations([]) == []
    assert set(census(store).values()) == {0}


def test_all_or_none(store, census):
    sources = [DataSource(name="good"), DataSource(name="bad")]
    with pytest.raises(InvalidInputError, match=r"points of DataSource\(None, 'bad'\) cannot be written: .*finite"):
        enstorage.write_all(sources, [([1, 2], [1.0, 2.0]), ([1], [float("nan")])], time_unit="ns")
    with pytest.raises(InvalidInputError, match="There are 2 sources and points of 1; expected the same number"):
        enstorage.write_all(sources, [([1], [1.0])])
    assert set(census(store).values()) == {0}
    enstorage.write_all(sources, [(np.arange(10), np.ones(10)), ([1], [1.0])], time_unit="ns")
    empty = DataSource(name="empty").save()
    before = census(store)
    with pytest.raises(InvalidInputError, match=r"DataSource\(3, 'empty'\) has no points, so it has no snapshot"):
        enstorage.create_snapshots([*sources, empty])
    sources[1].time_from = 100
    with pytest.raises(InvalidInputError, match=r"DataSource\(2, 'bad'\) has no points in its period"):
        enstorage.create_snapshots(sources)
    sources[1].time_from = None
    assert census(store) == before
    empty.write([1], [1.0], time_unit="ns")
    snapshots = enstorage.create_snapshots([sources[1], empty])
    before = census(store)
    with pytest.raises(InvalidInputError, match=r"DataSnapshot\(1\) cannot be prepared: The test part gets no row"):
        enstorage.create_preparations(snapshots)
    assert {**census(store), "objects": 0} == {**before, "objects": 0}


def test_a_series_too_short_for_every_part_is_prepared_for_training_and_named(store):
    days = np.datetime64("2024-01-01") + np.arange(10)
    sources = [DataSource(name=name, time_interval="1d").save() for name in ("long", "one day", "two days")]
    for source, count in zip(sources, (10, 1, 2), strict=True):
        source.write(days[:count], np.arange(count) + 1.0)
    told = r"2 of 3 series have too few rows for every part.*DataSource\(2, 'one day'\), DataSource\(3, 'two days'\)"
    with pytest.warns(UserWarning, match=told):
        made = enstorage.create_preparations(enstorage.create_snapshots(sources), "drop", "standard", 0.6, 0.2, 0.2)
    assert [each.state["parts"] for each in made] == [
        {"train": 6, "valid": 2, "test": 2},
        {"train": 1, "valid": 0, "test": 0},
        {"train": 2, "valid": 0, "test": 0},
    ]
    assert [each.train_part for each in made] == [0.6, 1.0, 1.0]
    assert [each.prepare().sha256 for each in made] == [each.sha256 for each in made]
    assert enstorage.check() == []


def test_a_rolled_back_transaction_leaves_no_records_and_they_can_be_saved_again(store, census):
    sources = [DataSource(name="a"), DataSource(name="b")]
    with pytest.raises(ZeroDivisionError), store.transaction():  # noqa: PT012
        enstorage.write_all(sources, [series_of(number) for number in range(2)])
        preparations = enstorage.create_preparations(enstorage.create_snapshots(sources))
        raise ZeroDivisionError
    counted = census(store)
    assert (counted["DataSource"], counted["DataSnapshot"], counted["DataPreparation"]) == (0, 0, 0)
    assert sources[0].id is None
    assert preparations[0].id is None
    enstorage.write_all(sources, [series_of(number) for number in range(2)])
    enstorage.create_preparations(enstorage.create_snapshots(sources))
    assert enstorage.check() == []


@pytest.mark.parametrize("function", [enstorage.create_snapshots, enstorage.create_preparations])
def test_what_is_something_else_or_stands_twice_is_refused(store, sunspots, function):
    right = sunspots if function is enstorage.create_snapshots else sunspots.create_snapshot()
    with pytest.raises(InvalidInputError, match=f"'x' is not a {type(right).__name__}"):
        function([right, "x"])
    with pytest.raises(InvalidInputError, match=f"A {type(right).__name__} was given twice; expected each once"):
        function([right, right])
