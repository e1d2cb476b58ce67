"""A snapshot fixes what a source held."""

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest

from enstorage import Connector, DataSource, create, create_snapshots
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.instant import to_iso, to_ns
from enstorage.series.base import AGGREGATES


def source_of(times, values, **settings):
    source = DataSource(name="x", **settings).save()
    source.write(times, values)
    return source


def test_it_keeps_its_rows_after_the_source_changes(store, sunspots):
    snapshot = sunspots.create_snapshot()
    times, values = snapshot.read()
    sunspots.write(times, values + 1)
    sunspots.write([to_ns("1800")], [7.0])
    sunspots.delete_points("1700", "1710")
    sunspots.time_interval = "1d"
    sunspots.save()
    again = type(snapshot).get(snapshot.id)
    np.testing.assert_array_equal(again.read(), (times, values))
    assert (again.rows, again.time_interval, again.sha256) == (40, "1y", snapshot.sha256)


def test_it_is_read_again_from_the_series_store_as_that_was_then(store, sunspots):
    first = sunspots.create_snapshot()
    times, values = first.read()
    sunspots.write(times, values + 1)
    sunspots.delete_points("1700", "1710")
    sunspots.time_interval, sunspots.aggregate = "5y", "median"
    sunspots.save()
    store.series.compact()
    second = sunspots.create_snapshot()
    grouped = second.read()
    sunspots.write(times, values - 1)
    store.series.compact()
    store.series.vacuum([first.series_version, second.series_version], timedelta(0), delete=True)
    for snapshot, expected in ((first, (times, values)), (second, grouped)):
        again = type(snapshot).get(snapshot.id).read_again()
        assert [part.tobytes() for part in again] == [part.tobytes() for part in expected]
    store.series.vacuum([second.series_version], timedelta(0), delete=True)
    with pytest.raises(NotFoundError, match=f"does not keep its version {first.series_version} any more"):
        first.read_again()
    np.testing.assert_array_equal(first.read(), (times, values))


def test_what_is_written_while_it_is_taken_is_not_in_it(store, sunspots, monkeypatch):
    read_many = type(store.series).read_many

    def write_and_read(series, source_ids, **options):
        sunspots.write(["1740", "1730"], [7.0, 8.0])
        return read_many(series, source_ids, **options)

    times, values = sunspots.read()
    monkeypatch.setattr(type(store.series), "read_many", write_and_read)
    snapshot = sunspots.create_snapshot()
    monkeypatch.undo()
    np.testing.assert_array_equal(snapshot.read(), (times, values))
    assert sunspots.create_snapshot().rows == 41


def test_a_series_store_without_versions_is_not_read_again(tmp_path):
    with Connector(f"sqlite:///{tmp_path}/x.sqlite", "memory:", f"file:{tmp_path}/objects"):
        snapshot = source_of(["2020-01-01"], [1.0]).create_snapshot()
        assert snapshot.series_version is None
        with pytest.raises(NotFoundError, match=r"taken from a series store without versions\. Call read\(\)"):
            snapshot.read_again()


def test_it_is_grouped_by_the_calendar_and_has_a_row_for_every_bucket(store):
    source = source_of(
        ["1969-01-31", "1969-03-01", "1969-03-02", "1969-06-30T23:59"], [1, 2, 4, 8], time_interval="1mo"
    )
    snapshot = source.create_snapshot()
    times, values = snapshot.read()
    assert [to_iso(int(time))[:10] for time in times] == [f"1969-0{month}-01" for month in range(1, 7)]
    np.testing.assert_array_equal(values, [1, np.nan, 3, np.nan, np.nan, 8])
    assert (snapshot.rows, snapshot.empty_rows) == (6, 3)


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    list(zip(AGGREGATES, [4.0, 3.0, 12.0, 1.0, 8.0, 3.0, 8.0, 3.0], strict=True)),
)
def test_every_aggregate(store, aggregate, expected):
    hours = ["2020-01-01T01:00", "2020-01-01T02:00", "2020-01-01T03:00", "2020-01-03"]
    snapshot = source_of(hours, [3.0, 1.0, 8.0, 5.0], time_interval="1d", aggregate=aggregate).create_snapshot()
    empty = 0.0 if aggregate == "count" else np.nan
    np.testing.assert_array_equal(snapshot.read()[1], [expected, empty, 1.0 if aggregate == "count" else 5.0])
    assert snapshot.empty_rows == (0 if aggregate == "count" else 1)


