"""Points in files of InfluxDB's line protocol, such as `influx_inspect export` and Telegraf write.

A line is `measurement,tag=text,… field=number,… time`. Simple lines are parsed together; lines with quoted texts or
backslashes one by one, by a parser that follows that of InfluxDB. Empty lines, lines that begin with `#` and the
statements between `# DDL` and `# DML` are skipped. Of several lines with one time the last counts, as in InfluxDB.

That parser accepts no numbers nearer to zero than 2.2e-308; in simple lines they are read exactly.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from line_protocol_parser import LineFormatError, parse_line
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from enstorage.instant import MAX_NS
from enstorage.sources.text_file import numbered_lines, read_bytes

#: Nanoseconds in a unit of time; the names are those of InfluxDB.
PRECISIONS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": 1_000_000_000}

_KIND = "file of line protocol"
_KEY = r'[^,=\s\\"]+'
_NUMBER = r"-?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?"
_VALUE = rf'(?:{_NUMBER}|-?[0-9]+i|[0-9]+u|[tTfF]|true|True|TRUE|false|False|FALSE|"[^"\\]*")'
_SIMPLE = rf'^[^,\s\\"]+(?:,{_KEY}={_KEY})* {_KEY}={_VALUE}(?:,{_KEY}={_VALUE})*(?: -?[0-9]+)?$'
_NOT_SIMPLE = set(',= \t"\\')
_FOUND = {"row": pl.UInt32, "time": pl.String, "value": pl.String}
# Nanoseconds since September 1970 have more digits; fewer may also be microseconds, milliseconds or seconds.
_FEWEST_NANOSECONDS = 10**16


@dataclass(frozen=True, slots=True)
class LineFile:
    """The points to read from a file.

    Attributes:
        path: the file; `.gz` is decompressed.
        tags: tags that a line must have.
        measurement: the measurement that a line must begin with.
        field: the field with the value.
        precision: the unit of the times, one of `PRECISIONS`; None means nanoseconds, but times that look like another
            unit are refused.
    """

    path: Path
    tags: Mapping[str, str]
    measurement: str = "data_source"
    field: str = "value"
    precision: str | None = None

    def read(self) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Times (nanoseconds since 1970 UTC, ascending, each once) and values, shape (n,) each, n ≥ 1.

        Raises:
            InvalidInputError: the file cannot be read or has no such points, or a line is malformed: the message gives the
                number of the first such line and counts the others.
        """
        if self.precision is not None and self.precision not in PRECISIONS:
            raise InvalidInputError(f"There is no precision {self.precision!r}; known are {', '.join(PRECISIONS)}.")
        lines = _lines(self.path)
        is_simple = lines["text"].str.contains(_SIMPLE)
        others, swallowed, faults = self._parse(lines["text"], (~is_simple).arg_true().to_list())
        simple = lines.with_row_index("row").filter(is_simple & ~pl.col("row").is_in(swallowed))
        points = pl.concat([self._wanted(simple), others]).sort("row")
        times = points["time"].str.to_integer(dtype=pl.Int64, strict=False)
        unit = PRECISIONS[self.precision or "ns"]
        points = points.with_columns(
            time=pl.when(times.is_between(-(MAX_NS // unit), MAX_NS // unit)).then(times * unit),
            number=_numbers(points["value"]),
        )
        faults |= _faults(points)
        if faults:
            raise self._bad_line(lines, faults)
        if points.is_empty():
            raise self._nothing_found(lines)
        self._check_unit(points["time"])
        kept = points.unique("time", keep="last").sort("time")
        return np.array(kept["time"].to_numpy()), np.array(kept["number"].to_numpy())

    def _wanted(self, simple: pl.DataFrame) -> pl.DataFrame:
        """The simple lines with the wanted points: `row`, and the texts of `time` and `value`."""
        if any(
            not name or _NOT_SIMPLE & set(name) for name in (self.measurement, self.field, *sum(self.tags.items(), ()))
        ):
            return pl.DataFrame(schema=_FOUND)
        # Splitting at single characters takes a tenth of the time of a pattern.
        key, fields, time = (pl.col("parts").struct.field(f"field_{index}") for index in range(3))
        is_wanted = (key + ",").str.starts_with(f"{self.measurement},")
        for tag, text in self.tags.items():
            is_wanted &= (key + ",").str.contains(f",{tag}={text},", literal=True)
        value = (
            ("," + fields)
            .str.splitn(f",{self.field}=", 2)
            .struct.field("field_1")
            .str.splitn(",", 2)
            .struct.field("field_0")
        )
        return (
            simple.select("row", parts=pl.col("text").str.replace_all('"[^"]*"', '""').str.splitn(" ", 3))
            .filter(is_wanted)
            .select("row", time=time, value=value)
            .drop_nulls("value")
        )

    def _parse(self, texts: pl.Series, rows: list[int]) -> tuple[pl.DataFrame, list[int], dict[int, str]]:
        """The wanted points in other lines; the rows that continue a line above; and the faults by row."""
        found: list[tuple[int, str | None, str]] = []
        swallowed: list[int] = []
        faults: dict[int, str] = {}
        for row, begins in zip(rows, texts.gather(rows), strict=True):
            if swallowed and row <= swallowed[-1]:
                continue
            line, end = _parsed(begins), row
            if line is None:  # a text may continue in the next lines
                pieces, is_open = [begins], _ends_in_text(begins)
                while is_open and end + 1 < len(texts):
                    end += 1
                    pieces.append(texts[end])
                    is_open ^= _ends_in_text(texts[end])
                line = _parsed("\n".join(pieces))
                swallowed += range(row + 1, end + 1)
            if line is None:
                faults[row] = "cannot be read"
            elif self._is_wanted(line):
                time = line["time"]
                found.append((row, None if time is None else str(time), repr(line["fields"][self.field])))
        return pl.DataFrame(found, schema=_FOUND, orient="row"), swallowed, faults

    def _is_wanted(self, line: dict[str, Any]) -> bool:
        return (
            line["measurement"] == self.measurement
            and self.field in line["fields"]
            and all(line["tags"].get(key) == text for key, text in self.tags.items())
        )

    def _check_unit(self, times: pl.Series) -> None:
        if self.precision is None and int(np.abs(times.to_numpy()).max()) < _FEWEST_NANOSECONDS:
            raise InvalidInputError(
                f"{self.path} has times such as {times[0]}, which may be nanoseconds, microseconds, milliseconds or "
                "seconds; expected nanoseconds of 17 digits or more. Give their unit as precision: "
                f"{', '.join(PRECISIONS)}."
            )

    def _bad_line(self, lines: pl.DataFrame, faults: dict[int, str]) -> InvalidInputError:
        row = min(faults)
        further = f"Further bad lines: {len(faults) - 1}. " if len(faults) > 1 else ""
        return InvalidInputError(
            f"{self.path}, line {lines['line'][row]}, {faults[row]}: {_shorten(lines['text'][row])}; expected a line such "
            f"as data_source,mysql_id=234 value=0.55 1422568543702900257. {further}Correct or remove it; nothing was stored."
        )

    def _nothing_found(self, lines: pl.DataFrame) -> InvalidInputError:
        wanted = ",".join([self.measurement, *(f"{key}={text}" for key, text in self.tags.items())])
        begins = f", the first {_shorten(lines['text'][0])}" if lines.height else ""
        return InvalidInputError(
            f"{self.path} holds no points; expected lines of {wanted} with the field {self.field}, received {lines.height} "
            f"lines{begins}. Give measurement, tags and field as they are in the file."
        )


def _lines(path: Path) -> pl.DataFrame:
    """Columns `line`, the number in the file, and `text`, of all lines that are no comments."""
    content = read_bytes(path, _KIND, packing="gzip" if path.suffix == ".gz" else None)
    text = pl.col("text")
    is_comment, is_mark = text.str.starts_with("#"), text.is_in(["# DDL", "# DML"])
    pieces = numbered_lines(path, content, _KIND, blanks=" \t", is_kept=(text != "") & (~is_comment | is_mark))
    lines = pl.concat(list(pieces))
    is_statement = pl.when(is_mark).then(text == "# DDL").forward_fill().fill_null(value=False)
    return lines.filter(~is_statement & ~is_mark)


def _parsed(text: str) -> dict[str, Any] | None:
    try:
        line: dict[str, Any] = parse_line(text)
    except LineFormatError:
        return None
    return line


def _ends_in_text(line: str) -> bool:
    """True if a quoted text begins in the line but does not end there, or ends but does not begin there."""
    return re.sub(r'\\["\\]', "", line).count('"') % 2 == 1


def _numbers(texts: pl.Series) -> pl.Series:
    """Values as floats; null for a text that is not a number or is out of range."""
    text, bare = pl.col("text"), pl.col("text").str.strip_suffix("i").str.strip_suffix("u")
    fits = (
        pl.when(text.str.ends_with("i"))
        .then(bare.str.to_integer(dtype=pl.Int64, strict=False).is_not_null())
        .when(text.str.ends_with("u"))
        .then(bare.str.to_integer(dtype=pl.UInt64, strict=False).is_not_null())
        .otherwise(pl.lit(True))
    )
    number = bare.cast(pl.Float64, strict=False)
    return texts.to_frame("text").select(pl.when(fits & number.is_finite()).then(number)).to_series()


def _faults(points: pl.DataFrame) -> dict[int, str]:
    """The fault of each wrong row."""
    reasons = (
        pl.when(pl.col("time").is_null()).then(pl.lit("has no time, or one that is out of range"))
        .when(pl.col("number").is_null()).then(pl.lit("has a value that is not a finite number"))
    )  # fmt: skip
    wrong = points.select("row", reason=reasons).drop_nulls()
    return dict(wrong.iter_rows())


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}...")
