"""Tables as text: the separator and the header are found, and Polars splits the rows into cells."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from enstorage.errors import InvalidInputError
from enstorage.progress import checkpoint
from enstorage.sources.tables.options import TableOptions
from enstorage.sources.tables.raw.encoding import decode
from enstorage.sources.tables.raw.header import column_names, filled_width, find_header, titles_of
from enstorage.sources.tables.raw.table import RawTable

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

_SAMPLE_LINES = 100
_MOST_COLUMNS = 20_000
# A shop's order #1001 at the start of a row is none.
_COMMENT = re.compile(r"^[ \t]*(?:%|#(?![0-9]+[,;\t|]))[^\n]*", re.MULTILINE)
_SEP_LINE = re.compile(r'^"?sep=(.)"?$', re.IGNORECASE)


def read_text(path: Path, content: bytes, options: TableOptions) -> RawTable:
    """The cells of a table that is written as text.

    Args:
        path: of the file, for messages.
        content: the bytes of the file.
        options: separator and encoding, as far as the caller knows them.

    Raises:
        InvalidInputError: it is no text, or has no rows.
    """
    text, encoding = decode(path, content, options.encoding)
    checkpoint()
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "#" in text or "%" in text:  # a comment becomes a blank line, so that the numbers of lines stay
        text = _COMMENT.sub("", text)
    told, text = _told_separator(text, options.separator)
    sample = list(islice((line for line in _lines(text) if line.strip(" \t;,|")), _SAMPLE_LINES))
    if not sample:
        raise InvalidInputError(f"{path} holds no points; expected rows of a time and a value. Check the file.")
    separator = told or _find_separator(sample)
    cut = separator
    if separator == " ":
        text, sample, cut = _with_tabs(text), [_with_tabs(line) for line in sample], "\t"
    rows = [_cells(line, cut) for line in sample]
    above, lines = find_header(rows)
    has_header = lines > 0
    header = titles_of(rows[above : above + lines]) if has_header else []
    names = column_names([*header, *[""] * (filled_width(rows[above:]) - len(header))])
    if len(names) > _MOST_COLUMNS:
        raise InvalidInputError(
            f"{path} has {len(names)} columns; expected at most {_MOST_COLUMNS}. Give a long table."
        )
    start = _end_of_line(text, above + lines)
    before, body = text.count("\n", 0, start), text[start:].encode()
    del text  # a large file is not kept twice while it is split
    frame, is_quoted = _split(body, cut, len(names))
    quoted = body if is_quoted else b""
    del body
    kept = _not_blank(frame)
    if not len(kept):
        raise InvalidInputError(f"{path} holds a header only; expected rows of a time and a value. Check the file.")

    def place(row: int) -> str:
        position = int(kept[row])
        return f"line {before + 1 + (_line_of(quoted, cut, position) if is_quoted else position)}"

    whole = frame.height
    frame = frame if len(kept) == whole else frame[kept]
    return RawTable(
        name=str(path),
        kind="text",
        frame=_named(frame[:, :-1], names),
        place=place,
        has_header=has_header,
        encoding=encoding,
        separator=separator,
        skipped_lines=before - lines + whole - len(kept),
        rest=frame[:, -1] if frame[:, -1].null_count() < frame.height else None,
    )


def _lines(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1


def _told_separator(text: str, asked: str | None) -> tuple[str | None, str]:
    """The separator that the caller or the first line, `sep=;`, gives; and the text without such a line's content."""
    first = next((line for line in _lines(text) if line.strip()), "")
    match = _SEP_LINE.match(first.strip())
    if match is None:
        return asked, text
    return asked or match[1], text.replace(first, "", 1)


def _find_separator(sample: list[str]) -> str:
    """The separator that cuts most lines into equally many cells, at least two; blanks if there is none."""

    def equal(separator: str) -> int:
        counts = Counter(len(_cells(line, separator)) for line in sample)
        return max((number for width, number in counts.items() if width > 1), default=0)

    # Of equally good ones the first counts: 1,5;2,5 has two commas in each line.
    best = max(";\t|,", key=equal)
    return best if equal(best) else " "


def _cells(line: str, separator: str) -> list[str]:
    try:
        row = next(csv.reader([line], delimiter=separator, skipinitialspace=True))
    except csv.Error:  # a cell is longer than the module takes
        row = line.split(separator)
    return [cell.strip() for cell in row]


def _with_tabs(text: str) -> str:
    """The text with a tab in place of the blanks between cells; blanks inside of quotes stay."""
    import polars as pl

    found = pl.Series([text]).str.replace_all(r"(?m)^[ \t]+|[ \t]+$", "")
    return str(found.str.replace_all(r'("[^"\n]*")[ \t]*|[ \t]+', "${1}\t")[0])


def _end_of_line(text: str, count: int) -> int:
    """The place after so many lines that are not blank."""
    place = 0
    while count:
        end = text.find("\n", place)
        end = len(text) if end < 0 else end
        count -= bool(text[place:end].strip(" \t;,|"))
        place = min(end + 1, len(text))
    return place


def _split(body: bytes, separator: str, width: int) -> "tuple[pl.DataFrame, bool]":
    """The cells, with one column more for what stands behind the last one; and whether cells are in quotes."""
    import polars as pl

    columns = {str(number): pl.String for number in range(width + 1)}
    is_quoted = b'"' in body
    if not body:
        return pl.DataFrame(schema=columns), is_quoted
    try:
        frame = pl.read_csv(
            body,
            has_header=False,
            schema=columns,
            separator=separator,
            quote_char='"' if is_quoted else None,
            truncate_ragged_lines=True,
            missing_columns="insert",
        )
    except pl.exceptions.PolarsError:  # such as a blank behind a quote
        lines = csv.reader(io.StringIO(body.decode()), delimiter=separator, skipinitialspace=True)
        rows = [
            [cell or None for cell in row[: width + 1]] + [None] * (width + 1 - len(row)) for row in _checked(lines)
        ]
        frame = pl.DataFrame(rows, schema=columns, orient="row")
    return frame, is_quoted


def _checked(lines: "Iterator[list[str]]") -> Iterator[list[str]]:
    try:
        yield from lines
    except csv.Error as error:
        raise InvalidInputError(f"The table cannot be read: {error}. Close the quotes, or leave them out.") from None


def _not_blank(frame: "pl.DataFrame") -> "NDArray[np.int64]":
    """The positions of the rows that have a cell."""
    import polars as pl

    def is_blank(column: str) -> pl.Expr:
        return pl.col(column).is_null() | (pl.col(column).str.strip_chars() == "")

    first, *others = frame.columns
    rows = frame.select(is_blank(first)).to_series()
    if rows.any():
        rows = frame.select(pl.all_horizontal(is_blank(column) for column in (first, *others))).to_series()
    return (~rows).arg_true().to_numpy().astype(np.int64)


def _line_of(body: bytes, separator: str, position: int) -> int:
    """The line in which a row begins: a cell in quotes may have several lines."""
    lines = csv.reader(io.StringIO(body.decode()), delimiter=separator)
    for _ in range(position):
        next(lines, None)
    return lines.line_num


def _named(frame: "pl.DataFrame", names: list[str]) -> "pl.DataFrame":
    """The frame with its names, without columns that have neither a name nor a cell."""
    is_named = [name != str(position) for position, name in enumerate(names, start=1)]
    frame.columns = names
    kept = [
        name for name, named in zip(names, is_named, strict=True) if named or frame[name].null_count() < frame.height
    ]
    return frame.select(kept)
