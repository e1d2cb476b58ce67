"""The container of a bundle: a zip archive of which nothing is believed before it was checked.

Members are never unpacked to a disk, so their names never become paths.
"""

import hashlib
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from enstorage.errors import CorruptError, InvalidInputError
from enstorage.settings import limit

MANIFEST = "manifest.json"
_NAMES = re.compile(
    r"manifest\.json|records/[a-z][a-z_]{0,62}\.jsonl|objects/[0-9a-f]{64}|points/[1-9][0-9]{0,18}\.parquet"
)

#: Default limit of the unpacked bytes: this, or this many times the size of the archive.
FREE_BYTES = 64 << 20
FREE_RATIO = 50

_CHUNK = 1 << 20
_ENCRYPTED = 0x1 | 0x40
# Of every member, so that a bundle says nothing about the clock and the time zone of the machine.
_DATE = (1980, 1, 1, 0, 0, 0)
# Errors that zipfile raises for damaged or forged archives.
_BROKEN = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, struct.error),
    *(ValueError, OverflowError, MemoryError, IndexError, KeyError, AttributeError, OSError),
)


class ArchiveMember(NamedTuple):
    """The entry of a member in the manifest."""

    bytes: int
    sha256: str


class ArchiveWriter:
    """Writes members one after the other and notes their sizes and hashes; the manifest comes last."""

    def __init__(self, file: BinaryIO) -> None:
        self.members: dict[str, ArchiveMember] = {}
        self._zip = zipfile.ZipFile(file, "w", allowZip64=True)

    def add(self, name: str, chunks: Iterable[bytes], *, compress: bool = False) -> None:
        """Write a member from pieces, so that it never is in memory as a whole."""
        info = zipfile.ZipInfo(name, _DATE)
        info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
        info.external_attr = (stat.S_IFREG | 0o644) << 16
        digest, size = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=True) as member:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                member.write(chunk)
        self.members[name] = ArchiveMember(size, digest.hexdigest())

    def close(self) -> None:
        """Write the directory of the archive; the file stays open."""
        self._zip.close()


class Archive:
    """Reads the members of an archive, of which names, kinds and sizes were checked.

    Args:
        file: the archive, open for reading.
        max_bytes: limit of the unpacked bytes of all members together; None: a multiple of the size of the file.

    Raises:
        CorruptError: it is no zip archive, or a damaged one.
        InvalidInputError: it has members that a bundle does not have, or unpacks to too much.
    """

    def __init__(self, file: BinaryIO, *, max_bytes: int | None = None) -> None:
        size = file.seek(0, 2)
        self.max_bytes = max(FREE_BYTES, FREE_RATIO * size) if max_bytes is None else max_bytes
        with _zip_errors():
            self._zip = zipfile.ZipFile(_Opening(file))
            self._zip.fp = file  # members are read from the file itself
        if min((info.header_offset for info in self._zip.infolist()), default=0):
            # The objects inside may be archives themselves, and of a file that was cut off one of them may be found.
            raise CorruptError("It does not begin with its first member: it was cut off, or put behind something else.")
        self._infos: dict[str, zipfile.ZipInfo] = {}
        for info in self._zip.infolist():
            _check(info)
            if info.filename in self._infos:
                raise InvalidInputError(f"The member {info.filename} stands twice; expected each once.")
            self._infos[info.filename] = info
        if MANIFEST not in self._infos:
            raise InvalidInputError(f"It has no member {MANIFEST}; expected a file made by `enstorage export`.")
        self.bytes = sum(info.file_size for info in self._infos.values())
        if self.bytes > self.max_bytes:
            raise InvalidInputError(
                f"It unpacks to {self.bytes} bytes; expected at most {self.max_bytes} from a file of {size}. If you trust "
                "whoever made it, allow more with max_bytes (--max-bytes)."
            )

    @property
    def sizes(self) -> dict[str, int]:
        """Number of unpacked bytes of each member."""
        return {name: info.file_size for name, info in self._infos.items()}

    def chunks(self, name: str) -> Iterator[bytes]:
        """The bytes of a member, in pieces; never more than the archive declares.

        Raises:
            CorruptError: the member is damaged.
        """
        with _zip_errors(name), self._zip.open(self._infos[name]) as member:
            while chunk := member.read(_CHUNK):
                yield chunk

    def read(self, name: str, member: ArchiveMember | None = None) -> bytes:
        """The bytes of a member; compared with what the manifest says of it, where that is given.

        Raises:
            CorruptError: the member is damaged.
        """
        content = b"".join(self.chunks(name))
        if member is not None and member != (len(content), hashlib.sha256(content).hexdigest()):
            raise hash_differs(name)
        return content


class _Opening:
    """A file of which its directory is read, whose size is declared in it: refuses to read more than the settings allow."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._most = file, limit("max_bundle_directory")
        self.seek, self.tell, self.seekable = file.seek, file.tell, file.seekable

    def read(self, size: int = -1) -> bytes:
        if size > self._most:
            raise InvalidInputError(
                f"Its list of members has {size} bytes; expected at most {self._most}. If you trust whoever made it, raise "
                "the limit in the settings: max_bundle_directory in enstorage.toml, or ENSTORAGE_MAX_BUNDLE_DIRECTORY."
            )
        return self._file.read(size)


def hash_differs(name: str) -> CorruptError:
    """The error for a member whose bytes are not those that the manifest was made for."""
    return CorruptError(
        f"The bytes of {name} do not have the size and the hash that the manifest gives: it is damaged."
    )


def _check(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename  # `filename` ends at the first NUL
    if not _NAMES.fullmatch(name) or name != info.filename:
        raise InvalidInputError(
            f"It has a member {name!r:.100}; expected only {MANIFEST}, records/<entity>.jsonl, objects/<SHA-256> and "
            "points/<id>.parquet."
        )
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind not in (0, stat.S_IFREG) or info.is_dir():
        raise InvalidInputError(f"The member {name} is a link, a directory or a device; expected plain files.")
    if info.flag_bits & _ENCRYPTED or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InvalidInputError(
            f"The member {name} is encrypted or packed in a way of its own; expected stored or deflated."
        )


@contextmanager
def _zip_errors(name: str | None = None) -> Iterator[None]:
    try:
        yield
    except InvalidInputError:
        raise
    except _BROKEN as error:
        what = "It" if name is None else f"Its member {name}"
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise CorruptError(f"{what} cannot be read as a zip archive: {reason}.") from error
