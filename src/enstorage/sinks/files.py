"""`FileSink`: a CSV or Parquet file of this machine."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from enstorage.errors import InvalidInputError
from enstorage.sinks.base import Delivery, Sink, check_ending, content_of, path_of
from enstorage.writing import write_whole

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class FileSink(Sink):
    """A file, CSV or Parquet by its name, which is replaced whole by each delivery.

    Attributes:
        path: of the file; its folder is there. `{key}` stands for the beginning of the key of the delivery, so that each
            content has a file of its own.
    """

    name: ClassVar[str] = "file"

    path: str

    def __post_init__(self) -> None:
        if not isinstance(self.path, str) or not self.path:
            raise InvalidInputError(f"FileSink: path is {self.path!r:.80}; expected the path of a file.", field="path")
        check_ending(self.path)

    @property
    def target(self) -> str:
        """See `Sink.target`."""
        return self.path

    def files(self) -> list[Path]:
        """See `Sink.files`."""
        return [Path(self.path)]

    def write(self, rows: "pl.DataFrame", delivery: Delivery) -> None:
        """See `Sink.write`."""
        write_whole(Path(path_of(self.path, delivery)), content_of(rows, self.path), overwrite=True)
