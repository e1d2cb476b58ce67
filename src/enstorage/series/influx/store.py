"""Points in InfluxDB, stored as in the paper: measurement `data_source`, tag `mysql_id`, field `value`, nanoseconds."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, Self

import numpy as np
import polars as pl
from numpy.typing import NDArray

from enstorage.calendars.calendar import Calendar
from enstorage.calendars.zone import repeats_midnight
from enstorage.errors import InvalidInputError, NotSupportedError, StoreError
from enstorage.instant import to_iso
from enstorage.places.claim import check_claim
from enstorage.series.base import Points, SeriesStore, refuse_version
from enstorage.series.grouping import group
from enstorage.series.influx import influxql
from enstorage.series.influx.influxql import EARLIEST, LATEST
from enstorage.series.influx.line_protocol import to_claim, to_lines
from enstorage.series.influx.place import InfluxPlace
from enstorage.series.influx.rows import rows_of
from enstorage.series.influx.server import InfluxServer

# Seven to nine megabytes: beyond the best rate of writing, and below what servers take (InfluxDB 1: 25 MB, 3: 10 MB).
_BATCH_POINTS = 100_000
_READS_AT_ONCE = 8


class InfluxSeries(SeriesStore):
    """A series store in InfluxDB: `influxdb://user:password@host:8086/database`, or `influxdb2://TOKEN@host:8086/bucket`.

    Points are lines such as `data_source,mysql_id=234 value=0.55 1422568543702900257`, whoever writes them: a line that
    Telegraf or `curl` wrote is a point of source 234. Lines may have further tags and fields. If lines of one time differ
    in their further tags, one of them is the point: the one without further tags, else the last one in the order of the
    tags. This store writes lines without further tags, so its points replace those of others. Deleting a point deletes all
    lines of its time, with all their fields.

    Some promises of `SeriesStore` are limited:

    - A write of up to 100,000 points is one request. InfluxDB keeps a request whole or not at all, also when it is killed,
      for the points that lie in one of its shards; in databases made here shards span ten years. A longer write, or one
      over many years, may be stored in part when it is interrupted: its earlier points are stored. Writing all of it
      again does no harm. Likewise a reader may see a part of it.
    - Deleting counts the points first; points that others write in between are deleted but not counted.
    - Times lie between 1677-09-21T00:12:43.145224194 and 2262-04-11T23:47:16.854775806.

    Calls wait for a server that is unavailable for less than about fifteen seconds.
    """

    written_by_others = True

    @classmethod
    def parse(cls, url: str) -> Callable[[], Self]:
        """See `SeriesStore.parse`."""
        return partial(cls, InfluxPlace.parse(url))

    def __init__(self, place: InfluxPlace) -> None:
        self._server = InfluxServer(place)

    def __repr__(self) -> str:
        return self._server.place.shown

    def claim(self, store_id: str) -> None:
        """See `SeriesStore.claim`. A claim is a line to which the server assigns the time; the first claim counts."""
        if not self._claims():
            self._server.write(to_claim(store_id))
        holder = min(self._claims(), default=(0, None))[1]
        check_claim(f"The series store {self}", holder, store_id)

    def append(self, source_id: int, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """See `SeriesStore.append`."""
        self.append_many([(source_id, times, values)])

    def append_many(self, points: Sequence[tuple[int, NDArray[np.int64], NDArray[np.float64]]]) -> None:
        """See `SeriesStore.append_many`: a request has up to 100,000 points, of one source or of many."""
        for _, times, _ in points:
            for time in (int(times[0]), int(times[-1])):
                if not EARLIEST <= time <= LATEST:
                    raise InvalidInputError(
                        f"The time {to_iso(time)} cannot be kept in InfluxDB; expected times from {to_iso(EARLIEST)} to "
                        f"{to_iso(LATEST)}. Drop the point."
                    )
        done, total = 0, sum(len(times) for _, times, _ in points)
        for count, lines in _requests(points):
            try:
                self._server.write(lines)
            except StoreError as error:
                if done == 0:
                    raise
                raise StoreError(
                    f"{error} The first {done} of {total} points had been written before; writing all of them again "
                    "does no harm."
                ) from error
            done += count

    def read(
        self, source_id: int, time_from: int | None = None, time_to: int | None = None, *, version: int | None = None
    ) -> Points:
        """See `SeriesStore.read`."""
        refuse_version(self, version)
        points = self._points(source_id, *_bounds(time_from, time_to))
        return points["time"].to_numpy(), points["value"].to_numpy()

    def read_many(self, source_ids: Sequence[int], *, version: int | None = None) -> list[Points]:
        """See `SeriesStore.read_many`: several requests at a time."""
        with ThreadPoolExecutor(_READS_AT_ONCE) as threads:
            return list(threads.map(partial(self.read, version=version), source_ids))

    def aggregate(
        self,
        source_id: int,
        time_from: int,
        time_to: int,
        interval: Calendar,
        aggregate: str,
        *,
        version: int | None = None,
    ) -> Points:
        """See `SeriesStore.aggregate`. The server groups, also by days of a zone, but by no other calendar."""
        refuse_version(self, version)
        first, last = _bounds(time_from, time_to)
        buckets = None
        if (interval.is_local_days or not interval.is_calendar) and _is_computable(first, last, interval):
            buckets = rows_of(
                self._server, influxql.select_aggregate(source_id, first, last, interval, aggregate), with_tags=True
            )
            if buckets["tags"].n_unique() > 1:  # each was grouped separately: points of one time were counted twice
                buckets = None
        if buckets is None:
            buckets = group(self._points(source_id, first, last), interval, aggregate)
        return buckets["time"].to_numpy(), buckets["value"].to_numpy()

    def extent(self, source_id: int, *, version: int | None = None) -> tuple[int, int] | None:
        """See `SeriesStore.extent`."""
        refuse_version(self, version)
        ends = [self._server.ask(influxql.select_one(source_id, function)) for function in ("first", "last")]
        if not all(ends):  # the points may have been deleted between the two queries
            return None
        first, last = (int(_column(end[0], "time")[0]) for end in ends)
        return first, last

    def delete_points(self, source_id: int, time_from: int | None = None, time_to: int | None = None) -> int:
        """See `SeriesStore.delete_points`."""
        first, last = _bounds(time_from, time_to)
        if first > last:
            return 0
        counted = self._server.ask(f"{influxql.select_one(source_id, 'count', first, last)} GROUP BY *")
        count = sum(int(number) for series in counted for number in _column(series, "count"))
        if len(counted) > 1:  # of different sets of tags, some perhaps at the same time
            count = self._points(source_id, first, last).height
        if count:
            self._delete(influxql.delete_points(source_id, first, last))
        return count

    def delete_source(self, source_id: int) -> None:
        """See `SeriesStore.delete_source`."""
        if self._server.major < 3 or self.extent(source_id) is not None:
            self._delete(influxql.delete_points(source_id))

    def compact(self) -> None:
        """See `SeriesStore.compact`: InfluxDB does it by itself."""

    def sources(self) -> list[int]:
        """See `SeriesStore.sources`; values of the tag that are no ids are left out."""
        values = [value for series in self._server.ask(influxql.show_sources()) for value in _column(series, "value")]
        return sorted(
            int(value) for value in values if value.isascii() and value.isdigit() and str(int(value)) == value
        )

    def _claims(self) -> list[tuple[int, str]]:
        """Time and database of every claim."""
        series = self._server.ask(influxql.select_claims())
        return [(int(time), str(holder)) for each in series for time, holder in each.get("values", ())]

    def _points(self, source_id: int, first: int, last: int) -> pl.DataFrame:
        """The points from `first` to `last`, both included: columns `time`, sorted, and `value`."""
        points = rows_of(self._server, influxql.select_points(source_id, first, last)) if first <= last else _NO_POINTS
        if not points["time"].is_sorted():
            points = points.sort("time")
        if (points["time"].diff() == 0).any():
            by_tags = rows_of(
                self._server, influxql.select_points(source_id, first, last, by_series=True), with_tags=True
            )
            is_ours = pl.col("tags").is_in([f"{influxql.TAG}={source_id}", str(source_id)])
            points = by_tags.sort("time", is_ours, "tags").unique("time", keep="last", maintain_order=True)
        return points.select("time", "value")

    def _delete(self, statement: str) -> None:
        if self._server.major >= 3:
            raise NotSupportedError(
                f"The series store {self._server.place.shown} is InfluxDB 3, which deletes no points. Give the database a "
                "retention period, delete the whole database there, or keep the points in another series store."
            )
        self._server.ask(statement)


_DAY = 86_400 * 10**9
_NO_POINTS = pl.DataFrame(schema={"time": pl.Int64, "value": pl.Float64})


def _requests(
    points: Sequence[tuple[int, NDArray[np.int64], NDArray[np.float64]]],
) -> Iterator[tuple[int, bytes]]:
    """The lines of each request, and how many points they are."""
    waiting: list[bytes] = []
    count = 0
    for source_id, times, values in points:
        start = 0
        while start < len(times):
            part = slice(start, start + _BATCH_POINTS - count)
            waiting.append(to_lines(source_id, times[part], values[part]))
            count += len(times[part])
            start += len(times[part])
            if count == _BATCH_POINTS:
                yield count, b"".join(waiting)
                waiting, count = [], 0
    if waiting:
        yield count, b"".join(waiting)


def _bounds(time_from: int | None, time_to: int | None) -> tuple[int, int]:
    """The first and the last time of [time_from, time_to), as far as InfluxDB can keep them."""
    first = EARLIEST if time_from is None else max(time_from, EARLIEST)
    return first, LATEST if time_to is None else min(time_to - 1, LATEST)


def _is_computable(first: int, last: int, interval: Calendar) -> bool:
    """True where the server groups rightly.

    Near its limits its int64 would overflow; and it begins a day at the second midnight of a clock that shows two.
    """
    room = 2 * (_DAY if interval.is_calendar else interval.nanoseconds)
    if not EARLIEST + room <= first <= last <= LATEST - room:
        return False
    return not (interval.is_local_days and repeats_midnight(first, last, interval.time_zone))


def _column(series: dict[str, Any], name: str) -> list[Any]:
    position = series["columns"].index(name)
    return [row[position] for row in series.get("values", ())]
