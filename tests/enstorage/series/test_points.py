"""Whatever a caller gives as points becomes the same two arrays."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enstorage.errors import InvalidInputError
from enstorage.instant import to_ns_array
from enstorage.sources.points import as_points

DAYS = ["2020-01-01", "2020-01-02", "2020-01-03"]
TIMES = to_ns_array(DAYS)
VALUES = [1.0, 2.5, -3.0]
MOMENTS = TIMES.view("datetime64[ns]")


@pytest.mark.parametrize(
    "arguments",
    [
        (TIMES, np.array(VALUES)),
        (DAYS, VALUES),
        (tuple(DAYS), tuple(VALUES)),
        (pd.Series(VALUES, index=pd.DatetimeIndex(MOMENTS)),),
        (pd.Series(VALUES, index=pd.DatetimeIndex(MOMENTS, tz="UTC").tz_convert("Europe/Berlin")),),
        (pd.DatetimeIndex(MOMENTS), pd.Series(VALUES)),
        (pd.DataFrame({"when": MOMENTS, "what": VALUES}),),
        (pl.Series(MOMENTS), pl.Series(VALUES)),
        (pl.DataFrame({"when": MOMENTS, "what": VALUES}),),
        (pa.table({"when": MOMENTS, "what": VALUES}),),
        (pa.array(MOMENTS), pa.chunked_array([VALUES])),
    ],
    ids=lambda arguments: "-".join(type(argument).__module__.split(".")[0] for argument in arguments),
)
def test_points_of_every_library_are_the_same(arguments):
    times, values = as_points(*arguments)
    assert times.dtype == np.int64
    assert values.dtype == np.float64
    assert times.tolist() == TIMES.tolist()
    assert values.tolist() == VALUES


@pytest.mark.parametrize("make_path", [str, lambda path: path])
def test_a_path_alone_is_read_as_csv(tmp_path, make_path):
    path = tmp_path / "points.csv"
    path.write_text("day,level\n" + "".join(f"{day},{value}\n" for day, value in zip(DAYS, VALUES, strict=True)))
    times, values = as_points(make_path(path))
    assert (times.tolist(), values.tolist()) == (TIMES.tolist(), VALUES)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(st.integers(-(10**18), 10**18), st.floats(allow_nan=False, allow_infinity=False), min_size=1))
def test_points_come_back_sorted_with_their_values(points):
    times, values = as_points(list(points), list(points.values()), time_unit="ns")
    assert times.tolist() == sorted(points)
    assert values.tolist() == [points[time] for time in sorted(points)]


def test_the_arrays_are_contiguous_and_not_those_of_the_caller():
    given_times, given_values = np.arange(6)[::2], np.arange(6.0)[::2]
    times, values = as_points(given_times, given_values, time_unit="ns")
    given_values[:] = 9
    assert values.tolist() == [0, 2, 4]
    assert times.flags.c_contiguous
    assert values.flags.c_contiguous
    assert not np.shares_memory(times, given_times)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, None])
def test_values_that_are_not_finite_are_counted_and_the_first_is_named(bad):
    with pytest.raises(InvalidInputError, match=r"2 of 3 values.*position 1 \(2020-01-02T00:00:00Z\)"):
        as_points(DAYS, [1.0, bad, bad])


@pytest.mark.parametrize(
    "values",
    [
        pl.Series([1, 2, None]),
        pa.array([1, 2, None]),
        pd.Series([1, 2, None], dtype="Int64"),
        np.ma.array([1.0, 2.0, 3.0], mask=[0, 0, 1]),
        np.ma.array([1, 2, 3], mask=[0, 0, 1]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_missing_values_are_refused_in_every_library(values):
    with pytest.raises(InvalidInputError, match="1 of 3 values are missing"):
        as_points(DAYS, values)


@pytest.mark.parametrize(
    "values", [["1", "2", "3"], [True, False, True], [1, 2, "3"], [1j, 2, 3], DAYS, TIMES.view("M8[ns]")]
)
def test_values_that_are_no_numbers_are_refused(values):
    with pytest.raises(InvalidInputError, match="expected numbers"):
        as_points(DAYS, values)


def test_times_given_twice_are_counted_and_the_first_is_named():
    with pytest.raises(InvalidInputError, match="2 points have the time of another one, first 2020-01-02"):
        as_points(["2020-01-03", "2020-01-02", "2020-01-03", "2020-01-02"], [1, 2, 3, 4])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((DAYS, [1.0]), "3 times and 1 values"),
        (([], []), "no points"),
        ((DAYS, np.zeros((3, 1))), "2 dimensions"),
        ((DAYS, 5.0), "0 dimensions"),
        ((DAYS,), "A list is not a table"),
        ((pd.Series(VALUES),), r"1 column\(s\) \(value\), none of them with times"),
        ((pl.DataFrame({"time": MOMENTS, "a": VALUES, "b": VALUES}),), "has 2 series, such as 'a', 'b'; expected one"),
        ((pl.DataFrame({"a": VALUES}),), r"1 column\(s\) \(a\)"),
        ((pa.table({"a": VALUES, "b": VALUES, "c": VALUES}),), r"3 column\(s\) \(a, b, c\)"),
        ((pd.DataFrame({"a": VALUES}),), r"1 column\(s\) \(a\)"),
        ((pl.LazyFrame({"a": VALUES}),), r"1 column\(s\) \(a\)"),
    ],
)
def test_what_is_not_a_series_of_points_is_refused_with_what_to_do(arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        as_points(*arguments)


@pytest.mark.parametrize("years", [[1700, 1701], np.array([1700, 1701]), np.array([1700.0, 1701.0])])
def test_integers_that_are_years_are_read_as_years_and_told(years):
    with pytest.warns(UserWarning, match=r"1700.* are read as years: all are integers from 1500 to 2300"):
        times, _ = as_points(years, [1.0, 2.0])
    assert times.view("M8[ns]").astype("M8[D]").astype(str).tolist() == ["1700-01-01", "1701-01-01"]
    assert as_points(years, [1.0, 2.0], time_unit="year")[0].tolist() == times.tolist()


@pytest.mark.parametrize("numbers", [[1000, 1001], [2999, 3001], [1499, 1501]])
def test_integers_beyond_the_usual_years_are_refused_with_the_unit_to_give(numbers):
    with pytest.raises(InvalidInputError, match="time_unit"):
        as_points(numbers, [1.0, 2.0])
