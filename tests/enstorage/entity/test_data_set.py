"""Data sets: the windows of a preparation, and sets that come from arrays."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enstorage import DataSet, DataSource
from enstorage.adapter import Prepared, Window
from enstorage.adapter.samples import NoSamplesError
from enstorage.errors import ImmutableError, InvalidInputError, NotFoundError
from enstorage.instant import to_ns

DAY = 86_400 * 10**9


def prepared_rows(values, position=None, part=None, needs_history=False):
    values = np.asarray(values, float)
    position = np.arange(len(values)) if position is None else np.asarray(position)
    return Prepared(
        times=position * DAY,
        values=values,
        position=position,
        part=np.zeros(len(values), np.int8) if part is None else np.asarray(part, np.int8),
        needs_history=needs_history,
        what="DataPreparation(1)",
    )


def brute_force(prepared, window):
    """The windows, one at a time, as contract.md words them; and how many of each kind were lost."""
    x, rows = prepared.values, len(prepared.values)
    made, spans, torn = [], 0, 0
    for t in range(rows):
        first, target = t - window.lag + 1, t + window.offset
        last = target + window.horizon - 1
        if first < 0 or last >= rows or prepared.position[target] % window.step:
            continue
        inside = range(first, last + 1)
        gap = any(np.isnan(x[i]) for i in inside) or any(
            prepared.position[i + 1] != prepared.position[i] + 1 for i in inside[:-1]
        )
        if gap:
            spans += 1
        elif len(set(prepared.part[target : last + 1].tolist())) > 1:
            torn += 1
        else:
            made.append((prepared.times[target], x[first : t + 1], x[target : last + 1], prepared.part[target]))
    return made, {"spans a dropped row": spans, "targets in two parts": torn}


def test_last_windows_are_counted_back_from_the_last_whole_one():
    prepared = prepared_rows(np.arange(20.0))
    assert (Window(3, horizon=4, step=4, last=12).samples(prepared).id // DAY).tolist() == [8, 12, 16]
    assert (Window(3, horizon=4, step=3, last=9).samples(prepared).id // DAY).tolist() == [13, 16]
    assert (Window(10, horizon=4, step=4, last=100).samples(prepared).id // DAY).tolist() == [12, 16]
    assert Window(3).to_json().keys() == {"name", "lag", "offset", "horizon", "step"}  # as it was kept before
    assert str(Window(3, last=5)) == "window lag 3 last 5"
    with pytest.raises(NoSamplesError, match="no target among its last 2 rows"):
        Window(3, horizon=4, last=2).samples(prepared)


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    lag=st.integers(1, 5),
    offset=st.integers(1, 4),
    horizon=st.integers(1, 4),
    step=st.integers(1, 4),
    kept=st.lists(st.sampled_from([True, True, True, True, False]), min_size=12, max_size=40),
    undefined=st.sets(st.integers(0, 30), max_size=2),
    cuts=st.tuples(st.floats(0.2, 1), st.floats(0, 1)),
)
def test_windows_are_those_of_the_definition(lag, offset, horizon, step, kept, undefined, cuts):
    position = np.flatnonzero(kept)
    values = np.where(np.isin(position, list(undefined)), np.nan, np.sin(position) * 10)
    train = int(len(position) * cuts[0])
    valid = int((len(position) - train) * cuts[1])
    part = np.repeat([0, 1, 2], [train, valid, len(position) - train - valid])
    prepared, window = prepared_rows(values, position, part), Window(lag, offset, horizon, step)
    made, lost = brute_force(prepared, window)
    if not made:
        with pytest.raises(InvalidInputError, match=r"DataPreparation\(1\) (has|gives)"):
            window.samples(prepared)
        return
    samples = window.samples(prepared)
    assert samples.id.tolist() == [row[0] for row in made]
    np.testing.assert_array_equal(samples.X, [row[1] for row in made])
    targets = np.array([row[2] for row in made])
    np.testing.assert_array_equal(samples.y, targets[:, 0] if horizon == 1 else targets)
    assert samples.part.tolist() == [row[3] for row in made]
    assert dict(samples.lost) == lost
    assert samples.X.dtype == samples.y.dtype == np.float64
    assert samples.X.shape == (len(made), lag)
    assert samples.y.shape == ((len(made),) if horizon == 1 else (len(made), horizon))
    np.testing.assert_array_equal(samples.target - samples.origin, offset)


def test_the_example_of_the_paper():
    """lag 7, offset 2: days 1 … 7 predict day 9."""
    samples = Window(lag=7, offset=2).samples(prepared_rows(np.arange(1.0, 13.0)))
    assert samples.X[0].tolist() == [1, 2, 3, 4, 5, 6, 7]
    assert samples.y.tolist() == [9, 10, 11, 12]
    assert (samples.id // DAY).tolist() == [8, 9, 10, 11]


@pytest.mark.parametrize("window", [Window(30), Window(30, step=5), Window(7, offset=3, horizon=4)])
def test_windows_are_views_and_not_copies(store, sunspots, window):
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax", 1.0, 0.0, 0.0)
    data_set = preparation.create_set(window)
    _, X, y = data_set.arrays()
    _, X_train, _ = data_set.arrays("train")
    values = preparation.prepared().values
    for array in (X, y, X_train):
        assert np.shares_memory(array, values)
        assert not array.flags.writeable


def test_step_keeps_shared_ids_among_different_lags():
    prepared = prepared_rows(np.arange(60.0))
    ids = [set(Window(lag, step=7).samples(prepared).id.tolist()) for lag in (1, 5, 13)]
    assert ids[2] <= ids[1] <= ids[0]
    assert {id // DAY % 7 for id in ids[0]} == {0}


def test_a_window_over_a_dropped_row_is_not_built_and_counted(store):
    source = DataSource(name="x", time_interval="1d").save()
    days = np.delete(np.arange(20), 9)
    source.write(days * DAY, days.astype(float))
    data_set = source.create_snapshot().create_preparation("drop").create_set(Window(3))
    assert data_set.lost == {"spans a dropped row": 3, "targets in two parts": 0}
    assert (data_set.arrays()[0] // DAY).tolist() == [3, 4, 5, 6, 7, 8, 13, 14, 15, 16, 17, 18, 19]


def test_a_window_with_targets_in_two_parts_is_not_built_and_counted(store, sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "none", 0.5, 0.25, 0.25)
    data_set = preparation.create_set(Window(4, horizon=3))
    assert data_set.lost == {"spans a dropped row": 0, "targets in two parts": 4}
    assert np.bincount(data_set.parts()).tolist() == [20 - 4 - 2, 10 - 2, 10 - 2]
    ids, X, y = data_set.arrays("valid")
    times, _ = preparation.data_snapshot.read()
    assert ids[0] == times[20]  # a window may reach back into earlier parts
    np.testing.assert_array_equal(X[0], preparation.data_snapshot.read()[1][16:20])
    assert y.shape == (8, 3)


def test_a_set_keeps_its_recipe_and_gives_the_same_samples_again(store, sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "log+difference")
    made = preparation.create_set(Window(4, horizon=2, step=3), description="first try")
    again = DataSet.get(made.id)
    assert (again.name, again.description) == ("window lag 4 horizon 2 step 3", "first try")
    assert again.adapter == {"name": "window", "lag": 4, "offset": 1, "horizon": 2, "step": 3}
    for one, other in zip(made.arrays(), again.arrays(), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(made.parts(), again.parts())
    again.verify()
    assert again.data_preparation == preparation
    assert preparation.data_sets() == [again]
    assert again.data_csv.columns == {"id": "Int64", "part": "Int8"}  # X and y are not stored twice


def test_the_hash_covers_the_samples(store, sunspots):
    snapshot = sunspots.create_snapshot()
    preparation = snapshot.create_preparation("drop", "minmax")
    first = preparation.create_set(Window(3))
    assert preparation.create_set(Window(3), name="the same").sha256 == first.sha256
    assert preparation.create_set(Window(4)).sha256 != first.sha256
    assert snapshot.create_preparation("drop", "standard").create_set(Window(3)).sha256 != first.sha256
    assert snapshot.create_preparation("drop", "minmax", 0.6, 0.1, 0.3).create_set(Window(3)).sha256 != first.sha256


@pytest.mark.parametrize("chain", ["minmax", "log+difference+minmax"])
def test_targets_are_in_the_units_of_the_source(store, sunspots, chain):
    data_set = sunspots.create_snapshot().create_preparation("drop", chain).create_set(Window(3))
    times, truth = data_set.targets("test")
    all_times, values = sunspots.read()
    np.testing.assert_array_equal(times, data_set.arrays("test")[0])
    np.testing.assert_array_equal(truth, values[np.searchsorted(all_times, times)])


@pytest.mark.parametrize(
    ("window", "method", "chain", "message"),
    [
        (
            Window(36, horizon=12),
            "drop",
            "none",
            r"has 40 rows; a window needs 48 \(lag 36, offset 1, horizon 12\).*sho",
        ),
        (Window(3, offset=2), "drop", "difference", r"is differenced.*need offset 1; received offset 2"),
        (Window(30, horizon=6), "drop", "none", r"gives no window: every span of 36 rows .*targets in two parts"),
        ("window", "drop", "none", r"'window' is not an adapter; expected for example .*Window\(lag=7\)"),
    ],
)
def test_a_set_that_cannot_be_built_is_refused_and_nothing_is_kept(
    store, sunspots, census, window, method, chain, message
):
    parts = (0.88, 0.0, 0.12) if "no window" in message else (0.7, 0.0, 0.3)
    preparation = sunspots.create_snapshot().create_preparation(method, chain, *parts)
    before = census(store)
    with pytest.raises(InvalidInputError, match=message):
        preparation.create_set(window)
    assert census(store) == before


@pytest.mark.parametrize("arguments", [{"lag": 0}, {"lag": 2.0}, {"lag": True}, {"lag": 3, "horizon": -1}])
def test_a_window_is_made_of_whole_numbers(arguments):
    with pytest.raises(InvalidInputError, match=r"Window: .* is .*; expected an integer of at least 1"):
        Window(**arguments)


def test_an_unknown_part_is_refused(store, sunspots):
    data_set = sunspots.create_snapshot().create_preparation().create_set(Window(3))
    with pytest.raises(InvalidInputError, match=r"no part 'training'; known are train, valid, test"):
        data_set.arrays("training")
    assert [array.shape for array in data_set.arrays("valid")] == [(0,), (0, 3), (0,)]


def test_to_csv_gives_all_of_id_x_y(store, tmp_path):
    source = DataSource(name="x", time_interval="1d").save()
    source.write(np.arange(5) * DAY, [1.0, 2.0, 3.0, 4.0, 0.1])
    data_set = source.create_snapshot().create_preparation("drop", "none", 0.6, 0.0, 0.4).create_set(Window(2))
    text = data_set.to_csv(tmp_path / "set.csv")
    assert text.splitlines() == [
        "id,part,X_0,X_1,y",
        "1970-01-03T00:00:00Z,train,1.0,2.0,3.0",
        "1970-01-04T00:00:00Z,test,2.0,3.0,4.0",
        "1970-01-05T00:00:00Z,test,3.0,4.0,0.1",
    ]
    assert (tmp_path / "set.csv").read_text() == text


class TestFromArrays:
    @pytest.mark.parametrize(
        "dtype", ["float64", "float32", "float16", "uint8", "int16", "int64", "bool", ">f8", ">i4"]
    )
    @pytest.mark.parametrize("shape", [(4,), (4, 3), (4, 2, 3, 1)])
    def test_arrays_come_back_as_they_were_in_the_order_of_their_ids(self, store, dtype, shape):
        X = np.random.default_rng(0).uniform(-2, 200, shape).astype(np.int16).astype(dtype)
        y = np.array([0.1, -0.0, 1e-308, 7.0])
        made = DataSet.from_arrays([3, 1, 4, 2 * DAY], X, y, ["train", "train", "valid", "test"], "pictures")
        again = DataSet.get(made.id)
        for data_set in (made, again):
            ids, features, targets = data_set.arrays()
            assert ids.tolist() == [1, 3, 4, 2 * DAY]
            assert features.dtype == np.dtype(dtype).newbyteorder("=")
            assert features.shape == X.shape
            np.testing.assert_array_equal(features, X[[1, 0, 2, 3]])
            assert targets.tobytes() == y[[1, 0, 2, 3]].tobytes()
            assert data_set.parts().tolist() == [0, 0, 1, 2]
            data_set.verify()
        np.testing.assert_array_equal(again.arrays("train")[1], X[[1, 0]])
        np.testing.assert_array_equal(again.targets("test"), ([2 * DAY], [7.0]))
        assert again.invert(np.array([5.0]), "test").tolist() == [5.0]
        assert again.data_preparation is None

    def test_ids_are_times_in_any_form(self, store):
        data_set = DataSet.from_arrays(["2020-01-01", "2020-01-02"], [[1], [2]], [1, 2], ["train", "test"], "x")
        assert data_set.arrays()[0].tolist() == [to_ns("2020-01-01"), to_ns("2020-01-02")]

    def test_it_is_immutable(self, store):
        data_set = DataSet.from_arrays([1], [[1.0]], [1.0], ["train"], "x")
        data_set.rows = 2
        with pytest.raises(ImmutableError):
            data_set.save()

    @pytest.mark.parametrize(
        ("changes", "message"),
        [
            ({"id": [1, 2]}, r"one row for each sample, at least one; received id 2, X 3, y 3, part 3"),
            ({"id": [], "X": [], "y": [], "part": []}, "at least one; received id 0"),
            ({"id": [1, 1, 2]}, "some ids are repeated"),
            ({"part": ["train", "train", "tests"]}, "Parts must be train, valid, test; received tests"),
            ({"X": [[1.0], [np.nan], [np.inf]]}, r"X holds 2 values that are NaN or infinite. Clean"),
            ({"y": [1.0, 2.0, -np.inf]}, "y holds 1 values that are NaN or infinite"),
            ({"X": [["a"], ["b"], ["c"]]}, r"X must be numbers .*received <U1"),
            ({"y": np.zeros(3, np.longdouble)}, r"at most 64 bits; received float128"),
            ({"y": np.zeros(3, complex)}, r"y must be numbers"),
            ({"id": [1.5, 2, 3]}, "time"),
        ],
    )
    def test_wrong_arrays_are_refused_and_nothing_is_kept(self, store, census, changes, message):
        right = {"id": [1, 2, 3], "X": np.ones((3, 1)), "y": np.ones(3), "part": ["train"] * 3, "name": "x"}
        with pytest.raises(InvalidInputError, match=message):
            DataSet.from_arrays(**right | changes)
        assert set(census(store).values()) == {0}


def test_the_models_of_a_set_are_found(store, sunspots):
    data_set = DataSet.from_arrays([1], [[1.0]], [1.0], ["train"], "x")
    assert data_set.models() == []
    with pytest.raises(NotFoundError, match="no DataPreparation with id 99"):
        type(sunspots.create_snapshot().create_preparation()).get(99)
    assert data_set.data_csv.to_csv().splitlines() == ["id,part,X_0,y_0", "1,0,1.0,1.0"]
    assert isinstance(data_set.data_csv.table(), pl.DataFrame)
