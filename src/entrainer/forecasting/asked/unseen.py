"""Cold start: a series that a model was not trained on, prepared like those that it was trained on.

Its gaps are filled and its transform is fitted on what is known of it, as the other series' are on their train rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from enstorage import DataPreparation, DataSnapshot, DataSource, Model
from enstorage.calendars.calendar import Calendar
from enstorage.entity._rows import MEASURED, fix, rows_of_points
from enstorage.errors import InvalidInputError
from enstorage.instant import TimeLike
from enstorage.preparation._steps import STEPS
from enstorage.preparation.clean import parse_clean
from enstorage.preparation.fit import fit_on_measured
from enstorage.preparation.split import Part
from enstorage.preparation.transform import Transform
from enstorage.series.base import Points
from enstorage.sources.points import as_points, read_points
from enstorage.sources.tables.options import clock_of_tables
from entrainer.forecasting.history import Known, calendar_of, rows_before, rows_with_a_value


@dataclass(frozen=True, slots=True)
class CommonPreparation:
    """The preparation that all series of a pooled model share, for a series that was not among them.

    Attributes:
        model: as messages name it.
        clean: token of the clean method.
        transform: token of the transform.
        snapshot: of one of the series; a table gets its calendar and its aggregate.
    """

    model: str
    clean: str
    transform: str
    snapshot: DataSnapshot

    @classmethod
    def of(
        cls, model: Model, preparations: Sequence[DataPreparation], snapshots: Sequence[DataSnapshot]
    ) -> "CommonPreparation":
        """The preparation that the series of a model have in common.

        Raises:
            InvalidInputError: the series were prepared in several ways, or have several intervals.
        """
        ways = {
            (preparation.clean_method, preparation.transform_method, snapshot.time_interval)
            for preparation, snapshot in zip(preparations, snapshots, strict=True)
        }
        if len(ways) > 1:
            shown = "; ".join(" ".join(map(str, way)) for way in sorted(ways, key=str)[:4])
            raise InvalidInputError(
                f"The series of {model} were prepared in {len(ways)} ways ({shown}), so it is not known how to prepare a "
                "series that was not among them. Expected one clean method, transform and interval for all of them."
            )
        clean, transform, _ = ways.pop()
        return cls(str(model), clean, transform, snapshots[0])

    @property
    def rows_lost(self) -> int:
        """The number of first rows that have no prepared value, since a difference begins later."""
        return sum(period for name, period in Transform.parse(self.transform).steps if STEPS[name].needs_history)

    def known(self, series: "UnseenRows", time_from: TimeLike | None, width: int) -> Known:
        """The rows of a series before a time, cleaned and transformed by figures of its own.

        Args:
            series: the rows.
            time_from: the first time that is not known; by default the bucket after the last row with a value.
            width: number of prepared values that the model needs.

        Raises:
            InvalidInputError: the series has another interval or too few rows, cannot be transformed, or the time is not
                that of a bucket inside or right after its rows.
        """
        calendar, own = series.calendar, self.snapshot.calendar
        if str(calendar) != str(own):
            raise InvalidInputError(
                f"{series.what} has the interval {calendar}; the series of {self.model} have {own}. Expected the same: give "
                f"points that can be grouped by {own}."
            )
        before = rows_before(series.times, time_from, calendar)
        times, values = series.times[:before], series.values[:before]
        clean = parse_clean(self.clean)
        position = np.flatnonzero(clean.kept_rows(values))
        needed = width + self.rows_lost
        if len(position) < needed:
            raise InvalidInputError(
                f"{series.what} has {len(position)} known rows; {self.model}, which was not trained on it, needs {needed} "
                f"of them (windows of {width}, {self.rows_lost} for differences). Give a series that is long enough, or "
                "forecast it by a model of a shorter window."
            )
        cleaned = np.full(before, np.nan)
        cleaned[position] = clean.fill(values[position], np.full(len(position), Part.TRAIN, dtype=np.int8))
        rows = rows_with_a_value(series.times, cleaned, time_from, calendar, series.what)
        try:
            transform, _ = fit_on_measured(self.transform, cleaned[:rows], values[:rows], np.ones(rows, dtype=np.bool_))
        except InvalidInputError as error:
            raise InvalidInputError(f"{series.what} cannot be prepared as {self.model} needs it: {error}") from error
        return Known(
            series=series.id,
            what=series.what,
            times=times[:rows],
            cleaned=cleaned[:rows],
            prepared=transform.apply(cleaned[:rows]),
            calendar=calendar,
            transform=transform,
            is_measured=np.isfinite(values[:rows]),
            measured=values[:rows],
        )


@dataclass(frozen=True, slots=True)
class UnseenRows:
    """The rows of one series.

    Attributes:
        id: of the data source; None for a table.
        what: as messages name it.
        points: times (ns, start of each bucket) and values (NaN where nothing was measured), shape (rows,) each.
        calendar: the buckets.
    """

    id: int | None
    what: str
    points: Points
    calendar: Calendar

    @property
    def times(self) -> "np.ndarray[Any, np.dtype[np.int64]]":
        """Start of each bucket."""
        return self.points[0]

    @property
    def values(self) -> "np.ndarray[Any, np.dtype[np.float64]]":
        """NaN where nothing was measured."""
        return self.points[1]


def of_snapshot(snapshot: DataSnapshot) -> UnseenRows:
    """The rows of a snapshot."""
    return UnseenRows(snapshot.data_source_id, str(snapshot), snapshot.read(), calendar_of(snapshot))


def of_sources(sources: Sequence[DataSource]) -> list[UnseenRows]:
    """The rows of stored sources of one store as they are now, as their snapshots would be; nothing is stored.

    Raises:
        InvalidInputError: a source has no points or no interval.
    """
    if not sources:
        return []
    series = sources[0].connector.series
    rows = fix(series, sources, series.version())
    found = []
    for source, each in zip(sources, rows, strict=True):
        calendar, ended = calendar_of(source), each.ending(MEASURED)
        found.append(UnseenRows(source.id, str(source), (ended.times, ended.values), calendar))
    return found


def of_table(table: Any, like: DataSnapshot) -> UnseenRows:
    """The rows of a table of one series, grouped as a snapshot is.

    Args:
        table: as `DataSource.write` takes one; or a pair of times and values.
        like: gives the calendar and the aggregate.

    Raises:
        InvalidInputError: it is not a table of one series.
    """
    calendar = calendar_of(like)
    times, values = points_of(table, calendar)
    rows = rows_of_points(like, times, values)
    return UnseenRows(None, "The table", (rows.times, rows.values), calendar)


def points_of(table: Any, clock: Calendar) -> Points:
    """The points of a table of one series, or of a pair of times and values, ascending.

    Raises:
        InvalidInputError: it is not such a table.
    """
    if isinstance(table, tuple) and len(table) == 2:
        return as_points(*table, clock)
    read = read_points(table, {}, clock_of_tables(clock))
    return as_points(table, None, clock) if read is None else read.one_series()
