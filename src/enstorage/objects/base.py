"""What an object store promises, and how one is opened by its URL."""

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from functools import partial

from enstorage.errors import CorruptError, InvalidInputError, NotSupportedError

_SHA256 = re.compile(r"[0-9a-f]{64}")


class ObjectStore(ABC):
    """Keeps bytes under their SHA-256 (64 hexadecimal digits), so that equal content is stored once.

    Promises: `put` returns when the bytes are durable; they are there whole or not at all, also when the process is
    killed. `get` checks the hash: the bytes that are used are the bytes that were hashed. Names are only ever hashes,
    never paths. Threads and processes may write and read at once.
    """

    def put(self, content: bytes) -> str:
        """Store bytes; returns their SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._write(sha256, content)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes with the hash.

        Raises:
            CorruptError: they are missing, or are not what was stored.
        """
        content = self._read(checked_hash(sha256))
        if content is None:
            raise CorruptError(f"Object {sha256} is missing in {self}. Restore it from a backup.")
        if hashlib.sha256(content).hexdigest() != sha256:
            raise CorruptError(
                f"Object {sha256} in {self} is damaged: its bytes have another hash. Restore it from a backup."
            )
        return content

    def has(self, sha256: str) -> bool:
        """Whether bytes with the hash are stored."""
        return self._read(checked_hash(sha256)) is not None

    @abstractmethod
    def _write(self, sha256: str, content: bytes) -> None:
        """Store the bytes durably, or only mark them as used again when they are there."""

    @abstractmethod
    def _read(self, sha256: str) -> bytes | None:
        """The bytes, None when there are none."""

    @abstractmethod
    def hashes(self) -> Iterator[str]:
        """The hashes of everything stored, in no particular order."""


def checked_hash(sha256: str) -> str:
    """The hash as given.

    Raises:
        InvalidInputError: it is not 64 hexadecimal digits, so it could be a path.
    """
    if not isinstance(sha256, str) or not _SHA256.fullmatch(sha256):
        raise InvalidInputError(f"{sha256!r:.80} is not a SHA-256; expected 64 lower-case hexadecimal digits.")
    return sha256


def find_objects(url: str) -> Callable[[], ObjectStore]:
    """What opens the object store that a URL such as `file:FOLDER` names.

    Raises:
        NotSupportedError: the scheme is not known.
    """
    from enstorage.objects.folder import FolderObjects

    scheme, separator, place = url.partition(":")
    if not separator or scheme != "file" or not place or "//" in place:
        raise NotSupportedError(f"{url!r} names no object store; known is file:FOLDER.")
    return partial(FolderObjects, place)
