"""Points in CSV files: a column of times and a column of values.

Files of spreadsheets, R and instruments are accepted. The delimiter (semicolon, tab, comma or blanks) is taken from the
first rows, a header is recognised, empty lines and lines starting with `#` are skipped, cells may be in double quotes.
The first time determines the format of the whole column:

- ISO 8601, as `enstorage.instant.to_ns` reads it: `1749-01`, `2015-01-29T21:55:43.702900257Z`
- years of four digits, with or without decimals: `1700`, `1749.042` (that fraction of that year)
- integer nanoseconds since 1970 UTC, recognised by at least one number of 17 or more digits; smaller ones alone could
  also be seconds, milliseconds or `20200131`, so they are refused
"""

import csv
import re
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from enstorage.instant import MIN_NS, SECOND, iso_strings_to_ns, join_seconds, to_iso
from enstorage.progress import checkpoint
from enstorage.writing import write_whole

if TYPE_CHECKING:
    import polars as pl

_LINES_AT_ONCE = 1_000_000
_YEAR = r"^(?P<year>[0-9]{4})(?:\.(?P<fraction>[0-9]+))?$"
_WHOLE = r"^[+-]?[0-9]+$"
_FORMATS = "ISO 8601 (2015-01-29T21:55:43Z, 2015-01), years (1749 or 1749.042), or nanoseconds since 1970"


def read_csv_points(path: str | Path) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Read times and values from a CSV file of two columns; see the module for the formats.

    Args:
        path: A text file in UTF-8, with or without byte order mark.

    Returns:
        Times (nanoseconds since 1970 UTC), each once, and finite values, shape (n,) each, in the order of the file.

    Raises:
        InvalidInputError: The file cannot be read, has no points, does not have two columns, or a row is bad; the
            message gives the line of the first bad row and the number of others.
    """
    path = Path(path)
    return parse_csv_points(path, read_bytes(path))


def parse_csv_points(path: Path, content: bytes) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The points in the bytes of a CSV file; see `read_csv_points`."""
    import polars as pl

    lines = (
        pl.DataFrame({"text": [_text(path, content)]})
        .select(pl.col("text").str.split("\n").explode())
        .with_row_index("line", offset=1)
        .with_columns(pl.col("text").str.strip_chars(" "))
        .filter((pl.col("text").str.strip_chars() != "") & ~pl.col("text").str.starts_with("#"))
    )
    if lines.is_empty():
        raise InvalidInputError(f"{path} holds no points; expected rows of a time and a value. Check the file.")
    delimiter = _find_delimiter(lines["text"].head(2).to_list())
    first_row = _cells(lines["text"][0], delimiter)
    if len(first_row) != 2:
        raise _other_columns(path, first_row)
    if _is_header(first_row):
        lines = lines[1:]
        if lines.is_empty():
            raise InvalidInputError(f"{path} holds a header only; expected rows of a time and a value. Check the file.")

    cells = _all_cells(lines["text"], _row_pattern(delimiter))
    time_texts = cells.select(pl.coalesce("time", "quoted_time").str.strip_chars()).to_series().fill_null("")
    value_texts = cells.select(pl.coalesce("value", "quoted_value").str.strip_chars()).to_series()
    values = value_texts.cast(pl.Float64, strict=False)
    times, times_valid, expected = _parse_times(path, time_texts)
    bad = ~times_valid | ~values.is_finite().fill_null(value=False).to_numpy()
    if bad.any():
        position = int(bad.argmax())
        line, text = lines.row(position)
        further = int(bad.sum()) - 1
        raise InvalidInputError(
            f"{path}, line {line}, cannot be read: {_shorten(text)}; expected a time as {expected}, "
            f"{_delimiter_name(delimiter)}, and a finite number with a decimal point. "
            f"{f'Further bad lines: {further}. ' if further else ''}Correct or remove the row; nothing was stored."
        )
    _check_distinct(path, times, lines)
    return times, np.array(values.to_numpy())


def write_csv_points(
    path: str | Path, times_ns: NDArray[np.int64], values: NDArray[np.float64], *, overwrite: bool = False
) -> None:
    """Write times and values to a CSV file that `read_csv_points` reads back exactly.

    The file is written completely or not at all.

    Args:
        path: The file to create; its folder must exist.
        times_ns: Nanoseconds since 1970 UTC, shape (n,); written as ISO 8601.
        values: Shape (n,); written with as many digits as they need, NaN as `nan`.
        overwrite: Whether an existing file is replaced.

    Raises:
        InvalidInputError: The path is a directory, its folder is missing, the file exists and `overwrite` is false, or
            the arrays differ in shape.
        StoreError: The file system fails.
    """
    import polars as pl

    if times_ns.ndim != 1 or times_ns.shape != values.shape:
        raise InvalidInputError(
            f"Times have shape {times_ns.shape} and values {values.shape}; expected (n,) for both. "
            "Give one value per time."
        )
    # Polars writes the fewest digits that read back to the same float, as `repr` does.
    iso = (
        pl.Series(times_ns).cast(pl.Datetime("ns")).dt.to_string("%Y-%m-%dT%H:%M:%S%.9fZ").str.replace(r"\.?0*Z$", "Z")
    )
    text = pl.DataFrame({"time": iso, "value": values}).write_csv()
    write_whole(path, text.encode(), overwrite=overwrite)


