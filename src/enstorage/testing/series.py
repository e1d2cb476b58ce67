"""`SeriesStoreContract`: the promises of every series store, as tests."""

# ruff: noqa: S101 - tests assert

from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from numpy.typing import ArrayLike

from enstorage import plugins
from enstorage.calendars.calendar import Calendar
from enstorage.errors import NotFoundError, NotSupportedError, StoreError
from enstorage.instant import to_iso, to_ns, to_ns_array
from enstorage.interval import TimeInterval
from enstorage.series.base import AGGREGATES, Points, SeriesStore
from enstorage.series.batches import append_each, read_each
from enstorage.series.choose import SERIES_STORES
from enstorage.series.grouping import group
from enstorage.testing.buckets import grouped

_HOUR_NS = 3600 * 10**9
_INTERVALS = ("1y", "1mo", "1w", "1d", "1h", "15m")


class SeriesStoreContract(ABC):
    """Every promise of `enstorage.series.base.SeriesStore`, one test each.

    Subclass it in a test file under a name that begins with `Test`, and implement `make_store`.
    """

    #: Number of writes in tests of many writes; set it lower if a write takes long.
    many_writes = 100

    @abstractmethod
    def make_store(self, place: Path) -> SeriesStore:
        """Open the store of a place, empty the first time; another call returns another instance of the same store."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Path:
        """The place of the store of one test."""
        return tmp_path / "points"

    @pytest.fixture
    def series(self, place: Path) -> SeriesStore:
        """An empty store."""
        return self.make_store(place)

    def test_it_is_registered_under_the_scheme_that_it_shows(self, series: SeriesStore) -> None:
        """The `repr` of a store is its URL, and its scheme determines the class."""
        assert plugins.load(SERIES_STORES, str(series).partition(":")[0]) is type(series)

    def test_a_nanosecond_is_kept(self, series: SeriesStore) -> None:
        """Times are not rounded to microseconds, as Parquet and Delta timestamps would be."""
        _append(series, 1, [1422568543702900257, 1422568543702900258], [1.0, 2.0])
        _same(series.read(1), [1422568543702900257, 1422568543702900258], [1.0, 2.0])

    def test_years_1700_and_2200_are_kept(self, series: SeriesStore) -> None:
        """Times long before 1970 and far in the future are stored like any other."""
        times = to_ns_array(["1700-01-01", "1969-12-31T23:59:59.999999999", "1970-01-01", "2200-07-01"])
        _append(series, 1, times, [1.0, 2.0, 3.0, 4.0])
        _same(series.read(1), times, [1.0, 2.0, 3.0, 4.0])
        assert series.extent(1) == (times[0], times[-1])

    def test_values_are_kept_to_the_bit(self, series: SeriesStore) -> None:
        """Nothing goes through text or float32."""
        values = np.array([0.1, 1e-308, 5e-324, -0.0, 0.0, 1.7976931348623157e308, 1 / 3])
        _append(series, 1, np.arange(len(values)), values)
        assert series.read(1)[1].tobytes() == values.tobytes()

    def test_several_sources_are_written_and_read_at_once(self, series: SeriesStore) -> None:
        """The result is that of single calls: later writes win, deleted points are gone, the order is as requested."""
        _append(series, 2, [10, 30], [1.0, 3.0])
        _append(series, 7, [5], [9.0])
        assert series.delete_points(7) == 1
        many = [(3, [20], [7.0]), (2, [20, 30], [2.0, -3.0]), (5, [-1, 1], [0.5, 0.25])]
        series.append_many([(id, np.array(times, np.int64), np.array(values)) for id, times, values in many])
        _same(series.read(2), [10, 20, 30], [1.0, 2.0, -3.0])
        read = series.read_many([5, 2, 7, 4, 3])
        for points, expected in zip(read, ([-1, 1], [10, 20, 30], [], [], [20]), strict=True):
            assert points[0].tolist() == expected
        for source_id, points in zip([5, 2, 7, 4, 3], read, strict=True):
            _same(points, *series.read(source_id))

    def test_several_sources_are_read_as_they_were(self, series: SeriesStore) -> None:
        """From one version, if the store has versions."""
        _append(series, 1, [10], [1.0])
        _append(series, 2, [10], [2.0])
        version = series.version()
        series.append_many([(id, np.array([10, 20], np.int64), np.array([5.0, 6.0])) for id in (1, 2)])
        if version is not None:
            for points, value in zip(series.read_many([1, 2], version=version), (1.0, 2.0), strict=True):
                _same(points, [10], [value])
        for points in series.read_many([1, 2]):
            _same(points, [10, 20], [5.0, 6.0])

    def test_points_that_are_read_are_grouped_as_the_store_does(self, series: SeriesStore) -> None:
        """If `groups_points_read` is true, the caller may group many series and gets the same bits."""
        generator = np.random.default_rng(11)
        times = np.unique(generator.integers(0, 200 * _HOUR_NS, 300))
        _append(series, 1, times, generator.normal(size=len(times)))
        if not series.groups_points_read:
            return
        points = pl.DataFrame(dict(zip(("time", "value"), series.read(1), strict=True)))
        for interval, aggregate in ((TimeInterval.parse("1d"), name) for name in AGGREGATES):
            expected = group(points, interval, aggregate)
            found = series.aggregate(1, int(times[0]), int(times[-1]) + 1, interval, aggregate)
            _same(found, expected["time"], expected["value"])

    def test_many_sources_are_written_and_read_in_few_calls(self, series: SeriesStore) -> None:
        """Short and long ones, and some without points, one after the other; the result is that of single calls."""
        ids = list(range(1, 41))
        points = {id: (np.arange(id % 7, dtype=np.int64), np.full(id % 7, float(id))) for id in ids}
        assert append_each(series, points.items()) == sum(id % 7 for id in ids)
        read = dict(read_each(series, ids))
        assert list(read) == ids
        for id in ids:
            _same(read[id], *points[id])

    def test_the_later_write_wins_at_equal_times(self, series: SeriesStore) -> None:
        """Writing an existing time replaces its value, again and again."""
        _append(series, 1, [10, 20, 30], [1.0, 2.0, 3.0])
        for value in (5.0, -7.0, 6.0):
            _append(series, 1, [20, 40], [value, value])
            _same(series.read(1), [10, 20, 30, 40], [1.0, value, 3.0, value])

    def test_the_later_write_wins_across_instances(self, place: Path) -> None:
        """Two instances of a store write by turns, as two processes would."""
        stores = [self.make_store(place), self.make_store(place)]
        for turn in range(6):
            _append(stores[turn % 2], 1, [10], [float(turn)])
            for each in stores:
                _same(each.read(1), [10], [float(turn)])

    def test_deleted_points_stay_deleted_until_written_again(self, series: SeriesStore) -> None:
        """A deletion returns the number of deleted points; a later write stores a point at that time again."""
        _append(series, 1, [10, 20, 30], [1.0, 2.0, 3.0])
        assert series.delete_points(1, 20, 30) == 1
        assert series.delete_points(1, 20, 30) == 0
        _same(series.read(1), [10, 30], [1.0, 3.0])
        _append(series, 1, [20], [9.0])
        _same(series.read(1), [10, 20, 30], [1.0, 9.0, 3.0])
        assert series.delete_points(1) == 3
        _same(series.read(1), [], [])

    @pytest.mark.parametrize(
        ("time_from", "time_to", "expected"),
        [
            (None, None, [10, 20, 30]),
            (20, None, [20, 30]),
            (None, 20, [10]),
            (10, 30, [10, 20]),
            (11, 21, [20]),
            (20, 20, []),
            (30, 10, []),
            (31, None, []),
        ],
    )
    def test_periods_are_half_open(
        self, series: SeriesStore, time_from: int | None, time_to: int | None, expected: list[int]
    ) -> None:
        """The start of a period belongs to it, the end does not; for reading and for deleting."""
        _append(series, 1, [10, 20, 30], [1.0, 2.0, 3.0])
        assert series.read(1, time_from, time_to)[0].tolist() == expected
        assert series.delete_points(1, time_from, time_to) == len(expected)
        assert series.read(1)[0].tolist() == [time for time in (10, 20, 30) if time not in expected]

    @pytest.mark.parametrize("interval", _INTERVALS)
    def test_buckets_are_aggregated(self, series: SeriesStore, interval: str) -> None:
        """Every function over every interval, before and after 1970, against plain Python."""
        generator = np.random.default_rng(7)
        start = to_ns("1969-12-30T21:00")
        near = start + generator.choice(100 * 3600, 60, replace=False) * 10**9
        far = to_ns("1968-01-15") + generator.choice(1200, 40, replace=False) * 24 * _HOUR_NS
        times = np.unique(np.concatenate([near, far]))
        values = generator.normal(size=len(times))
        _append(series, 1, times, values)
        time_from, time_to = int(times[3]), int(times[-3])
        inside = (times >= time_from) & (times < time_to)
        for aggregate in AGGREGATES:
            expected = grouped(times[inside], values[inside], interval, aggregate)
            starts, aggregated = series.aggregate(1, time_from, time_to, TimeInterval.parse(interval), aggregate)
            assert starts.dtype == np.int64
            assert aggregated.dtype == np.float64
            assert starts.tolist() == list(expected)
            np.testing.assert_allclose(aggregated, list(expected.values()), 1e-12, 1e-15, err_msg=aggregate)

    @pytest.mark.parametrize(
        ("interval", "start"),
        [
            ("1y", "1969"),
            ("1mo", "1969-12"),
            ("1w", "1969-12-29"),  # a Monday
            ("1d", "1969-12-31"),
            ("1h", "1969-12-31T23:00"),
            ("15m", "1969-12-31T23:45"),
        ],
    )
    def test_a_bucket_has_the_time_of_its_start(self, series: SeriesStore, interval: str, start: str) -> None:
        """Calendar years and months, weeks from Monday, days and hours in UTC; before 1970 too."""
        _append(series, 1, [to_ns("1969-12-31T23:50")], [4.0])
        starts, _ = series.aggregate(1, -(10**17), 10**17, TimeInterval.parse(interval), "mean")
        assert [to_iso(int(each)) for each in starts] == [to_iso(to_ns(start))]

    @pytest.mark.parametrize(
        "calendar",
        [
            Calendar(1, "d", "Europe/London"),
            Calendar(2, "d", anchor="2024-03-02"),
            Calendar(8, "h", anchor="2024-03-01T06:00"),
            Calendar(3, "mo", "Asia/Kolkata", "2022-02"),
            Calendar(1, "b", holidays=("2024-03-29",)),
        ],
        ids=lambda calendar: f"{calendar}-{calendar.time_zone}",
    )
    def test_buckets_of_calendars_are_aggregated(self, series: SeriesStore, calendar: Calendar) -> None:
        """Days of a zone on which clocks are changed, anchors, and business days."""
        times = np.arange(to_ns("2024-03-01"), to_ns("2024-05-01"), 5 * _HOUR_NS)
        _append(series, 1, times, np.ones(len(times)))
        starts, counts = np.unique(calendar.floor(times), return_counts=True)
        _same(series.aggregate(1, int(times[0]), int(times[-1]) + 1, calendar, "sum"), starts, counts)

    def test_replaced_and_deleted_points_are_not_aggregated(self, series: SeriesStore) -> None:
        """Aggregation uses the same points as reading."""
        _append(series, 1, [0, 1, 2], [1.0, 2.0, 100.0])
        _append(series, 1, [1], [4.0])
        series.delete_points(1, 2, 3)
        _same(series.aggregate(1, 0, _HOUR_NS, TimeInterval.parse("1h"), "sum"), [0], [5.0])
        _same(series.aggregate(1, 0, _HOUR_NS, TimeInterval.parse("1h"), "count"), [0], [2.0])

    def test_extent_is_that_of_the_present_points(self, series: SeriesStore) -> None:
        """Deleted points do not extend it."""
        _append(series, 1, [10, 20, 30], [1.0, 2.0, 3.0])
        assert series.extent(1) == (10, 30)
        series.delete_points(1, 30)
        assert series.extent(1) == (10, 20)
        series.delete_points(1)
        assert series.extent(1) is None

    def test_an_unknown_source_has_no_points(self, series: SeriesStore) -> None:
        """Reading it is not an error, nor is deleting it."""
        _append(series, 1, [10], [1.0])
        _same(series.read(2), [], [])
        _same(series.aggregate(2, 0, 100, TimeInterval.parse("1d"), "mean"), [], [])
        assert series.extent(2) is None
        assert series.delete_points(2) == 0
        series.delete_source(2)
        _same(series.read(1), [10], [1.0])

    def test_sources_do_not_mix(self, series: SeriesStore) -> None:
        """Equal times of two sources are two points; deleting one source leaves the other."""
        _append(series, 1, [10, 20], [1.0, 2.0])
        _append(series, 2, [10, 30], [5.0, 6.0])
        assert series.delete_points(1, 10, 20) == 1
        _same(series.read(1), [20], [2.0])
        _same(series.read(2), [10, 30], [5.0, 6.0])
        series.delete_source(2)
        _same(series.read(2), [], [])
        _same(series.read(1), [20], [2.0])

    def test_compacting_does_not_change_the_points(self, series: SeriesStore, place: Path) -> None:
        """A later write still replaces an earlier one."""
        _append(series, 1, [10, 20, 30], [1.0, 2.0, 3.0])
        _append(series, 1, [20], [-0.0])
        _append(series, 2, [10], [7.0])
        series.delete_points(1, 30)
        for each in (series, self.make_store(place)):
            each.compact()
            _same(each.read(1), [10, 20], [1.0, -0.0])
            _same(each.read(2), [10], [7.0])
            assert each.extent(1) == (10, 20)
        _append(series, 1, [20, 30], [8.0, 9.0])
        _same(series.read(1), [10, 20, 30], [1.0, 8.0, 9.0])

    def test_an_empty_store_can_be_compacted(self, series: SeriesStore) -> None:
        """There is nothing to do."""
        series.compact()
        _same(series.read(1), [], [])

    def test_many_small_writes_are_all_read(self, series: SeriesStore) -> None:
        """A sensor writes one point at a time; half of the writes replace an earlier one."""
        half = self.many_writes // 2
        for turn in range(2 * half):
            _append(series, 1, [turn % half], [float(turn)])
        _same(series.read(1), np.arange(half), np.arange(half, 2 * half, dtype=float))

    def test_threads_that_write_at_once_lose_nothing(self, series: SeriesStore, place: Path) -> None:
        """Four threads, two of them sharing an instance and two sharing a source."""
        stores = [series, series, self.make_store(place), self.make_store(place)]

        def write(worker: int) -> None:
            for turn in range(6):
                _append(stores[worker], worker // 2, [worker * 100 + turn], [float(turn)])

        with ThreadPoolExecutor(len(stores)) as pool:
            list(pool.map(write, range(len(stores))))
        for source in (0, 1):
            workers = (2 * source, 2 * source + 1)
            expected = [worker * 100 + turn for worker in workers for turn in range(6)]
            _same(series.read(source), expected, [float(time % 100) for time in expected])

    def test_sources_with_points_are_listed(self, series: SeriesStore, place: Path) -> None:
        """Sorted, from any instance; a deleted source is not among them."""
        assert series.sources() == []
        for source_id in (7, 2, 11):
            _append(series, source_id, [10], [1.0])
        assert self.make_store(place).sources() == [2, 7, 11]
        series.delete_source(7)
        assert series.sources() == [2, 11]

    def test_a_place_belongs_to_the_first_database_that_claims_it(self, series: SeriesStore, place: Path) -> None:
        """Points are found by ids of one database; the same database may claim its place again, from any instance."""
        _append(series, 1, [10], [1.0])
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(series.claim, ["a" * 32] * 8))
        self.make_store(place).claim("a" * 32)
        for each in (series, self.make_store(place)):
            with pytest.raises(
                StoreError, match=f"belongs to the database with the id {'a' * 32}; .*{'b' * 32}.*choose"
            ):
                each.claim("b" * 32)
        series.compact()
        series.claim("a" * 32)
        _same(series.read(1), [10], [1.0])

    def test_a_version_is_read_as_it_was(self, series: SeriesStore, place: Path) -> None:
        """Bit for bit, whatever is written, deleted, compacted and freed later; a store without versions refuses it."""
        times, values = [0, 10, 20, 2 * _HOUR_NS], [0.1, -0.0, 3.0, 1e-308]
        _append(series, 1, times, values)
        version = series.version()
        grouping = (1, 0, 3 * _HOUR_NS, TimeInterval.parse("1h"), "mean")
        before = series.aggregate(*grouping)
        if version is None:
            for read in (series.read, series.extent):
                with pytest.raises(NotSupportedError, match="keeps no versions; received version 3"):
                    read(1, version=3)
            with pytest.raises(NotSupportedError, match="keeps no versions"):
                series.aggregate(*grouping, version=3)
            assert series.vacuum([], timedelta(0), delete=True) == (0, 0)
            return
        _append(series, 1, [10, 30 * _HOUR_NS], [7.0, 8.0])
        series.delete_points(1, 20)
        series.compact()
        other = self.make_store(place)
        assert (series.version() or 0) > version
        files, _ = other.vacuum([version], timedelta(0), delete=False)
        assert other.vacuum([version], timedelta(0), delete=True)[0] == files > 0
        assert other.vacuum([version], timedelta(0), delete=True) == (0, 0)
        for each in (series, other):
            _same(each.read(1, version=version), times, values)
            _same(each.read(1, 10, 30, version=version), [10, 20], [-0.0, 3.0])
            _same(each.aggregate(*grouping, version=version), *before)
            assert each.extent(1, version=version) == (0, 2 * _HOUR_NS)
            _same(each.read(1), [0, 10], [0.1, 7.0])
        assert other.vacuum([], timedelta(0), delete=True)[0] > 0
        for gone in (version, version + 1000):
            with pytest.raises(NotFoundError, match=f"does not keep its version {gone} any more"):
                series.read(1, version=gone)
        _append(series, 1, [10], [9.0])
        _same(self.make_store(place).read(1), [0, 10], [0.1, 9.0])

    def test_arrays_are_not_shared_with_the_caller(self, series: SeriesStore) -> None:
        """Neither arrays that were written nor arrays that were read."""
        times, values = np.array([10, 20]), np.array([1.0, 2.0])
        series.append(1, times, values)
        times += 1
        values += 1
        read = series.read(1)
        series.append(1, np.array([10]), np.array([9.0]))
        _same(read, [10, 20], [1.0, 2.0])

    def test_leftovers_of_a_rolled_back_transaction_are_deleted(self, series: SeriesStore) -> None:
        """New sources begin without points, even if points were written under their ids before; others keep theirs.

        If other programs write to the store too, all points are kept: they may have written before the source existed.
        """
        series.delete_leftovers([1, 2])
        for source_id in (1, 2, 4):
            _append(series, source_id, [10], [1.0])
        series.delete_leftovers([2, 3, 4, 5])
        present = {source_id for source_id in range(1, 6) if series.extent(source_id) is not None}
        assert present == ({1, 2, 4} if series.written_by_others else {1})


def _append(series: SeriesStore, source_id: int, times: ArrayLike, values: ArrayLike) -> None:
    series.append(source_id, np.asarray(times, np.int64), np.asarray(values, np.float64))


def _same(points: Points, times: ArrayLike, values: ArrayLike) -> None:
    assert points[0].dtype == np.int64
    assert points[1].dtype == np.float64
    assert points[0].tolist() == np.asarray(times, np.int64).tolist()
    assert points[1].tobytes() == np.asarray(values, np.float64).tobytes()
