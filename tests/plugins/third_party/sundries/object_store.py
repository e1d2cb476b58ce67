"""An object store: one folder in which the files are called as their hashes."""

import os
import tempfile
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from enstorage.errors import InvalidInputError
from enstorage.objects.base import ObjectStore, Stored, checked_hash, is_hash


class ShelfObjects(ObjectStore):
    """`shelf:FOLDER`."""

    @classmethod
    def parse(cls, url):
        folder = url.partition(":")[2]
        if not folder:
            raise InvalidInputError("The URL of a shelf names no folder; expected shelf:FOLDER. Add it.")
        return partial(cls, Path(folder))

    def __init__(self, folder):
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def has(self, sha256):
        return (self._folder / checked_hash(sha256)).exists()

    def stored(self):
        for path in self._folder.iterdir():
            if is_hash(path.name):
                status = path.stat()
                yield Stored(path.name, status.st_size, datetime.fromtimestamp(status.st_mtime, UTC))

    def delete(self, sha256, *, unless_touched_since=None):
        path = self._folder / checked_hash(sha256)
        if not path.exists():
            return False
        touched_at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        if unless_touched_since is not None and touched_at >= unless_touched_since:
            return False
        path.unlink(missing_ok=True)
        return True

    def clear_unfinished(self, before, *, delete):
        return 0, 0

    def _write(self, sha256, content):
        self._put(sha256, content)

    def _read(self, sha256):
        path = self._folder / sha256
        return path.read_bytes() if path.exists() else None

    def _owner(self):
        content = self._read("owner")
        return None if content is None else content.decode()

    def _leave_owner(self, store_id):
        if self._owner() is None:
            self._put("owner", store_id.encode())

    def _put(self, name, content):
        descriptor, unfinished = tempfile.mkstemp(dir=self._folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        Path(unfinished).replace(self._folder / name)

    def __repr__(self):
        return f"shelf:{self._folder}"
