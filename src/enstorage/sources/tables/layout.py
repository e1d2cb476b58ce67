"""The meaning of the columns of a table: times, keys of the series, values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from enstorage.errors import InvalidInputError
from enstorage.parameters.naming import named
from enstorage.sources.tables.numbers import are_plain_numbers, is_missing
from enstorage.sources.tables.options import TableOptions
from enstorage.sources.tables.raw.table import RawTable
from enstorage.sources.tables.signs import is_sign, with_signs
from enstorage.sources.tables.times.column import look_like_times
from enstorage.sources.tables.times.parts import are_parts, clock_parts, columns_of_parts, is_decimal_year
from enstorage.sources.tables.units import find_unit

if TYPE_CHECKING:
    import polars as pl

_SAMPLE = 1000
#: A column with at least this share of numbers has values: what is wrong among them is told, not left out.
_FEWEST_NUMBERS = 0.2
#: Usual names, in small letters; a column that has one is taken before others.
TIME_NAMES = (
    *("time", "timestamp", "datetime", "date", "ds", "day", "month", "quarter", "year", "period", "step", "jd", "mjd"),
    *("julian date", "julian day", "datum", "zeit", "zeitstempel", "tag", "monat", "quartal", "jahr", "fecha", "data"),
    *("дата", "время", "день", "месяц", "квартал", "год", "период"),
)
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
        signs: columns of marks of debit and credit, by the column of values that each belongs to.
    """

    series: str | None
    values: tuple[str, ...]
    left_out: tuple[str, ...]
    signs: Mapping[str, str]


class NoTimesError(InvalidInputError):
    """No column of a table has times, and the caller names none."""


class SeveralValuesError(InvalidInputError):
    """Several columns of a long table have numbers, and the caller does not say which of them is the value.

    Attributes:
        columns: their names, in the order of the table.
    """

    def __init__(self, message: str, columns: Sequence[str]) -> None:
        super().__init__(message)
        self.columns = tuple(columns)


def contents_of(raw: RawTable, options: TableOptions) -> dict[str, str]:
    """The content of each column by its name: `times`, `numbers` or `texts`."""
    return {
        name: "times" if _are_times(raw, name, options) else "numbers" if _are_numbers(raw, name, options) else "texts"
        for name in raw.frame.columns
    }


def find_times(raw: RawTable, options: TableOptions) -> tuple[str, ...]:
    """The columns with the times: one, a date and a time of day, or a year with a month and a day, and the like.

    Raises:
        InvalidInputError: there is no such column, or several could be.
    """
    if options.time_column:
        return tuple(_known(raw, name, "time_column") for name in options.time_column)
    names = raw.frame.columns
    taken = {options.series_column, *(options.value_column or ())}
    free = [name for name in names if name not in taken]
    found = [name for name in free if _are_times(raw, name, options)]
    if not found and (parts := columns_of_parts(raw.frame.select(free), has_header=raw.has_header)):
        return parts
    usual = _named(free, TIME_NAMES)
    if len(names) == 2 and not (found or usual):
        found = free[:1]  # a file of two columns: the first one is told as wrong where it is no time
    first = next(iter([name for name in found if name in usual] or found or usual), None)
    if first is None:
        raise NoTimesError(
            f"{_begin(raw)} has {len(names)} column(s) ({_listed(names)}), none of them with times; expected a time and a "
            f"value, or a column of values for each series. Name the column of the times with {named('time_column')}; "
            f"of rows without a time add a column that numbers them, with {named('time_unit', 'step')}.{raw.on_sheets}"
        )
    if not _is_date_only(raw, first):
        return (first,)
    clock = next((name for name in free if name != first and _are_clocks(raw, name)), None)
    if clock is not None:
        return first, clock
    parts = clock_parts(raw.frame.select(free).drop(first))
    return (first, *parts) if parts and raw.frame[first].is_duplicated().any() else (first,)


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
        telling = usual[:1] or _telling(raw, times, free, options, len(values)) if usual or times_repeat else []
        if len(telling) > 1 and options.duplicates != "refuse":
            telling = []
        if len(telling) > 1:
            raise InvalidInputError(
                f"{_begin(raw)} has a time in several rows, and several columns could tell the series apart: "
                f"{_listed(telling)}. Name the one that does with {named('series_column')}, or, if all rows are of "
                f"one series, give the value of a time with {named('duplicates')}, such as sum."
            )
        series = next(iter(telling), None)
        free = [name for name in free if name != series]
    if not values:
        values = _values(raw, times, free, options, is_long=series is not None)
    left_out = tuple(name for name in others if name not in values and name != series)
    return Layout(series, values, left_out, _signs(raw, values, left_out))


