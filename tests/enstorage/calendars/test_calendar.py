"""Buckets of calendars, against pandas and by hand."""

from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enstorage.calendars.calendar import Calendar
from enstorage.errors import InvalidInputError
from enstorage.instant import to_ns, to_ns_array
from enstorage.series.grouping import group

DAY = 86_400 * 10**9
FREQUENCIES = [("1d", "D"), ("1w", "W-MON"), ("1mo", "MS"), ("1q", "QS-JAN"), ("1y", "YS"), ("1b", "B"), ("1h", "h")]
ZONES = ["Europe/London", "Europe/Berlin", "Asia/Tokyo", "Asia/Kolkata", "America/New_York", "Australia/Lord_Howe"]


def starts_by_pandas(frequency, zone, first="2023-12-25", last="2025-01-06"):
    return pd.date_range(first, last, freq=frequency, tz=zone).as_unit("ns").asi8


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize(("interval", "frequency"), FREQUENCIES)
def test_buckets_of_a_zone_are_those_of_pandas(interval, frequency, zone):
    calendar = Calendar.parse(interval, time_zone=zone)
    starts = starts_by_pandas(frequency, zone)
    assert calendar.range(int(starts[0]), int(starts[-1]) + 1).tolist() == starts.tolist()
    inside = np.concatenate([starts[:-1], starts[1:] - 1, (starts[:-1] + starts[1:]) // 2])
    assert calendar.floor(inside).tolist() == np.tile(starts[:-1], 3).tolist()
    assert calendar.after(int(starts[0]) + 5, len(starts) - 1).tolist() == starts[1:].tolist()
    assert (np.diff(calendar.numbers(starts)) == 1).all()


def test_a_day_has_23_or_25_hours_where_clocks_are_changed():
    days = Calendar(1, "d", "Europe/Berlin").range(to_ns("2024-03-30T12:00"), to_ns("2024-04-01T12:00"))
    assert (np.diff(days) // (3600 * 10**9)).tolist() == [24, 23]
    days = Calendar(1, "d", "Europe/Berlin").range(to_ns("2024-10-26T12:00"), to_ns("2024-10-28T12:00"))
    assert (np.diff(days) // (3600 * 10**9)).tolist() == [24, 25]


def test_a_day_begins_after_a_skipped_midnight_and_a_skipped_day_is_left_out():
    sao_paulo, samoa = Calendar(1, "d", "America/Sao_Paulo"), Calendar(1, "d", "Pacific/Apia")
    start = int(sao_paulo.floor(to_ns_array(["2018-11-04T12:00Z"]))[0])
    assert sao_paulo.label(start) == "2018-11-04T01:00:00-02:00"
    following = samoa.after(to_ns("2011-12-29T12:00-10:00"), 2).tolist()
    assert [samoa.label(time)[:10] for time in following] == ["2011-12-31", "2012-01-01"]


@pytest.mark.parametrize(
    ("interval", "anchor", "time", "starts"),
    [
        ("3mo", "2022-03", "2022-12-05", ["2022-12-01", "2023-03-01", "2023-06-01"]),
        ("1q", "2021-06-01", "2022-12-05", ["2022-12-01", "2023-03-01", "2023-06-01"]),
        ("6mo", "2020-04", "2022-03-31", ["2021-10-01", "2022-04-01", "2022-10-01"]),
        ("1y", "2019-04-06", "2022-04-05", ["2021-04-06", "2022-04-06", "2023-04-06"]),
        ("2d", "2024-01-01", "2024-02-29", ["2024-02-28", "2024-03-01", "2024-03-03"]),
        ("8h", "2024-01-01T06:00", "2024-01-02T00:00", ["2024-01-01T22:00", "2024-01-02T06:00", "2024-01-02T14:00"]),
        ("1w", "2024-01-07", "2024-01-10", ["2024-01-07", "2024-01-14", "2024-01-21"]),
        ("2w", "2024-01-03", "2024-01-10", ["2024-01-03", "2024-01-17", "2024-01-31"]),
        ("1d", "2024-01-01T06:00", "2024-01-02T05:59", ["2024-01-01T06:00", "2024-01-02T06:00", "2024-01-03T06:00"]),
        ("1sm", None, "2024-02-20", ["2024-02-16", "2024-03-01", "2024-03-16"]),
        ("1sm", "2024-01-15", "2024-02-15", ["2024-02-15", "2024-03-01", "2024-03-15"]),
        ("1dek", None, "2024-02-29", ["2024-02-21", "2024-03-01", "2024-03-11"]),
        ("3dek", None, "2024-02-29", ["2024-02-01", "2024-03-01", "2024-04-01"]),
        ("5b", "2024-01-01", "2024-01-07", ["2024-01-01", "2024-01-08", "2024-01-15"]),
        ("1mo445", None, "2024-02-04", ["2024-02-04", "2024-03-03", "2024-03-31"]),
        ("1mo454", None, "2024-03-03", ["2024-03-03", "2024-04-07", "2024-05-05"]),
        ("1mo544", None, "2024-03-10", ["2024-03-10", "2024-04-07", "2024-05-05"]),
        ("3mo445", None, "2024-02-04", ["2024-02-04", "2024-05-05", "2024-08-04"]),
    ],
)
def test_an_anchor_says_where_buckets_begin(interval, anchor, time, starts):
    calendar = Calendar.parse(interval, anchor=anchor)
    expected = to_ns_array(starts)
    assert calendar.floor(to_ns_array([time])).tolist() == [expected[0]]
    assert calendar.after(to_ns(time), 2).tolist() == expected[1:].tolist()


def test_retail_years_are_those_of_the_national_retail_federation():
    years = Calendar.parse("12mo454").range(to_ns("2020-02-02"), to_ns("2025-02-02"))
    assert [str(np.datetime64(int(time), "ns"))[:10] for time in years] == [
        "2020-02-02", "2021-01-31", "2022-01-30", "2023-01-29", "2024-02-04",
    ]  # fmt: skip
    assert (np.diff(years)[2:] // (7 * DAY)).tolist() == [52, 53]


def test_business_days_leave_out_weekends_and_holidays():
    days = Calendar(1, "b", holidays=("2024-03-29", "2024-04-01"))
    following = days.after(to_ns("2024-03-28"), 2)
    assert following.tolist() == to_ns_array(["2024-04-02", "2024-04-03"]).tolist()
    assert days.floor(to_ns_array(["2024-03-31", "2024-04-01T23:00"])).tolist() == [to_ns("2024-03-28")] * 2


def test_listed_periods_begin_where_they_are_listed():
    starts = ("2024-01-05", "2024-02-09", "2024-03-01")
    calendar = Calendar(1, "p", "Europe/Berlin", periods=starts)
    assert calendar.floor(to_ns_array(["2024-02-09T00:00+01:00"])).tolist() == [to_ns("2024-02-08T23:00")]
    assert len(calendar.range(to_ns("2024-01-06"), to_ns("2024-03-05"))) == 3
    with pytest.raises(InvalidInputError, match="3 periods are listed, the last from 2024-03-01"):
        calendar.after(to_ns("2024-03-02"), 1)
    with pytest.raises(InvalidInputError, match="The first listed period starts at 2024-01-05"):
        calendar.floor(to_ns_array(["2024-01-01"]))
    with pytest.raises(InvalidInputError, match="no periods are given"):
        Calendar(1, "p")


@pytest.mark.parametrize("text", ["step", "year"])
def test_an_integer_axis_takes_integers_of_any_size(text):
    axis = Calendar.parse(text)
    assert (str(axis), axis.is_counter, axis.label(-12_000)) == (text, True, "-12000")
    assert axis.after(-12_000, 2).tolist() == [-11_999, -11_998]
    tens = Calendar.parse(f"10{text}", anchor=5)
    assert tens.floor(np.array([4, 5, 14, 15])).tolist() == [-5, 5, 5, 15]


UNITS = ["s", "h", "d", "w", "mo", "q", "y", "b", "sm", "dek", "mo445", "mo454", "mo544"]


@settings(max_examples=60, deadline=None)
@given(
    unit=st.sampled_from(UNITS),
    count=st.integers(1, 30),
    zone=st.sampled_from(["UTC", *ZONES, "America/Havana", "Pacific/Apia"]),
    day=st.integers(-20_000, 30_000),
    times=st.lists(st.integers(to_ns("1890"), to_ns("2150")), min_size=1, max_size=10),
)
def test_any_anchor_starts_a_bucket_and_buckets_follow_one_another(unit, count, zone, day, times):
    first = Calendar(1, unit, zone)
    anchor = pd.Timestamp(int(first.floor(np.array([day * DAY]))[0]), tz=zone).tz_localize(None).floor("D")
    try:
        calendar = Calendar(count, unit, zone, str(anchor) if unit not in {"mo445", "mo454", "mo544"} else None)
    except InvalidInputError:  # a skipped midnight of a zone
        return
    starts = calendar.floor(np.array(times))
    assert (starts <= np.array(times)).all()
    assert calendar.floor(starts).tolist() == starts.tolist()
    for time, start in zip(times, starts.tolist(), strict=True):
        following = int(calendar.after(time, 1)[0])
        assert start <= time < following
        assert calendar.floor(np.array([following - 1]))[0] == start
        assert calendar.range(time, following + 1).tolist() == [start, following]
    if calendar.anchor is not None and unit not in {"s", "h"}:
        clock = ZoneInfo(zone)  # by its name, pandas 2 rounds offsets before zones to minutes
        own = pd.Timestamp(anchor).tz_localize(clock, ambiguous=True, nonexistent="shift_forward").as_unit("ns").value
        assert calendar.floor(np.array([own])).tolist() == [own]


@pytest.mark.parametrize("zone", ["UTC", "Europe/London"])
@pytest.mark.parametrize("interval", ["1d", "1mo", "1b", "15m"])
def test_points_are_grouped_by_the_starts_of_their_buckets(interval, zone):
    random = np.random.default_rng(5)
    times = np.sort(random.integers(to_ns("2024-03-01"), to_ns("2024-11-30"), 300))
    calendar = Calendar.parse(interval, time_zone=zone)
    grouped = group(pl.DataFrame({"time": times, "value": np.ones(300)}), calendar, "sum")
    starts, counts = np.unique(calendar.floor(times), return_counts=True)
    assert grouped["time"].to_list() == starts.tolist()
    assert grouped["value"].to_list() == counts.tolist()


def test_calendars_with_the_same_buckets_are_equal():
    assert Calendar(3, "mo", anchor="2022-03") == Calendar(3, "mo", anchor="1999-12-01")
    assert Calendar(3, "mo", anchor="2022-03") != Calendar(3, "mo")
    assert Calendar(1, "d", "Europe/London") != Calendar(1, "d")


@pytest.mark.parametrize(
    "calendar",
    [
        Calendar(1, "d"),
        Calendar(3, "mo", "Europe/London", "2022-03"),
        Calendar(1, "b", holidays=("2024-12-25",)),
        Calendar(1, "p", periods=("2024-01-05",)),
        Calendar(1, "step", anchor="5"),
    ],
    ids=str,
)
def test_json_leads_back_to_the_calendar(calendar):
    back = Calendar.from_json(calendar.to_json())
    assert (back, back.to_json()) == (calendar, calendar.to_json())


@pytest.mark.parametrize(
    ("interval", "others", "message"),
    [
        ("1d", {"time_zone": "Europe/Londn"}, "no time zone 'Europe/Londn'"),
        ("1mo", {"anchor": "2024-01-30"}, "expected a day that every month has"),
        ("1dek", {"anchor": "2024-01-05"}, "does not start a period"),
        ("1b", {"anchor": "2024-01-06"}, "does not start a period"),
        ("1mo445", {"anchor": "2024-01-10"}, "does not start a period"),
        ("1d", {"anchor": "2024-01-01T00:00Z"}, "has an offset"),
        ("step", {"anchor": "2024-01-01"}, "expected an integer"),
    ],
)
def test_what_is_no_calendar_is_refused(interval, others, message):
    with pytest.raises(InvalidInputError, match=message):
        Calendar.parse(interval, **others)


@pytest.mark.parametrize("interval", ["1d", "1mo", "1b"])
def test_the_mean_of_a_single_point_is_the_point_to_the_bit(interval):
    grouped = group(pl.DataFrame({"time": [0, 40 * DAY], "value": [-0.0, 1e-3]}), Calendar.parse(interval), "mean")
    assert grouped["value"].to_numpy().tobytes() == np.array([-0.0, 1e-3]).tobytes()
