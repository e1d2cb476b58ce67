"""`TableReport`: an account of the reading of a table."""

from dataclasses import asdict, dataclass
from typing import Any

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "blanks"}
_THOUSANDS = {",": "commas", ".": "points", " ": "blanks", "'": "apostrophes"}
_SHOWN = 10
_GAPS = ("a gap", "gaps")


@dataclass(frozen=True, slots=True)
class BadRow:
    """A cell that could not be read.

    Attributes:
        place: the row, as `line 7` of a text file or `row 7` of another table.
        column: name of the column.
        value: the content of the cell.
        fault: what is wrong with it.
    """

    place: str
    column: str
    value: str
    fault: str

    def __str__(self) -> str:
        return f"{self.place}, column {self.column!r}: {self.value!r} {self.fault}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReport:
    """The points that were taken from a table, and the form in which it was read.

    Attributes:
        name: of the file, or the kind of the table.
        kind: `text`, `Parquet`, `Excel`, `pandas`, `Polars` or `Arrow`.
        encoding: of a text file, else None.
        separator: of a text file, else None.
        decimal: decimal character of numbers that are written as texts, else None.
        thousands: character between groups of three digits; None if there is none.
        time_columns: columns with the times.
        times: the form of the times.
        series_column: column with the keys of the series; None in a table of one series, and in a wide one.
        value_columns: columns with the values; more than one in a wide table.
        left_out: columns that were not taken.
        skipped_lines: comments, blank lines and lines above the header.
        rows: rows of the table.
        points: points that were taken.
        series: number of series.
        missing: missing values, which became gaps.
        repeated: rows that repeat a row above with the same series, time and value.
        bad_rows: rows that were left out, as `skip_bad_rows` asks for.
    """

    name: str
    kind: str
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    time_columns: tuple[str, ...]
    times: str
    series_column: str | None
    value_columns: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    skipped_lines: int = 0
    rows: int
    points: int
    series: int
    missing: int = 0
    repeated: int = 0
    bad_rows: tuple[BadRow, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The report as JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The report as sentences, for people."""
        found = [f"Read {self.name}: {', '.join(self._form())}."]
        if self.missing:
            found.append(
                f"{_counted(self.missing, 'value is', 'values are')} missing and became {_GAPS[self.missing > 1]}."
            )
        if self.repeated:
            found.append(f"{_counted(self.repeated, 'row repeats', 'rows repeat')} a row above and counted once.")
        if self.left_out:
            found.append(f"Columns left out: {_listed(self.left_out)}.")
        if self.bad_rows:
            found.append(f"{_counted(len(self.bad_rows), 'bad row', 'bad rows')} left out:")
            found += [f"  {row}" for row in self.bad_rows[:_SHOWN]]
            if len(self.bad_rows) > _SHOWN:
                found.append(f"  and {len(self.bad_rows) - _SHOWN} more")
        return found

    def _form(self) -> list[str]:
        form = [self.kind if self.encoding is None else f"text in {self.encoding}"]
        if self.separator is not None:
            form.append(f"separator {_SEPARATORS[self.separator]}")
        if self.decimal == ",":
            form.append("decimal comma")
        if self.thousands is not None:
            form.append(f"thousands with {_THOUSANDS[self.thousands]}")
        if self.skipped_lines:
            form.append(f"{_counted(self.skipped_lines, 'line', 'lines')} skipped")
        form.append(f"times in {_listed(self.time_columns)}: {self.times}")
        if self.series_column is not None:
            form.append(f"{_counted(self.series, 'series', 'series')} by {self.series_column}")
        elif self.series > 1:
            form.append(f"{self.series} series, a column for each")
        return [*form, f"values in {_listed(self.value_columns)}"]


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
