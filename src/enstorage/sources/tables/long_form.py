"""The points of a table as one long table, without rows that are bad or repeated."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from enstorage.errors import InvalidInputError
from enstorage.instant import to_iso
from enstorage.sources.tables.cells import TimeCells, ValueCells, read_keys
from enstorage.sources.tables.layout import Layout
from enstorage.sources.tables.options import TableOptions
from enstorage.sources.tables.raw.table import RawTable
from enstorage.sources.tables.report import BadRow

if TYPE_CHECKING:
    import polars as pl

_MOST_BAD_ROWS = 10_000
_NO_NUMBER = "is not a finite number"
_NO_KEY = "is no key of a series"
_BEYOND = "stands beyond the last column"


@dataclass(frozen=True, slots=True)
class LongForm:
    """The points of a table.

    Attributes:
        points: columns `series`, `time`, `value`.
        gaps: columns `series` and `time` of the missing values.
        repeated: number of rows that repeat one above.
        bad_rows: rows that were left out.
    """

    points: "pl.DataFrame"
    gaps: "pl.DataFrame"
    repeated: int
    bad_rows: tuple[BadRow, ...]


def to_long(
    raw: RawTable,
    time_columns: Sequence[str],
    times: TimeCells,
    layout: Layout,
    values: Sequence[ValueCells],
    options: TableOptions,
) -> LongForm:
    """Put the points of all columns into one long table.

    Raises:
        InvalidInputError: a row is bad, and `skip_bad_rows` is false; or there are no points.
    """
    import polars as pl

    bad: list[tuple[int, BadRow]] = []
    is_out = times.are_bad.copy()
    time_name = " ".join(time_columns)
    _collect(bad, raw, np.flatnonzero(is_out), time_columns, time_name, times.expected)
    if raw.rest is not None and raw.rest.null_count() < len(raw.rest):
        is_beyond = (raw.rest.str.strip_chars() != "").fill_null(value=False).to_numpy()
        _collect(bad, raw, np.flatnonzero(is_beyond), (), "", _BEYOND)
        is_out |= is_beyond
    keys = None
    if layout.series is not None:
        keys, are_without = read_keys(raw, layout.series)
        _collect(bad, raw, np.flatnonzero(are_without & ~is_out), (layout.series,), layout.series, _NO_KEY)
        is_out |= are_without
    pieces, gaps = [], []
    for column in values:
        _collect(bad, raw, np.flatnonzero(column.are_bad & ~is_out), (column.name,), column.name, _NO_NUMBER)
        is_point = ~(is_out | column.are_missing | column.are_bad)
        piece = pl.DataFrame({"time": times.times, "value": column.values}).with_row_index("row")
        series = pl.lit(column.name).alias("series") if keys is None else keys.alias("series")
        piece = piece.with_columns(series)
        pieces.append(piece if is_point.all() else piece.filter(pl.Series(is_point)))
        gaps.append(piece.filter(pl.Series(column.are_missing & ~is_out)).select("series", "time"))
    points = pl.concat(pieces)
    points, repeated = _without_repeated(points, raw, time_name, bad)
    if bad and not options.skip_bad_rows:
        raise _refused(raw, bad)
    if len(bad) > _MOST_BAD_ROWS:
        raise InvalidInputError(
            f"{raw.name} has more than {_MOST_BAD_ROWS} bad rows, the first: {bad[0][1]}. Correct the table, or the options "
            "by which it is read."
        )
    if points.is_empty():
        raise InvalidInputError(f"{raw.name} holds no points: no row has both a time and a value. Check the table.")
    ordered = sorted(bad, key=lambda each: each[0])
    bad_rows = tuple(row for _, row in ordered)
    return LongForm(points.select("series", "time", "value"), pl.concat(gaps), repeated, bad_rows)


def _collect(
    bad: list[tuple[int, BadRow]], raw: RawTable, rows: "np.ndarray", columns: Sequence[str], name: str, fault: str
) -> None:
    """Add the bad cells of a column; of too many only as many as show that it is too many."""
    taken = islice(rows.tolist(), _MOST_BAD_ROWS + 1 - len(bad))
    bad += [(row, _bad_row(raw, row, columns, name, fault)) for row in taken]


def _bad_row(raw: RawTable, row: int, columns: Sequence[str], name: str, fault: str) -> BadRow:
    cells = [raw.frame[column][row] for column in columns] if columns or raw.rest is None else [raw.rest[row]]
    text = " ".join("" if cell is None else str(cell) for cell in cells)
    return BadRow(
        raw.place(row), name or str(raw.frame.width + 1), text if len(text) <= 60 else f"{text[:57]}...", fault
    )


def _without_repeated(
    points: "pl.DataFrame", raw: RawTable, time_name: str, bad: list[tuple[int, BadRow]]
) -> "tuple[pl.DataFrame, int]":
    """The points without those whose series and time stand above; one with another value is bad."""
    import polars as pl

    ascending = points.select((pl.col("time").diff() > 0).all()).item()
    if ascending and points["row"].is_sorted():
        return points, 0
    ordered = points.sort("series", "time", "row")
    again = (pl.col("series") == pl.col("series").shift()) & (pl.col("time") == pl.col("time").shift())
    if not ordered.select(again.any()).item():
        return points, 0
    group = ["series", "time"]
    firsts = ordered.unique(group, keep="first").rename({"row": "first", "value": "first_value"})
    others = ordered.join(firsts, on=group).filter(pl.col("row") > pl.col("first")).sort("row")
    differ = others.filter(pl.col("value") != pl.col("first_value"))
    for row, time, first in islice(differ.select("row", "time", "first").iter_rows(), _MOST_BAD_ROWS + 1 - len(bad)):
        fault = f"is the time {to_iso(time)} of {raw.place(first)} again, with another value"
        bad.append((row, BadRow(raw.place(row), time_name, to_iso(time), fault)))
    kept = points.join(others.select("series", "row"), on=["series", "row"], how="anti", maintain_order="left")
    return kept, others.height - differ.height


def _refused(raw: RawTable, bad: list[tuple[int, BadRow]]) -> InvalidInputError:
    first = min(bad, key=lambda each: each[0])[1]
    further = ""
    if len(bad) > 1:
        count = len(bad) - 1
        further = f"Further bad rows: {count if len(bad) <= _MOST_BAD_ROWS else f'more than {_MOST_BAD_ROWS}'}. "
    return InvalidInputError(
        f"{raw.name}, {first}. {further}Correct or remove it, or leave bad rows out with skip_bad_rows (--skip-bad-rows); "
        "nothing was kept."
    )
