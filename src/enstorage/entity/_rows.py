"""The rows of a snapshot, from the points of a source: its buckets, and where they begin and end."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.calendar import Calendar
from enstorage.entity.data_source import DataSource
from enstorage.errors import InvalidInputError
from enstorage.series.base import Points
from enstorage.series.batches import read_each
from enstorage.series.completeness import Completeness
from enstorage.series.grouping import group

if TYPE_CHECKING:
    from enstorage.series.base import SeriesStore

Period = tuple[int, int]


class Grouping(Protocol):
    """The interval and aggregate by which points become rows: a source or a snapshot."""

    aggregate: Any

    @property
    def calendar(self) -> Calendar | None:
        """The buckets."""


@dataclass(frozen=True, slots=True)
class SnapshotEnds:
    """The ends of a snapshot; by default the first and the last bucket that points cover as a whole.

    Attributes:
        whole_period: keep all buckets of the period of the source, also empty ones before and after all points.
        keep_partial: keep the first and the last bucket with points if the points cover them only in part.
        latest: keep at most so many rows, the latest; None: all.
    """

    whole_period: bool = False
    keep_partial: bool = False
    latest: int | None = None


MEASURED = SnapshotEnds()


@dataclass(frozen=True, slots=True)
class SnapshotRows:
    """The rows of a period.

    Attributes:
        period: start and end, in ns.
        times: of the rows, shape (rows,).
        values: NaN in empty buckets, shape (rows,).
        points: number of points.
        found: how the points cover the buckets; None for rows that are points.
        is_counted: true if empty buckets are measured, as the numbers of points in them are.
        completeness: the same as `DataSnapshot.completeness`.
    """

    period: Period
    times: NDArray[np.int64]
    values: NDArray[np.float64]
    points: int
    found: Completeness | None
    is_counted: bool
    completeness: dict[str, Any] | None = None

    def ending(self, ends: SnapshotEnds) -> "SnapshotRows":
        """The rows that a snapshot keeps, and its period, which ends with them."""
        if self.found is None:
            return self if ends.latest is None else self._from(max(0, len(self.times) - ends.latest))
        found, buckets = self.found, self.found.buckets
        kept = found.rows(whole_period=ends.whole_period, keep_partial=ends.keep_partial)
        first, end = kept.start, kept.stop
        if self.is_counted:  # empty buckets hold 0 points, which is measured
            first = 0 if first == found.empty_before else first
            end = buckets if end == buckets - found.empty_after else end
        left_out = {
            "empty_before": min(first, found.empty_before),
            "partial_first": int(first > found.empty_before),
            "partial_last": int(buckets - end > found.empty_after),
            "empty_after": min(buckets - end, found.empty_after),
        }
        partial = {
            name: int(self.times[at])
            for name, at, is_partial in (
                ("first", found.empty_before, found.partial_first),
                ("last", buckets - 1 - found.empty_after, found.partial_last),
            )
            if is_partial
        }
        kept_rows = replace(
            self,
            period=(self.period[0], int(self.times[end]) if end < buckets else self.period[1]),
            times=self.times[:end],
            values=self.values[:end],
            completeness=found.to_json() | {"left_out": left_out, "partial": partial},
        )
        return kept_rows._from(first if ends.latest is None else max(first, end - ends.latest))

    def _from(self, first: int) -> "SnapshotRows":
        """The rows from a place on."""
        if not first:
            return self
        period = int(self.times[first]), self.period[1]
        return replace(self, period=period, times=self.times[first:], values=self.values[first:])


def fix(series: "SeriesStore", sources: Sequence[DataSource], version: int | None) -> Iterator[SnapshotRows]:
    """All rows of the periods of sources, in their order; read in few calls where the values are the same to the bit.

    Raises:
        InvalidInputError: a source has no points.
    """
    if series.groups_points_read:
        read = read_each(series, [source.id for source in sources], version=version)
        for source, (_, (times, values)) in zip(sources, read, strict=True):
            period = _period(source, (int(times[0]), int(times[-1])) if len(times) else None)
            yield _rows(source, period, times, rows_of(source, period, times, values))
        return
    for source in sources:
        period = _period(source, series.extent(source.id, version=version))
        times, _ = series.read(source.id, *period, version=version)
        yield _rows(source, period, times, load(series, source.id, source, period, version))


def rows_now(source: DataSource) -> SnapshotRows:
    """The rows that a snapshot of a saved source would have now; nothing is stored.

    So the last bucket is not among them while its points are still coming, and an empty one has a number only where it is
    measured, see `SnapshotRows.is_counted`.

    Raises:
        InvalidInputError: the source has no points.
    """
    (rows,) = fix(source.connector.series, [source], None)
    return rows.ending(MEASURED)


def load(series: "SeriesStore", source_id: int, recipe: Grouping, period: Period, version: int | None) -> Points:
    """Times and values of all rows of a period."""
    calendar = recipe.calendar
    if calendar is None:
        return series.read(source_id, *period, version=version)
    buckets = series.aggregate(source_id, *period, calendar, recipe.aggregate, version=version)
    return _every_bucket(*buckets, calendar, recipe.aggregate, period)


def rows_of(recipe: Grouping, period: Period, times: NDArray[np.int64], values: NDArray[np.float64]) -> Points:
    """The result of `load` from all points of a source."""
    import polars as pl

    first, last = np.searchsorted(times, period)
    times, values = times[first:last], values[first:last]
    calendar = recipe.calendar
    if calendar is None:
        return times, values
    buckets = group(pl.DataFrame({"time": times, "value": values}), calendar, recipe.aggregate)
    return _every_bucket(buckets["time"].to_numpy(), buckets["value"].to_numpy(), calendar, recipe.aggregate, period)


def rows_of_points(
    recipe: Grouping, times: NDArray[np.int64], values: NDArray[np.float64], *, keep_partial: bool = False
) -> SnapshotRows:
    """The rows of a snapshot of points that are in no source, ascending by time, at least one."""
    period = int(times[0]), int(times[-1]) + 1
    rows, calendar = rows_of(recipe, period, times, values), recipe.calendar
    found = None if calendar is None else Completeness.of(times, rows[0], calendar)
    return SnapshotRows(period, *rows, len(times), found, recipe.aggregate == "count").ending(
        SnapshotEnds(keep_partial=keep_partial)
    )


def completeness_of(source: DataSource, times: NDArray[np.int64]) -> Completeness | None:
    """The completeness of the buckets of the period of a source; None for a source without interval or points.

    Args:
        source: whose period and calendar count.
        times: of all its points, ns, ascending, shape (points,).
    """
    if source.time_from is not None or source.time_to is not None:
        first = 0 if source.time_from is None else np.searchsorted(times, source.time_from)
        end = len(times) if source.time_to is None else np.searchsorted(times, source.time_to)
        times = times[first:end]
    calendar = source.calendar
    if calendar is None or not len(times):
        return None
    return Completeness.of(times, calendar.range(*_period(source, (int(times[0]), int(times[-1])))), calendar)


def _period(source: DataSource, extent: tuple[int, int] | None) -> Period:
    if extent is None:
        raise InvalidInputError(f"{source} has no points, so it has no snapshot. Write points first.")
    time_from = extent[0] if source.time_from is None else source.time_from
    time_to = extent[1] + 1 if source.time_to is None else source.time_to
    return time_from, time_to


def _rows(source: DataSource, period: Period, times: NDArray[np.int64], rows: Points) -> SnapshotRows:
    first, last = np.searchsorted(times, period)
    times, found = times[first:last], None
    calendar = source.calendar
    if calendar is not None and len(times):
        found = Completeness.of(times, rows[0], calendar)
    return SnapshotRows(period, *rows, len(times), found, source.aggregate == "count")


def _every_bucket(
    filled: NDArray[np.int64],
    aggregated: NDArray[np.float64],
    calendar: Calendar,
    aggregate: str,
    period: Period,
) -> Points:
    """All buckets of a period, with those that have no points."""
    times = calendar.range(*period)
    values = np.full(len(times), 0.0 if aggregate == "count" else np.nan)
    values[np.searchsorted(times, filled)] = aggregated
    return times, values
