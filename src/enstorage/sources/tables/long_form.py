"""The points of a table as one long table, without rows that are bad or repeated."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np

from enstorage.calendars.labels import UTC, label_of
from enstorage.errors import InvalidInputError
from enstorage.instant import SECOND
from enstorage.parameters.naming import named
from enstorage.sources.tables.cells import NO_NUMBER, TimeCells, ValueCells, read_keys
from enstorage.sources.tables.layout import Layout
from enstorage.sources.tables.options import TableOptions
from enstorage.sources.tables.raw.table import RawTable
from enstorage.sources.tables.report import BadRow

if TYPE_CHECKING:
    import polars as pl

_MOST_BAD_ROWS = 10_000
_NO_KEY = "is no key of a series"
_AGAIN = "again, with another value"
_BEYOND = "stands beyond the last column"
_HOUR = 3_600 * SECOND
_DAY = 24 * _HOUR


@dataclass(frozen=True, slots=True)
class LongForm:
    """The points of a table.

    Attributes:
        points: columns `series`, `time`, `value`.
        gaps: columns `series` and `time` of the missing values.
        repeated: number of rows that repeat one above.
        combined: number of rows whose time stands in a row above of the series, which `duplicates` combines into one value.
        bad_rows: rows that were left out.
    """

    points: "pl.DataFrame"
    gaps: "pl.DataFrame"
    repeated: int
    combined: int
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
    if raw.rest is not None:
        is_beyond = (raw.rest.str.strip_chars() != "").fill_null(value=False).to_numpy()
        _collect(bad, raw, np.flatnonzero(is_beyond), (), "", _BEYOND)
        is_out |= is_beyond
    keys = None
    if layout.series is not None:
        keys, are_without = read_keys(raw, layout.series)
        _collect(bad, raw, np.flatnonzero(are_without & ~is_out), (layout.series,), layout.series, _NO_KEY)
        is_out |= are_without
    pieces: list[pl.DataFrame] = []
    gaps: list[pl.DataFrame] = []
    for column in values:
        _collect(bad, raw, np.flatnonzero(column.are_bad & ~is_out), (column.name,), column.name, column.fault)
        is_point = ~(is_out | column.are_missing | column.are_bad)
        piece = pl.DataFrame({"time": times.times, "value": column.values}).with_row_index("row")
        series = pl.lit(column.name).alias("series") if keys is None else keys.alias("series")
        piece = piece.with_columns(series)
        pieces.append(piece if is_point.all() else piece.filter(pl.Series(is_point)))
        if column.are_missing.any() or not gaps:
            gaps.append(piece.filter(pl.Series(column.are_missing & ~is_out)).select("series", "time"))
    points = pl.concat(pieces)
    repeated = combined = 0
    if options.duplicates == "refuse":
        points, repeated = _without_repeated(points, raw, time_columns, bad, options)
    else:
        points, combined = _combined(points, options.duplicates)
    if bad and not options.skip_bad_rows:
        raise _refused(raw, bad, times, options)
    if len(bad) > _MOST_BAD_ROWS:
        raise InvalidInputError(
            f"{raw.name} has more than {_MOST_BAD_ROWS} bad rows, the first: {bad[0][1]}. Correct the table, or the options "
            "by which it is read."
        )
    if points.is_empty():
        raise InvalidInputError(f"{raw.name} holds no points: no row has both a time and a value. Check the table.")
    ordered = sorted(bad, key=lambda each: each[0])
    bad_rows = tuple(row for _, row in ordered)
    return LongForm(points.select("series", "time", "value"), pl.concat(gaps), repeated, combined, bad_rows)


def _collect(
    bad: list[tuple[int, BadRow]], raw: RawTable, rows: "np.ndarray", columns: Sequence[str], name: str, fault: str
) -> None:
    """Add the bad cells of a column; of too many only as many as show that it is too many."""
    taken = islice(rows.tolist(), _MOST_BAD_ROWS + 1 - len(bad))
    bad += [(row, _bad_row(raw, row, columns, name, fault)) for row in taken]


def _bad_row(raw: RawTable, row: int, columns: Sequence[str], name: str, fault: str) -> BadRow:
    cells = [raw.frame[column][row] for column in columns] if columns or raw.rest is None else [raw.rest[row]]
    text = " ".join("" if cell is None else str(cell) for cell in cells)
    title = raw.title(row, name) if name else str(raw.frame.width + 1)
    return BadRow(raw.place(row), title, text if len(text) <= 60 else f"{text[:57]}...", fault)


def _combined(points: "pl.DataFrame", duplicates: str) -> "tuple[pl.DataFrame, int]":
    """The points with one value for each time of a series, at the place of the first one."""
    import polars as pl

    value, row = pl.col("value"), pl.col("row").first()
    found = {"mean": value.mean(), "sum": value.sum(), "first": value.first(), "last": value.last()}[duplicates]
    ordered = points if points["row"].is_sorted() else points.sort("row", maintain_order=True)
    grouped = ordered.group_by("series", "time", maintain_order=True).agg(found, row)
    if grouped.height == points.height:
        return points, 0
    return grouped.select(points.columns), points.height - grouped.height


def _without_repeated(
    points: "pl.DataFrame",
    raw: RawTable,
    time_columns: Sequence[str],
    bad: list[tuple[int, BadRow]],
    options: TableOptions,
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
        fault = f"is the time {label_of(time, options.time_zone or UTC)} of {raw.place(first)} {_AGAIN}"
        bad.append((row, _bad_row(raw, row, time_columns, " ".join(time_columns), fault)))
    kept = points.join(others.select("series", "row"), on=["series", "row"], how="anti", maintain_order="left")
    return kept, others.height - differ.height


def _refused(
    raw: RawTable, bad: list[tuple[int, BadRow]], times: TimeCells, options: TableOptions
) -> InvalidInputError:
    first = min(bad, key=lambda each: each[0])[1]
    further = hour = ""
    if len(bad) > 1:
        count = len(bad) - 1
        further = f"Further bad rows: {count if len(bad) <= _MOST_BAD_ROWS else f'more than {_MOST_BAD_ROWS}'}. "
    ways = ["Correct or remove it"]
    if NO_NUMBER in first.fault:
        ways.append(f"count it as a missing value with {named('missing')}")
    if any(_AGAIN in row.fault for _, row in bad):
        ways.append(f"say with {named('duplicates')} which value counts: mean, sum, first or last")
        if options.time_zone is None and _is_hour_of_change(times.times[[row for row, _ in bad]]):
            hour = (
                f"Clocks show such an hour twice when they are set back: then give their zone with {named('time_zone')}, "
                "such as Europe/Berlin. "
            )
    ways.append(f"leave bad rows out with {named('skip_bad_rows', True)}")
    return InvalidInputError(
        f"{raw.name}, {first}. {further}{hour}{', '.join(ways[:-1])}, or {ways[-1]}; nothing was kept."
    )


def _is_hour_of_change(times: "np.ndarray") -> bool:
    """True if times on a clock are within an hour before 04:00 of a Sunday, when most zones set clocks back."""
    days = times // _DAY
    is_early = (times - days * _DAY < 4 * _HOUR) & ((days + 3) % 7 == 6)
    spans = [np.ptp(times[days == day]) < _HOUR for day in np.unique(days)]
    return bool(is_early.all()) and all(spans) and bool((times % _DAY).any())
