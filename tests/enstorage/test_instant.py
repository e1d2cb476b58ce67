"""Times become int64 nanoseconds, exactly or not at all."""

from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enstorage.errors import InvalidInputError
from enstorage.instant import MAX_NS, MIN_NS, from_ns, to_iso, to_ns, to_ns_array

NEW_YEAR = 1577836800_000000000  # 2020-01-01T00:00:00Z
SAMPLE = 1422568543702900257
any_ns = st.integers(MIN_NS, MAX_NS)


def test_the_influx_line_of_the_paper_is_kept_to_the_nanosecond():
    line = "data_source,mysql_id=234 value=0.55 1422568543702900257"
    time_ns = int(line.split()[-1])
    assert to_iso(time_ns) == "2015-01-29T21:55:43.702900257Z"
    assert to_ns("2015-01-29T21:55:43.702900257Z") == time_ns
    assert from_ns(time_ns).strftime("%a, %d %b %Y %H:%M:%S") == "Thu, 29 Jan 2015 21:55:43"


@pytest.mark.parametrize(
    "value",
    [
        NEW_YEAR,
        np.int64(NEW_YEAR),
        "2020",
        "2020-01",
        "2020-01-01",
        "2020-01-01 00:00",
        "2020-01-01T00:00:00.000",
        "2020-01-01T02:00:00+02:00",
        "2019-12-31T18:30:00-0530",
        date(2020, 1, 1),
        datetime(2020, 1, 1),  # noqa: DTZ001
        datetime(2020, 1, 1, 5, tzinfo=timezone(timedelta(hours=5))),
        np.datetime64("2020"),
        np.datetime64("2020-01"),
        np.datetime64("2020-01-01T00:00:00.000000"),
        pd.Timestamp("2020-01-01"),
        pd.Timestamp("2020-01-01 01:00", tz="Europe/Berlin"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_every_way_to_write_new_year_2020_is_the_same_time(value):
    assert to_ns(value) == NEW_YEAR
    assert to_ns_array([value]).tolist() == [NEW_YEAR]


def test_pandas_timestamps_keep_their_nanoseconds():
    assert to_ns(pd.Timestamp(SAMPLE)) == SAMPLE
    assert to_ns(pd.Timestamp(SAMPLE, tz="Asia/Tokyo")) == SAMPLE


def test_iso_has_only_the_decimals_it_needs():
    assert to_iso(to_ns("1700")) == "1700-01-01T00:00:00Z"
    assert to_iso(NEW_YEAR + 120_000_000) == "2020-01-01T00:00:00.12Z"


@settings(max_examples=100, deadline=None)
@given(any_ns)
def test_iso_and_datetime_lead_back_to_the_same_time(time_ns):
    assert to_ns(to_iso(time_ns)) == time_ns
    assert to_ns_array([to_iso(time_ns)]).tolist() == [time_ns]
    if time_ns > MIN_NS + 1000:
        assert to_ns(from_ns(time_ns)) == time_ns // 1000 * 1000


@settings(max_examples=100, deadline=None)
@given(
    st.builds(
        "{:04d}-{:02d}-{:02d}T{:02d}:{:02d}{:+03d}:{:02d}".format,
        st.integers(1600, 2300),
        st.integers(0, 13),
        st.integers(0, 32),
        st.integers(0, 23),  # newer Pythons also take 24:00
        st.integers(0, 60),
        st.integers(-14, 14),
        st.integers(0, 59),
    )
)
def test_strings_are_times_where_python_takes_them_for_times(text):
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    try:
        time_ns = to_ns(text)
    except InvalidInputError:
        assert moment is None or not 1678 <= moment.year < 2262
    else:
        assert moment is not None
        assert from_ns(time_ns) == (moment)


@pytest.mark.parametrize(
    "value",
    [
        MIN_NS - 1,
        MAX_NS + 1,
        np.uint64(2**63),
        "1677-09-21T00:12:43.145224192",
        "2262-04-11T23:47:16.854775808",
        "9999-01-01",
        date(1, 1, 1),
        datetime(9999, 12, 31, tzinfo=UTC),
        np.datetime64("1677"),
        np.datetime64("2263-01"),
        np.datetime64(2**62, "Y"),
        np.datetime64(2**62, "D"),
        np.datetime64("1970-01-01T00:00:00.000000000001"),
        pd.Timestamp("1000-01-01"),
        pd.Timestamp(10**12, unit="s"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_nanoseconds_cannot_hold_is_refused_and_never_wrapped(value):
    with pytest.raises(InvalidInputError, match="between 1677-09-21"):
        to_ns(value)
    with pytest.raises(InvalidInputError, match="between 1677-09-21"):
        to_ns_array([value])
    with pytest.raises(InvalidInputError, match="between 1677-09-21"):
        to_ns_array(np.array([value]))


@pytest.mark.parametrize("value", [np.datetime64("NaT"), np.datetime64("NaT", "ns"), pd.NaT])
def test_not_a_time_is_refused(value):
    with pytest.raises(InvalidInputError, match="NaT"):
        to_ns(value)
    with pytest.raises(InvalidInputError, match="NaT"):
        to_ns_array([value])


@pytest.mark.parametrize("value", [True, np.True_, 1.5, None, np.timedelta64(1, "s"), timedelta(1), b"2020"], ids=repr)
def test_other_types_are_refused(value):
    with pytest.raises(InvalidInputError, match="expected integers"):
        to_ns(value)


@pytest.mark.parametrize("text", ["", "x", "2020-02-30", "2020-1-1", "2020-01-01T24:00", "20200101", "2020\n", "٢٠٢٠"])
def test_strings_that_are_no_time_are_refused(text):
    with pytest.raises(InvalidInputError, match="expected ISO 8601"):
        to_ns(text)
    with pytest.raises(InvalidInputError, match="position 1"):
        to_ns_array(["2020", text])


MOMENTS = [datetime(1700, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, 5, tzinfo=UTC)]
EXPECTED = [to_ns(moment) for moment in MOMENTS]


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York"])
def test_columns_of_every_library_unit_and_zone_are_the_same_times(unit, zone):
    series = pl.Series(MOMENTS, dtype=pl.Datetime(unit, "UTC"))
    series = series.dt.convert_time_zone(zone) if zone else series.dt.replace_time_zone(None)
    arrow = series.to_arrow()
    pandas = pd.Series(np.array(EXPECTED).view("M8[ns]").astype(f"M8[{unit}]"))
    if zone:
        pandas = pandas.dt.tz_localize("UTC").dt.tz_convert(zone)
    for column in (series, arrow, pa.chunked_array([arrow]), pandas, pd.DatetimeIndex(pandas), pandas.to_list()):
        assert to_ns_array(column).tolist() == EXPECTED
        assert to_ns_array(column).dtype == np.int64


@pytest.mark.parametrize(
    "column",
    [
        np.array(EXPECTED),
        pl.Series(EXPECTED),
        pa.array(EXPECTED),
        pl.Series([to_iso(time) for time in EXPECTED]),
        pa.array([to_iso(time) for time in EXPECTED]),
        pd.Series([to_iso(time) for time in EXPECTED]),
        np.array([to_iso(time) for time in EXPECTED]),
        ["1700-01-01", EXPECTED[1]],
    ],
    ids=lambda column: type(column).__module__,
)
def test_columns_of_integers_and_strings_are_times(column):
    assert to_ns_array(column).tolist() == EXPECTED


def test_columns_of_dates_are_midnights():
    days = pl.Series([date(1700, 1, 1), date(2020, 1, 1)])
    assert to_ns_array(days).tolist() == to_ns_array(days.to_arrow()).tolist() == [EXPECTED[0], NEW_YEAR]


def test_the_result_shares_no_memory_with_what_was_given():
    for given_times in (np.array(EXPECTED), np.array(EXPECTED).view("datetime64[ns]")):
        assert not np.shares_memory(to_ns_array(given_times), given_times)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([1, None]),
        pl.Series([datetime(2020, 1, 1), None]),  # noqa: DTZ001
        pa.array([1, None]),
        [1, None],
        np.array([1.0, 2.0]),
        np.array([True]),
        np.ma.array([1, 2], mask=[0, 1]),
        np.zeros((2, 2), dtype=np.int64),
        5,
        "2020",
    ],
    ids=lambda value: type(value).__name__,
)
def test_missing_times_and_other_shapes_are_refused(column):
    with pytest.raises(InvalidInputError):
        to_ns_array(column)
