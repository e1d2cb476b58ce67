"""The interface of an object store."""

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from enstorage.errors import CorruptError, InvalidInputError
from enstorage.places.claim import check_claim

_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Stored:
    """An object in a listing.

    Attributes:
        sha256: its name.
        bytes: number of bytes.
        touched_at: time when it was last written or touched, UTC, by the clock of the store.
    """

    sha256: str
    bytes: int
    touched_at: datetime


class ObjectStore(ABC):
    """Keeps bytes under their SHA-256 (64 hexadecimal digits), so that equal content is stored once.

    Promises that every store keeps, checked by `enstorage.testing.ObjectStoreContract`:

    - `put` returns when the bytes are durable; they are stored completely or not at all, also when the process is killed.
      Putting bytes that are already stored touches them, and repairs them if they are damaged.
    - `get` checks the hash of the bytes that it returns.
    - Names are always hashes, never paths.
    - `has` and `stored` show the current objects, including those that another process has just written.
    - Its place belongs to the first database that claims it.
    - Threads and processes may write, read and delete concurrently.
    - Its `repr` is its URL including the scheme, without password, token and options, as in messages.

    A store is registered under each scheme of its URLs as entry point `enstorage.object_stores`. Failures are raised as
    `enstorage.errors.StoreError`.
    """

    @classmethod
    @abstractmethod
    def parse(cls, url: str) -> Callable[[], Self]:
        """Parse a URL that begins with a scheme of the store and a colon; returns a function that opens the store.

        Parsing opens and creates nothing: a connector parses the URLs of all its stores first.

        Raises:
            InvalidInputError: the URL is malformed; the message shows no secret (`enstorage.places.masking.masked`).
        """

    def put(self, content: bytes) -> str:
        """Store bytes; returns their SHA-256."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._write(sha256, content)
        return sha256

    def get(self, sha256: str) -> bytes:
        """The bytes with the hash.

        Raises:
            CorruptError: they are missing or damaged.
        """
        content = self._read(checked_hash(sha256))
        if content is None:
            raise CorruptError(f"Object {sha256} is missing in {self}. Restore it from a backup.")
        if hashlib.sha256(content).hexdigest() != sha256:
            raise CorruptError(
                f"Object {sha256} in {self} is damaged: its bytes have another hash. Restore it from a backup."
            )
        return content

    def claim(self, store_id: str) -> None:
        """Assign the place to a database for good; called once by every connector that opens it.

        Raises:
            StoreError: it belongs to another one.
        """
        if self._owner() is None:
            self._leave_owner(store_id)
        check_claim(f"The object store {self}", self._owner(), store_id)

    def hashes(self) -> Iterator[str]:
        """The hashes of everything stored, in no particular order."""
        return (each.sha256 for each in self.stored())

    @abstractmethod
    def has(self, sha256: str) -> bool:
        """True if an object is stored; its bytes are not read."""

    @abstractmethod
    def stored(self) -> Iterator[Stored]:
        """Everything stored, in no particular order."""

    @abstractmethod
    def delete(self, sha256: str, *, unless_touched_since: datetime | None = None) -> bool:
        """Delete an object for good, unless it was touched at that time or later; returns whether it was deleted.

        The time is read again just before, because a listing may be out of date.
        """

    @abstractmethod
    def clear_unfinished(self, before: datetime, *, delete: bool) -> tuple[int, int]:
        """Clear the files of unfinished writes before that time; returns their number and their bytes.

        Args:
            before: a time, UTC; a younger file may belong to a write in progress.
            delete: false only counts the files.
        """

    @abstractmethod
    def _write(self, sha256: str, content: bytes) -> None:
        """Store the bytes durably, or only touch them if they are already stored."""

    @abstractmethod
    def _read(self, sha256: str) -> bytes | None:
        """The bytes, None when there are none."""

    @abstractmethod
    def _owner(self) -> str | None:
        """The id that `_leave_owner` left, None when there is none."""

    @abstractmethod
    def _leave_owner(self, store_id: str) -> None:
        """Store an id in the place durably, unless one is there, even if another process has just stored it."""


def checked_hash(sha256: str) -> str:
    """The hash as given.

    Raises:
        InvalidInputError: it is not 64 hexadecimal digits, so it could be a path.
    """
    if not is_hash(sha256):
        raise InvalidInputError(f"{sha256!r:.80} is not a SHA-256; expected 64 lower-case hexadecimal digits.")
    return sha256


def is_hash(sha256: object) -> bool:
    """True if it is 64 lower-case hexadecimal digits."""
    return isinstance(sha256, str) and _SHA256.fullmatch(sha256) is not None
