"""`ParquetLoader`: the series in Parquet files."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from enstorage.errors import InvalidInputError
from enstorage.sources.table_files import TableFiles


@dataclass(frozen=True)
class ParquetLoader(TableFiles):
    """Tables in Parquet files, see `TableFiles`; a file of another form is refused."""

    name: ClassVar[str] = "parquet"
    endings: ClassVar[tuple[str, ...]] = (".parquet", ".pq")

    def check(self, path: Path, content: bytes) -> None:
        """See `TableFiles.check`."""
        if not content.startswith(b"PAR1"):
            raise InvalidInputError(
                f"{path} is no Parquet file: it begins with {content[:8]!r}; expected b'PAR1'. Use the loader csv for other "
                "tables."
            )
