"""`understand`: a table read and described, before anything is stored or trained."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.forecaster.hierarchy.hierarchy import Hierarchy
from endirector.forecaster.understanding.reading import Reading, read
from endirector.forecaster.understanding.seasons import Season, find_season, remarks_on_gaps
from endirector.forecaster.understanding.understanding import Understanding, UnderstoodCovariate, UnderstoodSeries
from enstorage.calendars.calendar import Calendar
from enstorage.entity._rows import rows_of_points
from enstorage.progress import Progress, listening

#: The last values are given of so many series, so many of each.
MOST_SHOWN, LONGEST_TAIL = 60, 60


def understand(
    table: Any,
    *,
    series: str | None = None,
    time: str | Sequence[str] | None = None,
    value: str | Sequence[str] | None = None,
    time_interval: str | None = None,
    season: int | None = None,
    known: str | Sequence[str] = (),
    past: str | Sequence[str] = (),
    static: str | Sequence[str] = (),
    hierarchy: str | Sequence[str] = (),
    name: str | None = None,
    unit: str = "",
    progress: bool | Progress = False,
    **options: Any,
) -> Understanding:
    """Read a table and describe it, as `autoforecast` would: columns, series, interval, season, gaps. Nothing is stored.

    The result is JSON for people to look at. To correct it, call again with `told` of the result and the correction, such as
    `understand(table, **{**found.told, "value": "units"})`; then `autoforecast(table, horizon, understanding=found)`.

    Args:
        table: a path, or a table of pandas, Polars or Arrow: time and value, long with a column for the series, or wide.
        series: name of the column with the keys; None: found.
        time: name of the column with the times; None: found.
        value: name of the column with the values, or of the columns of a wide table; None: found. The first column of
            numbers where a long table has several.
        time_interval: such as `1d` or `1mo`; None: found.
        season: number of buckets in a season, 1 for none; None: the usual one of the interval, where the values have it.
        known: names of columns with covariates that are known ahead, such as prices; their rows go on after the last value.
        past: names of columns with covariates that are known up to now.
        static: names of columns with a text that stays the same for each series, such as its region.
        hierarchy: names of columns with the groups of each series, the uppermost first, such as its region: the sums of all
            series and of each group are forecast too.
        name: of the table; by default `Forecast`.
        unit: of the values; by default the one that stands beside them.
        progress: show a bar, or a function, see `enstorage.Progress`.
        **options: the form of the table, see `enstorage.sources.TableOptions`, and `aggregate` and `anchor` of `DataSource`.

    Raises:
        CancelledError: the progress function asked to stop.
        InvalidInputError: the table cannot be read, or an argument is wrong.
    """
    season_told = Season.told(season)
    told = {"series": series, "time": time, "value": value, "time_interval": time_interval, **options}
    told |= {"known": known or None, "past": past or None, "static": static or None, "hierarchy": hierarchy or None}
    with listening(progress) as report:
        report("Reading the table", 0, 1)
        reading = read(table, told)
        found = {row.key: row for row in _rows(reading)}
        values = {key: row.values for key, row in found.items()}
        seen = season_told or find_season(next(iter(found.values())).clock, values)
        covariates = [*_covariates(reading, found)]
        reading.groups("static")
        Hierarchy.of(reading.groups("hierarchy"), [*found])
        given = {"season": season, "name": name, "unit": unit or None}
        report("Understood", 1, 1)
    return Understanding(
        told=_as_json({key: each for key, each in (told | given).items() if each is not None}),
        form=_as_json({**reading.told, **reading.form()}),
        name=name or "Forecast",
        unit=unit or reading.table.report.unit,
        season=seen.buckets,
        season_reason=seen.reason,
        columns=reading.columns(),
        series=[_described(row, is_shown=place < MOST_SHOWN) for place, row in enumerate(found.values())],
        covariates=covariates,
        remarks=[*reading.table.report.lines(), *reading.remarks, *remarks_on_gaps(values), seen.reason],
    )


@dataclass(frozen=True, slots=True)
class _SeriesRows:
    """The buckets of a series."""

    key: str
    calendar: Calendar | None
    time_zone: str
    aggregate: str
    times: NDArray[np.int64]
    values: NDArray[np.float64]

    @property
    def clock(self) -> Calendar:
        """Its calendar; of points that are not grouped one that has their time zone."""
        return self.calendar or Calendar(1, "ns", self.time_zone)


@dataclass(slots=True)
class _Buckets:
    """The grouping of points into buckets."""

    calendar: Calendar | None
    aggregate: str


def _rows(reading: Reading) -> Iterator[_SeriesRows]:
    zone, aggregate = reading.told.get("time_zone", "UTC"), reading.told.get("aggregate", "mean")
    calendars = reading.calendars()
    for key, (times, values) in reading.table.by_series().items():
        rows = rows_of_points(_Buckets(calendars[key], aggregate), times, values)
        yield _SeriesRows(key, calendars[key], zone, aggregate, rows.times, rows.values)


def _covariates(reading: Reading, found: Mapping[str, _SeriesRows]) -> Iterator[UnderstoodCovariate]:
    for role in ("known", "past"):
        for name in reading.told.get(role, ()):
            points = reading.columns_of_table.read_covariate(reading.cells, name).by_series()
            common = next(iter(points)) if len(points) == 1 else None
            ahead = [
                int(np.subtract(*row.clock.numbers(np.array([points[key][0][-1], row.times[-1]]))))
                for row in found.values()
                if (key := row.key if row.key in points else common) is not None
            ]
            yield UnderstoodCovariate(
                name=name,
                role=role,
                series=len(points),
                steps_ahead=min(ahead, default=-len(next(iter(found.values())).times)),
            )


def _described(row: _SeriesRows, *, is_shown: bool) -> UnderstoodSeries:
    tail = row.values[-LONGEST_TAIL:].tolist() if is_shown else []
    first, last = (row.clock.label(int(row.times[place])) for place in (0, -1))
    return UnderstoodSeries(
        key=row.key,
        time_interval=None if row.calendar is None else str(row.calendar),
        rows=len(row.values),
        measured=int(np.isfinite(row.values).sum()),
        first=first,
        last=last,
        tail=[each if np.isfinite(each) else None for each in tail],
    )


def _as_json(told: Mapping[str, Any]) -> dict[str, Any]:
    """Options with JSON values only."""
    return {
        key: list(each) if isinstance(each, tuple) else each if isinstance(each, str | int | list) else str(each)
        for key, each in told.items()
        if each is not None
    }
