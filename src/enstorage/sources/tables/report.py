"""`TableReport`: an account of the reading of a table."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from enstorage.parameters.naming import named

_SEPARATORS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe", " ": "blanks"}
_THOUSANDS = {",": "commas", ".": "points", " ": "blanks", "'": "apostrophes"}
_COMBINED = {"mean": "their mean", "sum": "their sum", "first": "the first value", "last": "the last value"}
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
        sheet: the one that was read of an Excel file with several; else None.
        encoding: of a text file, else None.
        separator: of a text file, else None.
        decimal: decimal character of numbers that are written as texts, else None.
        thousands: character between groups of three digits; None if there is none.
        time_columns: columns with the times.
        times: the form of the times.
        time_zone: IANA name of the zone of the times, if the table itself names one, as Parquet files do, or the caller.
        lack_zone: true if the times have no offset and no zone: they were taken as UTC.
        is_counted: true if the times are the integers of an integer axis.
        series_column: column with the keys of the series; None in a table of one series, and in a wide one.
        value_columns: columns with the values; more than one in a wide table.
        left_out: columns that were not taken.
        skipped_lines: comments, blank lines and lines above the header.
        rows: rows of the table.
        points: points that were taken.
        series: number of series.
        missing: missing values; they became gaps, but for those of `missing_after`.
        missing_after: those after the last one of their series, as in rows that only have what is known ahead.
        repeated: rows that repeat a row above with the same series, time and value.
        combined: rows whose series and time stand in a row above, and whose values were combined with it.
        duplicates: the way in which they were, see `TableOptions`; None if there are none.
        snapped: times that were moved to the start of a bucket.
        snap: the buckets; None if no time was moved.
        units: the unit that stands beside the values of each value column; empty where none does.
        offsets: offsets from UTC of the times, if they have several and no time zone was given.
        skipped_hours: hours that are missing as where clocks are set forward; times without a zone were taken as UTC.
        signs: marks of negative values, and the column of each, such as `S` in `Soll/Haben`.
        far_values: numbers that may stand for missing values, such as -99.9, since they are far from all others: the column,
            the number and its count.
        in_parentheses: values in parentheses, which were read as negative numbers.
        bad_rows: rows that were left out, as `skip_bad_rows` asks for.
    """

    name: str
    kind: str
    sheet: str | None = None
    encoding: str | None = None
    separator: str | None = None
    decimal: str | None = None
    thousands: str | None = None
    time_columns: tuple[str, ...]
    times: str
    time_zone: str | None = None
    lack_zone: bool = False
    is_counted: bool = False
    series_column: str | None
    value_columns: tuple[str, ...]
    left_out: tuple[str, ...] = ()
    skipped_lines: int = 0
    rows: int
    points: int
    series: int
    missing: int = 0
    missing_after: int = 0
    repeated: int = 0
    combined: int = 0
    duplicates: str | None = None
    snapped: int = 0
    snap: str | None = None
    units: tuple[str, ...] = ()
    offsets: tuple[str, ...] = ()
    skipped_hours: tuple[str, ...] = ()
    signs: tuple[tuple[str, str], ...] = ()
    far_values: tuple[tuple[str, float, int], ...] = ()
    in_parentheses: int = 0
    bad_rows: tuple[BadRow, ...] = ()

    @property
    def unit(self) -> str:
        """The unit of all values; empty if there is none, or if there are several."""
        return self.units[0] if len(set(self.units)) == 1 else ""

    def to_json(self) -> dict[str, Any]:
        """The report as JSON."""
        return asdict(self)

    def lines(self) -> list[str]:
        """The report as sentences, for people."""
        found = [f"Read {Path(self.name).name}: {', '.join(self._form())}."]
        if gaps := self.missing - self.missing_after:
            found.append(f"{_counted(gaps, 'value is', 'values are')} missing and became {_GAPS[gaps > 1]}.")
        if self.missing_after:
            values = _counted(self.missing_after, "value is", "values are")
            found.append(f"{values} missing after the last one of a series, which is no gap: the series ends before.")
        for column, number, count in self.far_values[:_SHOWN]:
            found.append(
                f"{_counted(count, 'value is', 'values are')} {number:.12g} in {column}, far from all others. If that means "
                f"a missing value, give {named('missing')} as {number:.12g}."
            )
        if self.in_parentheses:
            values = _counted(self.in_parentheses, "value in parentheses was", "values in parentheses were")
            found.append(f"{values} read as negative.")
        found += [f"Values with {mark} in {column} were read as negative." for mark, column in self.signs]
        if self.repeated:
            found.append(f"{_counted(self.repeated, 'row repeats', 'rows repeat')} a row above and counted once.")
        if self.combined:
            rows = _counted(self.combined, "row has", "rows have")
            found.append(f"{rows} the time of a row above; {_COMBINED[self.duplicates or '']} was taken.")
        if self.snapped:
            found.append(
                f"{_counted(self.snapped, 'time was', 'times were')} moved to the nearest start of {self.snap}."
            )
        if self.offsets:
            found.append(
                f"Times have several offsets from UTC ({_listed(self.offsets)}), but days are those of UTC. If they are "
                f"of a zone that changes its clocks, name it with {named('time_zone')}, such as Europe/London."
            )
        if self.skipped_hours:
            hours = _counted(len(self.skipped_hours), "hour is", "hours are")
            found.append(
                f"{hours} missing as where clocks are set forward ({_listed(self.skipped_hours)}), and times were taken as "
                f"UTC. If they are of a zone that changes its clocks, name it with {named('time_zone')}, such as "
                "Europe/London."
            )
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
        if self.sheet is not None:
            form.append(f"sheet {self.sheet}")
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
        units = tuple(sorted({unit for unit in self.units if unit}))
        named = f" with the unit{'s' if len(units) > 1 else ''} {_listed(units)}" if units else ""
        return [*form, f"values in {_listed(self.value_columns)}{named}"]


def _counted(count: int, one: str, many: str) -> str:
    return f"{count} {one if count == 1 else many}"


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
