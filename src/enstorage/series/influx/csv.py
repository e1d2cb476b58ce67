"""Points in CSV responses of InfluxDB: columns `name`, `tags`, `time` and a value, in one part or in many.

A part begins with a line of column names. InfluxDB 1 and 2 write one part for each statement, with the tags of GROUP BY
in the column `tags`; InfluxDB 3 writes one for each chunk, with each such tag in a column of its own.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import polars as pl

from enstorage.errors import StoreError

# No line of points begins like this: the measurement has another name.
_HEAD = re.compile(rb"^name,tags,([^\r\n]*)\r?\n?", re.MULTILINE)
_SCHEMA = {"time": pl.Int64, "value": pl.Float64, "tags": pl.String}
# Larger pieces are not parsed faster; smaller ones are parsed slower.
_PIECE_BYTES = 1 << 23


class CsvPoints(NamedTuple):
    """The points of a response.

    Attributes:
        frame: columns `time`, `value` and, if requested, `tags`: a text that differs for each set of tags.
        is_whole: true if the names of databases, requested by a second statement, follow the points.
    """

    frame: pl.DataFrame
    is_whole: bool


def read_csv(pieces: Iterable[bytes], *, with_tags: bool) -> CsvPoints:
    """Read a response from its pieces, which may end anywhere.

    Raises:
        StoreError: it is not a response of InfluxDB.
    """
    wanted = list(_SCHEMA) if with_tags else ["time", "value"]
    frames = [pl.DataFrame(schema={name: _SCHEMA[name] for name in wanted})]
    columns: list[str] = []
    is_whole = False
    for lines in _whole_lines(pieces):
        # Rows and the names of the columns of the next rows, by turns.
        rows, *following = _HEAD.split(lines)
        frames += _parse(rows, columns, wanted)
        for head, rows_below in zip(following[::2], following[1::2], strict=True):
            columns = ["name", "tags", *head.decode().split(",")]
            is_whole = is_whole or columns[2:] == ["name"]
            frames += _parse(rows_below, columns, wanted)
    return CsvPoints(pl.concat(frames), is_whole)


def _whole_lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    gathered, size = [], 0
    for piece in pieces:
        gathered.append(piece)
        size += len(piece)
        if size >= _PIECE_BYTES:
            lines, end, rest = b"".join(gathered).rpartition(b"\n")
            yield lines + end
            gathered, size = [rest], len(rest)
    yield b"".join(gathered)


def _parse(rows: bytes, columns: list[str], wanted: list[str]) -> list[pl.DataFrame]:
    rows = rows.strip()
    if not rows or "time" not in columns:
        return []
    value = columns[-1]
    types = {"time": pl.Int64, value: pl.Float64}
    tags = [name for name in columns if name not in {"name", "time", value}]
    taken = [name for name in columns if name in types or (name in tags and "tags" in wanted)]
    try:
        frame = pl.read_csv(
            rows,
            has_header=False,
            schema={name: types.get(name, pl.String) for name in columns},
            columns=[columns.index(name) for name in taken],
            null_values="null",
        )
    except pl.exceptions.PolarsError:
        beginning = rows[:60].decode(errors="replace")
        raise StoreError(
            f"The response of InfluxDB cannot be read as points; it begins with {beginning!r}. Check the versions of the "
            "server and of enstorage."
        ) from None
    renamed = [pl.col("time"), pl.col(value).alias("value")]
    if "tags" in wanted:
        renamed.append(pl.concat_str(tags, separator=",", ignore_nulls=True).alias("tags"))
    return [frame.select(renamed)]
