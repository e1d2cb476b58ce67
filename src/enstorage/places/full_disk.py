"""A disk that is full, said in the same words by every store."""

import errno
import os
import re
import shutil

# What SQLite needs beside its file; with less, nothing useful can be written by any store.
_LEAST_BYTES = 65_536
_CODES = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_WORDS = re.compile(r"No space left|[Qq]uota exceeded|File too large|disk is full|os error (28|27|122)\b")


def is_full(place: str | os.PathLike[str], least_bytes: int = 0) -> bool:
    """True if the disk of a folder has no room for so many bytes; false where that cannot be found out."""
    try:
        return shutil.disk_usage(place).free < _LEAST_BYTES + least_bytes
    except OSError:
        return False


def says_full(error: BaseException) -> bool:
    """True if an error says that there is no room left, be it of the operating system or of a library."""
    return getattr(error, "errno", None) in _CODES or _WORDS.search(str(error)) is not None


def full_disk(what: str, reason: str) -> str:
    """The message for a writer that found no room.

    Args:
        what: the store and its place, such as `The object store file:objects`.
        reason: the words of the system or the library.
    """
    return (
        f"{what} cannot be written: the disk is full ({reason}). Nothing was changed; what was stored before is safe and "
        "can be read. Make room on that disk, then try again."
    )
