"""Points from elsewhere: source loaders, files of CSV or line protocol, and columns in memory."""

from enstorage.sources.base import LoadedSeries, SourceLoader, Wanted, loader_from_json
from enstorage.sources.csv_loader import CsvLoader

__all__ = ["CsvLoader", "LoadedSeries", "SourceLoader", "Wanted", "loader_from_json"]
