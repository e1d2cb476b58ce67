"""`ObjectsLoader`: the series in tables in an object store or a folder."""

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from enstorage.errors import EnstorageError, InvalidInputError, NotFoundError, StoreError
from enstorage.objects.fsspec import open_filesystem
from enstorage.places.connections import check_connection, check_path, connection_url
from enstorage.places.location import Location
from enstorage.settings import limit
from enstorage.sources.base import LoadedSeries, Report, SourceLoader, Wanted
from enstorage.sources.table_files import check_options, may_hold, read_as_told, series_of, sha256_of, without_ending
from enstorage.sources.tables.raw.files import content_of

if TYPE_CHECKING:
    import fsspec

_ENDINGS = (".csv", ".parquet", ".pq")


@dataclass(frozen=True)
class ObjectsLoader(SourceLoader):
    """Tables in a place that fsspec reads, such as `s3://bucket/folder?endpoint_url=…` or `file:///data/inbox`.

    Each is of text, Parquet or Excel, plain or compressed. Keys are made as those of `TableFiles`.

    Attributes:
        connection: name of the place, see `enstorage.places.connections`.
        path: of an object below it, or a pattern for many: `*` and `?` match a part of a name, `**` matches folders.
        options: the form of all tables, as far as it is known, by the names of `enstorage.sources.TableOptions`.
    """

    name: ClassVar[str] = "objects"

    connection: str
    path: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check_connection(self.connection)
        check_path(self.path)
        check_options(self, self.options)

    def fingerprint(self) -> str:
        """See `SourceLoader.fingerprint`: of the sizes and the marks that the place keeps of its objects."""
        place = _Place(self.connection)
        told = [f"{key} {place.mark(path)}\n" for key, path in self._objects(place)]
        return sha256_of("".join(told).encode())

    def read(self, wanted: Wanted, report: Report) -> Iterator[LoadedSeries]:
        """See `SourceLoader.read`."""
        place = _Place(self.connection)
        found = [(key, path) for key, path in self._objects(place) if may_hold(key, wanted)]
        for done, (key, path) in enumerate(found):
            report(f"Reading {path.rpartition('/')[2]}", done, len(found))
            with tempfile.TemporaryDirectory(prefix="enstorage-") as folder:
                file = Path(folder) / path.rpartition("/")[2]
                place.fetch(path, file)
                content = content_of(file)
                table = read_as_told(file, self.options, content=content)
            yield from series_of(table, key, wanted, fingerprint=sha256_of(content))
        report("Reading", len(found), len(found))

    def _objects(self, place: "_Place") -> list[tuple[str, str]]:
        """The paths of the objects by the keys of their series; at least one."""
        if not set("*?[") & set(self.path):
            return [(without_ending(self.path.rpartition("/")[2], _ENDINGS), self.path)]
        parts = self.path.split("/")
        fixed = "".join(
            f"{part}/" for part in parts[: next(i for i, part in enumerate(parts) if set("*?[") & set(part))]
        )
        found = place.matching(self.path)
        if not found:
            raise NotFoundError(f"No object of {place} matches {self.path!r}; expected tables. Correct the pattern.")
        return sorted((without_ending(each.removeprefix(fixed), _ENDINGS), each) for each in found)


class _Place:
    """The objects of a connection, by their paths below it."""

    def __init__(self, connection: str) -> None:
        self._location = Location.parse(connection_url(connection))
        self._files: fsspec.AbstractFileSystem = self._told("", lambda: open_filesystem(self._location))
        self._root = str(self._files._strip_protocol(self._location.url)).rstrip("/")

    def __str__(self) -> str:
        return str(self._location)

    def matching(self, pattern: str) -> list[str]:
        """The paths that match a pattern."""
        found = self._told(pattern, lambda: self._files.glob(f"{self._root}/{pattern}", detail=True))
        return [
            name[len(self._root) + 1 :]
            for name, info in found.items()
            if info.get("type") == "file" and self._is_inside(name)
        ]

    def mark(self, path: str) -> str:
        """A text that changes when an object does."""
        return str(self._told(path, lambda: self._files.ukey(f"{self._root}/{path}")))

    def fetch(self, path: str, to: Path) -> None:
        """Copy an object into a file; one that is too large, or leads out of the place, is refused."""
        at, most = f"{self._root}/{path}", limit("max_file_bytes")

        def copy() -> None:
            if not self._is_inside(at):
                raise InvalidInputError(f"{path!r} leads out of {self}; expected an object in it. Correct the path.")
            count = 0
            with self._files.open(at, "rb") as source, to.open("wb") as file:
                while piece := source.read(1 << 20):
                    count += len(piece)
                    if count > most:
                        raise InvalidInputError(
                            f"{path!r} of {self} has more than {most:,} bytes; expected at most that. Allow more by the "
                            "setting ENSTORAGE_MAX_FILE_BYTES."
                        )
                    file.write(piece)

        self._told(path, copy)

    def _is_inside(self, path: str) -> bool:
        """False for a link of a folder of this machine that leads out of it."""
        if self._location.scheme not in ("file", "local"):
            return True
        return Path(path).resolve().is_relative_to(Path(self._root).resolve())

    def _told(self, path: str, act: Any) -> Any:
        try:
            return act()
        except EnstorageError:
            raise
        except FileNotFoundError:
            raise NotFoundError(f"There is nothing at {path!r} of {self}. Correct the path.") from None
        except Exception as error:  # noqa: BLE001 - every driver has its own errors
            raise StoreError(
                f"{path or 'It'} of {self} cannot be read: {self._location.message_of(error)}. Check that the bucket or "
                "folder is there, that the server can be reached, and that the credentials may read there."
            ) from self._location.cause_of(error)
