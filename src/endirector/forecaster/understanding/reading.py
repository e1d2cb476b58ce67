"""A table, read once for understanding and for storing it."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.forecaster.understanding.understanding import UnderstoodColumn
from enstorage.calendars.calendar import Calendar
from enstorage.errors import InvalidInputError
from enstorage.parameters.naming import named
from enstorage.sources.tables import Table, TableOptions, read_cells
from enstorage.sources.tables.calendars import infer_calendars, read_on_clock
from enstorage.sources.tables.layout import SeveralValuesError, contents_of
from enstorage.sources.tables.raw.table import RawTable

#: Options of `Panel.from_table` that the sources keep; the others are of the form of the table.
OF_SOURCES = ("time_interval", "aggregate", "time_zone", "anchor", "description")
#: Arguments that name columns of covariates.
COVARIATES = ("known", "past", "static", "hierarchy")
_OPTION_OF = {"series": "series_column", "time": "time_column", "value": "value_column"}
#: Words of `TableReport.times` for the orders of dates: a few rows alone may not tell.
_DATE_ORDERS = {"day-first": "the day first", "month-first": "the month first"}
_EXAMPLES = 3
_WORDS = {"true": "1", "false": "0", "yes": "1", "no": "0"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A table that was read.

    Attributes:
        cells: the raw table.
        table: its points, and the report.
        told: options of `Panel.from_table` that the caller gave, and the value column where it was chosen.
        remarks: on what was chosen, one sentence each.
    """

    cells: RawTable
    table: Table
    told: Mapping[str, Any]
    remarks: tuple[str, ...]

    def calendars(self) -> dict[str, Calendar | None]:
        """The calendar of each series; None for points that are not grouped."""
        zone = self.told.get("time_zone", "UTC")
        interval = self.told.get("time_interval")
        if interval is None:
            return infer_calendars(self.table, zone)
        clock = Calendar.parse(interval, time_zone=zone, anchor=self.told.get("anchor"))
        return dict.fromkeys(self.table.by_series(), clock)

    def with_buckets(self, told: Mapping[str, Any], remark: str) -> "Reading":
        """The same with buckets as if they were told, and a remark on them."""
        return replace(self, told={**self.told, **told}, remarks=(*self.remarks, remark))

    def without_value(self) -> list[str]:
        """Keys of series whose rows have no value at all; they are no series of the panel."""
        known = self.table.by_series()
        return [key for key in self.table.gaps["series"].unique(maintain_order=True) if key not in known]

    def check_buckets(self) -> None:
        """Refuse times that lie at no equal distance: nothing tells the times that are to be forecast.

        Raises:
            InvalidInputError: a series has such times.
        """
        irregular = [key for key, calendar in self.calendars().items() if calendar is None]
        if irregular:
            raise InvalidInputError(
                f"The times of {', '.join(map(repr, irregular[:_EXAMPLES]))} lie at no equal distance, so it is not known "
                "which times are to be forecast. Give the buckets whose means are forecast with "
                f"{named('time_interval')}, "
                "such as 1d."
            )

    def options(self) -> dict[str, Any]:
        """The arguments of `Panel.from_table` for the values."""
        told = {name: option for name, option in self.told.items() if name not in COVARIATES}
        apart = _as_options(self.told).get("leave_out")
        return told | ({"leave_out": apart} if apart else {})

    def options_of_covariates(self) -> dict[str, Any]:
        """The arguments of `Panel.from_table` for the tables of covariates: their buckets are those of the first series."""
        own = {name: self.told[name] for name in OF_SOURCES if name in self.told}
        calendar = next(iter(self.calendars().values()))
        return own if calendar is None else own | {"time_interval": str(calendar), "anchor": calendar.anchor}

    @property
    def columns_of_table(self) -> "TableForm":
        """The columns by their meaning, by which tables of the same form are read."""
        report = self.table.report
        return TableForm(self.told, report.series_column, report.time_columns, report.value_columns)

    def groups(self, role: str) -> dict[str, dict[str, str]]:
        """For each column of texts the text of each series that has one, by key.

        Args:
            role: `static` or `hierarchy`.

        Raises:
            InvalidInputError: the table has no column with the keys of the series.
        """
        names = self.told.get(role, ())
        key = self.table.report.series_column
        if names and key is None:
            raise InvalidInputError(
                f"{self.cells.name} has no column with the keys of series, so {', '.join(names)} cannot be {role}. Name the "
                "column with series."
            )
        found = {}
        for name in names:
            text = (pl.col(column).cast(pl.String).str.strip_chars() for column in (str(key), name))
            rows = pl.DataFrame(dict(zip(("key", "group"), self.cells.frame.select(*text), strict=True)))
            known = rows.drop_nulls().unique("key", keep="first", maintain_order=True)
            found[name] = dict(known.rows())
        return found

    def form(self) -> dict[str, Any]:
        """The options of `Panel.write` for further rows in a table of the same form.

        What the caller did not give is what was found.
        """
        report = self.table.report
        form = {name: option for name, option in self.options().items() if name not in OF_SOURCES}
        if report.series_column is not None:
            form = {"series": report.series_column, "value": report.value_columns[0]} | form
        if report.series_column is not None or report.kind == "text":
            form = {"time": report.time_columns} | form
        order = next((name for name, words in _DATE_ORDERS.items() if words in report.times), None)
        written = {"decimal": report.decimal, "thousands": report.thousands, "date_order": order}
        return {name: option for name, option in written.items() if option is not None} | form

    def columns(self) -> list[UnderstoodColumn]:
        """The columns by content and role; none where the times stand in the header."""
        report, frame = self.table.report, self.cells.frame
        if not set(report.time_columns) <= set(frame.columns):
            return []
        numbers = replace(self.cells, frame=frame.select(map(_as_numbers, frame)))
        contents = contents_of(numbers, TableOptions.of(_as_options(self.told)))
        roles = {report.series_column: "series"} | dict.fromkeys(report.value_columns, "value")
        roles |= dict.fromkeys(report.time_columns, "time")
        roles |= {name: role for role in COVARIATES for name in self.told.get(role, ())}
        return [
            UnderstoodColumn(
                name=name,
                content=contents[name],
                role=roles.get(name, "left out"),
                could_be=self._could_be(name) if name not in roles and contents[name] == "numbers" else None,
                examples=[str(each) for each in frame[name].drop_nulls().unique(maintain_order=True).head(_EXAMPLES)],
            )
            for name in frame.columns
        ]

    def _could_be(self, name: str) -> str:
        """A column with cells where the value is missing could be known ahead."""
        frame = self.cells.frame
        missing = [_is_empty(frame[value]) for value in self.table.report.value_columns if value in frame.columns]
        is_ahead = np.logical_and.reduce([np.ones(frame.height, bool), *missing]) & ~_is_empty(frame[name])
        return "known" if missing and is_ahead.any() else "past"


