"""One way for every table: whatever a person has becomes a long table of points, and a report of what was taken."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from enstorage.progress import checkpoint
from enstorage.sources.tables.cells import TimeCells, read_times, read_values
from enstorage.sources.tables.layout import find_times, find_values
from enstorage.sources.tables.long_form import to_long
from enstorage.sources.tables.options import TableOptions
from enstorage.sources.tables.raw.files import read_file
from enstorage.sources.tables.raw.frames import read_frame
from enstorage.sources.tables.raw.table import RawTable
from enstorage.sources.tables.report import TableReport

if TYPE_CHECKING:
    import polars as pl


_NOTHING_TOLD = TableOptions()
#: In a long table at least this share of the rows have the time of another one.
_FEWEST_REPEATED = 0.05


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

    def times(self) -> NDArray[np.int64]:
        """The times of the longest series, ascending, also those without a value: its interval is inferred from all."""
        key, (times, _) = max(self.by_series().items(), key=lambda item: len(item[1][0]))
        return np.union1d(times, self.gaps.filter(series=key)["time"].to_numpy())

    def one_series(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Times (ascending) and values of the only series.

        Raises:
            InvalidInputError: there are several.
        """
        if self.report.series > 1:
            keys = self.points["series"].unique(maintain_order=True).head(5)
            raise InvalidInputError(
                f"{self.report.name} has {self.report.series} series, such as {', '.join(map(repr, keys))}; expected one. "
                "Choose the column of one with value_column (--value-column), or make a panel of all: Panel.from_table."
            )
        return _sorted(self.points)


def read_table(table: Any, options: TableOptions = _NOTHING_TOLD, *, content: bytes | None = None) -> Table:
    """Read any table: a file of text, Parquet or Excel, or a table of pandas, Polars or Arrow.

    A table is long (a row for each point, with a column for the keys of the series), wide (a column for each series) or
    has one series. Missing values are gaps: they are counted, and no points.

    Args:
        table: a path, or a table in memory; a `Table` that has been read is given back.
        options: what the caller knows about the table.
        content: the bytes of the file, unpacked, if they have been read already.

    Raises:
        InvalidInputError: the table cannot be read, its columns are not clear, or a row is bad; the message names the row,
            the column and the value, and says what to do.
        MissingLibraryError: it is an Excel file, and the library that reads these is not installed.
    """
    if isinstance(table, Table):
        return table
    is_path = isinstance(table, str | os.PathLike)
    raw = read_file(Path(table), options, content) if is_path else read_frame(table)
    checkpoint()
    time_columns = find_times(raw, options)
    times = read_times(raw, time_columns, options)
    checkpoint()
    layout = find_values(raw, time_columns, options, times_repeat=_repeat(raw, times))
    values, form = read_values(raw, layout.values, options)
    checkpoint()
    found = to_long(raw, time_columns, times, layout, values, options)
    report = TableReport(
        name=raw.name,
        kind=raw.kind,
        encoding=raw.encoding,
        separator=raw.separator,
        decimal=form.decimal if raw.kind == "text" else None,
        thousands=form.thousands,
        time_columns=time_columns,
        times=times.shown,
        series_column=layout.series,
        value_columns=layout.values,
        left_out=layout.left_out,
        skipped_lines=raw.skipped_lines,
        rows=raw.frame.height,
        points=found.points.height,
        series=found.points["series"].n_unique() if len(layout.values) > 1 or layout.series else 1,
        missing=sum(int(column.are_missing.sum()) for column in values),
        repeated=found.repeated,
        bad_rows=found.bad_rows,
    )
    return Table(found.points, found.gaps, report)


def _sorted(points: "pl.DataFrame") -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    times, values = np.array(points["time"].to_numpy()), np.array(points["value"].to_numpy())
    if (times[1:] > times[:-1]).all():
        return times, values
    order = np.argsort(times)
    return times[order], values[order]


def _repeat(raw: RawTable, cells: TimeCells) -> bool:
    """True if times stand in several rows that are not the same; few are mistakes, such as an hour that clocks repeat."""
    times = cells.times[~cells.are_bad] if cells.are_bad.any() else cells.times
    if (times[1:] > times[:-1]).all():
        return False
    ordered = np.sort(times)
    repeated = int((ordered[1:] == ordered[:-1]).sum())
    if repeated < _FEWEST_REPEATED * len(times):
        return False
    return repeated > raw.frame.height - raw.frame.unique().height