def _check_distinct(path: Path, times: NDArray[np.int64], lines: "pl.DataFrame") -> None:
    order = np.argsort(times, kind="stable")
    repeated = np.flatnonzero(np.diff(times[order]) == 0)
    if len(repeated):
        first, second = order[repeated[0]], order[repeated[0] + 1]
        raise InvalidInputError(
            f"{path}, line {lines['line'][int(second)]}, has the time {to_iso(int(times[first]))} of line "
            f"{lines['line'][int(first)]} again; expected each time once ({len(repeated)} lines repeat one). Drop or "
            "combine them; nothing was stored."
        )


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        InvalidInputError: it does not exist, is a directory or cannot be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise InvalidInputError(f"{path} does not exist; expected a CSV file. Check the path.") from None
    except IsADirectoryError:
        raise InvalidInputError(f"{path} is a directory; expected a CSV file. Name the file in it.") from None
    except OSError as error:
        raise InvalidInputError(f"{path} cannot be read: {error}. Check the path and the rights on it.") from error


def _text(path: Path, content: bytes) -> str:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"{path} is not UTF-8 text (byte {error.start} is not); expected a CSV file. Save it as CSV in UTF-8."
        ) from None
    if "\0" in text:
        raise InvalidInputError(f"{path} is a binary file; expected text in UTF-8. Export it as CSV first.")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _find_delimiter(first_lines: list[str]) -> str:
    """The first delimiter, in order of preference, in the last of the first lines: titles of a header may have others."""
    return next((delimiter for delimiter in ";\t," if delimiter in first_lines[-1]), " ")


def _delimiter_name(delimiter: str) -> str:
    return {";": "a semicolon", "\t": "a tab", ",": "a comma", " ": "blanks"}[delimiter]


def _cells(line: str, delimiter: str) -> list[str]:
    # A file without line ends may be longer than the csv module takes.
    row = next(csv.reader([line[:100_000]], delimiter=delimiter, skipinitialspace=True))
    return [cell.strip() for cell in row if delimiter != " " or cell]


def _all_cells(texts: "pl.Series", pattern: str) -> "pl.DataFrame":
    """The groups of a pattern in each line; a million lines at a time, so that the call can be stopped."""
    import polars as pl

    parts = []
    for start in range(0, len(texts), _LINES_AT_ONCE):
        checkpoint()
        parts.append(texts.slice(start, _LINES_AT_ONCE).str.extract_groups(pattern).struct.unnest())
    return pl.concat(parts)


def _is_header(cells: list[str]) -> bool:
    """True for a header. A first row is data if either cell could be: a bad first value must not be taken for a title."""
    time, value = cells
    if not time:  # the title that pandas writes for an unnamed index
        return True
    return not _is_number(value) and re.match("[+-]?[0-9]", time) is None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _row_pattern(delimiter: str) -> str:
    between = r"[ \t]+" if delimiter == " " else f" *{delimiter} *"
    plain = r'[^"\s]+' if delimiter == " " else f'[^"{delimiter}]*'
    time = f'(?:"(?P<quoted_time>[^"]*)"|(?P<time>{plain}))'
    return f"^{time}{between}{time.replace('time', 'value')}$"


def _parse_times(path: Path, texts: "pl.Series") -> tuple[NDArray[np.int64], NDArray[np.bool_], str]:
    """Times, a mask of the valid ones, and a description of the format, which the first time determines."""
    import polars as pl

    first = texts[0]
    if re.match(_YEAR, first):
        return *_years_to_ns(texts), "a year (1749 or 1749.042)"
    if re.match(_WHOLE, first):
        if texts.str.strip_chars("+-").str.len_chars().to_numpy().max() < 17:
            raise InvalidInputError(
                f"{path} has times such as {_shorten(first)}, which may be nanoseconds, seconds or a date; expected "
                f"{_FORMATS} of 17 digits or more. Write the times as ISO 8601."
            )
        numbers = texts.cast(pl.Int64, strict=False)
        times = np.array(numbers.fill_null(0).to_numpy())
        # Years and dates (20200131) taken as nanoseconds lie in the first tenth of a second of 1970.
        valid = numbers.is_not_null().to_numpy() & (times >= MIN_NS) & ((times == 0) | (abs(times) >= SECOND // 10))
        return times, valid, "integer nanoseconds since 1970"
    expected = "ISO 8601 (2015-01-29T21:55:43Z, 2015-01)"
    times, valid = iso_strings_to_ns(texts)
    return times, valid, expected if valid.any() else _FORMATS


def _years_to_ns(texts: "pl.Series") -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Decimal years as times, exact to the nanosecond; decimals beyond the 18th are less than that and are ignored."""
    import polars as pl

    parts = texts.str.extract_groups(_YEAR).struct.unnest()
    decimals = parts["fraction"].fill_null("").str.pad_end(18, "0")
    years = parts["year"].cast(pl.Int64).fill_null(0).to_numpy() - 1970
    starts = years.astype("datetime64[Y]").astype("datetime64[s]").astype(np.int64)
    length = (years + 1).astype("datetime64[Y]").astype("datetime64[s]").astype(np.int64) - starts
    # length · decimals / 10^18 seconds, in two steps because the product does not fit into int64.
    upper = length * decimals.str.slice(0, 9).cast(pl.Int64).to_numpy()
    lower = (length * decimals.str.slice(9, 9).cast(pl.Int64).to_numpy() + SECOND // 2) // SECOND
    within_year = upper + lower
    times, fits = join_seconds(starts + within_year // SECOND, within_year % SECOND)
    return times, fits & parts["year"].is_not_null().to_numpy()


def _shorten(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:57]}...")


def _other_columns(path: Path, titles: list[str]) -> InvalidInputError:
    return InvalidInputError(
        f"{path} has {len(titles)} column(s) ({_shorten(', '.join(titles))}); expected two, a time and a value, "
        "separated by a comma, semicolon, tab or blanks. Keep the two columns wanted, or read the file with Polars or "
        "pandas and give its two columns."
    )
