"""Objects in any storage that fsspec supports: S3, Google Cloud, Azure, SFTP and more."""

import json
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from enstorage.errors import EnstorageError, MissingLibraryError, NotSupportedError, StoreError
from enstorage.objects.base import ObjectStore, Stored, checked_hash, is_hash
from enstorage.objects.choose import unknown
from enstorage.places.location import Location
from enstorage.settings import wait_seconds

if TYPE_CHECKING:
    import fsspec

# Protocols with atomic writes. With others, an object is written under another name first.
_ATOMIC = frozenset({"s3", "s3a", "gs", "gcs", "abfs", "abfss", "az", "oss", "oci", "memory"})
# Of each request to S3: the library makes five, of two each.
_TRIES = 10
# Names that drivers use for the time of the last change.
_TIMES = ("LastModified", "last_modified", "mtime", "modified", "updated", "created")


class FsspecObjects(ObjectStore):
    """An object store at a URL of fsspec: `s3://BUCKET/FOLDER?OPTION=VALUE`. The name of a hash is `ab/cdef…`.

    Options are the arguments of the driver, such as `endpoint_url` and `profile` for S3. The driver takes others from
    its own settings: the environment (`AWS_…`, `FSSPEC_S3_…`) and the configuration files of its cloud.
    """

    @classmethod
    def parse(cls, url: str) -> Callable[[], Self]:
        """See `ObjectStore.parse`.

        Raises:
            MissingLibraryError: the driver of the scheme is not installed.
            NotSupportedError: fsspec does not know the scheme.
        """
        find_driver(url.partition(":")[0], url)
        Location.parse(url)
        return partial(cls, url)

    def __init__(self, url: str) -> None:
        self._location = Location.parse(url)
        self._shared: tuple[int, Any] | None = None
        self._local = threading.local()
        with self._translated():
            filesystem = self._connect()
            self._root = str(filesystem._strip_protocol(self._location.url)).rstrip("/")

    def has(self, sha256: str) -> bool:
        """See `ObjectStore.has`."""
        with self._translated():
            return self._info(self._path(checked_hash(sha256))) is not None

    def stored(self) -> Iterator[Stored]:
        """See `ObjectStore.stored`."""
        with self._translated():
            for name, info in self._files(self._root):
                sha256 = name.replace("/", "", 1)
                if name[2:3] == "/" and is_hash(sha256):
                    yield Stored(sha256, int(info["size"]), self._moment(info))

    def delete(self, sha256: str, *, unless_touched_since: datetime | None = None) -> bool:
        """See `ObjectStore.delete`."""
        path = self._path(checked_hash(sha256))
        with self._translated():
            info = self._info(path)
            if info is None or (unless_touched_since is not None and self._moment(info) >= unless_touched_since):
                return False
            return self._remove(path)

    def clear_unfinished(self, before: datetime, *, delete: bool) -> tuple[int, int]:
        """See `ObjectStore.clear_unfinished`."""
        files = total = 0
        with self._translated():
            for name, info in self._files(f"{self._root}/new"):
                if self._moment(info) < before:
                    files, total = files + 1, total + int(info["size"])
                    if delete:
                        self._remove(f"{self._root}/new/{name}")
        return files, total

    def _remove(self, path: str) -> bool:
        try:
            self._filesystem.rm_file(path)
        except FileNotFoundError:  # deleted meanwhile by another process
            return False
        return True

    def _write(self, sha256: str, content: bytes) -> None:
        # Also if it is stored already: these stores are touched by writing again, which also repairs damaged bytes.
        with self._translated():
            self._put(self._path(sha256), content)

    def _put(self, path: str, content: bytes) -> None:
        put_whole(self._filesystem, self._location, path, f"{self._root}/new/{uuid4().hex}", content)

    def _read(self, sha256: str) -> bytes | None:
        return self._content(self._path(sha256))

    def _owner(self) -> str | None:
        content = self._content(self._marker)
        return None if content is None else content.decode(errors="replace")

    def _leave_owner(self, store_id: str) -> None:
        with self._translated():
            if not self._create(self._marker, store_id.encode()):
                self._put(self._marker, store_id.encode())

    def _create(self, path: str, content: bytes) -> bool:
        """Write without replacing an existing file; false if the driver or the server does not support that."""
        if self._location.scheme not in _ATOMIC:
            return False
        try:
            self._filesystem.pipe_file(path, content, mode="create")
        except FileExistsError:
            return True
        except Exception:  # noqa: BLE001 - drivers raise different errors; if writing fails, too, that error is reported
            return False
        return True

    @property
    def _marker(self) -> str:
        return f"{self._root}/claimed-by"

    def _path(self, sha256: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256[2:]}"

    def _content(self, path: str) -> bytes | None:
        with self._translated():
            try:
                return bytes(self._filesystem.cat_file(path))
            except FileNotFoundError:
                return None

    def _info(self, path: str) -> Mapping[str, Any] | None:
        filesystem = self._filesystem
        filesystem.invalidate_cache()
        try:
            info: Mapping[str, Any] = filesystem.info(path)  # not `exists`, which returns false for every error
        except FileNotFoundError:
            return None
        return info

    def _files(self, root: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        filesystem = self._filesystem
        filesystem.invalidate_cache()
        for path, info in filesystem.find(root, detail=True).items():
            yield path[len(root) + 1 :], info

    def _moment(self, info: Mapping[str, Any]) -> datetime:
        moment = next((info[name] for name in _TIMES if info.get(name) is not None), None)
        if moment is None:
            moment = self._filesystem.modified(info["name"])
        elif isinstance(moment, int | float):
            moment = datetime.fromtimestamp(moment, UTC)
        elif isinstance(moment, str):
            moment = datetime.fromisoformat(moment)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    @property
    def _filesystem(self) -> "fsspec.AbstractFileSystem":
        """The driver for this thread of this process."""
        if self._shared is not None and self._shared[0] == os.getpid():
            return self._shared[1]
        pid, filesystem = getattr(self._local, "made", (None, None))
        return filesystem if pid == os.getpid() else self._connect()

    def _connect(self) -> "fsspec.AbstractFileSystem":
        filesystem = open_filesystem(self._location)
        # Drivers with coroutines serve all threads of a process; of the others each thread has its own.
        if filesystem.async_impl:
            self._shared = os.getpid(), filesystem
        else:
            self._local.made = os.getpid(), filesystem
        return filesystem

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except EnstorageError:
            raise
        except Exception as error:  # noqa: BLE001
            # Every driver has its own errors; all of them are translated here.
            reason = _KINDS.get(type(error), "") + self._location.message_of(error)
            raise StoreError(
                f"The object store {self} failed: {reason}. Nothing was changed. Check that the bucket or folder is there, "
                "that the server can be reached, and that the credentials may read and write there."
            ) from self._location.cause_of(error)

    def __repr__(self) -> str:
        return str(self._location)


# The messages of these errors are often only the name of the file.
_KINDS: dict[type[Exception], str] = {FileNotFoundError: "not found: ", PermissionError: "not permitted: "}


def find_driver(scheme: str, url: str) -> Any:
    """The class of fsspec for a scheme.

    Raises:
        MissingLibraryError: its library is not installed.
        NotSupportedError: there is none, or the URL names a cache, whose copies could be out of date.
    """
    import fsspec

    if "::" in url or scheme not in fsspec.available_protocols():
        raise NotSupportedError(unknown(url))
    try:
        return fsspec.get_filesystem_class(scheme)
    except ImportError as error:
        library = getattr(error.__cause__, "name", None) or scheme
        raise MissingLibraryError(
            f"Object stores at {scheme}:// need the library {library!r}, which is not installed. Install it with: "
            f"pip install {library}"
        ) from error


def open_filesystem(location: Location) -> "fsspec.AbstractFileSystem":
    """The driver of a place, connected for the calling thread.

    Raises:
        MissingLibraryError: its library is not installed.
        NotSupportedError: there is none for the scheme.
    """
    driver = find_driver(location.scheme, location.url)
    options = {**driver._get_kwargs_from_urls(location.url), **_typed(location.options)}
    if driver.async_impl:
        # A cached listing may be out of date: another process may have written or deleted.
        options["use_listings_cache"] = False
    if location.scheme in ("s3", "s3a"):
        options.setdefault("config_kwargs", {})
        options["config_kwargs"] = _s3_waits() | options["config_kwargs"]
    return driver(skip_instance_cache=True, **options)


def put_whole(
    filesystem: "fsspec.AbstractFileSystem", location: Location, path: str, temporary: str, content: bytes
) -> None:
    """Write an object whole or not at all; where the driver cannot, under a temporary name first."""
    if location.scheme in _ATOMIC:
        filesystem.pipe_file(path, content)
        return
    for each in (temporary, path):
        filesystem.makedirs(filesystem._parent(each), exist_ok=True)
    filesystem.pipe_file(temporary, content)
    filesystem.mv(temporary, path)


def _s3_waits() -> dict[str, Any]:
    """Limits of the driver, which tries each request several times, so that all tries together end in time."""
    seconds = wait_seconds() / _TRIES
    return {"connect_timeout": min(5.0, seconds), "read_timeout": seconds, "retries": {"max_attempts": 1}}


def _typed(options: Mapping[str, str]) -> dict[str, Any]:
    """The options with switches as switches and JSON objects as dictionaries; anything else is text."""
    switches = {"true": True, "false": False}
    return {
        name: json.loads(value) if value.startswith("{") else switches.get(value, value)
        for name, value in options.items()
    }
