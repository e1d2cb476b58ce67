"""One way for every table: whatever a person has becomes a long table of points, and a report of what was taken."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.calendar import Calendar
from enstorage.calendars.snapping import nearest_starts
from enstorage.errors import InvalidInputError
from enstorage.parameters.naming import named
from enstorage.progress import checkpoint
from enstorage.sources.tables.cells import TimeCells, read_times, read_values, with_unit
from enstorage.sources.tables.header_times import turned
from enstorage.sources.tables.layout import find_times, find_values
from enstorage.sources.tables.long_form import to_long
from enstorage.sources.tables.numbers import are_plain_numbers
from enstorage.sources.tables.options import TableOptions
from enstorage.sources.tables.raw.files import read_file
from enstorage.sources.tables.raw.frames import read_frame
from enstorage.sources.tables.raw.table import RawTable
from enstorage.sources.tables.report import TableReport
from enstorage.sources.tables.times.forms import OFFSET

if TYPE_CHECKING:
    import polars as pl


_NOTHING_TOLD = TableOptions()
#: In a long table at least this share of the rows have the time of another one.
_FEWEST_REPEATED = 0.05
_SAMPLE = 1000


@dataclass(frozen=True, slots=True)
class Table:
    """The points of a table.

    Attributes:
        points: columns `series` (text), `time` (int64 ns since 1970 UTC) and `value` (float64, finite), in the order of
            the table; each time once in a series.
        gaps: columns `series` and `time` of the missing values.
        report: what was taken.
    """

    points: "pl.DataFrame"
    gaps: "pl.DataFrame"
    report: TableReport

    def by_series(self) -> dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Times (ascending) and values, shape (n,) each, by the key of the series, in the order of the table."""
        parts = self.points.partition_by("series", maintain_order=True) if self.report.series > 1 else [self.points]
        return {part["series"][0]: _sorted(part) for part in parts}

    def one_series(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Times (ascending) and values of the only series.

        Raises:
            InvalidInputError: there are several.
        """
        if self.report.series > 1:
            keys = self.points["series"].unique(maintain_order=True).head(5)
            raise InvalidInputError(
                f"{self.report.name} has {self.report.series} series, such as {', '.join(map(repr, keys))}; expected one. "
                f"Choose the column of one with {named('value_column')}, or make a panel of all: Panel.from_table."
            )
        return _sorted(self.points)


def read_table(table: Any, options: TableOptions = _NOTHING_TOLD, *, content: bytes | None = None) -> Table:
    """Read any table: a file of text, Parquet or Excel, or a table of pandas, Polars or Arrow.

    A table is long (a row for each point, with a column for the keys of the series), wide (a column for each series) or
    has one series. Missing values are gaps: they are counted, and no points.

    Args:
        table: a path, a table in memory, or its cells; a `Table` that has been read is given back.
        options: what the caller knows about the table.
        content: the bytes of the file, unpacked, if they have been read already.

    Raises:
        InvalidInputError: the table cannot be read, its columns are not clear, or a row is bad; the message names the row,
            the column and the value, and says what to do.
        MissingLibraryError: it is an Excel file, and the library that reads these is not installed.
    """
    if isinstance(table, Table):
        return table
    raw = _without(read_cells(table, options, content=content), options.leave_out)
    checkpoint()
    raw, options = turned(raw, options)
    time_columns = find_times(raw, options)
    options = with_unit(raw, time_columns, options)
    times = read_times(raw, time_columns, options)
    checkpoint()
    layout = find_values(raw, time_columns, options, times_repeat=_repeat(raw, times))
    if layout.series is not None and options.time_zone is not None:
        times = times.of_each(raw.frame[layout.series], options.time_zone)
    moved = 0
    if isinstance(options.snap, Calendar):
        times, moved = _snapped(times, options.snap)
    values, form = read_values(raw, layout.values, options, layout.signs)
    checkpoint()
    signs = tuple(column.sign for column in values if column.sign is not None)
    found = to_long(raw, time_columns, times, layout, values, options)
    report = TableReport(
        name=raw.name,
        kind=raw.kind,
        sheet=raw.sheets[0] if len(raw.sheets) > 1 else None,
        encoding=raw.encoding,
        separator=raw.separator,
        decimal=form.decimal if raw.kind == "text" else None,
        thousands=form.thousands,
        time_columns=time_columns,
        times=times.shown,
        time_zone=times.zone or options.time_zone,
        lack_zone=times.lack_zone,
        is_counted=options.time_unit == "step",
        series_column=layout.series,
        value_columns=layout.values,
        left_out=raw.left_out + tuple(name for name in layout.left_out if name not in dict(signs).values()),
        skipped_lines=raw.skipped_lines,
        rows=raw.frame.height,
        points=found.points.height,
        series=found.points["series"].n_unique() if len(layout.values) > 1 or layout.series else 1,
        missing=found.gaps.height,
        missing_after=_count_after(found.gaps, found.points),
        repeated=found.repeated,
        combined=found.combined,
        duplicates=options.duplicates if found.combined else None,
        snapped=moved,
        snap=str(options.snap) if moved else None,
        units=tuple(column.unit for column in values),
        offsets=times.offsets,
        skipped_hours=times.skipped_hours,
        signs=signs,
        far_values=tuple((column.name, *column.far) for column in values if column.far is not None),
        in_parentheses=sum(column.in_parentheses for column in values),
        bad_rows=found.bad_rows,
    )
    return Table(found.points, found.gaps, report)


def read_with_offsets(table: Any, options: TableOptions) -> Table | None:
    """A table as `read_table` reads it, if all of its times have an offset from UTC, so that no clock is needed.

    Args:
        table: as of `read_table`.
        options: what the caller knows about the table.
    """
    import polars as pl

    cells = read_cells(table, options)
    found = read_table(cells, options)
    times = cells.frame.select(name for name in found.report.time_columns if name in cells.frame.columns)
    of_text = times.select(pl.col(pl.String).str.contains(OFFSET).fill_null(value=True).all())
    with_zone = [getattr(dtype, "time_zone", None) is not None for dtype in times.dtypes if dtype != pl.String]
    return found if times.width == 1 and all(of_text.row(0) if of_text.width else with_zone) else None


def read_cells(table: Any, options: TableOptions = _NOTHING_TOLD, *, content: bytes | None = None) -> RawTable:
    """The cells of a table, before anything is found in them; cells that have been read are given back.

    Args:
        table: as of `read_table`.
        options: separator, encoding and sheet, as far as the caller knows them.
        content: the bytes of the file, unpacked, if they have been read already.

    Raises:
        InvalidInputError: it is no table.
        MissingLibraryError: it is an Excel file, and the library that reads these is not installed.
    """
    if isinstance(table, RawTable):
        return table
    import polars as pl

    is_path = isinstance(table, str | os.PathLike)
    raw = read_file(Path(table), options, content) if is_path else read_frame(table)
    return replace(raw, frame=raw.frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String)))


def zone_of_times(table: Table | RawTable, options: TableOptions) -> str | None:
    """The zone in which a table has its times, as Parquet and pandas keep it; None if it says none.

    Args:
        table: one that was read, or its cells.
        options: what the caller knows about the table.

    Raises:
        InvalidInputError: a column has times of a zone, and no column is found to be that of the times.
    """
    if isinstance(table, Table):
        return table.report.time_zone
    zones = {name: getattr(dtype, "time_zone", None) for name, dtype in table.frame.schema.items()}
    if not any(zones.values()):
        return None
    return zones.get(find_times(_without(table, options.leave_out), options)[0])


def _without(raw: RawTable, names: Sequence[str]) -> RawTable:
    """The cells without columns that the caller leaves out."""
    unknown = [name for name in names if name not in raw.frame.columns]
    if unknown:
        raise InvalidInputError(
            f"{raw.name} has no column {unknown[0]!r:.60} to leave out; it has {', '.join(raw.frame.columns)[:200]}. "
            f"Correct {named('leave_out')}."
        )
    return replace(raw, frame=raw.frame.drop(names), left_out=raw.left_out + tuple(names)) if names else raw


def _sorted(points: "pl.DataFrame") -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    times, values = np.array(points["time"].to_numpy()), np.array(points["value"].to_numpy())
    if (times[1:] > times[:-1]).all():
        return times, values
    order = np.argsort(times)
    return times[order], values[order]


def _snapped(cells: TimeCells, calendar: Calendar) -> tuple[TimeCells, int]:
    """The times at the nearest starts of buckets, and how many were moved."""
    good = ~cells.are_bad
    times = cells.times.copy()
    times[good] = nearest_starts(times[good], calendar)
    return replace(cells, times=times), int((times != cells.times).sum())


def _count_after(gaps: "pl.DataFrame", points: "pl.DataFrame") -> int:
    """The number of missing values after the last value of their series; a series without any value has none."""
    import polars as pl

    if gaps.is_empty():
        return 0
    ends = points.group_by("series").agg(pl.col("time").max().alias("end"))
    return int(gaps.join(ends, on="series").select((pl.col("time") > pl.col("end")).sum()).item())


def _are_in_blocks(raw: RawTable, cells: TimeCells) -> bool:
    """True if a column of texts has the rows of each text together, and none has a time twice: series, one of them short."""
    import polars as pl

    for name, column in zip(raw.frame.columns, raw.frame, strict=True):
        if column.dtype != pl.String or column.has_nulls() or are_plain_numbers(column.head(_SAMPLE)):
            continue
        texts = column.n_unique()
        if not 1 < texts <= len(column) // 2:
            continue
        blocks = int((column != column.shift(1)).sum()) + 1
        if blocks == texts and not pl.DataFrame({name: column, "": cells.times}).is_duplicated().any():
            return True
    return False


def _repeat(raw: RawTable, cells: TimeCells) -> bool:
    """True if times stand in several rows that are not the same; few are mistakes, such as an hour that clocks repeat."""
    times = cells.times[~cells.are_bad] if cells.are_bad.any() else cells.times
    if (times[1:] > times[:-1]).all():
        return False
    ordered = np.sort(times)
    repeated = int((ordered[1:] == ordered[:-1]).sum())
    if repeated < _FEWEST_REPEATED * len(times) and not (repeated and _are_in_blocks(raw, cells)):
        return False
    return repeated > raw.frame.height - raw.frame.unique().height
