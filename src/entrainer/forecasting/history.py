"""The history that a forecast starts from: the rows of a series up to an origin, on the grid of its buckets."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enstorage import DataPreparation, DataSnapshot
from enstorage.calendars.calendar import Calendar
from enstorage.calendars.stamps import parse_time
from enstorage.errors import InvalidInputError
from enstorage.instant import TimeLike
from enstorage.preparation.clean import parse_clean
from enstorage.preparation.split import Part
from enstorage.preparation.transform import FittedTransform


@dataclass(frozen=True, slots=True)
class Known:
    """The known rows of one series, one for each bucket, the last of them with a value.

    Attributes:
        series: id of the data source.
        what: the snapshot, as messages name it.
        times: int64 ns, start of each bucket, shape (rows,).
        cleaned: in the units of the source, NaN where a row was dropped or could not be filled, shape (rows,).
        prepared: the same in the prepared scale.
        calendar: the buckets.
        transform: from the one scale to the other, as the preparation fitted it.
    """

    series: int
    what: str
    times: NDArray[np.int64]
    cleaned: NDArray[np.float64]
    prepared: NDArray[np.float64]
    calendar: Calendar
    transform: FittedTransform

    @property
    def next_time(self) -> int:
        """The first time that is not known, in ns."""
        return int(self.calendar.after(int(self.times[-1]), 1)[0])

    def invert(self, prepared: NDArray[np.float64]) -> NDArray[np.float64]:
        """Forecasts for the steps from `next_time` on in the units of the source; (horizon,) → (horizon,)."""
        if not self.transform.needs_history:
            return self.transform.invert(prepared)
        forecasts = self.transform.invert(prepared[np.newaxis], self.cleaned, np.array([len(self.cleaned) - 1]))
        return np.asarray(forecasts[0])


def known_rows(
    preparation: DataPreparation, snapshot: DataSnapshot | None = None, time_from: TimeLike | None = None
) -> Known:
    """The rows that were known before a time, cleaned and transformed as the preparation does it.

    Figures that were fitted on the train rows, such as a scale or the mean that gaps are filled with, stay as they are.
    No other value at `time_from` or later is used: a gap before it is not filled from later values.

    Args:
        preparation: how the series is cleaned and transformed.
        snapshot: of the same source, such as one with newer points; by default that of the preparation.
        time_from: the first time that is not known; by default the bucket after the last row with a value.

    Raises:
        InvalidInputError: the series has no interval, the snapshot is of another source or of other buckets, or the time is
            not that of a bucket inside or right after the known rows.
    """
    own = preparation.data_snapshot
    taken = _checked_snapshot(own, snapshot) if snapshot is not None else own
    calendar = taken.calendar
    if calendar is None:
        raise InvalidInputError(
            f"{taken} holds events, not buckets of time, so the time of the next row is not known; expected a data source "
            "with a time_interval. Forecasts of such models are made by entrainer.predict."
        )
    times, values = taken.read()
    cut = None if time_from is None else parse_time(time_from, calendar.time_zone, is_counter=calendar.is_counter)
    before = len(times) if cut is None else int(np.searchsorted(times, cut))
    cleaned = _cleaned(preparation, times, values, before)
    last = np.flatnonzero(np.isfinite(cleaned))
    if cut is not None:
        _check_time(cut, calendar, times, last, taken)
    rows = int(last[-1]) + 1 if len(last) else 0
    transform = preparation.transform
    known = cleaned[:rows]
    return Known(
        series=taken.data_source_id,
        what=str(taken),
        times=times[:rows],
        cleaned=known,
        prepared=transform.apply(known),
        calendar=calendar,
        transform=transform,
    )


def _checked_snapshot(own: DataSnapshot, other: object) -> DataSnapshot:
    if not isinstance(other, DataSnapshot):
        raise InvalidInputError(f"{other!r:.80} is not a DataSnapshot; take one with source.create_snapshot().")
    kinds = [(each.data_source_id, each.calendar, each.aggregate) for each in (own, other)]
    if kinds[0] != kinds[1]:
        shown = ["data source {}, interval {}, aggregate {}".format(*kind) for kind in kinds]
        raise InvalidInputError(
            f"{other} is of {shown[1]}; the model knows {shown[0]}. Give a snapshot of the same source, whose interval and "
            "aggregate are as they were."
        )
    return other


def _cleaned(
    preparation: DataPreparation, times: NDArray[np.int64], values: NDArray[np.float64], before: int
) -> NDArray[np.float64]:
    """The first rows of the snapshot, with their gaps filled as the preparation fills them; shape (before,)."""
    clean = parse_clean(preparation.clean_method)
    if clean.looks_ahead:  # it would fill a gap before the cut from later values
        times, values = times[:before], values[:before]
    position = np.flatnonzero(clean.kept_rows(values))
    grid = np.full(len(values), np.nan)
    grid[position] = clean.fill(values[position], _parts(preparation, times[position]))
    return grid[:before]


def _parts(preparation: DataPreparation, times: NDArray[np.int64]) -> NDArray[np.int8]:
    """The part of each row in the preparation; later rows count as test rows, which nothing is fitted on."""
    table = preparation.table()
    prepared = table["time"].to_numpy()
    parts: NDArray[np.int8] = table["part"].to_numpy()[np.searchsorted(prepared, times, side="right").clip(1) - 1]
    return np.where(times > prepared[-1], np.int8(Part.TEST), parts)


def _check_time(
    time_from: int, calendar: Calendar, times: NDArray[np.int64], last: NDArray[np.intp], snapshot: DataSnapshot
) -> None:
    first, given = calendar.label(int(calendar.after(int(times[0]), 1)[0])), calendar.label(time_from)
    if calendar.floor(np.array([time_from]))[0] != time_from:
        start = calendar.label(int(calendar.floor(np.array([time_from]))[0]))
        raise InvalidInputError(
            f"time_from is the start of a bucket of {calendar}; received {given}, which lies in the bucket of "
            f"{start}. Give that time."
        )
    if not len(last):
        raise InvalidInputError(
            f"{snapshot} has no values before time_from, {given}; expected {first} or a later time."
        )
    following = int(calendar.after(int(times[last[-1]]), 1)[0])
    if following != time_from:
        raise InvalidInputError(
            f"The last value of {snapshot} before time_from, {given}, is that of "
            f"{calendar.label(int(times[last[-1]]))}; expected one right before it. Give {calendar.label(following)} and a "
            "longer horizon, or snapshot= one with newer points."
        )
