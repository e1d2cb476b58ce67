"""Objects as files of a folder."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from enstorage.errors import StoreError
from enstorage.objects.base import ObjectStore


class FolderObjects(ObjectStore):
    """An object store in a folder: `file:FOLDER`. The file of a hash is `ab/cdef…`."""

    def __init__(self, place: str) -> None:
        self._folder = Path(place)
        with self._translated():
            (self._folder / "new").mkdir(parents=True, exist_ok=True)

    def _write(self, sha256: str, content: bytes) -> None:
        path = self._path(sha256)
        with self._translated():
            if self._read(sha256) == content:
                os.utime(path)  # used again: what was touched lately is not swept up
            else:
                path.parent.mkdir(exist_ok=True)
                self._write_durably(path, content)

    def _write_durably(self, path: Path, content: bytes) -> None:
        descriptor, temporary = tempfile.mkstemp(dir=self._folder / "new")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
        # The names of the file and of its folder are durable only when the folders that hold them are.
        for folder in (path.parent, self._folder):
            folder_descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(folder_descriptor)
            finally:
                os.close(folder_descriptor)

    def _read(self, sha256: str) -> bytes | None:
        with self._translated():
            try:
                return self._path(sha256).read_bytes()
            except FileNotFoundError:
                return None

    def hashes(self) -> Iterator[str]:
        """See `ObjectStore.hashes`."""
        with self._translated():
            for path in self._folder.glob("[0-9a-f][0-9a-f]/*"):
                yield path.parent.name + path.name

    def _path(self, sha256: str) -> Path:
        return self._folder / sha256[:2] / sha256[2:]

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreError(
                f"The object store {self._folder} failed: {error.strerror} ({error.filename}). Nothing was changed. "
                "Check that the folder is there, readable and writable, and that the disk is not full."
            ) from error

    def __repr__(self) -> str:
        return f"file:{self._folder}"
