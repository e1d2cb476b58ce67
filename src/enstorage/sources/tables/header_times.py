"""Tables with times in their header: a column for each month, or a row for each year with a column for each month."""

import itertools
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from enstorage.calendars.stamps import look_like_years
from enstorage.sources.tables.numbers import is_missing
from enstorage.sources.tables.options import TableOptions
from enstorage.sources.tables.raw.table import RawTable
from enstorage.sources.tables.signs import with_signs
from enstorage.sources.tables.times.column import like_times, look_like_times
from enstorage.sources.tables.times.forms import MONTH_NAMES

if TYPE_CHECKING:
    import polars as pl

#: Names of the columns that times and values of such a table become.
HEADER, CELLS = "header", "cells"
_YEAR_NAMES = ("year", "jahr", "año", "année", "anno", "rok")
_FEWEST_YEARS = 3
_QUARTERS = {**{f"q{number}": number for number in range(1, 5)}, "i": 1, "ii": 2, "iii": 3, "iv": 4}


def turned(raw: RawTable, options: TableOptions) -> tuple[RawTable, TableOptions]:
    """The table with a row for each value, if its times are in the header; else as it is.

    Rows are then those of the first time, then those of the second, and so on: a place is that of the row in the file.
    """
    if options.time_column or options.value_column or not raw.has_header:
        return raw, options
    names = raw.frame.columns
    for find in (_of_year, _of_times):
        found = find(raw, names, options)
        if found is not None:
            return found, replace(options, time_column=(HEADER,), value_column=(CELLS,))
    return raw, options


def are_times(names: list[str]) -> bool:
    """True if titles of columns are times, such as 2024-01 or Jan 2024; years only if they are consecutive."""
    import polars as pl

    if len(names) < 2:
        return False
    if all(re.fullmatch("[0-9]{4}", name) for name in names):
        years = [int(name) for name in names]
        steps = {later - earlier for earlier, later in itertools.pairwise(years)}
        return len(years) >= _FEWEST_YEARS and steps in ({1}, {-1}) and look_like_years(years)
    return bool(like_times(pl.Series(names)).all())


def _of_times(raw: RawTable, names: list[str], options: TableOptions) -> RawTable | None:
    """A table with a column for each time."""
    import polars as pl

    titles = pl.Series(names)
    columns = titles.filter(like_times(titles) | titles.str.contains("^[0-9]{4}$")).to_list()
    if 2 * len(columns) < len(names) or not are_times(columns):
        return None
    others = [name for name in names if name not in columns]
    if any(_has_times(raw.frame[name], options) for name in others):
        return None
    times = pl.col(HEADER)
    return _down(raw, columns, others, times)


def _of_year(raw: RawTable, names: list[str], options: TableOptions) -> RawTable | None:
    """A table with a row for each year, and a column for each of its months or quarters."""
    import polars as pl

    periods = {name: MONTH_NAMES.get(re.sub(r"[^a-zäéû]", "", name.lower()), 0) for name in names}
    quarters = {name: _QUARTERS.get(name.strip().lower(), 0) for name in names}
    for parts, count in ((periods, 12), (quarters, 4)):
        columns = [name for name in names if parts[name] and len(name) <= 12]
        if sorted(parts[name] for name in columns) != list(range(1, count + 1)):
            continue
        others = [name for name in names if name not in columns]
        years = [name for name in others if name.strip().lower() in _YEAR_NAMES] or [
            name for name in others if _are_years(raw.frame[name])
        ]
        if len(years) != 1:
            continue
        step = 12 // count
        months = pl.col(HEADER).replace_strict(
            {name: f"{step * parts[name] - step + 1:02d}" for name in columns}, return_dtype=pl.String
        )
        year = pl.col(years[0]).cast(pl.String).str.strip_chars()
        texts = [name for name in others if name != years[0] and raw.frame[name].dtype == pl.String]
        keys = [name for name in texts if not _are_numbers(raw.frame[name], options)]
        return _down(raw, columns, [*keys, years[0]], year + "-" + months, without=years[0])
    return None


def _down(
    raw: RawTable, columns: list[str], others: list[str], times: "pl.Expr", without: str | None = None
) -> RawTable:
    import polars as pl

    frame = raw.frame.select(*others, *(_as_text(raw.frame[name]) for name in columns))
    long = frame.unpivot(on=columns, index=others, variable_name=HEADER, value_name=CELLS)
    long = long.with_columns(times.alias(HEADER)).drop([] if without is None else without)
    height, place = raw.frame.height, raw.place
    rest = None if raw.rest is None else pl.concat([raw.rest] * len(columns))
    dropped = tuple(name for name in raw.frame.columns if name not in others and name not in columns)

    def title(row: int, name: str) -> str:
        its_time = columns[row // height]
        return {HEADER: without or its_time, CELLS: its_time}.get(name, name)

    return replace(raw, frame=long, place=lambda row: place(row % height), title=title, rest=rest, left_out=dropped)


def _as_text(column: "pl.Series") -> "pl.Series":
    """Columns of one table may be of several types, since a mark for a missing value makes texts."""
    import polars as pl

    return column if column.dtype == pl.String else column.cast(pl.String)


def _has_times(column: "pl.Series", options: TableOptions) -> bool:
    import polars as pl

    if column.dtype != pl.String:
        return column.dtype.is_temporal()
    texts = column.str.strip_chars()
    filled = texts.filter(~is_missing(texts, options.missing))
    return len(filled) > 0 and look_like_times(filled, options)


def _are_years(column: "pl.Series") -> bool:
    import polars as pl

    numbers = column.cast(pl.Float64, strict=False)
    return numbers.null_count() == 0 and look_like_years(numbers.to_numpy())


def _are_numbers(column: "pl.Series", options: TableOptions) -> bool:
    """True for a column such as the total of a year."""
    import polars as pl

    texts = column.str.strip_chars()
    filled, _ = with_signs(texts.filter(~is_missing(texts, options.missing)))
    return bool(filled.str.contains(r"^[+-]?[0-9][0-9.,' ]*$").all()) and filled.dtype == pl.String
