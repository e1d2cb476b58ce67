"""How points lie in the buckets of a period: which ends they cover in part, and which buckets they share."""

import numpy as np
import pytest

from enstorage.calendars.snapping import nearest_starts
from enstorage.interval import TimeInterval
from enstorage.series.completeness import Completeness, in_words


def completeness(times, interval, period=None):
    times = np.sort(np.asarray(times, "datetime64[ns]").astype(np.int64))
    buckets = TimeInterval.parse(interval)
    first, end = (times[0], times[-1] + 1) if period is None else np.array(period, "datetime64[ns]").astype(np.int64)
    return Completeness.of(times, buckets.range(int(first), int(end)), buckets)


def days(first, end, step=1):
    return np.arange(first, end, step, dtype="datetime64[D]")


def months(first, end):
    return np.arange(first, end, dtype="datetime64[M]")


@pytest.mark.parametrize(
    ("times", "interval", "partial"),
    [
        (days("2024-01-01", "2024-07-01"), "1mo", (False, False)),
        (days("2024-01-02", "2024-07-01"), "1mo", (True, False)),
        (days("2024-01-01", "2024-06-30"), "1mo", (False, True)),
        (days("2023-12-29", "2024-06-10"), "1mo", (True, True)),
        (days("2024-01-01", "2024-07-01", 7), "1mo", (False, False)),
        (months("2020-01", "2024-01"), "1y", (False, False)),
        (months("2020-02", "2024-02").astype("datetime64[D]") - 1, "1y", (False, False)),
        (months("2020-02", "2023-12"), "1y", (True, True)),
        (months("2020-02", "2023-12"), "1mo", (False, False)),
        (days("2020-01-01", "2020-02-01"), "1d", (False, False)),
    ],
)
def test_a_bucket_is_covered_in_part_where_points_are_missing_at_its_outer_end(times, interval, partial):
    found = completeness(times, interval)
    assert (found.partial_first, found.partial_last) == partial


def test_business_days_and_opening_hours_cover_their_buckets():
    """What is missing at the end of every bucket is missing at those of the period, too."""
    every = days("2024-01-01", "2025-01-01")
    found = completeness(every[np.is_busday(every)], "1mo")
    assert (found.partial_first, found.partial_last) == (False, False)
    opening = np.arange(9 * 60, 17 * 60 + 30)
    minutes = (days("2024-01-01", "2024-01-20")[:, None] + opening.astype("timedelta64[m]")).ravel()
    found = completeness(minutes, "1d")
    assert (found.partial_first, found.partial_last) == (False, False)
    found = completeness(minutes[200:-100], "1d")
    assert (found.partial_first, found.partial_last) == (True, True)


def test_what_is_covered_in_part_is_kept_where_nothing_else_is_there():
    found = completeness(days("2024-01-22", "2024-02-11"), "1mo")
    assert (found.partial_first, found.partial_last) == (True, True)
    assert found.rows(whole_period=False, keep_partial=False) == slice(0, 2)


def test_empty_buckets_are_counted_where_they_are():
    found = completeness(["2024-01-03", "2024-01-04", "2024-01-07"], "1d", ("2024-01-01", "2024-01-11"))
    counts = (found.points, found.buckets, found.empty_before, found.empty_between, found.empty_after)
    assert counts == (3, 10, 2, 2, 3)
    assert found.rows(whole_period=False, keep_partial=False) == slice(2, 7)
    assert found.rows(whole_period=True, keep_partial=False) == slice(0, 10)


def test_several_points_beside_empty_buckets_are_told_with_the_jitter_of_the_times():
    """Of 10:00:00.9, 10:00:01.1 and 10:00:03.0 two share a bucket, and one is empty beside it."""
    exact = np.datetime64("2024-01-01T10:00", "ms") + np.arange(20) * np.timedelta64(10_000, "ms")
    moved = exact + np.array([0, -900, *[0] * 18], "timedelta64[ms]")
    found = completeness(moved, "10s")
    assert (found.shared_buckets, found.empty_between, found.jitter_seconds) == (1, 1, 0.9)
    assert in_words(found.to_json(), "10s") == [
        "1 bucket holds several points and 1 none: the times jitter by up to 0.9 s. If each point belongs to the nearest "
        'bucket, write the points with snap="10s".'
    ]
    in_ns = moved.astype("datetime64[ns]").astype(np.int64)
    np.testing.assert_array_equal(
        nearest_starts(in_ns, TimeInterval.parse("10s")), exact.astype("datetime64[ns]").astype(np.int64)
    )


def test_a_jitter_of_more_than_a_quarter_of_a_bucket_is_told_with_its_size():
    hours = np.datetime64("2024-01-01", "s") + np.arange(24) * np.timedelta64(3600, "s")
    moved = hours + np.where(np.arange(24) == 5, -1700, 60).astype("timedelta64[s]")
    found = completeness(moved, "1h")
    assert (found.shared_buckets, found.empty_between, found.jitter_seconds) == (1, 1, 1700)
    assert (
        "1 bucket holds several points and 1 none: the times jitter by up to 1700 s."
        in in_words(found.to_json(), "1h")[0]
    )


def test_hours_that_are_meant_to_share_a_day_are_no_jitter():
    hours = np.arange("2024-01-01", "2024-01-05", dtype="datetime64[h]")
    found = completeness(np.delete(hours, slice(24, 48)), "1d")
    assert (found.shared_buckets, found.empty_between, found.jitter_seconds) == (3, 1, None)