@pytest.mark.parametrize(
    ("interval", "starts"),
    [
        ("1w", ["2019-12-30", "2020-01-06"]),  # Mondays
        ("1y", ["2020-01-01"]),
        ("5d", ["2019-12-30", "2020-01-04"]),
    ],
)
def test_buckets_start_by_the_calendar(store, interval, starts):
    source = source_of(["2020-01-01T10:00", "2020-01-08T10:00"], [1.0, 2.0], time_interval=interval)
    assert [to_iso(int(time))[:10] for time in source.create_snapshot().read()[0]] == starts


def test_its_period_is_half_open_and_covers_what_the_source_asks_for(store):
    days = [f"2020-01-0{day}" for day in range(1, 8)]
    source = source_of(days, range(1, 8), time_interval="1d", time_from="2020-01-03", time_to="2020-01-06")
    snapshot = source.create_snapshot()
    assert snapshot.read()[1].tolist() == [3.0, 4.0, 5.0]
    assert (snapshot.time_from, snapshot.time_to) == (to_ns("2020-01-03"), to_ns("2020-01-06"))
    source.time_to = "2020-01-10"
    source.save()
    whole = source.create_snapshot(whole_period=True)
    np.testing.assert_array_equal(whole.read()[1], [3, 4, 5, 6, 7, np.nan, np.nan])
    assert whole.remarks() == ["2 buckets are empty after all points, kept."]


def test_it_begins_and_ends_with_buckets_that_have_points(store):
    """And its period with it, so that it is compared with the source as it was taken."""
    source = source_of(["2020-01-03", "2020-01-05"], [3, 5], time_interval="1d", time_from="2020", time_to="2020-01-10")
    snapshot = source.create_snapshot()
    np.testing.assert_array_equal(snapshot.read()[1], [3, np.nan, 5])
    assert (snapshot.time_from, snapshot.time_to) == (to_ns("2020-01-03"), to_ns("2020-01-06"))
    assert snapshot.completeness["left_out"] == {
        "empty_before": 2,
        "partial_first": 0,
        "partial_last": 0,
        "empty_after": 4,
    }
    assert snapshot.remarks() == [
        "1 bucket is empty between points.",
        "2 buckets are empty before all points, left out.",
        "4 buckets are empty after all points, left out.",
    ]
    assert snapshot.check()
    np.testing.assert_array_equal(snapshot.read_again(), snapshot.read())


def test_numbers_of_points_are_0_in_empty_buckets_which_is_measured(store):
    period = {"time_from": "2020-01-01", "time_to": "2020-01-06", "aggregate": "count"}
    snapshot = source_of(["2020-01-03", "2020-01-05"], [1, 1], time_interval="1d", **period).create_snapshot()
    assert snapshot.read()[1].tolist() == [0, 0, 1, 0, 1]
    assert not any(snapshot.completeness["left_out"].values())


def test_a_month_of_ten_days_is_left_out_unless_it_is_asked_for(store):
    days = np.arange("2024-01-22", "2024-04-11", dtype="datetime64[D]")
    source = source_of(days, np.ones(len(days)), time_interval="1mo", aggregate="sum")
    snapshot = source.create_snapshot()
    assert [to_iso(int(time))[:10] for time in snapshot.read()[0]] == ["2024-02-01", "2024-03-01"]
    assert snapshot.read()[1].tolist() == [29, 31]
    assert snapshot.remarks() == [
        "The first bucket, 2024-01-01T00:00:00Z, is covered by points only in part, and is left out.",
        "The last bucket, 2024-04-01T00:00:00Z, is covered by points only in part, and is left out.",
    ]
    assert snapshot.check()
    kept = source.create_snapshot(keep_partial=True)
    assert kept.read()[1].tolist() == [10, 29, 31, 10]
    assert (
        kept.remarks()[0] == "The first bucket, 2024-01-01T00:00:00Z, is covered by points only in part, and is kept."
    )
    asked = {"data_source_id": source.id, "keep_partial": True}
    assert create("data_snapshot", asked).sha256 == kept.sha256
    assert [each.rows for each in create_snapshots([source], keep_partial=True)] == [4]
    report = source.import_report()
    assert (report["partial_first"], report["partial_last"]) == (True, True)
    assert report["messages"][0] == "The first bucket is covered by points only in part."


