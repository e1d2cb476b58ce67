"""Objects as files in a folder."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Self
from uuid import uuid4

from enstorage.errors import InvalidInputError, StoreError
from enstorage.objects.base import ObjectStore, Stored, checked_hash, is_hash
from enstorage.places.full_disk import full_disk, says_full
from enstorage.places.masking import masked, scrubbed, shown_cause, shown_folder


class FolderObjects(ObjectStore):
    """An object store in a folder: `file:FOLDER`. The file of a hash is `ab/cdef…`."""

    @classmethod
    def parse(cls, url: str) -> Callable[[], Self]:
        """See `ObjectStore.parse`."""
        place = url.partition(":")[2]
        if not place or "//" in place:
            raise InvalidInputError(
                f"{masked(url)!r} is not the URL of a folder; expected file:FOLDER, a path without //. Name the folder, as "
                "in file:objects."
            )
        return partial(cls, place)

    def __init__(self, place: str) -> None:
        self._folder = Path(place)
        self._new = self._folder / "new"
        with self._translated():
            self._new.mkdir(parents=True, exist_ok=True)

    def has(self, sha256: str) -> bool:
        """See `ObjectStore.has`."""
        with self._translated():
            return self._path(checked_hash(sha256)).is_file()

    def stored(self) -> Iterator[Stored]:
        """See `ObjectStore.stored`."""
        with self._translated():
            for path in self._folder.glob("[0-9a-f][0-9a-f]/*"):
                sha256 = path.parent.name + path.name
                with suppress(FileNotFoundError):  # deleted meanwhile
                    if is_hash(sha256):
                        status = path.stat()
                        yield Stored(sha256, status.st_size, _moment(status))

    def delete(self, sha256: str, *, unless_touched_since: datetime | None = None) -> bool:
        """See `ObjectStore.delete`."""
        path = self._path(checked_hash(sha256))
        # Renamed first: a `put` from now on writes the bytes again, and the time of an earlier touch can be read safely.
        aside = self._new / f"{sha256}-{uuid4().hex}"
        with self._translated():
            try:
                path.rename(aside)
            except FileNotFoundError:
                return False
            if unless_touched_since is not None and _moment(aside.stat()) >= unless_touched_since:
                aside.replace(path)
                return False
            aside.unlink()
        return True

    def clear_unfinished(self, before: datetime, *, delete: bool) -> tuple[int, int]:
        """See `ObjectStore.clear_unfinished`."""
        files = total = 0
        with self._translated():
            for path in self._new.iterdir():
                with suppress(FileNotFoundError):  # finished meanwhile
                    status = path.stat()
                    if _moment(status) < before:
                        files, total = files + 1, total + status.st_size
                        if delete:
                            path.unlink()
        return files, total

    def _write(self, sha256: str, content: bytes) -> None:
        path = self._path(sha256)
        with self._translated():
            if self._read(sha256) == content:
                with suppress(FileNotFoundError):  # deleted meanwhile: it is written again
                    os.utime(path)  # `gc` does not remove objects that were touched lately
                    return
            path.parent.mkdir(exist_ok=True)
            with self._written(content) as temporary:
                temporary.replace(path)
            self._make_names_durable(path.parent)

    @contextmanager
    def _written(self, content: bytes) -> Iterator[Path]:
        """A new temporary file with the bytes, synced to disk; removed after the block unless it was renamed."""
        descriptor, name = tempfile.mkstemp(dir=self._new)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            yield Path(name)
        finally:
            Path(name).unlink(missing_ok=True)

    def _make_names_durable(self, folder: Path) -> None:
        # The names of a file and of its folder are durable only when the folders above them are synced.
        for each in {folder, self._folder}:
            descriptor = os.open(each, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def _read(self, sha256: str) -> bytes | None:
        return self._content(self._path(sha256))

    def _owner(self) -> str | None:
        content = self._content(self._marker)
        return None if content is None else content.decode(errors="replace")

    def _leave_owner(self, store_id: str) -> None:
        with self._translated(), self._written(store_id.encode()) as temporary:
            try:
                os.link(temporary, self._marker)  # unlike renaming, this never replaces a file
            except FileExistsError:
                return
            except OSError:  # a disk without links, where two simultaneous writes cannot be distinguished
                if not self._marker.exists():
                    temporary.replace(self._marker)
            self._make_names_durable(self._folder)

    @property
    def _marker(self) -> Path:
        return self._folder / "claimed-by"

    def _content(self, path: Path) -> bytes | None:
        with self._translated():
            try:
                return path.read_bytes()
            except FileNotFoundError:
                return None

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256[2:]

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            place, cause = f"The object store {shown_folder(str(self._folder))}", shown_cause(error, self._url)
            if says_full(error):
                raise StoreError(full_disk(place, str(error.strerror))) from cause
            raise StoreError(
                f"{place} failed: {error.strerror} ({scrubbed(error.filename, self._url)}). Nothing was changed. "
                "Check that the folder is there, readable and writable, and that the disk is not full."
            ) from cause

    @property
    def _url(self) -> str:
        return f"file:{self._folder}"

    def __repr__(self) -> str:
        return masked(self._url)


def _moment(status: os.stat_result) -> datetime:
    return datetime.fromtimestamp(status.st_mtime, UTC)