def _signs(raw: RawTable, values: Sequence[str], left_out: Sequence[str]) -> dict[str, str]:
    """Columns of marks of debit and credit, by the values that stand before them, else by the first ones behind."""
    found: dict[str, str] = {}
    before = ""
    for name in raw.frame.columns:
        if name in values:
            before = name
        elif name in left_out and is_sign(raw.frame[name]):
            found.setdefault(before or values[0], name)
    return found


def _telling(
    raw: RawTable, times: Sequence[str], free: Sequence[str], options: TableOptions, told_values: int
) -> list[str]:
    """The columns that could tell the series apart: texts that differ, else numbers of which one could be the key.

    A column that is blank in most rows holds remarks. One whose cells all differ, over several times, numbers the rows.
    """
    texts = [name for name in free if not _are_numbers(raw, name, options) and not _are_times(raw, name, options)]
    differ = [name for name in texts if raw.frame[name].n_unique() > 1 and _is_mostly_filled(raw.frame[name])]
    differ = [name for name in differ if _could_be_keys(raw, times, name)]
    numbers = [name for name in free if _are_whole(raw.frame[name]) and _could_be_keys(raw, times, name)]
    if len(differ) > 1:
        return _keys(raw, times, differ)
    return differ or (numbers if len(numbers) + told_values > 1 else [])


def _are_whole(column: "pl.Series") -> bool:
    """True for whole numbers, which may number series."""
    import polars as pl

    filled = column.drop_nulls()
    if column.dtype == pl.String:
        return bool(filled.str.contains(r"^ *[0-9]+ *$").all())
    return column.dtype.is_numeric() and bool((filled % 1 == 0).all())


def _could_be_keys(raw: RawTable, times: Sequence[str], name: str) -> bool:
    """True if the cells can be keys of series; the number of an order, or a mark of debit and credit, is none."""
    column = raw.frame[name]
    if column.n_unique() == raw.frame.height and raw.frame.select(times).n_unique() > 1:
        return False
    return not is_sign(column) or (len(str(column[0])) > 1 and not raw.frame.select(*times, name).is_duplicated().any())


def _is_mostly_filled(column: "pl.Series") -> bool:
    return 2 * int(_blanks(column).sum()) < len(column)


def _is_blank(column: "pl.Series") -> bool:
    return bool(_blanks(column.head(_SAMPLE)).all()) and bool(_blanks(column).all())


def _blanks(column: "pl.Series") -> "pl.Series":
    import polars as pl

    return column.is_null() if column.dtype != pl.String else (column.str.strip_chars() == "").fill_null(value=True)


def _keys(raw: RawTable, times: Sequence[str], telling: list[str]) -> list[str]:
    """Of texts that could tell the series apart the first that alone does, if it determines the others that do.

    So a shop is taken, and not its region.
    """
    alone = [name for name in telling if raw.frame.select(*times, name).n_unique() == raw.frame.height]
    is_enough = bool(alone) and raw.frame.select(alone).n_unique() == raw.frame[alone[0]].n_unique()
    return alone[:1] if is_enough else telling


