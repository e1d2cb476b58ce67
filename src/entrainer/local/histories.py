"""`Histories`: the values of many series, and how many of them are known at each origin of a forecast."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from enstorage.calendars.calendar import Calendar

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SeriesPlace:
    """The place of a series in the store and in time.

    Attributes:
        source: Id of its data source; None for a table that is in no store.
        calendar: Its buckets.
        first: Number of the bucket of its first value, see `Calendar.numbers`.
    """

    source: int | None
    calendar: Calendar
    first: int


@dataclass(frozen=True, eq=False)
class Histories:
    """The values of many series in source units, one series after the other, and the origins of forecasts.

    Nothing after `end` of an origin may be used for its forecast, and parameters are estimated from values before
    `fitted_end` only.

    Attributes:
        values: Finite values at equal spacing, oldest first, shape (values,).
        start: Index of the first value of each series, shape (series,).
        stop: Index after the last value of each series, shape (series,).
        fitted_end: Index after the last value from which parameters may be estimated, shape (series,); `start` for none.
        season: Usual number of steps in a season of each series, 1 for none, shape (series,).
        series: Number of the series of each origin, shape (origins,).
        end: Index after the last value known at each origin, shape (origins,); `start` of its series for none.
        places: The place of each series, None for one of events; empty where they are not known.
        measured: False for values that were filled, from which nothing is to be learned, shape (values,).
    """

    values: Floats
    start: Ints
    stop: Ints
    fitted_end: Ints
    season: Ints
    series: Ints
    end: Ints
    places: Sequence[SeriesPlace | None]
    measured: Flags

    @classmethod
    def of(
        cls,
        grids: Sequence[Floats],
        season: ArrayLike,
        fitted: ArrayLike,
        series: ArrayLike,
        known: ArrayLike,
        *,
        places: Sequence[SeriesPlace | None] = (),
        measured: Sequence[Flags] = (),
    ) -> Self:
        """The histories of series on the grids of their buckets.

        Buckets without a value are left out before the first value, and interpolated between two values. The value after a
        gap is known whenever the gap lies before the last known value, so that nothing later is used.

        Args:
            grids: The values of each series, one for each bucket, NaN where there is none, each of shape (buckets,).
            season: As `Histories.season`.
            fitted: Number of buckets of each series from which parameters may be estimated, shape (series,).
            series: As `Histories.series`.
            known: Number of buckets known at each origin, shape (origins,).
            places: Of each series, `first` being the number of the first bucket of its grid.
            measured: False for the values of each grid that were filled; by default none was. Those that are interpolated
                here were not measured either.
        """
        lengths = np.array([len(grid) for grid in grids], dtype=np.int64)
        stop = np.cumsum(lengths)
        offset = stop - lengths
        values = np.concatenate([*grids, np.empty(0)])
        has_value = np.isfinite(values)
        is_measured = has_value & np.concatenate([*measured, np.empty(0, np.bool_)]) if measured else has_value.copy()
        at = np.arange(len(values))
        # Index after the last value at or before each bucket, of the same series.
        last = np.maximum.accumulate(np.where(has_value, at + 1, 0))
        owner = np.asarray(series, dtype=np.int64)
        start = np.array([_first(has_value, int(low), int(high)) for low, high in zip(offset, stop, strict=True)])
        start = start.astype(np.int64)
        fitted_end = _after_last(last, offset + np.asarray(fitted, dtype=np.int64), start)
        end = _after_last(last, offset[owner] + np.asarray(known, dtype=np.int64), start[owner])
        for low, high in zip(start.tolist(), stop.tolist(), strict=True):
            own = has_value[low:high]
            if not own.all():
                values[low:high] = np.interp(np.arange(high - low), np.flatnonzero(own), values[low:high][own])
        begins = (start - offset).tolist() if places else []
        moved = [
            None if place is None else replace(place, first=place.first + begin)
            for place, begin in zip(places, begins, strict=True)
        ]
        return cls(values, start, stop, fitted_end, np.asarray(season, dtype=np.int64), owner, end, moved, is_measured)

    @property
    def length(self) -> Ints:
        """Number of values known at each origin, shape (origins,)."""
        return self.end - self.start[self.series]

    @property
    def most_known(self) -> Ints:
        """Number of values known at the latest origin of each series, 0 without an origin, shape (series,)."""
        most = np.zeros_like(self.start)
        np.maximum.at(most, self.series, self.length)
        return most

    @cached_property
    def owner(self) -> Ints:
        """Number of the series of each value, shape (values,); that of the series before for values of none."""
        return np.searchsorted(self.start, np.arange(len(self.values)), side="right") - 1

    def total(self, each: Floats) -> Floats:
        """Sums over the values known at each origin, shape (origins,), of a number for each value, shape (values,)."""
        sums = np.empty_like(each)
        for low, high in zip(self.start.tolist(), self.stop.tolist(), strict=True):
            np.cumsum(each[low:high], out=sums[low:high])  # of each series alone: a large one costs no digits of others
        known = self.length > 0
        return np.where(known, sums[np.where(known, self.end - 1, 0)], 0.0)


def _first(has_value: NDArray[np.bool_], low: int, high: int) -> int:
    own = has_value[low:high]
    return low + int(own.argmax()) if own.any() else high


def _after_last(last: Ints, before: Ints, start: Ints) -> Ints:
    """The index after the last value before each of some indices; not before the start of its series."""
    found = np.where(before > 0, last[np.maximum(before - 1, 0)], 0)
    return np.maximum(found, start)
