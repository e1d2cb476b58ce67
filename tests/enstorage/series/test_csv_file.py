"""CSV files are read and written exactly; a bad one is refused by the row, the column and the value."""

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from enstorage.errors import InvalidInputError
from enstorage.instant import MAX_NS, MIN_NS, to_iso, to_ns
from enstorage.interval import infer_interval
from enstorage.sources.csv_file import write_csv_points
from enstorage.sources.points import as_points


@pytest.fixture
def read(tmp_path):
    """Write a text to a file and read it as points."""

    def read_text(content):
        path = tmp_path / "points.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        times, values = as_points(path)
        return [to_iso(time) for time in times], values.tolist()

    return read_text


JANUARY_AND_FEBRUARY = ["1749-01-01T00:00:00Z", "1749-02-01T00:00:00Z"], [58.0, 62.6]


@pytest.mark.parametrize(
    "text",
    [
        "1749-01,58.0\n1749-02,62.6\n",
        "time,value\n1749-01,58\n1749-02,62.6",
        '"Month","Sunspots, mean"\n"1749-01",58.0\n"1749-02","62.6"\n',
        "Month;Spots\r\n1749-01; 58.0\r\n\r\n1749-02 ;62.6\r\n\r\n",
        "\ufefftime\tvalue\n# a comment\n1749-01\t58.0\n\n1749-02-01T00:00:00Z\t62.6\n",
        "time value\n1749-01   58.0\n 1749-02-01T01:00+01:00 6.26e1\n",
        "1749-01-01 00:00:00,58.0\r1749-02-01 00:00:00.000000000,62.6\r",
        "-6974035200000000000,58\n-6971356800000000000,62.6\n",
    ],
)
def test_every_usual_way_to_write_two_columns_is_understood(read, text):
    assert read(text) == JANUARY_AND_FEBRUARY


def test_years_may_have_decimals(read):
    assert read("1700.5,1\n1701,2\n1704.5,3")[0] == [
        "1700-07-02T12:00:00Z",
        "1701-01-01T00:00:00Z",
        "1704-07-02T00:00:00Z",
    ]


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# A single time with one or two decimals may be a month, and is asked for.
@given(year=st.integers(1678, 2261), decimals=st.from_regex("[0-9]{3,18}", fullmatch=True))
@example(year=1749, decimals="000000000000000018")  # 0.57 ns, nearer to 1 than to 0
def test_decimal_years_are_exact_to_the_nanosecond(read, year, decimals):
    start, end = to_ns(str(year)), to_ns(f"{year + 1}")
    exact = start + Fraction(int(decimals), 10 ** len(decimals)) * (end - start)
    assert abs(to_ns(read(f"{year}.{decimals},1")[0][0]) - exact) <= Fraction(1, 2)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.integers(MIN_NS, MAX_NS), st.floats(allow_nan=False, allow_infinity=False)),
        min_size=1,
        max_size=20,
        unique_by=lambda point: point[0],
    )
)
def test_what_is_written_reads_back_to_the_same_bits(tmp_path, points):
    times = np.array([time for time, _ in points], dtype=np.int64)
    values = np.array([value for _, value in points])
    write_csv_points(tmp_path / "points.csv", times, values, overwrite=True)
    read_times, read_values = as_points(tmp_path / "points.csv")
    assert read_times.tolist() == sorted(times.tolist())
    assert read_values.view(np.int64).tolist() == values[np.argsort(times)].view(np.int64).tolist()


def test_nan_is_written_and_is_a_gap_on_reading(tmp_path):
    write_csv_points(tmp_path / "gaps.csv", np.array([0, 1_500_000_000]), np.array([np.nan, 2.0]))
    assert (tmp_path / "gaps.csv").read_text() == "time,value\n1970-01-01T00:00:00Z,NaN\n1970-01-01T00:00:01.5Z,2.0\n"
    assert as_points(tmp_path / "gaps.csv")[1].tolist() == [2.0]


