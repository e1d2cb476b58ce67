"""Tables in files: text, Parquet and Excel, plain or compressed (`.gz`, `.zst`)."""

from pathlib import Path

from enstorage.errors import InvalidInputError
from enstorage.settings import limit
from enstorage.sources.tables.options import TableOptions
from enstorage.sources.tables.raw.excel import read_excel
from enstorage.sources.tables.raw.table import RawTable
from enstorage.sources.tables.raw.text import read_text
from enstorage.sources.text_file import read_bytes

KIND = "table (CSV, Parquet or Excel)"
#: Compressions, by the end of the name.
PACKINGS = {".gz": "gzip", ".zst": "zstd"}
_BINARY = (".parquet", ".pq", ".xlsx", ".xlsm")


def read_file(path: Path, options: TableOptions, content: bytes | None = None) -> RawTable:
    """The cells of a table in a file.

    Args:
        path: of the file.
        options: separator, encoding and sheet, as far as the caller knows them.
        content: the bytes of the file, unpacked, if they have been read already.

    Raises:
        InvalidInputError: it is not there, is too large, or is no table.
        MissingLibraryError: it is an Excel file, and the library that reads these is not installed.
    """
    content = content_of(path) if content is None else content
    if content.startswith(b"PAR1"):
        return _read_parquet(path, content)
    if content.startswith(b"PK\x03\x04"):
        return read_excel(path, content, options.sheet)
    return read_text(path, content, options)


def content_of(path: Path) -> bytes:
    """The bytes of a file, unpacked.

    Raises:
        InvalidInputError: it is not there, or is too large.
    """
    packing = PACKINGS.get(path.suffix.lower())
    inner = Path(path.stem).suffix if packing else path.suffix
    return read_bytes(path, KIND, packing=packing, is_text=inner.lower() not in _BINARY)


def stem(path: Path) -> str:
    """The name of a file without its kind and compression: `load` of `load.csv.gz`."""
    return Path(path.stem).stem if path.suffix.lower() in PACKINGS else path.stem


def _read_parquet(path: Path, content: bytes) -> RawTable:
    import polars as pl
    import pyarrow as pa
    import pyarrow.parquet as pq

    footer = int.from_bytes(content[-8:-4], "little")
    if footer > limit("max_table_footer"):
        raise InvalidInputError(
            f"{path} has a footer of {footer} bytes; expected at most {limit('max_table_footer')}. If it is right, allow "
            "more by the setting ENSTORAGE_MAX_TABLE_FOOTER."
        )
    try:
        file = pq.ParquetFile(pa.BufferReader(content))
        size = 8 * file.metadata.num_rows * file.metadata.num_columns
        if size > max(limit("max_file_bytes"), 8):
            raise InvalidInputError(
                f"{path} has {file.metadata.num_rows} rows of {file.metadata.num_columns} columns, more than "
                f"{limit('max_file_bytes')} bytes. If it is right, allow more by the setting ENSTORAGE_MAX_FILE_BYTES."
            )
        frame = pl.DataFrame(pl.from_arrow(file.read()))
    except (pa.ArrowException, OSError, pl.exceptions.PolarsError) as error:
        raise InvalidInputError(
            f"{path} is not a readable Parquet file: {str(error).splitlines()[0]:.120}. Write it again."
        ) from None
    return RawTable(name=str(path), kind="Parquet", frame=frame, place=lambda row: f"row {row + 1}")
