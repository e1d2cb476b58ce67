"""Intervals group times exactly as Polars does, and are guessed from the spacing of a series."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enstorage.errors import InvalidInputError
from enstorage.instant import MAX_NS, MIN_NS, to_iso, to_ns, to_ns_array
from enstorage.interval import TimeInterval, infer_interval

UNITS = ["ns", "us", "ms", "s", "m", "h", "d", "w", "mo", "q", "y"]
MINUTE = 60 * 10**9
DAY = 24 * 60 * MINUTE


def decimal_years(*years):
    """Times of decimal years, such as 1749.042."""
    return [
        to_ns(year[:4]) + int(float(f"0.{year[5:]}") * (to_ns(str(int(year[:4]) + 1)) - to_ns(year[:4])))
        for year in years
    ]


@pytest.mark.parametrize("unit", UNITS)
@settings(max_examples=30, deadline=None)
@given(count=st.integers(1, 40), times=st.lists(st.integers(to_ns("1720"), MAX_NS), min_size=1, max_size=20))
def test_bucket_starts_are_those_of_polars(unit, count, times):
    interval = TimeInterval(count, unit)
    expected = pl.Series(times).cast(pl.Datetime("ns")).dt.truncate(str(interval)).to_physical()
    assert interval.floor(np.array(times)).tolist() == expected.to_list()


def test_weeks_start_on_monday_and_days_at_midnight_utc():
    sunday = to_ns_array(["1931-05-03T23:59:59"])
    assert to_iso(TimeInterval.parse("1w").floor(sunday)[0]) == "1931-04-27T00:00:00Z"
    assert to_iso(TimeInterval.parse("1d").floor(sunday)[0]) == "1931-05-03T00:00:00Z"


@pytest.mark.parametrize("text", [f"{count}{unit}" for count in (1, 15) for unit in UNITS])
def test_text_leads_back_to_the_interval(text):
    assert str(TimeInterval.parse(text)) == text
    assert TimeInterval.parse(text).is_calendar == (text.lstrip("15") in {"mo", "q", "y"})


@pytest.mark.parametrize(
    "text", ["", "1", "d", "0d", "-1d", "1.5h", "1M", "1 d", "1day", "1d\n", 5, None, "9" * 30 + "d"]
)
def test_other_texts_are_refused_with_the_units(text):
    with pytest.raises(InvalidInputError, match="expected an integer of at least 1 and one of ns, us"):
        TimeInterval.parse(text)


@pytest.mark.parametrize(
    ("count", "unit"), [(0, "d"), (True, "d"), (1.0, "d"), (1, "D"), (1, None), (10**12, "d"), (600, "y")]
)
def test_intervals_that_cannot_be_are_refused(count, unit):
    with pytest.raises(InvalidInputError):
        TimeInterval(count, unit)


def test_only_fixed_intervals_have_a_length():
    assert TimeInterval.parse("2w").nanoseconds == 14 * DAY
    with pytest.raises(InvalidInputError, match="no fixed length"):
        _ = TimeInterval.parse("1mo").nanoseconds


def test_a_range_starts_with_the_bucket_around_its_start_and_leaves_its_end_out():
    months = TimeInterval.parse("1mo").range(to_ns("1749-01-15"), to_ns("1749-04"))
    assert [to_iso(month) for month in months] == [f"1749-0{month}-01T00:00:00Z" for month in (1, 2, 3)]
    assert TimeInterval.parse("1d").range(0, 2 * DAY + 1).tolist() == [0, DAY, 2 * DAY]


@settings(max_examples=50, deadline=None)
@given(
    start=st.integers(to_ns("1690"), to_ns("2200")),
    length=st.integers(1, 3000 * DAY),
    unit=st.sampled_from(["d", "w", "mo", "q", "y"]),
)
def test_a_range_holds_every_bucket_that_meets_the_period(start, length, unit):
    interval = TimeInterval(2, unit)
    starts = interval.range(start, start + length)
    assert starts[0] == interval.floor(np.array([start]))[0]
    assert starts[-1] == interval.floor(np.array([start + length - 1]))[0]
    assert np.all(np.diff(starts) > 0)
    assert interval.floor(starts).tolist() == starts.tolist()


@pytest.mark.parametrize(("text", "start", "end"), [("1d", DAY, DAY), ("1d", DAY, 0), ("1ns", 0, DAY)])
def test_empty_and_endless_ranges_are_refused(text, start, end):
    with pytest.raises(InvalidInputError):
        TimeInterval.parse(text).range(start, end)


@pytest.mark.parametrize("text", ["1d", "1w", "1mo", "1y", "7h"])
def test_a_bucket_that_starts_before_all_times_is_refused(text):
    with pytest.raises(InvalidInputError, match="1677-09-21"):
        TimeInterval.parse(text).floor(np.array([MIN_NS]))


@pytest.mark.parametrize("text", ["1d", "3w", "1mo", "1y", "7h"])
def test_the_last_time_has_a_bucket(text):
    assert MAX_NS - 400 * DAY < TimeInterval.parse(text).floor(np.array([MAX_NS]))[0] <= MAX_NS


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        (["2019", "2020", "2021"], "1y"),
        (["2023", "2024"], "1y"),
        (decimal_years("1700.5", "1701.5", "1702.5"), "1y"),
        ([f"{decade}0" for decade in range(170, 200)], "10y"),
        (["2021-01", "2021-02", "2021-03"], "1mo"),
        (["2021-02", "2021-03"], "1mo"),
        (decimal_years("1749.042", "1749.123", "1749.204", "1749.288"), "1mo"),
        (["2021-01", "2021-04", "2021-07", "2021-10"], "1q"),
        (["2021-01-01", "2021-01-08"], "1w"),
        (np.arange(5) * 28 * DAY, "4w"),
        (["2021-01-04", "2021-01-05", "2021-01-06", "2021-01-07", "2021-01-08", "2021-01-11"], "1d"),
        (decimal_years("1818.001", "1818.004", "1818.007"), "1d"),
        (decimal_years(*(f"1818.{round((day + 0.5) / 365 * 1000):03d}" for day in range(60))), "1d"),
        ([0, 26 * 60 * MINUTE], "26h"),
        (np.arange(9) * 15 * MINUTE, "15m"),
        (np.arange(9) * 13 * MINUTE, "13m"),
        (np.arange(99) * 30 * MINUTE + np.arange(99) % 7 * 10**9, "30m"),
        ([0, 10 * 10**9], "10s"),
        ([0, 1_100_000_000, 2_200_000_000], "1100ms"),
        ([0, 7], "7ns"),
    ],
)
def test_the_interval_is_guessed_from_the_spacing(times, expected):
    assert str(infer_interval(times)) == expected
    assert str(infer_interval(times[::-1])) == expected


def test_months_that_would_share_a_bucket_are_not_guessed():
    twelfths = decimal_years("1749.0", "1749.08333333333", "1749.16666666667")  # the second ends January
    assert infer_interval(twelfths) is None


def test_events_have_no_interval():
    gaps = np.random.default_rng(1).exponential(10**12, 500).astype(np.int64)
    assert infer_interval(np.cumsum(gaps)) is None
    assert infer_interval([MIN_NS, MAX_NS]) is None


@pytest.mark.parametrize("times", [[], [5], [5, 5]])
def test_fewer_than_two_times_are_refused(times):
    with pytest.raises(InvalidInputError, match="two"):
        infer_interval(times)


@pytest.mark.parametrize("unit", UNITS)
def test_the_buckets_that_follow_are_those_of_the_range(unit):
    interval = TimeInterval(3, unit)
    inside = int(interval.floor(np.array([to_ns("1999-12-31T13:14:15")]))[0]) + 1
    following = interval.after(inside, 5)
    assert following.tolist() == interval.range(inside, int(following[-1]) + 1)[1:].tolist()
    assert interval.after(inside, 0).tolist() == []


@pytest.mark.parametrize("text", ["1d", "1mo"])
def test_buckets_past_the_last_time_that_can_be_kept_are_refused(text):
    interval = TimeInterval.parse(text)
    assert to_iso(int(interval.after(to_ns("2262-02-15"), 1)[0])) in {"2262-02-16T00:00:00Z", "2262-03-01T00:00:00Z"}
    with pytest.raises(InvalidInputError, match="end after 2262-04-11"):
        interval.after(to_ns("2262-02-15"), 200)
