"""Reading of a Delta table with Polars."""

from urllib.parse import unquote

import deltalake
import polars as pl


def scan(table: deltalake.DeltaTable) -> pl.LazyFrame:
    """The rows of a table.

    `polars.scan_delta` takes the names of files from URLs without decoding them, and brackets as patterns: in a folder
    `My data` it finds nothing, and in `data [1]` it panics. So files in folders are passed to Polars by name.
    """
    paths = [unquote(path) for path in table.file_uris()] if table.table_uri.startswith("file:") else []
    if not paths:
        return pl.scan_delta(table)
    return pl.scan_parquet(paths, glob=False)
