"""The meaning of the columns of a table: times, keys of the series, values."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from enstorage.errors import InvalidInputError
from enstorage.sources.tables.numbers import is_missing
from enstorage.sources.tables.options import TableOptions
from enstorage.sources.tables.raw.table import RawTable
from enstorage.sources.tables.times import look_like_times

if TYPE_CHECKING:
    import polars as pl

_SAMPLE = 1000
#: A column with at least this share of numbers has values: what is wrong among them is told, not left out.
_FEWEST_NUMBERS = 0.2
#: Usual names, in small letters; a column that has one is taken before others.
TIME_NAMES = ("time", "timestamp", "datetime", "date", "ds", "day", "month", "year", "datum", "zeit", "fecha", "data")
SERIES_NAMES = ("key", "series", "unique_id", "item_id", "series_id")
VALUE_NAMES = ("value", "target")
_CLOCK = r"^[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?(?: ?[AaPp]\.?[Mm]\.?)?$"
_NUMBER = r"^[+-]?[0-9.,'’ \u00a0\u202f\u2009]*[0-9][.,]?(?:[eE][+-]?[0-9]+)?$|^(?i:[+-]?inf(?:inity)?)$"


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns of a table by their meaning.

    Attributes:
        series: the column with the keys; None if there is none.
        values: the columns with values.
        left_out: the other ones, beside those of the times.
    """

    series: str | None
    values: tuple[str, ...]
    left_out: tuple[str, ...]


def find_times(raw: RawTable, options: TableOptions) -> tuple[str, ...]:
    """The columns with the times: one, or a date and a time of day.

    Raises:
        InvalidInputError: there is no such column, or several could be.
    """
    if options.time_column:
        return tuple(_known(raw, name, "time_column") for name in options.time_column)
    names = raw.frame.columns
    taken = {options.series_column, *(options.value_column or ())}
    free = [name for name in names if name not in taken]
    found = [name for name in free if _are_times(raw, name, options)]
    usual = _named(free, TIME_NAMES)
    if len(names) == 2 and not (found or usual):
        found = free[:1]  # a file of two columns: the first one is told as wrong where it is no time
    first = next(iter([name for name in found if name in usual] or found or usual), None)
    if first is None:
        raise InvalidInputError(
            f"{_begin(raw)} has {len(names)} column(s) ({_listed(names)}), none of them with times; expected a time and a "
            "value, or a column of values for each series. Name the column of the times with time_column (--time-column)."
        )
    clock = next((name for name in free if name != first and _matches(raw, name, _CLOCK)), None)
    return (first,) if clock is None or not _is_date_only(raw, first) else (first, clock)


def find_values(raw: RawTable, times: Sequence[str], options: TableOptions, *, times_repeat: bool) -> Layout:
    """The other columns of a table.

    Args:
        raw: the table.
        times: the columns with the times.
        options: what the caller knows.
        times_repeat: whether a time stands in several rows, so that a column tells the series apart.

    Raises:
        InvalidInputError: a named column is missing, there are no values, or it is not clear which column is which.
    """
    others = [name for name in raw.frame.columns if name not in times]
    values = tuple(_known(raw, name, "value_column") for name in options.value_column or ())
    series = None if options.series_column is None else _known(raw, options.series_column, "series_column")
    free = [name for name in others if name not in values and name != series]
    if series is None and len(values) < 2:
        usual = sorted(_named(free, SERIES_NAMES), key=lambda name: SERIES_NAMES.index(name.strip().lower()))
        telling = usual[:1] or _telling(raw, free, options, len(values)) if usual or times_repeat else []
        if len(telling) > 1:
            raise InvalidInputError(
                f"{_begin(raw)} has a time in several rows, and several columns could tell the series apart: "
                f"{_listed(telling)}. Name the one that does with series_column (--series-column)."
            )
        series = next(iter(telling), None)
        free = [name for name in free if name != series]
    if not values:
        values = _values(raw, free, options, is_long=series is not None)
    return Layout(series, values, tuple(name for name in others if name not in values and name != series))


