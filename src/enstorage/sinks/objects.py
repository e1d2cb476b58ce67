"""`ObjectsSink`: an object in an object store, or a file in a folder that a connection names."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from enstorage.errors import EnstorageError, StoreError
from enstorage.objects.fsspec import open_filesystem, put_whole
from enstorage.places.connections import check_connection, check_path, connection_url
from enstorage.places.location import Location
from enstorage.sinks.base import Delivery, Sink, check_ending, content_of, path_of

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True)
class ObjectsSink(Sink):
    """An object, CSV or Parquet by its name, which is replaced whole by each delivery.

    Attributes:
        connection: name of a place that fsspec writes, such as `s3://bucket/folder` or `file:///data/out`.
        path: below it. `{key}` stands for the beginning of the key of the delivery.
    """

    name: ClassVar[str] = "objects"

    connection: str
    path: str

    def __post_init__(self) -> None:
        check_connection(self.connection)
        check_path(self.path)
        check_ending(self.path)

    @property
    def target(self) -> str:
        """See `Sink.target`."""
        return f"{self.connection}: {self.path}"

    def write(self, rows: "pl.DataFrame", delivery: Delivery) -> None:
        """See `Sink.write`."""
        location = Location.parse(connection_url(self.connection))
        try:
            files = open_filesystem(location)
            root = str(files._strip_protocol(location.url)).rstrip("/")
            path, content = path_of(self.path, delivery), content_of(rows, self.path)
            put_whole(files, location, f"{root}/{path}", f"{root}/.{delivery.key}", content)
        except EnstorageError:
            raise
        except Exception as error:  # noqa: BLE001 - every driver has its own errors
            raise StoreError(
                f"{self.path!r} of {location} cannot be written: {location.message_of(error)}. Check that the bucket or "
                "folder is there, that the server can be reached, and that the credentials may write there."
            ) from location.cause_of(error)
