"""Text files of points, read within limits: the bytes of a file, and its lines with their numbers."""

import gzip
import io
import stat
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from enstorage.errors import InvalidInputError
from enstorage.progress import checkpoint
from enstorage.settings import limit
from enstorage.sources.stream import open_to_read

if TYPE_CHECKING:
    import polars as pl

_CHUNK_BYTES = 2**20
_BLOCK_BYTES = 2**24
#: A packed file may unpack to this whatever its size.
_FREE_BYTES = 2**26


def read_bytes(path: Path, kind: str, *, packing: str | None = None, is_text: bool = True) -> bytes:
    """The content of a file.

    Args:
        path: of a file, a pipe or a device.
        kind: kind of the file that is expected, for messages, such as `CSV file`.
        packing: `gzip` or `zstd` if it is compressed; what is given is unpacked.
        is_text: whether it has lines, whose length is limited.

    Raises:
        InvalidInputError: it is not there, is a directory, cannot be read, or is larger than the settings allow.
    """
    try:
        with open_to_read(path) as opened, _unpacked(opened, packing) as file:
            status = path.stat()
            size = status.st_size if stat.S_ISREG(status.st_mode) else None
            reader = _Reader(path, kind, None if packing is None else size, is_text=is_text)
            if size is not None and packing is None:
                reader.check_size(size)
            while chunk := file.read(reader.chunk_bytes):
                reader.add(chunk)
    except FileNotFoundError:
        raise InvalidInputError(f"{path} does not exist; expected a {kind}. Check the path.") from None
    except IsADirectoryError:
        raise InvalidInputError(f"{path} is a directory; expected a {kind}. Name the file in it.") from None
    except (OSError, ValueError, EOFError, zlib.error) as error:
        if isinstance(error, InvalidInputError):
            raise
        is_wait = isinstance(error, TimeoutError)
        if packing is not None and not is_wait and (not isinstance(error, OSError) or error.errno is None):
            raise InvalidInputError(
                f"{path} is not a complete {packing} file, although its name ends in {path.suffix}. Compress it again."
            ) from None
        raise InvalidInputError(f"{path} cannot be read: {error}. Check the path and the rights on it.") from error
    return reader.content.getvalue()


def _unpacked(opened: BinaryIO, packing: str | None) -> "AbstractContextManager[Any]":
    if packing is None:
        return nullcontext(opened)
    if packing == "gzip":
        return gzip.open(opened)
    import pyarrow as pa

    return closing(pa.CompressedInputStream(pa.PythonFile(opened, mode="r"), packing))


class _Reader:
    """Collects the content of a file, and refuses too many bytes and too long lines as soon as they are there."""

    def __init__(self, path: Path, kind: str, packed_bytes: int | None, *, is_text: bool) -> None:
        self.content = io.BytesIO()
        self._path, self._kind, self._is_text = path, kind, is_text
        self._most, self._longest = limit("max_file_bytes"), limit("max_line_bytes")
        self._ratio, self._packed_bytes = limit("max_unpack_ratio"), packed_bytes
        #: To be read at once: a line inside of a chunk is never too long.
        self.chunk_bytes = min(_CHUNK_BYTES, self._longest)
        self._line = 0  # bytes of the line that goes on

    def check_size(self, size: int) -> None:
        if size > self._most:
            raise self._refused(f"has more than {self._most} bytes", "ENSTORAGE_MAX_FILE_BYTES")

    def add(self, chunk: bytes) -> None:
        checkpoint()
        self.content.write(chunk)
        size = self.content.tell()
        self.check_size(size)
        if self._packed_bytes is not None and size > max(_FREE_BYTES, self._ratio * self._packed_bytes):
            raise self._refused(
                f"unpacks to more than {self._ratio} times its {self._packed_bytes} bytes", "ENSTORAGE_MAX_UNPACK_RATIO"
            )
        if not self._is_text:
            return
        last_end = max(chunk.rfind(b"\n"), chunk.rfind(b"\r"))
        first_end = min(place for place in (chunk.find(b"\n"), chunk.find(b"\r"), len(chunk)) if place >= 0)
        if self._line + first_end > self._longest:
            raise self._refused(f"has a line of more than {self._longest} bytes", "ENSTORAGE_MAX_LINE_BYTES")
        self._line = self._line + len(chunk) if last_end < 0 else len(chunk) - last_end - 1

    def _refused(self, fault: str, setting: str) -> InvalidInputError:
        return InvalidInputError(
            f"{self._path} {fault}; expected a {self._kind}. If it is right, allow more by the setting {setting}."
        )


def numbered_lines(
    path: Path, content: bytes, kind: str, *, blanks: str, is_kept: "pl.Expr"
) -> "Iterator[pl.DataFrame]":
    """The lines of a text, some megabytes at a time: `line`, the number in the file, and `text`.

    Args:
        path: of the file, for messages.
        content: in UTF-8, with or without byte order mark; lines end as anywhere.
        kind: kind of the file that is expected, for messages.
        blanks: characters that are taken away at both ends of a line.
        is_kept: an expression of `text`, true for the lines that are given.

    Raises:
        InvalidInputError: it is no text in UTF-8.
    """
    import polars as pl

    before = 0
    for start, end in _blocks(content):
        checkpoint()
        text = _decoded(path, content[start:end], start, kind)
        yield (
            pl.DataFrame({"text": [text]})
            .select(pl.col("text").str.split("\n").explode())
            .with_row_index("line", offset=before + 1)
            .with_columns(pl.col("text").str.strip_chars(blanks))
            .filter(is_kept)
        )
        before += text.count("\n")


def _blocks(content: bytes) -> Iterator[tuple[int, int]]:
    start = 0
    while len(content) - start > _BLOCK_BYTES:
        place = content.rfind(b"\n", start, start + _BLOCK_BYTES)
        if place < 0:
            place = content.rfind(b"\r", start, start + _BLOCK_BYTES)
        end = len(content) if place < 0 else place + 1
        yield start, end
        start = end
    yield start, len(content)


def _decoded(path: Path, content: bytes, start: int, kind: str) -> str:
    try:
        text = content.decode("utf-8-sig" if start == 0 else "utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInputError(
            f"{path} is not UTF-8 text (byte {start + error.start} is not); expected a {kind}. Save it in UTF-8."
        ) from None
    return text.replace("\r\n", "\n").replace("\r", "\n")
