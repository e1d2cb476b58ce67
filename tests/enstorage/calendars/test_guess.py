"""The calendar that is found from the times of a series."""

import numpy as np
import pandas as pd
import pytest

from enstorage.calendars.calendar import Calendar
from enstorage.calendars.guess import infer_calendar
from enstorage.instant import to_ns, to_ns_array


def months(*names):
    return [f"2022-{name}" for name in names]


def from_weeks(first, weeks):
    return pd.Timestamp(first) + pd.to_timedelta(7 * np.cumsum([0, *weeks]), unit="D")


CASES = [
    (pd.date_range("2020-03-01", "2022-12-01", freq="3MS"), "1q", "2020-03-01", ["2023-03-01", "2023-06-01"]),
    (pd.date_range("2020-04-01", "2022-04-01", freq="6MS"), "6mo", "2020-04-01", ["2022-10-01", "2023-04-01"]),
    (["2020-04-06", "2021-04-06", "2022-04-06"], "1y", "2020-04-06", ["2023-04-06", "2024-04-06"]),
    (pd.date_range("2024-01-01", periods=9, freq="2D"), "2d", "2024-01-01", ["2024-01-19", "2024-01-21"]),
    (pd.date_range("2024-01-02", periods=9, freq="2D"), "2d", None, ["2024-01-20", "2024-01-22"]),
    (
        pd.date_range("2024-01-01T06:00", periods=6, freq="8h"),
        "8h",
        "2024-01-01T06:00:00",
        ["2024-01-03T06:00", "2024-01-03T14:00"],
    ),
    (pd.date_range("2024-01-07", periods=5, freq="W-SUN"), "1w", "2024-01-07", ["2024-02-11", "2024-02-18"]),
    (pd.date_range("2024-01-01", periods=5, freq="W-MON"), "1w", None, ["2024-02-05", "2024-02-12"]),
    (pd.bdate_range("2024-01-01", "2024-01-26"), "1b", None, ["2024-01-29", "2024-01-30"]),
    (pd.date_range("2024-01-01", "2024-03-15", freq="SMS"), "1sm", "2024-01-15", ["2024-04-01", "2024-04-15"]),
    (pd.date_range("2024-01-15", "2024-03-15", freq="SME"), "1sm", None, ["2024-03-16", "2024-04-01"]),
    (months("01-01", "01-11", "01-21", "02-01", "02-11"), "1dek", None, ["2022-02-21", "2022-03-01"]),
    (from_weeks("2024-02-04", [4, 4, 5, 4, 4]), "1mo445", "2024-02-04", ["2024-08-04", "2024-09-01"]),
    (from_weeks("2023-01-30", [4, 5, 4, 4]), "1mo454", "2023-01-30", ["2023-07-03", "2023-07-31"]),
    (from_weeks("2023-01-01", [4, 4, 5, 4, 4, 5]), "1mo445", "2023-01-01", ["2023-07-30", "2023-08-27"]),
    (from_weeks("2020-02-02", [4, 5, 4, 4, 5, 4]), "1mo454", "2020-02-02", ["2020-08-30", "2020-10-04"]),
    (from_weeks("2020-08-30", [4, 5, 4, 4, 5, 4]), "1mo454", "2020-08-30", ["2021-03-28", "2021-05-02"]),
    (pd.date_range("2024-01-31", "2024-05-31", freq="ME"), "1mo", None, ["2024-06-01", "2024-07-01"]),
    (pd.date_range("2022-03-31", "2024-03-31", freq="QE"), "1q", None, ["2024-04-01", "2024-07-01"]),
    (["2021-03-31", "2022-03-31", "2023-03-31"], "1y", "2021-04-01", ["2023-04-01", "2024-04-01"]),
]


@pytest.mark.parametrize(("times", "interval", "anchor", "following"), CASES, ids=lambda case: str(case)[-12:])
def test_interval_and_anchor_are_found(times, interval, anchor, following):
    found = infer_calendar(times)
    assert (str(found), found.anchor) == (interval, None if anchor is None else anchor)
    assert found.after(int(to_ns_array(times)[-1]), 2).tolist() == to_ns_array(following).tolist()


@pytest.mark.parametrize("unit", ["mo445", "mo454", "mo544"])
@pytest.mark.parametrize("anchor", ["2024-02-04", "2023-01-30", "2023-12-31", "2024-01-01", "2023-10-01", "2024-09-01"])
def test_retail_months_of_eight_years_fit_one_calendar_wherever_they_begin(unit, anchor, recwarn):
    calendar = Calendar(1, unit, "UTC", anchor)
    for first in ("2015-01-10", "2016-05-10", "2018-11-10"):
        start = int(calendar.floor(to_ns_array([first]))[0])
        times = calendar.range(start, start + 8 * 365 * 86_400 * 10**9)
        found = infer_calendar(times)
        assert found.unit == unit
        assert found.after(int(times[-1]), 60).tolist() == calendar.after(int(times[-1]), 60).tolist()
    assert not recwarn.list


def test_retail_months_that_fit_several_calendars_are_told():
    year = from_weeks("2022-01-30", [4, 5, 4] * 4)
    with pytest.warns(
        UserWarning, match=r"1mo454 from 2022-01-30 was taken; 1mo445 from 2022-01-02 and .* more fit too"
    ):
        infer_calendar(year)


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Asia/Kolkata"])
@pytest.mark.parametrize(
    ("frequency", "interval"), [("D", "1d"), ("MS", "1mo"), ("h", "1h"), ("W-MON", "1w"), ("B", "1b")]
)
def test_times_of_a_zone_are_regular_by_its_clock(frequency, interval, zone):
    times = pd.date_range("2024-03-04", periods=50, freq=frequency, tz=zone)
    found = infer_calendar(times, zone)
    assert (str(found), found.anchor, found.time_zone) == (interval, None, zone)
    assert found.floor(to_ns_array(times)).tolist() == to_ns_array(times).tolist()


@pytest.mark.parametrize(
    ("seconds", "expected"), [(1, "1s"), (900, "15m"), (2_400, "40m"), (2_837, "47m"), (86_400, "1d")]
)
def test_times_that_jitter_have_a_round_interval(seconds, expected):
    jitter = np.random.default_rng(4).uniform(0, 0.3 * seconds, 60)
    times = to_ns("2024-01-01") + ((np.arange(60) * seconds + jitter) * 1e9).astype(np.int64)
    assert str(infer_calendar(times)) == expected
