"""Several series side by side predict one of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enstorage import DataSet, DataSource
from enstorage.adapter import Branches, NoSamplesError, Prepared, Window
from enstorage.errors import InvalidInputError

DAY = 86_400 * 10**9


def rows(days, values, part=None, **options):
    days = np.asarray(days)
    return Prepared(
        times=days * DAY,
        values=np.asarray(values, float),
        position=days - days[0],
        part=np.zeros(len(days), np.int8) if part is None else np.asarray(part, np.int8),
        needs_history=False,
        what=f"series from day {days[0]}",
        interval="1d",
        **options,
    )


def test_series_stand_side_by_side_and_the_asked_one_is_predicted():
    one, other = rows(range(6), range(6)), rows(range(6), np.arange(6) * 10)
    samples = Branches(lag=3, offset=2).samples_of([other, one], asked=1)
    assert samples.X.tolist() == [[[0, 0], [10, 1], [20, 2]], [[10, 1], [20, 2], [30, 3]]]
    assert samples.y.tolist() == [4, 5]
    assert (samples.id // DAY).tolist() == [4, 5]
    assert samples.X.dtype == np.float64
    assert samples.taken_from is None


def test_series_are_joined_by_time_and_not_by_their_place():
    """The other one begins two days later and lacks a day; of it only the window is needed, not the target."""
    own = rows(range(10), np.arange(10.0), part=[0] * 5 + [1] * 2 + [2] * 3)
    other = rows([2, 3, 4, 6, 7, 8], [12.0, 13, 14, 16, 17, 18])
    samples = Branches(lag=2).samples_of([own, other])
    assert (samples.id // DAY).tolist() == [4, 5, 8, 9]
    assert samples.X[:, :, 1].tolist() == [[12, 13], [13, 14], [16, 17], [17, 18]]
    assert samples.part.tolist() == [0, 1, 2, 2]
    assert dict(samples.lost) == {
        "spans a dropped row": 0,
        "targets in two parts": 0,
        "another series has no value": 4,
    }


@settings(max_examples=120, deadline=None, derandomize=True)
@given(
    lag=st.integers(1, 4),
    offset=st.integers(1, 3),
    horizon=st.integers(1, 3),
    step=st.integers(1, 3),
    kept=st.lists(
        st.lists(st.sampled_from([True, True, True, True, False]), min_size=25, max_size=25).filter(any),
        min_size=1,
        max_size=3,
    ),
    undefined=st.integers(0, 24),
    cut=st.integers(1, 25),
    data=st.data(),
)
def test_samples_are_those_of_the_definition(lag, offset, horizon, step, kept, undefined, cut, data):
    series = []
    for index, each in enumerate(kept):
        days = np.flatnonzero(each)
        values = np.where((days == undefined) & (index > 0), np.nan, days + 100.0 * index)
        series.append(rows(days, values, part=(days >= cut).astype(np.int8)))
    asked = data.draw(st.integers(0, len(series) - 1))
    branches = Branches(lag=lag, offset=offset, horizon=horizon, step=step)
    try:
        alone = Window(lag, offset, horizon, step).samples(series[asked])
    except NoSamplesError:
        with pytest.raises(NoSamplesError):
            branches.samples_of(series, asked)
        return
    known = [
        {
            int(time): value
            for time, value in zip(each.times.tolist(), each.values.tolist(), strict=True)
            if value == value
        }
        for each in series
    ]
    expected = []
    for at, origin in enumerate(alone.origin.tolist()):
        times = series[asked].times[origin - lag + 1 : origin + 1].tolist()
        if all(time in each for each in known for time in times):
            expected.append((at, [[each[time] for each in known] for time in times]))
    if not expected:
        with pytest.raises(NoSamplesError, match="share no window"):
            branches.samples_of(series, asked)
        return
    samples = branches.samples_of(series, asked)
    chosen = [at for at, _ in expected]
    assert samples.X.tolist() == [window for _, window in expected]
    for name in ("id", "y", "part", "origin", "target"):
        np.testing.assert_array_equal(getattr(samples, name), getattr(alone, name)[chosen])
    assert samples.lost["another series has no value"] == len(alone.id) - len(chosen)


@pytest.fixture
def pair(store):
    """Two preparations of one period: a series of 30 days, and another of which two days are missing."""
    made = []
    for name, days in (("load", np.arange(30)), ("weather", np.delete(np.arange(30), [10, 25]))):
        source = DataSource(name=name, time_interval="1d", time_from=0, time_to=30 * DAY)
        source.write(days * DAY, np.round(np.sin(days) + len(name), 3))
        made.append(source.create_snapshot().create_preparation("drop", "minmax" if name == "load" else "standard"))
    return made


def test_a_stored_set_refers_to_its_preparations_and_gives_the_same_again(pair):
    load, weather = pair
    made = load.create_set(Branches([weather, load], lag=4, horizon=2))
    again = DataSet.get(made.id)
    for data_set in (made, again):
        ids, X, y = data_set.arrays()
        assert X.shape == (len(ids), 4, 2)
        assert y.shape == (len(ids), 2)
    for one, other in zip(made.arrays(), again.arrays(), strict=True):
        assert one.tobytes() == other.tobytes()
    assert again.adapter == {"name": "branches", "lag": 4, "offset": 1, "horizon": 2, "step": 1}
    assert again.data_preparation == load
    assert again.preparations() == [weather, load]
    assert weather.data_sets() == load.data_sets() == [again]
    assert not again.is_pooled
    assert set(again.series().tolist()) == {load.data_snapshot.data_source_id}
    times, truth = again.targets("test")
    days, values = load.data_snapshot.data_source.read()
    np.testing.assert_array_equal(truth, values[np.searchsorted(days, times)])
    _, _, y = again.arrays("test")
    np.testing.assert_allclose(again.invert(y, "test"), truth)
    again.verify()


def test_windows_are_views_of_one_matrix(pair):
    load, _ = pair
    _, X, _ = load.create_set(Branches([load], lag=20)).arrays()
    assert X.base is not None
    assert not X.flags.writeable
    assert X.strides[0] == X.strides[1]


def test_the_scale_of_another_series_must_not_know_the_test_rows(store, pair):
    load, weather = pair
    longer = weather.data_snapshot.create_preparation("drop", "standard", 0.9)
    with pytest.raises(
        InvalidInputError, match=r"fitted up to 1970-01-2\dT.*train part of DataPreparation\(1\) ends at"
    ):
        load.create_set(Branches([load, longer], lag=3))
    unscaled = weather.data_snapshot.create_preparation("drop", "log", 0.9)
    assert load.create_set(Branches([load, unscaled], lag=3)).rows


@pytest.mark.parametrize(
    ("choose", "message"),
    [
        (lambda load, weather: [weather], r"takes the asked preparation, DataPreparation\(1\), and others"),
        (lambda load, weather: [load, weather, weather], "each once; received"),
    ],
)
def test_the_asked_preparation_is_among_those_given_once(pair, choose, message):
    with pytest.raises(InvalidInputError, match=message):
        pair[0].create_set(Branches(choose(*pair), lag=3))


def test_series_of_another_interval_are_refused(store, pair):
    hourly = DataSource(name="hourly", time_interval="1h", time_from=0, time_to=30 * DAY)
    hourly.write(np.arange(720) * DAY // 24, np.arange(720.0))
    other = hourly.create_snapshot().create_preparation()
    with pytest.raises(InvalidInputError, match=r"have the same interval; .* has 1d and DataPreparation\(3\) 1h"):
        pair[0].create_set(Branches([pair[0], other], lag=1))


def test_series_that_never_meet_are_refused():
    with pytest.raises(NoSamplesError, match=r"share no window: at none of 6 places all series have 3 values in a row"):
        Branches(lag=3).samples_of([rows(range(9), range(9)), rows(range(50, 60), range(10))])


@pytest.mark.parametrize("parameter", ["lag", "offset", "horizon", "step"])
def test_branches_are_made_of_whole_numbers(parameter):
    with pytest.raises(InvalidInputError, match=f"Branches: {parameter} is .*; expected an integer of at least 1"):
        Branches(**{"lag": 1, parameter: 0})
