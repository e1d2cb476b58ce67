"""The cells of a table as times, numbers and keys, with a mark for each that cannot be read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from enstorage.instant import MIN_NS, not_years
from enstorage.sources.key import as_key
from enstorage.sources.tables.numbers import NumberForm, find_form, is_missing
from enstorage.sources.tables.options import TableOptions
from enstorage.sources.tables.raw.table import RawTable
from enstorage.sources.tables.times import parse_times

if TYPE_CHECKING:
    import polars as pl

Mask = NDArray[np.bool_]
_UNITS = {"ns": 1, "us": 1_000, "ms": 1_000_000}


@dataclass(frozen=True, slots=True)
class TimeCells:
    """The times of all rows.

    Attributes:
        times: nanoseconds since 1970 UTC, shape (n,); undefined where `are_bad`.
        are_bad: which rows have no time.
        shown: the form of the times, for people.
        expected: what a bad row should have, for its message.
    """

    times: NDArray[np.int64]
    are_bad: Mask
    shown: str
    expected: str


@dataclass(frozen=True, slots=True)
class ValueCells:
    """The values of a column.

    Attributes:
        name: of the column.
        values: float64, shape (n,), NaN where one is missing or bad.
        are_missing: which are missing.
        are_bad: which are no finite numbers.
    """

    name: str
    values: NDArray[np.float64]
    are_missing: Mask
    are_bad: Mask


def read_times(raw: RawTable, columns: Sequence[str], options: TableOptions) -> TimeCells:
    """The times of a table, from one column or from the texts of several, such as a date and a time of day.

    Raises:
        InvalidInputError: the times have several meanings.
    """
    import polars as pl

    column = raw.frame[columns[0]]
    if len(columns) > 1:
        parts = (_as_text(raw.frame[name]) for name in columns)
        column = pl.select(pl.concat_str(list(parts), separator=" ")).to_series()
    elif column.dtype.is_float():
        column = _as_text(column)
    elif column.dtype.is_integer():
        if options.time_unit is None and not _are_years(columns[0], column):
            return _nanoseconds(column)
        column = _as_text(column)
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
    return TimeCells(found.times, ~found.are_times, found.shown, f"is not a time; expected {found.expected}")


def _are_years(name: str, column: "pl.Series") -> bool:
    """True for whole numbers in a column of that name that are years, as they would be in a file."""
    return "year" in name.lower() and bool(column.is_between(1000, 9999).all())


def _nanoseconds(column: "pl.Series") -> TimeCells:
    numbers = column.drop_nulls()
    fits = (numbers >= MIN_NS) & (numbers <= -MIN_NS)
    not_years(numbers.to_numpy())
    if not fits.all():
        raise InvalidInputError(
            f"The time {numbers.filter(~fits)[0]} cannot be kept in whole nanoseconds. Give time_unit."
        )
    times = np.array(column.cast(int).fill_null(0).to_numpy())
    return TimeCells(times, column.is_null().to_numpy(), "whole nanoseconds since 1970", "is not a time")


def _moments(column: "pl.Series", options: TableOptions) -> TimeCells:
    """Dates and datetimes; exact, or bad where they do not fit into nanoseconds."""
    import polars as pl

    zone = getattr(column.dtype, "time_zone", None)
    moments = column.cast(pl.Datetime("ms")) if column.dtype == pl.Date else column
    if options.time_zone is not None and zone is None:
        moments = moments.dt.replace_time_zone(options.time_zone, ambiguous="null", non_existent="null")
    unit = _UNITS[str(getattr(moments.dtype, "time_unit", "ns"))]
    numbers = moments.cast(pl.Int64)
    fits = numbers.is_between(-(-MIN_NS // unit), -MIN_NS // unit).fill_null(value=False).to_numpy()
    times = np.where(fits, numbers.fill_null(0).to_numpy(), 0) * unit
    shown = "dates" if column.dtype == pl.Date else "datetimes" if zone is None else f"datetimes in {zone}"
    return TimeCells(times, ~fits, shown, "is not a time that exists once between 1677 and 2262")


def read_values(raw: RawTable, columns: Sequence[str], options: TableOptions) -> tuple[list[ValueCells], NumberForm]:
    """The values of the columns, and the form of those that are texts, which is one for the table.

    Raises:
        InvalidInputError: a column has other things than numbers, or it is not clear what a comma stands for.
    """
    import polars as pl

    texts = {name: raw.frame[name].str.strip_chars() for name in columns if raw.frame[name].dtype == pl.String}
    missing = {name: is_missing(column, options.missing) for name, column in texts.items()}
    filled = [column.filter(~missing[name]) for name, column in texts.items()]
    form = find_form(raw.name, filled, options) if filled else NumberForm()
    cells = []
    for name in columns:
        if name in texts:
            found = form.parse(texts[name])
            is_gap = missing[name] | found.is_nan().fill_null(value=False) | _are_told(found, options)
        else:
            found = _numbers(raw, name)
            is_gap = found.is_null() | found.is_nan().fill_null(value=False) | _are_told(found, options)
        values = np.array(found.fill_null(np.nan).to_numpy())
        are_missing = is_gap.to_numpy()
        values[are_missing] = np.nan
        cells.append(ValueCells(name, values, are_missing, ~are_missing & ~np.isfinite(values)))
    return cells, form


def _numbers(raw: RawTable, name: str) -> "pl.Series":
    import polars as pl

    column = raw.frame[name]
    if not (column.dtype.is_numeric() or column.dtype == pl.Null):
        raise InvalidInputError(
            f"The column {name!r} of {raw.name} has cells of {column.dtype}; expected numbers. Convert them, or name "
            "another column with value_column (--value-column)."
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
