"""The cells of a table as times, numbers and keys, with a mark for each that cannot be read."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.stamps import check_unit_is_clear, look_like_years
from enstorage.errors import InvalidInputError
from enstorage.instant import MIN_NS
from enstorage.parameters.naming import named
from enstorage.sources.key import as_key
from enstorage.sources.tables.numbers import NumberForm, find_form, is_missing, read_plain
from enstorage.sources.tables.options import TableOptions
from enstorage.sources.tables.raw.table import RawTable
from enstorage.sources.tables.signs import negatives, with_signs
from enstorage.sources.tables.times.column import local_times, parse_times
from enstorage.sources.tables.times.parts import are_counted_from_one, joined, part_of
from enstorage.sources.tables.times.skipped_hours import skipped_hours
from enstorage.sources.tables.units import find_unit, without_unit

if TYPE_CHECKING:
    import polars as pl

Mask = NDArray[np.bool_]
_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000}
#: Names of columns of Julian days, in small letters; and the numbers from 1858 to 2262.
#: The name of a column of counters, and their unit.
_STEP = "step"
_JULIAN = {"jd": "jd", "julian date": "jd", "julian day": "jd", "mjd": "mjd", "modified julian date": "mjd"}
_JULIAN_RANGES = {"jd": (2_400_000.5, 2_547_339.0), "mjd": (0.0, 147_338.5)}


NO_NUMBER = "is not a finite number"
#: Numbers by which programs mark missing values.
_FILLS = r"-9{2,}(?:\.9+)?|9{3,}(?:\.9+)?|99\.9{2,}|-32768|-?1e\+?[23][0-9]"


@dataclass(frozen=True, slots=True)
class TimeCells:
    """The times of all rows.

    Attributes:
        times: nanoseconds since 1970 UTC, shape (n,); undefined where `are_bad`.
        are_bad: which rows have no time.
        shown: the form of the times, for people.
        expected: what a bad row should have, for its message.
        local: the times on the clock of the zone that the caller gave, shape (n,); None without such a zone.
        are_local: which of them are on that clock, since they have no offset, shape (n,).
        offsets: see `ParsedTimes.offsets`.
        skipped_hours: see `ParsedTimes.skipped_hours`.
        zone: IANA name of the zone that the cells themselves name; None: none.
        lack_zone: see `ParsedTimes.lack_zone`.
    """

    times: NDArray[np.int64]
    are_bad: Mask
    shown: str
    expected: str
    local: NDArray[np.int64] | None = None
    are_local: Mask | None = None
    offsets: tuple[str, ...] = ()
    skipped_hours: tuple[str, ...] = ()
    zone: str | None = None
    lack_zone: bool = False

    def of_each(self, series: "pl.Series", zone: str) -> "TimeCells":
        """The times with the hour that clocks repeat found in each series by itself.

        Args:
            series: key of the series of each row, shape (n,).
            zone: that the caller gave.
        """
        if self.local is None or self.are_local is None:
            return self
        number = series.rank("dense").fill_null(0).to_numpy().astype(np.int64)
        times, are_times = local_times(self.local, ~self.are_bad, self.are_local, zone, number)
        return replace(self, times=times, are_bad=~are_times)


@dataclass(frozen=True, slots=True)
class ValueCells:
    """The values of a column.

    Attributes:
        name: of the column.
        values: float64, shape (n,), NaN where one is missing or bad.
        are_missing: which are missing.
        are_bad: which are no finite numbers.
        unit: that stands beside each number, such as €; empty if none does.
        sign: the mark of negative numbers and its column, such as `S` and `Soll/Haben`; None if none was used.
        in_parentheses: number of values in parentheses, which are negative.
    """

    name: str
    values: NDArray[np.float64]
    are_missing: Mask
    are_bad: Mask
    unit: str = ""
    in_parentheses: int = 0
    sign: tuple[str, str] | None = None

    @property
    def fault(self) -> str:
        """The fault of a bad cell, for its message."""
        return f"{NO_NUMBER} in {self.unit}, as others are" if self.unit else NO_NUMBER

    @property
    def far(self) -> tuple[float, int] | None:
        """A number such as -99.9 that is far from all others, and may stand for a missing value; and its count."""
        known = self.values[np.isfinite(self.values)]
        for end in (known.min(), known.max()) if len(known) else ():
            if re.fullmatch(_FILLS, f"{end:.12g}") is None:
                continue
            others = known[known != end]
            if len(others) and min(abs(others.min() - end), abs(others.max() - end)) > np.ptp(others):
                return float(end), len(known) - len(others)
        return None


def read_times(raw: RawTable, columns: Sequence[str], options: TableOptions) -> TimeCells:
    """The times of a table, from one column or from the texts of several: a date and a time of day, a year and a month.

    Raises:
        InvalidInputError: the times have several meanings.
    """
    import polars as pl

    column = raw.frame[columns[0]]
    if len(columns) > 1:
        column = joined({name: _as_text(raw.frame[name]) for name in columns})
    elif column.dtype.is_float():
        column = _as_text(column)
    elif column.dtype.is_integer():
        if options.time_unit is None and not (_are_years(columns[0], column) or _julian_unit(columns[0], column)):
            return _nanoseconds(column)
        column = _as_text(column)
    if options.time_unit is None and options.date_format is None and (unit := _julian_unit(columns[0], column)):
        options = replace(options, time_unit=unit)
    if column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        return _moments(column, options)
    if column.dtype != pl.String:
        raise InvalidInputError(
            f"The column {columns[0]!r} of {raw.name} has cells of {column.dtype}; expected times as texts, dates, "
            "datetimes or integers. Convert them."
        )
    column = column.str.strip_chars()
    if column.is_in(["NaT"]).any() or (column == "").any():
        column = column.replace(["", "NaT"], [None, None])
    found = parse_times(raw.name, column, options)
    counted = any(part_of(name) == "hour" and are_counted_from_one(raw.frame[name]) for name in columns[1:])
    hours = ", hours from 1 to 24, of which the first begins at 00:00" if counted else ""
    return TimeCells(
        found.times,
        ~found.are_times,
        f"{found.shown}{hours}",
        f"is not a time; expected {found.expected}{hours}",
        local=found.local,
        are_local=found.are_local,
        offsets=found.offsets,
        skipped_hours=found.skipped_hours,
        lack_zone=found.lack_zone,
    )


def with_unit(raw: RawTable, columns: Sequence[str], options: TableOptions) -> TableOptions:
    """The options, with the unit `step` where the only column of times is called so and has whole numbers."""
    import polars as pl

    if options.time_unit or options.date_format or len(columns) > 1 or columns[0].strip().lower() != _STEP:
        return options
    column = raw.frame[columns[0]]
    if column.dtype == pl.String:
        are_whole = bool(column.str.strip_chars().str.contains(r"^([+-]?[0-9]+)?$").fill_null(value=True).all())
    else:
        are_whole = column.dtype.is_integer()
    return replace(options, time_unit=_STEP) if are_whole else options


def _are_years(name: str, column: "pl.Series") -> bool:
    """True for whole numbers that are years, as they would be in a file."""
    is_named = "year" in name.lower() and bool(column.is_between(1000, 9999).all())
    return is_named or look_like_years(column.drop_nulls().to_numpy())


def _julian_unit(name: str, column: "pl.Series") -> str | None:
    """The unit of Julian days, for numbers in a column of such a name that can be these."""
    import polars as pl

    unit = _JULIAN.get(name.strip().lower().replace("_", " "))
    if unit is None or not (column.dtype == pl.String or column.dtype.is_numeric()):
        return None
    numbers = column.cast(pl.Float64, strict=False).drop_nulls()
    return unit if len(numbers) and bool(numbers.is_between(*_JULIAN_RANGES[unit]).all()) else None


def _nanoseconds(column: "pl.Series") -> TimeCells:
    numbers = column.drop_nulls()
    fits = (numbers >= MIN_NS) & (numbers <= -MIN_NS)
    check_unit_is_clear(numbers.to_numpy())
    if not fits.all():
        raise InvalidInputError(
            f"The time {numbers.filter(~fits)[0]} cannot be kept in whole nanoseconds. Give {named('time_unit')}."
        )
    times = np.array(column.cast(int).fill_null(0).to_numpy())
    return TimeCells(times, column.is_null().to_numpy(), "whole nanoseconds since 1970", "is not a time")


def _moments(column: "pl.Series", options: TableOptions) -> TimeCells:
    """Dates and datetimes; exact, or bad where they do not fit into nanoseconds."""
    import polars as pl

    zone = getattr(column.dtype, "time_zone", None)
    moments = column.cast(pl.Datetime("ms")) if column.dtype == pl.Date else column
    unit = _UNITS[str(getattr(moments.dtype, "time_unit", "ns"))]
    numbers = moments.cast(pl.Int64)
    fits = numbers.is_between(-(-MIN_NS // unit), -MIN_NS // unit).fill_null(value=False).to_numpy()
    times = np.where(fits, numbers.fill_null(0).to_numpy(), 0) * unit
    shown = "dates" if column.dtype == pl.Date else "datetimes" if zone is None else f"datetimes in {zone}"
    expected = "is not a time that exists once between 1677 and 2262"
    if options.time_zone is None or zone is not None:
        skipped = skipped_hours(times[fits]) if zone is None else ()
        return TimeCells(times, ~fits, shown, expected, skipped_hours=skipped, zone=zone, lack_zone=zone is None)
    moved, are_times = local_times(times, fits, fits, options.time_zone)
    return TimeCells(moved, ~are_times, shown, expected, local=times, are_local=are_times)


def read_values(
    raw: RawTable, columns: Sequence[str], options: TableOptions, signs: Mapping[str, str]
) -> tuple[list[ValueCells], NumberForm]:
    """The values of the columns, and the form of those that are texts, which is one for the table.

    Args:
        raw: the table.
        columns: with values.
        options: what the caller knows.
        signs: columns of marks of debit and credit, by the column of values that each belongs to.

    Raises:
        InvalidInputError: a column has other things than numbers, or it is not clear what a comma stands for.
    """
    import polars as pl

    texts = {name: raw.frame[name].str.strip_chars() for name in columns if raw.frame[name].dtype == pl.String}
    is_told = bool(options.missing) or options.decimal is not None or options.thousands is not None
    plain, form = ({}, None) if is_told else read_plain(texts)
    missing = {name: is_missing(column, options.missing) for name, column in texts.items() if name not in plain}
    in_parentheses = dict.fromkeys(columns, 0)
    for name in missing:
        texts[name], in_parentheses[name] = with_signs(texts[name])
    units = {name: find_unit(texts[name].filter(~is_gap)) for name, is_gap in missing.items()}
    for name, unit in units.items():
        if unit is not None:
            texts[name] = without_unit(texts[name], unit)
    if form is None:
        filled = [column.filter(~missing[name]) if name in missing else column for name, column in texts.items()]
        form = find_form(raw.name, filled, options) if filled else NumberForm()
    cells = []
    for name in columns:
        if name in plain:
            found, is_gap = plain[name]
            found = form.parse(texts[name]) if missing and not form.is_plain else found
            is_gap |= found.is_nan().fill_null(value=False)
        elif name in texts:
            found = form.parse(texts[name])
            is_gap = missing[name] | found.is_nan().fill_null(value=False) | _are_told(found, options)
        else:
            found = _numbers(raw, name)
            is_gap = found.is_null() | found.is_nan().fill_null(value=False) | _are_told(found, options)
        values = np.array(found.fill_null(np.nan).to_numpy())
        are_missing = is_gap.to_numpy()
        values[are_missing] = np.nan
        are_bad = ~are_missing & ~np.isfinite(values)
        sign = None
        if name in signs and not (values < 0).any():
            are_negative, mark = negatives(raw.frame[signs[name]])
            values[are_negative & (values > 0)] *= -1
            sign = mark, signs[name]
        cells.append(ValueCells(name, values, are_missing, are_bad, units.get(name) or "", in_parentheses[name], sign))
    return cells, form


def _numbers(raw: RawTable, name: str) -> "pl.Series":
    import polars as pl

    column = raw.frame[name]
    if not (column.dtype.is_numeric() or column.dtype == pl.Null):
        raise InvalidInputError(
            f"The column {name!r} of {raw.name} has cells of {column.dtype}; expected numbers. Convert them, or name "
            f"another column with {named('value_column')}."
        )
    return column.cast(pl.Float64)


def _are_told(found: "pl.Series", options: TableOptions) -> "pl.Series":
    """True for the numbers that the caller gives as missing."""
    import polars as pl

    if not options.missing:
        return pl.repeat(False, len(found), eager=True)
    told = pl.Series(options.missing, dtype=pl.String).cast(pl.Float64, strict=False).drop_nulls()
    return found.is_in(told.to_list()).fill_null(value=False)


def read_keys(raw: RawTable, name: str) -> "tuple[pl.Series, Mask]":
    """The keys of a long table as texts, and which rows have none.

    Raises:
        InvalidInputError: the keys are neither texts nor integers.
    """
    import polars as pl

    column = raw.frame[name]
    if column.dtype.is_float():
        column = _whole(column)
    is_key = column.dtype in {pl.String, pl.Categorical, pl.Enum, pl.Null} or column.dtype.is_integer()
    texts = column.cast(pl.String).str.strip_chars()
    for key in texts.drop_nulls().unique(maintain_order=True) if is_key else column.drop_nulls().head(1):
        try:
            as_key(key)
        except InvalidInputError as error:
            raise InvalidInputError(f"The column {name!r} cannot be used: {error}") from error
    return texts, texts.is_null().to_numpy()


def _whole(column: "pl.Series") -> "pl.Series":
    """Floats as integers, if all are whole."""
    import polars as pl

    return column.cast(pl.Int64, strict=False) if bool((column.drop_nulls() % 1 == 0).all()) else column


def _as_text(column: "pl.Series") -> "pl.Series":
    """The cells as a file would have them: whole floats without decimals."""
    import polars as pl

    return (_whole(column) if column.dtype.is_float() else column).cast(pl.String).str.strip_chars()
