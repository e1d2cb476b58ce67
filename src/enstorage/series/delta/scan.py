"""A Delta table as Polars reads it, wherever it is."""

from urllib.parse import unquote

import deltalake
import polars as pl


def scan(table: deltalake.DeltaTable) -> pl.LazyFrame:
    """The rows of a table.

    `polars.scan_delta` looks for files by their names as they stand in URLs, and takes brackets for patterns: in a folder
    `My data` it finds nothing, and in `data [1]` it panics. So files in a folder are named to it one by one.
    """
    paths = [unquote(path) for path in table.file_uris()] if table.table_uri.startswith("file:") else []
    if not paths:
        return pl.scan_delta(table)
    return pl.scan_parquet(paths, glob=False)