def test_times_that_jitter_are_counted_and_can_be_moved_to_the_nearest_bucket(store):
    random = np.random.default_rng(3)
    seconds = np.datetime64("2024-01-01", "ms") + np.arange(1, 601) * np.timedelta64(1000, "ms")
    times = seconds + random.integers(-400, 400, 600).astype("timedelta64[ms]")
    source = source_of(times, np.arange(600.0), time_interval="1s")
    report = source.import_report()
    counts = Counter(times.astype("datetime64[s]").tolist())
    assert report["shared_buckets"] == sum(count > 1 for count in counts.values()) > 100
    assert report["empty_between"] == (max(counts) - min(counts)).seconds + 1 - len(counts)
    largest = np.abs((times - seconds).astype(int)).max() / 1000
    assert report["jitter_seconds"] == largest
    moved = DataSource(name="moved", time_interval="1s").save()
    moved.write(times, np.arange(600.0), snap="1s")
    np.testing.assert_array_equal(moved.read()[0], seconds.astype("datetime64[ns]").astype(np.int64))
    assert moved.import_report()["messages"] == []
    with pytest.raises(
        InvalidInputError,
        match=r"time of another one after they were moved to the starts of 1m, first 2024.*duplicates",
    ):
        moved.write(times, np.arange(600.0), snap="1m")


def test_events_are_taken_as_they_are(store):
    snapshot = source_of([5, 1, 1422568543702900257], [0.5, 0.1, -0.0]).create_snapshot()
    times, values = snapshot.read()
    assert times.tolist() == [1, 5, 1422568543702900257]
    assert values.tobytes() == np.array([0.1, 0.5, -0.0]).tobytes()
    assert (snapshot.rows, snapshot.empty_rows, snapshot.time_interval) == (3, 0, None)


def test_a_period_without_points_is_refused(store, sunspots, census):
    sunspots.time_from, sunspots.time_to = "1900", None
    sunspots.save()
    before = census(store)
    with pytest.raises(InvalidInputError, match=r"no points in its period .*|period .* is empty"):
        sunspots.create_snapshot()
    sunspots.time_to = "1950"
    sunspots.save()
    with pytest.raises(InvalidInputError, match=r"has no points in its period 1900-01-01.* – 1950-01-01.*Write points"):
        sunspots.create_snapshot()
    assert census(store) == before


def test_a_source_without_points_is_refused(store, census):
    source = DataSource(name="empty").save()
    before = census(store)
    with pytest.raises(InvalidInputError, match=r"DataSource\(1, 'empty'\) has no points, .*Write points first"):
        source.create_snapshot()
    assert census(store) == before


def test_the_hash_covers_times_and_values(store):
    days = ["2020-01-01", "2020-01-02", "2020-01-03"]
    first = source_of(days, [1.0, 2.0, 3.0]).create_snapshot()
    assert source_of(days, [1.0, 2.0, 3.0], unit="other").create_snapshot().sha256 == first.sha256
    assert source_of(days, [1.0, 2.0, 3.0000000000000004]).create_snapshot().sha256 != first.sha256
    assert source_of([*days[:2], "2020-01-04"], [1.0, 2.0, 3.0]).create_snapshot().sha256 != first.sha256


def test_equal_tables_are_stored_once_but_owned_twice(store, sunspots, census):
    first, second = sunspots.create_snapshot(), sunspots.create_snapshot("again")
    assert first.sha256 == second.sha256
    assert first.data_csv_id != second.data_csv_id
    assert (census(store)["DataCsv"], census(store)["objects"]) == (2, 1)
    first.delete()
    assert second.read()[1].size == 40


def test_its_table_is_given_as_csv_and_as_arrow(store, tmp_path):
    snapshot = source_of(["2020-01-01", "2020-01-03"], [0.1, 2.0], time_interval="1d").create_snapshot()
    text = snapshot.data_csv.to_csv(tmp_path / "table.csv")
    assert text.splitlines() == [
        "time,value",
        "2020-01-01T00:00:00Z,0.1",
        "2020-01-02T00:00:00Z,NaN",
        "2020-01-03T00:00:00Z,2.0",
    ]
    assert (tmp_path / "table.csv").read_text() == text
    assert snapshot.data_csv.to_arrow().column_names == ["time", "value"]
    assert snapshot.data_csv.columns == {"time": "Int64", "value": "Float64"}
    assert snapshot.data_csv.rows == 3
