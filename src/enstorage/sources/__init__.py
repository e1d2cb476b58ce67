"""Reading of points from source loaders, CSV files, files of line protocol, and columns in memory."""

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
