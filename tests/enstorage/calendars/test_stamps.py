"""Times as people write them: local, with offset, as numbers of a unit, as counters."""

from datetime import date, datetime

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from enstorage.calendars.stamps import parse_time, parse_times
from enstorage.errors import InvalidInputError
from enstorage.instant import to_ns, to_ns_array

LOCAL = ["2024-03-30", "2024-03-31", "2024-04-01"]
IN_BERLIN = to_ns_array(["2024-03-29T23:00", "2024-03-30T23:00", "2024-03-31T22:00"])
BERLIN = "Europe/Berlin"


@pytest.mark.parametrize(
    "times",
    [
        LOCAL,
        np.array(LOCAL),
        np.array(LOCAL, dtype="datetime64[D]"),
        [date.fromisoformat(day) for day in LOCAL],
        [datetime.fromisoformat(day) for day in LOCAL],
        pd.to_datetime(LOCAL),
        pd.Series(pd.to_datetime(LOCAL)),
        pd.Series(LOCAL),
        pl.Series(LOCAL),
        pl.Series(LOCAL).str.to_date(),
        pl.Series(LOCAL).str.to_datetime(),
        pa.array(LOCAL),
        pa.array(np.array(LOCAL, dtype="datetime64[s]")),
    ],
    ids=lambda times: type(times).__module__.split(".")[0],
)
def test_times_without_an_offset_are_local_in_every_library(times):
    assert parse_times(times, BERLIN).tolist() == IN_BERLIN.tolist()


@pytest.mark.parametrize(
    "times",
    [
        ["2024-03-30T00:00+01:00", "2024-03-31T00:00+0100", "2024-03-31T22:00Z"],
        pd.date_range("2024-03-30", periods=3, tz=BERLIN),
        pd.Series(pd.date_range("2024-03-30", periods=3, tz=BERLIN)),
        list(pd.date_range("2024-03-30", periods=3, tz=BERLIN)),
        pl.Series(IN_BERLIN).cast(pl.Datetime("ns", "Asia/Tokyo")),
        pa.array(IN_BERLIN.view("datetime64[ns]"), pa.timestamp("ns", "UTC")),
        IN_BERLIN,
    ],
    ids=lambda times: type(times).__module__.split(".")[0],
)
def test_times_with_an_offset_are_what_they_say(times):
    assert parse_times(times, BERLIN).tolist() == IN_BERLIN.tolist()


def test_one_time_is_local_too():
    assert parse_time("2024-04-01", BERLIN) == IN_BERLIN[2]
    assert parse_time("2024-03-31T22:00Z", BERLIN) == IN_BERLIN[2]
    assert parse_time(int(IN_BERLIN[2]), BERLIN) == IN_BERLIN[2]
    with pytest.raises(InvalidInputError, match=r"1704067200 may be seconds \(2024-01-01\)"):
        parse_time(1704067200)


@pytest.mark.parametrize(
    ("times", "unit", "expected"),
    [
        ([1704067200, 1704153600], "s", ["2024-01-01", "2024-01-02"]),
        ([1704067200.25], "s", ["2024-01-01T00:00:00.25"]),
        ([1704067200_000], "ms", ["2024-01-01"]),
        ([1704067200_000_000], "us", ["2024-01-01"]),
        ([1], "ns", ["1970-01-01T00:00:00.000000001"]),
        ([45292, 45292.75], "excel", ["2024-01-01", "2024-01-01T18:00"]),
        ([1, 59, 61], "excel", ["1900-01-01", "1900-02-28", "1900-03-01"]),
        ([1871, 1872], "year", ["1871", "1872"]),
        ([2023.5], "year", ["2023-07-02T12:00"]),
        ([1949.0, 1949.083, 1949.167], "year", ["1949-01", "1949-02", "1949-03"]),
        (pl.Series([1704067200]), "s", ["2024-01-01"]),
    ],
)
def test_a_unit_says_what_numbers_mean(times, unit, expected):
    assert parse_times(times, time_unit=unit).tolist() == to_ns_array(expected).tolist()


def test_year_and_month_are_no_decimals_and_that_is_said():
    years = [1871.11, 1871.12, 1872.01, 1872.02]
    with pytest.warns(UserWarning, match=r"Times such as 1871\.11 are read as year\.month, 1871-11"):
        months = parse_times(years, time_unit="year")
    assert months.tolist() == to_ns_array(["1871-11", "1871-12", "1872-01", "1872-02"]).tolist()


@pytest.mark.parametrize(
    "times",
    [[1704067200, 1704153600], [1704067200_000], [1704067200_000_000, 1704153600_000_000], [1, 2, 3], np.arange(5)],
    ids=lambda times: str(times[0]),
)
def test_integers_whose_unit_is_unclear_are_refused(times):
    with pytest.raises(
        InvalidInputError, match=r"whose unit is unclear: .*Give time_unit as s, .*time_interval='step'"
    ):
        parse_times(times)


@pytest.mark.parametrize(
    "times",
    [[1704067200 * 10**9], [0], np.arange(9) * 86_400 * 10**9, [-(10**17) + 1]],
    ids=lambda times: str(times[0]),
)
def test_integers_that_can_only_be_nanoseconds_are_taken(times):
    assert parse_times(times).tolist() == list(times)


@pytest.mark.parametrize(
    ("times", "unit", "message"),
    [
        ([1], "minutes", "no time_unit 'minutes'"),
        (["2024"], "s", "times are numbers"),
        ([60.5], "excel", "1900-02-29"),
        ([10**12], "s", "cannot be kept"),
        ([-4000], "year", "time_interval='year'"),
        ([float("nan")], "s", "a number that is missing"),
    ],
)
def test_numbers_that_are_none_of_the_unit_are_refused(times, unit, message):
    with pytest.raises(InvalidInputError, match=message):
        parse_times(times, time_unit=unit)


def test_an_integer_axis_takes_integers_as_they_are():
    for counters in ([1, 2, 3], [1.0, 2.0, 3.0], ["1", "2", "3"], pl.Series([1, 2, 3])):
        assert parse_times(counters, is_counter=True).tolist() == [1, 2, 3]
    assert parse_time(-12_000, is_counter=True) == -12_000
    with pytest.raises(InvalidInputError, match="The times of an integer axis are integers"):
        parse_times([1.5], is_counter=True)
    assert to_ns("1970") == 0
