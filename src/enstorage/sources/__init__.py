"""Reading of points from source loaders, CSV files, files of line protocol, and columns in memory.

Public names load on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from enstorage.sources.base import LoadedSeries, SourceLoader, Wanted, loader_from_json
    from enstorage.sources.csv_loader import CsvLoader
    from enstorage.sources.expected import ExpectedValues
    from enstorage.sources.parquet_loader import ParquetLoader
    from enstorage.sources.tables import BadRow, TableOptions, TableReport

__all__ = [
    "BadRow",
    "CsvLoader",
    "ExpectedValues",
    "LoadedSeries",
    "ParquetLoader",
    "SourceLoader",
    "TableOptions",
    "TableReport",
    "Wanted",
    "loader_from_json",
]

_HOME = {
    "BadRow": "tables",
    "CsvLoader": "csv_loader",
    "ExpectedValues": "expected",
    "LoadedSeries": "base",
    "ParquetLoader": "parquet_loader",
    "SourceLoader": "base",
    "TableOptions": "tables",
    "TableReport": "tables",
    "Wanted": "base",
    "loader_from_json": "base",
}


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(f"enstorage.sources.{_HOME[name]}"), name)
    raise AttributeError(f"module 'enstorage.sources' has no attribute {name!r}")
