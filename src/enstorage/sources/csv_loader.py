"""`CsvLoader`: the series in tables in files, mostly of text."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from enstorage.sources.table_files import TableFiles


@dataclass(frozen=True)
class CsvLoader(TableFiles):
    """Tables in files, see `TableFiles`; each may be of text, Parquet or Excel, plain or compressed."""

    name: ClassVar[str] = "csv"
    endings: ClassVar[tuple[str, ...]] = (".csv",)

    def check(self, path: Path, content: bytes) -> None:
        """See `TableFiles.check`: every form will do."""