def test_a_repeated_time_is_named_with_both_lines(read):
    with pytest.raises(
        InvalidInputError, match=r"line 3, column '1': .* is the time 2020-01-01T00:00:00Z of line 1 again"
    ):
        read("2020-01-01,5\n2020-01-02,5\n2020-01-01T00:00Z,6\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time,value\n2020-01-01,5\n2020-01-02,five\n", r"line 3, column 'value': 'five' is not a finite number. Corr"),
        ("2020-01-01,inf\n2020-01-02,5\n", "line 1, column '2': 'inf' is not"),
        ("2020-01-01,5\n\n# note\n2020-02-30,6\n2020-13-01,7\n2020-01-03,x", "line 4, .*Further bad rows: 2"),
        ("2020-01-01,5\n2020-01-02,6\n" + "y" * 99, r"line 3, column '1': .*\.\.\.' is not a time"),
        ("2020-01-01,5\n2020-01-02,6,7\n", "line 2, column '3': '7' stands beyond the last column"),
        ("2020-01-01\t1,234\n", r"values such as '1,234', whose comma may be .*decimal or thousands"),
        ("01.13.2020,5\n", "line 1, column '1': '01.13.2020' is not a time; expected dates with the day first"),
        (
            "01/02/2020,5\n",
            "dates such as '01/02/2020', whose first number may be the day or the month: .*date_order",
        ),
        ("31/12/2020,5\n12/31/2020,6\n", "with the day first, such as '31/12/2020', and with the month first, such as"),
        ("2300,5\n", "line 1"),
        ("1577836800000000000,1\n20200131,2\n", "line 2.*whole nanoseconds"),
        ("99999999999999999999,1\n", "line 1"),
        (
            "20200131,1\n20200201,2\n",
            "may be nanoseconds, seconds, a counter, a year or a date.*time_unit.*date_format",
        ),
        ("1577836800,1\n", "may be nanoseconds, seconds, a counter, a year or a date"),
        ("a;b;c\nx;y;z\n", r"3 column\(s\) \(a, b, c\), none of them with times; .*time_column"),
        ("time;b;c\n2020-01-01;y;z\n", r"none of them with numbers beside the times; .*value_column"),
        (
            "time;b;c\n2020-01-01;1;2\n2020-01-01;2;3\n",
            "several columns could tell the series apart: b, c. .*series_col",
        ),
        ("time;s;b;c\n2020-01-01;r;1;2\n2020-01-01;t;2;3\n", "long table with several columns of numbers: b, c"),
        ("5\n6\n", r"1 column\(s\)"),
        ("x" * 200_000, "header only"),
        ("time,value\n", "header only"),
        ("time,value\n2020-01-01,NA\n", "holds no points: no row has both a time and a value"),
        ('time,value\n"2020-01-01,5\n2020-01-02,5\n', "line 2, column 'time'"),
        ("2020-01-01,\nfoo,bar\n2020-01-02,5\n", "line 2, column '1': 'foo' is not a time"),
        ("", "no points"),
        ("\n# nothing\n", "no points"),
        (b"\xff\xfe2\x000\x00", r"1 column\(s\)"),
        ("2020,5\0\n", "binary"),
    ],
)
def test_a_bad_file_is_refused_with_the_line_and_what_was_expected(read, text, message):
    with pytest.raises(InvalidInputError, match=message):
        read(text)


def test_missing_files_and_directories_are_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="does not exist"):
        as_points(tmp_path / "none.csv")
    with pytest.raises(InvalidInputError, match="is a directory"):
        as_points(tmp_path)


def test_writing_replaces_a_file_only_when_told_and_leaves_nothing_else(tmp_path):
    path = tmp_path / "points.csv"
    one, two = np.array([1]), np.array([2.0])
    write_csv_points(path, one, two)
    with pytest.raises(InvalidInputError, match="overwrite=True"):
        write_csv_points(path, one, two + 1)
    assert as_points(path)[1].tolist() == [2.0]
    write_csv_points(path, one, two + 1, overwrite=True)
    assert as_points(path)[1].tolist() == [3.0]
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_that_fails_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "points.csv"
    write_csv_points(path, np.array([1]), np.array([2.0]))

    def fail(descriptor):
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(Exception, match="disk full"):
        write_csv_points(path, np.array([1]), np.array([9.0]), overwrite=True)
    assert as_points(path)[1].tolist() == [2.0]
    assert list(tmp_path.iterdir()) == [path]


def test_writing_to_a_directory_or_into_a_missing_one_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="is a directory"):
        write_csv_points(tmp_path, np.array([1]), np.array([2.0]), overwrite=True)
    with pytest.raises(InvalidInputError, match="Make it first"):
        write_csv_points(tmp_path / "no" / "points.csv", np.array([1]), np.array([2.0]))
    with pytest.raises(InvalidInputError, match="one value per time"):
        write_csv_points(tmp_path / "points.csv", np.array([1, 2]), np.array([2.0]))


@pytest.mark.skipif("ENSTORAGE_TEST_DATA" not in os.environ, reason="ENSTORAGE_TEST_DATA names no folder of real data")
@pytest.mark.parametrize(
    ("name", "count", "first", "interval"),
    [
        ("sunspots/SN_y_tot_V2.0_2col.csv", 323, "1700-07-02T12:00:00Z", "1y"),
        ("sunspots/yearly_v1_1700-2008_statsmodels.csv", 309, "1700-01-01T00:00:00Z", "1y"),
        ("sunspots/monthly-sunspots_v1_1749-1983_jbrownlee.csv", 2820, "1749-01-01T00:00:00Z", "1mo"),
        ("airline/airline-passengers.csv", 144, "1949-01-01T00:00:00Z", "1mo"),
    ],
)
def test_published_series_are_read_as_they_are(name, count, first, interval):
    times, values = as_points(Path(os.environ["ENSTORAGE_TEST_DATA"]) / name)
    assert len(times) == len(values) == count
    assert to_iso(times[0]) == first
    assert str(infer_interval(times)) == interval