def _telling(raw: RawTable, free: Sequence[str], options: TableOptions, told_values: int) -> list[str]:
    """The columns that could tell the series apart: texts that differ, else numbers of which one could be the key."""
    texts = [name for name in free if not _are_numbers(raw, name, options)]
    differ = [name for name in texts if raw.frame[name].n_unique() > 1]
    numbers = [name for name in free if name not in texts]
    return differ or (numbers if len(numbers) + told_values > 1 else [])


def _values(raw: RawTable, free: Sequence[str], options: TableOptions, *, is_long: bool) -> tuple[str, ...]:
    numbers = [name for name in free if _are_numbers(raw, name, options)] or list(free)[: len(free) == 1]
    if not numbers:
        raise InvalidInputError(
            f"{_begin(raw)} has {raw.frame.width} column(s) ({_listed(raw.frame.columns)}), none of them with numbers "
            "beside the times; expected a time and a value, or a column of values for each series. Name them with "
            "value_column (--value-column)."
        )
    # `y` is the value beside `ds`, as forecasting libraries call them; else it may be one of x, y and z.
    usual = _named(numbers, VALUE_NAMES) or (_named(numbers, ("y",)) if "ds" in raw.frame.columns else [])
    if is_long and len(numbers) > 1 and not usual:
        raise InvalidInputError(
            f"{_begin(raw)} is a long table with several columns of numbers: {_listed(numbers)}; expected one. Name it "
            "with value_column (--value-column)."
        )
    return tuple(usual[:1] or numbers)


def _named(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    return [each for each in columns if each.strip().lower() in names]


def _known(raw: RawTable, name: str, option: str) -> str:
    """The column of that name; capitals and blanks around it do not matter if it is the only one."""
    names = raw.frame.columns
    alike = [each for each in names if each.strip().lower() == name.strip().lower()]
    if name not in names and len(alike) != 1:
        raise InvalidInputError(
            f"{_begin(raw)} has no column {name!r:.60}; it has {_listed(names)}. Name the columns with series_column, "
            f"time_column and value_column; {option} is not one of them."
        )
    return name if name in names else alike[0]


def _are_times(raw: RawTable, name: str, options: TableOptions) -> bool:
    import polars as pl

    column = raw.frame[name]
    if column.dtype == pl.String:
        return look_like_times(_sample(column, options), options)
    return column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime)


def _are_numbers(raw: RawTable, name: str, options: TableOptions) -> bool:
    import polars as pl

    column = raw.frame[name]
    if column.dtype != pl.String:
        return bool(column.dtype.is_numeric() or column.dtype == pl.Null)
    sample = _sample(column, options)
    return not len(sample) or bool(sample.str.contains(_NUMBER).mean() > _FEWEST_NUMBERS)  # type: ignore[operator]


def _matches(raw: RawTable, name: str, pattern: str) -> bool:
    import polars as pl

    column = raw.frame[name]
    if column.dtype == pl.Time:
        return True
    sample = _sample(column, TableOptions()) if column.dtype == pl.String else pl.Series([], dtype=pl.String)
    return len(sample) > 0 and bool(sample.str.contains(pattern).all())


def _is_date_only(raw: RawTable, name: str) -> bool:
    import polars as pl

    column = raw.frame[name]
    return column.dtype == pl.Date or (column.dtype == pl.String and not column.head(_SAMPLE).str.contains(":").any())


def _sample(column: "pl.Series", options: TableOptions) -> "pl.Series":
    texts = column.head(_SAMPLE).str.strip_chars()
    return texts.filter(~is_missing(texts, options.missing))


def _begin(raw: RawTable) -> str:
    return raw.name[:1].upper() + raw.name[1:] if raw.name == "the table" else raw.name


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names)[:200]
