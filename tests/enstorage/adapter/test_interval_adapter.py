"""Event times become intervals in days."""

import itertools
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enstorage import DataSet, DataSource
from enstorage.adapter import Interval, NoSamplesError, Prepared
from enstorage.errors import InvalidInputError
from enstorage.instant import to_iso, to_ns_array

DAY = 86_400 * 10**9


def events(times, counts=None, part=None, position=None):
    times = np.asarray(times, np.int64)
    values = np.ones(len(times)) if counts is None else np.asarray(counts, float)
    return Prepared(
        times=times,
        values=values,
        position=np.arange(len(times)) if position is None else np.asarray(position),
        part=np.zeros(len(times), np.int8) if part is None else np.asarray(part, np.int8),
        needs_history=False,
        what="DataPreparation(1)",
    )


def visits(*dates, **options):
    return events(to_ns_array(list(dates)), **options)


def test_the_example_of_the_source():
    """Visits at days 0, 0, 44, 62, 62 and 116: intervals of 0, 44, 18, 0 and 54 days; three of them predict the next."""
    samples = Interval(look_back=3).samples(events(np.array([0, 44, 62, 116]) * DAY, counts=[2, 1, 2, 1]))
    assert samples.X.tolist() == [[0, 44, 18], [44, 18, 0]]
    assert samples.y.tolist() == [0, 54]
    assert (samples.X.dtype, samples.y.dtype) == (np.float64, np.float64)
    assert dict(samples.lost) == {"spans a dropped row": 0}


def test_days_are_counted_between_calendar_dates():
    samples = Interval(1).samples(
        visits("1969-12-31T23:59", "1970-01-01T00:01", "1970-01-01T23:59", "1970-01-03T01:00")
    )
    assert samples.X[:, 0].tolist() == [1, 0]
    assert samples.y.tolist() == [0, 2]


def test_the_id_is_the_time_of_the_event_that_ends_the_interval():
    samples = Interval(1).samples(visits("2020-01-01", "2020-02-14T12:30", "2020-03-03", counts=[1, 1, 3]))
    assert [to_iso(id) for id in samples.id.tolist()] == [
        "2020-03-03T00:00:00Z",
        "2020-03-03T00:00:00.000000001Z",
        "2020-03-03T00:00:00.000000002Z",
    ]
    assert samples.y.tolist() == [18, 0, 0]


def test_members_of_another_look_back_share_ids_and_targets():
    series = events(np.array([0, 3, 4, 9, 11, 20]) * DAY, counts=[1, 2, 1, 3, 1, 2])
    short, long = Interval(1).samples(series), Interval(4).samples(series)
    assert long.id.tolist() == short.id[3:].tolist()
    assert long.y.tolist() == short.y[3:].tolist()


