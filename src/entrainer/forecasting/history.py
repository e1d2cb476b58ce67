"""The history that a forecast starts from: the rows of a series up to an origin, on the grid of its buckets."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from enstorage import DataPreparation, DataSnapshot, DataSource
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
        series: id of the data source; None for a table that is in no store.
        what: the snapshot, the source or the table, as messages name it.
        times: int64 ns, start of each bucket, shape (rows,).
        cleaned: in the units of the source, NaN where a row was dropped or could not be filled, shape (rows,).
        prepared: the same in the prepared scale.
        calendar: the buckets.
        transform: from the one scale to the other, as the preparation fitted it.
        measured: of a series that the model was not trained on, the values that were measured, NaN where none was, shape
            (rows,); else empty.
        is_measured: false where the value was filled, shape (rows,).
    """

    series: int | None
    what: str
    times: NDArray[np.int64]
    cleaned: NDArray[np.float64]
    prepared: NDArray[np.float64]
    calendar: Calendar
    transform: FittedTransform
    is_measured: NDArray[np.bool_]
    measured: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))

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
    known = rows_up_to(preparation, snapshot, time_from)
    if time_from is not None:
        times = (preparation.data_snapshot if snapshot is None else snapshot).read()[0]
        _check_time(_nanoseconds(time_from, known.calendar), known.calendar, times, len(known.times), known.what)
    return known


def rows_up_to(
    preparation: DataPreparation, snapshot: DataSnapshot | None = None, time_from: TimeLike | None = None
) -> Known:
    """The same as `known_rows`, up to the last one with a value before any time.

    Raises:
        InvalidInputError: the series has no interval, or the snapshot is of another source or of other buckets.
    """
    own = preparation.data_snapshot
    taken = _checked_snapshot(own, snapshot) if snapshot is not None else own
    calendar = calendar_of(taken)
    times, values = taken.read()
    cleaned = _cleaned(preparation, times, values, rows_before(times, time_from, calendar))
    rows = _last_with_a_value(cleaned)
    transform = preparation.transform
    return Known(
        series=taken.data_source_id,
        what=str(taken),
        times=times[:rows],
        cleaned=cleaned[:rows],
        prepared=transform.apply(cleaned[:rows]),
        calendar=calendar,
        transform=transform,
        is_measured=np.isfinite(values[:rows]),
    )


def prepared_rows(preparation: DataPreparation, snapshot: DataSnapshot) -> Known | None:
    """The same as `known_rows` for all rows of the snapshot of the preparation, from its table alone.

    Returns:
        None if rows were dropped: the table does not have their times.
    """
    if preparation.state["dropped_rows"]:
        return None
    table = preparation.table()
    times, cleaned = table["time"].to_numpy(), table["value"].to_numpy()
    rows = _last_with_a_value(cleaned)
    return Known(
        series=snapshot.data_source_id,
        what=str(snapshot),
        times=times[:rows],
        cleaned=cleaned[:rows],
        prepared=table["prepared"].to_numpy()[:rows],
        calendar=calendar_of(snapshot),
        transform=preparation.transform,
        is_measured=np.isfinite(preparation.truth().fill_null(0.0).to_numpy()[:rows]),
    )


def calendar_of(taken: DataSnapshot | DataSource) -> Calendar:
    """The buckets of a series.

    Raises:
        InvalidInputError: it has no interval.
    """
    calendar = taken.calendar
    if calendar is None:
        raise InvalidInputError(
            f"{taken} holds events, not buckets of time, so the time of the next row is not known; expected a data source "
            "with a time_interval. Forecasts of such models are made by entrainer.predict."
        )
    return calendar


def rows_before(times: NDArray[np.int64], time_from: TimeLike | None, calendar: Calendar) -> int:
    """The number of rows before a time, by default of all rows."""
    return len(times) if time_from is None else int(np.searchsorted(times, _nanoseconds(time_from, calendar)))


def rows_with_a_value(
    times: NDArray[np.int64],
    cleaned: NDArray[np.float64],
    time_from: TimeLike | None,
    calendar: Calendar,
    what: str,
) -> int:
    """The number of rows up to the last one with a value; cleaned of shape (rows before the time,).

    Raises:
        InvalidInputError: the time is not that of a bucket inside or right after these rows.
    """
    rows = _last_with_a_value(cleaned)
    if time_from is not None:
        _check_time(_nanoseconds(time_from, calendar), calendar, times, rows, what)
    return rows


def _last_with_a_value(cleaned: NDArray[np.float64]) -> int:
    last = np.flatnonzero(np.isfinite(cleaned))
    return int(last[-1]) + 1 if len(last) else 0


def _nanoseconds(time_from: TimeLike, calendar: Calendar) -> int:
    return parse_time(time_from, calendar.time_zone, is_counter=calendar.is_counter)


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


def _check_time(time_from: int, calendar: Calendar, times: NDArray[np.int64], rows: int, what: str) -> None:
    first, given = calendar.label(int(calendar.after(int(times[0]), 1)[0])), calendar.label(time_from)
    if calendar.floor(np.array([time_from]))[0] != time_from:
        start = calendar.label(int(calendar.floor(np.array([time_from]))[0]))
        raise InvalidInputError(
            f"time_from is the start of a bucket of {calendar}; received {given}, which lies in the bucket of "
            f"{start}. Give that time."
        )
    if not rows:
        raise InvalidInputError(f"{what} has no values before time_from, {given}; expected {first} or a later time.")
    following = int(calendar.after(int(times[rows - 1]), 1)[0])
    if following != time_from:
        raise InvalidInputError(
            f"The last value of {what} before time_from, {given}, is that of "
            f"{calendar.label(int(times[rows - 1]))}; expected one right before it. Give {calendar.label(following)} and a "
            "longer horizon, or snapshot= one with newer points."
        )
