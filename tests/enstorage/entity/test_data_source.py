"""A source is written, read and corrected point by point."""

import numpy as np
import pytest

from enstorage import DataSource
from enstorage.errors import InvalidInputError, StoreError
from enstorage.instant import to_iso, to_ns


@pytest.fixture
def source(store):
    """Four points, written with a time zone and without."""
    source = DataSource(name="temperature", unit="°C").save()
    source.write(["2020-01-01", "2020-01-01T13:00+01:00", "2020-01-02", "2020-01-05"], [1.0, 2.0, 4.0, 8.0])
    return source


def iso(times):
    return [to_iso(int(time)) for time in times]


def test_a_naive_time_is_utc_and_others_are_converted(source):
    times, values = source.read()
    assert iso(times) == [
        "2020-01-01T00:00:00Z",
        "2020-01-01T12:00:00Z",
        "2020-01-02T00:00:00Z",
        "2020-01-05T00:00:00Z",
    ]
    assert times.dtype == np.int64
    assert values.tolist() == [1.0, 2.0, 4.0, 8.0]


def test_a_later_write_replaces_equal_times(source):
    assert source.write(["2020-01-02", "2020-01-03"], [40.0, 50.0]) == 2
    assert source.read()[1].tolist() == [1.0, 2.0, 40.0, 50.0, 8.0]


def test_a_period_is_half_open(source):
    assert source.read("2020-01-01T12:00", "2020-01-05")[1].tolist() == [2.0, 4.0]
    assert source.read(time_to="2020-01-02")[1].tolist() == [1.0, 2.0]
    assert source.read(time_from="2020-01-02")[1].tolist() == [4.0, 8.0]


def test_points_of_a_period_are_deleted_and_counted(source):
    assert source.delete_points("2020-01-01T12:00", "2020-01-05") == 2
    assert source.read()[1].tolist() == [1.0, 8.0]
    assert source.delete_points() == 2
    assert source.read()[1].tolist() == []
    assert source.delete_points() == 0


def test_points_are_read_in_buckets_by_the_aggregate_of_the_source_or_another(source):
    times, values = source.read(interval="1d")
    assert iso(times) == ["2020-01-01T00:00:00Z", "2020-01-02T00:00:00Z", "2020-01-05T00:00:00Z"]
    assert values.tolist() == [1.5, 4.0, 8.0]
    assert source.read(interval="1d", aggregate="count")[1].tolist() == [2.0, 1.0, 1.0]
    times, values = source.read("2020-01-01T06:00", "2020-01-05", interval="1y", aggregate="sum")
    assert iso(times) == ["2020-01-01T00:00:00Z"]
    assert values.tolist() == [6.0]


def test_a_source_without_points_reads_as_none(store):
    source = DataSource(name="empty").save()
    assert [array.tolist() for array in source.read()] == [[], []]
    assert [array.tolist() for array in source.read(interval="1d")] == [[], []]


def test_points_come_from_a_csv_file(store, tmp_path):
    file = tmp_path / "points.csv"
    file.write_text("time,value\n2020-01-02,2\n2020-01-01,1\n")
    source = DataSource(name="file")
    assert source.write(file) == 2
    assert source.read()[1].tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("times", "values", "message"),
    [
        (["2020-01-01", "2020-01-02"], [1.0], "2 times and 1 values"),
        (["2020-01-01"], [np.nan], r"1 of 1 values are missing, NaN or infinite.*2020-01-01"),
        (["2020-01-01"], [np.inf], "NaN or infinite"),
        (["2020-01-01", "2020-01-01"], [1.0, 2.0], r"time of another one, first 2020-01-01"),
        (["2020-13-01"], [1.0], "is not a time"),
        (["1500-01-01"], [1.0], "1677"),
        ([], [], "no points"),
        (["2020-01-01"], ["1.0"], "expected numbers"),
    ],
)
def test_points_that_cannot_be_kept_are_refused_and_nothing_is_written(store, source, census, times, values, message):
    before, points = census(store), source.read()
    with pytest.raises(InvalidInputError, match=message):
        source.write(times, values)
    assert census(store) == before
    np.testing.assert_array_equal(source.read(), points)


def test_a_new_source_is_there_with_its_points_or_not_at_all(store, census, monkeypatch):
    before = census(store)

    def fail(*arguments):
        raise StoreError("the disk is full")

    monkeypatch.setattr(store.series, "append", fail)
    new = DataSource(name="new")
    with pytest.raises(StoreError, match="the disk is full"):
        new.write([1, 2], [1.0, 2.0], time_unit="ns")
    assert census(store) == before
    monkeypatch.undo()
    new.write([1, 2], [1.0, 2.0], time_unit="ns")
    assert DataSource.get(new.id).read()[1].tolist() == [1.0, 2.0]


def test_a_source_is_deleted_even_where_its_points_cannot_be(store, source, monkeypatch):
    def fail(*arguments):
        raise StoreError("the server is away")

    monkeypatch.setattr(store.series, "delete_source", fail)
    source.delete()
    assert DataSource.get_list() == []


def test_refused_points_do_not_even_create_their_source(store, census):
    with pytest.raises(InvalidInputError):
        DataSource(name="never").write(["2020-01-01"], [np.nan])
    assert set(census(store).values()) == {0}


def test_a_csv_file_with_a_wrong_row_names_the_row_and_nothing_is_written(store, source, census, tmp_path):
    file = tmp_path / "points.csv"
    file.write_text("time,value\n2020-02-01,1\n2020-02-02,one\n")
    before = census(store)
    with pytest.raises(InvalidInputError, match=r"3.*one"):
        source.write(file)
    assert census(store) == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"time_interval": "1 day"}, r"The interval is '1 day'; expected an integer.*such as 15m, 1d or 1mo"),
        ({"time_interval": "0d"}, "interval is '0d'"),
        (
            {"aggregate": "average"},
            r"no aggregate 'average'; known are mean, median, sum, min, max, first, last, count",
        ),
        ({"time_from": "2020", "time_to": "2020-01-01"}, r"period of the source is empty: .*later than time_from"),
        ({"time_from": "2021", "time_to": "2020"}, "period of the source is empty"),
        ({"time_from": "yesterday"}, "'yesterday' is not a time"),
    ],
)
def test_a_source_that_makes_no_sense_is_refused(store, census, arguments, message):
    with pytest.raises(InvalidInputError, match=message):
        DataSource(name="x", **arguments)
    source = DataSource(name="x", time_from="2000", time_to="2030").save()
    before = census(store)
    for name, value in list(arguments.items())[-1:]:  # nor can it become one
        with pytest.raises(InvalidInputError):
            setattr(source, name, value if value != "2020-01-01" and value != "2020" else "1999")
    assert census(store) == before


def test_times_and_intervals_are_kept_in_one_form(store):
    source = DataSource(name="x", time_from="2020-01-01T01:00+01:00", time_to=to_ns("2021"), time_interval="15m").save()
    again = DataSource.get(source.id)
    assert (again.time_from, again.time_to, again.time_interval) == (to_ns("2020"), to_ns("2021"), "15m")


def test_unknown_intervals_and_aggregates_are_refused_on_reading(source):
    with pytest.raises(InvalidInputError, match="interval is 'monthly'"):
        source.read(interval="monthly")
    with pytest.raises(InvalidInputError, match="no aggregate 'average'"):
        source.read(interval="1d", aggregate="average")