def test_the_part_is_that_of_the_event_that_ends_the_interval():
    """Visits a nanosecond after each other at one time are of one row, so of one part; windows reach back."""
    series = events(np.arange(6) * DAY, counts=[1, 1, 2, 1, 2, 1], part=[0, 0, 0, 1, 2, 2])
    samples = Interval(1).samples(series)
    assert samples.part.tolist() == [0, 0, 1, 2, 2, 2]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    gaps=st.lists(st.integers(1, 3 * DAY), min_size=2, max_size=40),
    start=st.integers(-(10**18), 10**18),
    close=st.booleans(),
    data=st.data(),
)
def test_intervals_sum_to_the_distance_of_the_dates_and_ids_are_unique(gaps, start, close, data):
    """Also where events lie a few nanoseconds apart, closer than the repeats of one of them would reach."""
    times = start + np.cumsum([gap % 5 + 1 if close else gap for gap in gaps])
    counts = data.draw(st.lists(st.integers(0, 4), min_size=len(times), max_size=len(times)))
    look_back = data.draw(st.integers(1, 5))
    dates = [
        datetime.fromtimestamp(time // 10**9, UTC).date()
        for time, count in zip(times.tolist(), counts, strict=True)
        for _ in range(count)
    ]
    series = events(times, counts)
    if len(dates) < look_back + 2:
        with pytest.raises(NoSamplesError, match=rf"has {len(dates)} events; .* need {look_back + 2}"):
            Interval(look_back).samples(series)
        return
    samples = Interval(look_back).samples(series)
    intervals = [float((after - before).days) for before, after in itertools.pairwise(dates)]
    assert samples.X[0].tolist() + samples.y.tolist() == intervals
    assert sum(intervals) == (dates[-1] - dates[0]).days
    assert samples.X.shape == (len(dates) - 1 - look_back, look_back)
    for index, row in enumerate(samples.X.tolist()):
        assert row == intervals[index : index + look_back]
    assert (np.diff(samples.id) > 0).all()
    assert len(samples.id) == len(samples.y)


def test_windows_over_a_dropped_row_are_lost_and_counted():
    """A row that is missing in the count of a day may have had visits: no interval across it is known."""
    days = np.array([0, 1, 2, 3, 5, 6, 7, 8, 9])
    samples = Interval(2).samples(events(days * DAY, position=days))
    assert samples.X.tolist() == [[1, 1], [1, 1], [1, 1]]
    assert (samples.id // DAY).tolist() == [3, 8, 9]
    assert dict(samples.lost) == {"spans a dropped row": 3}
    undefined = events(np.arange(9) * DAY, counts=[1, 1, 1, 1, np.nan, 1, 1, 1, 1])
    again = Interval(2).samples(undefined)
    assert (again.id // DAY).tolist() == [3, 8]
    assert dict(again.lost) == {"spans a dropped row": 3}
    with pytest.raises(NoSamplesError, match="no 6 consecutive intervals without a dropped row"):
        Interval(5).samples(undefined)


def test_days_without_events_count_nothing(store):
    """Counts of a regular series serve as well: a day of 0 is no gap."""
    source = DataSource(name="visits", time_interval="1d", aggregate="count")
    source.write(
        ["2020-01-01", "2020-01-04", "2020-01-04T12:00", "2020-01-09", "2020-01-10"], [5.0, 1.0, 2.0, 0.5, 1.0]
    )
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.5, 0.0, 0.5)
    _, X, y = preparation.create_set(Interval(2)).arrays()
    assert (X.tolist(), y.tolist()) == ([[3, 0], [0, 5]], [5, 1])


def test_a_set_of_intervals_is_stored_with_its_truth(store):
    source = DataSource(name="visits")
    source.write(np.array([0, 20, 26, 40, 41, 80]) * DAY // 2, [1, 1, 2, 1, 1, 1])
    made = source.create_snapshot().create_preparation("drop", "none", 0.6, 0.0, 0.4).create_set(Interval(2))
    data_set = DataSet.get(made.id)
    ids, X, y = data_set.arrays("test")
    times, truth = data_set.targets("test")
    assert X.tolist() == [[0, 7], [7, 0]]
    assert y.tolist() == truth.tolist() == [0, 20]
    assert times.tolist() == ids.tolist() == [41 * DAY // 2, 40 * DAY]
    assert data_set.invert(np.array([1.5, 2.0]), "test").tolist() == [1.5, 2.0]
    assert data_set.series("test").tolist() == [source.id] * 2
    assert data_set.name == "interval look_back 2"
    data_set.verify()


@pytest.mark.parametrize(
    ("values", "transform", "message"),
    [
        (
            [1, 2.5, 1, 1, 1],
            "none",
            r"has 1 values that are not numbers of events, such as 2\.5\. .*Write 1 for an event",
        ),
        ([1, -1, 1, 1, 1], "none", r"not numbers of events, such as -1\."),
        ([1, 2, 1, 3, 1], "minmax", r"is transformed, but Interval needs .*Prepare it with transform_method 'none'"),
        ([1, 1, 1, 1, 0], "none", r"has 4 events; intervals of look_back 3 need 5\. Take a longer period or a smaller"),
    ],
)
def test_what_are_no_events_is_refused(store, census, values, transform, message):
    source = DataSource(name="sales")
    source.write(np.arange(5) * DAY, values)
    preparation = source.create_snapshot().create_preparation("drop", transform)
    before = census(store)
    with pytest.raises(InvalidInputError, match=message):
        preparation.create_set(Interval(3))
    assert census(store) == before


@pytest.mark.parametrize("look_back", [0, -1, 2.0, True, "3"])
def test_a_look_back_is_a_whole_number(look_back):
    with pytest.raises(InvalidInputError, match=r"Interval: look_back is .*; expected an integer of at least 1"):
        Interval(look_back)