@dataclass(frozen=True, slots=True)
class TableForm:
    """The columns of a table by their meaning.

    Attributes:
        told: as `Reading.told`.
        series: the column with the keys; None if there is none.
        times: columns with the times.
        values: columns with the values.
    """

    told: Mapping[str, Any]
    series: str | None
    times: Sequence[str]
    values: Sequence[str]

    def to_json(self) -> dict[str, Any]:
        """The same as JSON; `from_json` reads it."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "TableForm":
        """Read the result of `to_json`."""
        return cls(**value)

    def read_covariate(self, cells: RawTable, name: str) -> Table:
        """The points of a covariate, by the keys of the series; of one for all series by its name.

        Args:
            cells: of the table, or of another one of the same form.
            name: of its column.

        Raises:
            InvalidInputError: the column has no numbers.
        """
        covariates = (each for role in COVARIATES for each in self.told.get(role, ()))
        apart = {*self.values, *covariates, *_names(self.told.get("leave_out", ()))} - {name}
        left = tuple(sorted(each for each in apart if each in cells.frame.columns))
        own = {each: self.told[each] for each in self.told if each not in (*COVARIATES, "series", "time", "value")}
        own |= {"time": self.times, "value": (name,), "leave_out": left}
        return _points(cells, own if self.series is None else own | {"series": self.series})


def _is_empty(column: pl.Series) -> NDArray[np.bool_]:
    if column.dtype == pl.String:
        column = column.str.strip_chars().replace("", None)
    return (column.is_null() | column.is_nan() if column.dtype.is_float() else column.is_null()).to_numpy()


def read(table: Any, told: Mapping[str, Any]) -> Reading:
    """Read a table. Where a long one has several columns of numbers and none is told, the first has the values.

    Where no series has two times, which would tell the spacing, it is the coarsest unit up to a day that has them all.
    Series of irregular times get the buckets of the others, if these have the same ones.

    Args:
        table: as `Panel.from_table` takes it.
        told: options of `Panel.from_table`; None for what is not told.

    Raises:
        InvalidInputError: the table cannot be read.
    """
    reading = _on_own_clock(_read(table, told))
    if empty := reading.without_value():
        reading = replace(reading, remarks=(*reading.remarks, _remark_on_empty(empty)))
    times = {key: each for key, (each, _) in reading.table.by_series().items()}
    if "time_interval" in reading.told or reading.table.report.is_counted or not times:
        return reading
    if all(len(each) < 2 for each in times.values()):
        interval = _unit_of(np.concatenate([*times.values()]), reading.told.get("time_zone", "UTC"))
        remark = f"One time alone tells no spacing: steps of {interval} are taken. Tell another one with time_interval."
        return reading.with_buckets({"time_interval": interval}, remark)
    calendars = reading.calendars()
    irregular = [key for key, calendar in calendars.items() if calendar is None]
    common = {calendar for calendar in calendars.values() if calendar is not None}
    if not irregular or len(common) != 1:
        return reading
    calendar = common.pop()
    aggregate = reading.told.get("aggregate", "mean")
    remark = (
        f"The times of {_first(irregular)} are irregular: the values of each bucket of {calendar}, as others have, "
        f"are taken together by their {aggregate}."
    )
    return reading.with_buckets({"time_interval": str(calendar), "anchor": calendar.anchor}, remark)


def _on_own_clock(reading: Reading) -> Reading:
    """The reading as if the zone in which the table has its times were told: covariates and later rows are on it too."""
    zone = reading.table.report.time_zone
    return reading if zone is None else replace(reading, told={"time_zone": zone} | dict(reading.told))


def _remark_on_empty(keys: Sequence[str]) -> str:
    who = "1 series has" if len(keys) == 1 else f"{len(keys)} series have"
    return f"{who} no value, and so no forecast: {_first(keys)}."


def _first(keys: Sequence[str]) -> str:
    more = len(keys) - _EXAMPLES
    return ", ".join(keys[:_EXAMPLES]) + (f", and {more} more" if more > 0 else "")


def _unit_of(times: NDArray[np.int64], time_zone: str) -> str:
    """The coarsest unit, up to a day, at whose starts all times lie."""
    clocks = {unit: Calendar.parse(unit, time_zone=time_zone) for unit in ("1d", "1h", "1m")}
    return next((unit for unit, clock in clocks.items() if (clock.floor(times) == times).all()), "1s")


def _read(table: Any, told: Mapping[str, Any]) -> Reading:
    told = {name: option for name, option in told.items() if option is not None}
    told |= {name: _names(told[name]) for name in COVARIATES if name in told}
    cells = cells_of(table, told)
    _check_covariates(cells, told)
    remarks: tuple[str, ...] = ()
    try:
        return Reading(cells=cells, table=_points(cells, told), told=told, remarks=remarks)
    except SeveralValuesError as error:
        first, others = error.columns[0], error.columns[1:]
    except InvalidInputError:  # there are no times, or numbers that may be times of many kinds
        numbers = _numbers_of_rows(cells)
        if numbers is None or not told.keys().isdisjoint(("time", "time_unit")):
            raise
        told |= {"time": numbers, "time_unit": "step"}
        remarks = (f"No column has times: {numbers} numbers the rows. Name another column with time.",)
        try:
            return Reading(cells=cells, table=_points(cells, told), told=told, remarks=remarks)
        except SeveralValuesError as error:
            first, others = error.columns[0], error.columns[1:]
    chosen = told | {"value": first}
    remark = f"Values are taken from {first}; {_named(others)} also numbers. Name another column with value."
    return Reading(cells=cells, table=_points(cells, chosen), told=chosen, remarks=(*remarks, remark))


def _numbers_of_rows(cells: RawTable) -> str | None:
    """The first column, if it numbers the rows of a table: 0, 1, 2 …, or from another number on."""
    if not cells.frame.height or not cells.has_header:
        return None
    column = cells.frame.to_series(0)
    if column.dtype == pl.String:
        column = column.str.strip_chars().cast(pl.Int64, strict=False)
    if not column.dtype.is_integer() or column.has_nulls() or not (column.diff().drop_nulls() == 1).all():
        return None
    return column.name


def cells_of(table: Any, told: Mapping[str, Any]) -> RawTable:
    """The cells of a table; yes and no of covariates are 1 and 0.

    Raises:
        InvalidInputError: it is no table.
    """
    cells = read_cells(table, TableOptions.of(_as_options(told)))
    names = {name for role in ("known", "past") for name in told.get(role, ()) if name in cells.frame.columns}
    return replace(cells, frame=cells.frame.with_columns(_as_numbers(cells.frame[name]) for name in names))


def _as_numbers(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Boolean:
        return column.cast(pl.Int8)
    if column.dtype == pl.String:
        words = column.str.strip_chars().str.to_lowercase()
        if words.filter(words != "").is_in([*_WORDS]).all():
            return words.replace(_WORDS)
    return column


def _points(cells: RawTable, told: Mapping[str, Any]) -> Table:
    clock = told.get("time_interval"), told.get("time_zone"), told.get("anchor")
    return read_on_clock(cells, *clock, _as_options(told))[0]


def _as_options(told: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments that are of the form of the table, by the names of `TableOptions`; covariates are no values."""
    form = {_OPTION_OF.get(name, name): told[name] for name in told if name not in (*OF_SOURCES, *COVARIATES)}
    apart = [each for name in COVARIATES for each in told.get(name, ())]
    left = tuple(dict.fromkeys((*_names(form.get("leave_out", ())), *apart)))
    return form | {"leave_out": left} if apart else form


def _names(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _check_covariates(cells: RawTable, told: Mapping[str, Any]) -> None:
    """Refuse covariates that are no columns, or that are named twice.

    Raises:
        InvalidInputError: one is none, or stands in two arguments.
    """
    named = [name for role in COVARIATES for name in told.get(role, ())]
    others = [each for role in ("series", "time", "value") if role in told for each in _names(told[role])]
    for name in named:
        if name not in cells.frame.columns:
            raise InvalidInputError(
                f"{cells.name} has no column {name!r:.60}; it has {', '.join(cells.frame.columns)[:200]}. Correct known, "
                "past, static or hierarchy."
            )
        if (named + others).count(name) > 1:
            raise InvalidInputError(
                f"The column {name!r:.60} is named twice; expected once, such as in known, past or static."
            )


def _named(columns: Sequence[str]) -> str:
    return f"{', '.join(columns)} {'has' if len(columns) == 1 else 'have'}"