def _values(
    raw: RawTable, times: Sequence[str], free: Sequence[str], options: TableOptions, *, is_long: bool
) -> tuple[str, ...]:
    numbers = [name for name in free if _are_numbers(raw, name, options) and not _are_times(raw, name, options)]
    numbers = [name for name in numbers if not _is_blank(raw.frame[name])] or numbers
    numbers = _without_parts(raw, times, numbers) or numbers or list(free)[: len(free) == 1]
    if not numbers:
        raise InvalidInputError(
            f"{_begin(raw)} has {raw.frame.width} column(s) ({_listed(raw.frame.columns)}), none of them with numbers "
            "beside the times; expected a time and a value, or a column of values for each series. Name them with "
            f"{named('value_column')}."
        )
    # `y` is the value beside `ds`, as forecasting libraries call them; else it may be one of x, y and z.
    usual = _named(numbers, VALUE_NAMES) or (_named(numbers, ("y",)) if "ds" in raw.frame.columns else [])
    if is_long and len(numbers) > 1 and not usual:
        raise SeveralValuesError(
            f"{_begin(raw)} is a long table with several columns of numbers: {_listed(numbers)}; expected one. Name it "
            f"with {named('value_column')}.",
            numbers,
        )
    return tuple(usual[:1] or numbers)


def _without_parts(raw: RawTable, times: Sequence[str], numbers: Sequence[str]) -> list[str]:
    """The columns of numbers without those that say again what the times say: a year and a month, a decimal year."""
    again = set(columns_of_parts(raw.frame.select(numbers), has_header=True))
    if len(times) > 1 and are_parts(raw.frame.select(times), has_header=raw.has_header):
        again |= {name for name in numbers if is_decimal_year(raw.frame[times[0]], raw.frame[name])}
    return [name for name in numbers if name not in again]


def _named(columns: Sequence[str], names: Sequence[str]) -> list[str]:
    return [each for each in columns if each.strip().lower() in names]


def _known(raw: RawTable, name: str, option: str) -> str:
    """The column of that name; capitals and blanks around it do not matter if it is the only one."""
    names = raw.frame.columns
    alike = [each for each in names if each.strip().lower() == name.strip().lower()]
    if name not in names and len(alike) != 1:
        raise InvalidInputError(
            f"{_begin(raw)} has no column {name!r:.60}; it has {_listed(names)}. Name the columns with "
            f"{named('series_column')}, {named('time_column')} and {named('value_column')}; "
            f"{named(option)} is not one of them."
        )
    return name if name in names else alike[0]


def _are_times(raw: RawTable, name: str, options: TableOptions) -> bool:
    import polars as pl

    column = raw.frame[name]
    if column.dtype == pl.String and options.date_format is None and are_plain_numbers(column.head(_SAMPLE)):
        return False
    if column.dtype == pl.String:
        return look_like_times(_sample(column, options), options)
    return column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime)


def _are_numbers(raw: RawTable, name: str, options: TableOptions) -> bool:
    import polars as pl

    column = raw.frame[name]
    if column.dtype != pl.String:
        return bool(column.dtype.is_numeric() or column.dtype == pl.Null)
    if are_plain_numbers(column.head(_SAMPLE)):
        return True
    sample, _ = with_signs(_sample(column, options))
    share = sample.str.contains(_NUMBER).mean()
    return not len(sample) or bool(share > _FEWEST_NUMBERS) or find_unit(sample) is not None  # type: ignore[operator]


def _are_clocks(raw: RawTable, name: str) -> bool:
    """True for a column most of whose cells are times of day; another one among them is a bad row."""
    import polars as pl

    column = raw.frame[name]
    if column.dtype == pl.Time:
        return True
    if column.dtype == pl.String and are_plain_numbers(column.head(_SAMPLE)):
        return False
    sample = _sample(column, TableOptions()) if column.dtype == pl.String else pl.Series([], dtype=pl.String)
    return len(sample) > 0 and 2 * int(sample.str.contains(_CLOCK).sum()) > len(sample)


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
