"""Tables as Parquet bytes, and a hash over their content alone."""

import hashlib
import io

import numpy as np
import polars as pl

from enstorage.errors import CorruptError


def to_parquet(table: pl.DataFrame) -> bytes:
    """The table as Parquet. Equal tables give equal bytes for one version of the library."""
    buffer = io.BytesIO()
    table.write_parquet(buffer, compression="zstd", statistics=False)
    return buffer.getvalue()


def from_parquet(content: bytes, columns: list[str] | None = None) -> pl.DataFrame:
    """The table in Parquet bytes, or some of its columns.

    Raises:
        CorruptError: the bytes are not a whole Parquet file.
    """
    try:
        return pl.read_parquet(io.BytesIO(content), columns=columns)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise CorruptError(f"A stored table cannot be read as Parquet: {str(error).splitlines()[0]}.") from error


def content_sha256(table: pl.DataFrame) -> str:
    """SHA-256 over names, types, missing values and values of all rows: independent of how Parquet packs them."""
    digest = hashlib.sha256()
    for series in table:
        digest.update(f"{series.name}:{series.dtype}:{len(series)};".encode())
        missing = series.is_null()
        if missing.any():
            digest.update(np.packbits(missing.to_numpy()).tobytes())
            series = series.fill_null(0)  # noqa: PLW2901 - the values behind nulls are undefined
        flat = series.explode() if isinstance(series.dtype, pl.List | pl.Array) else series
        digest.update(np.ascontiguousarray(flat.to_numpy()).tobytes())
    return digest.hexdigest()
