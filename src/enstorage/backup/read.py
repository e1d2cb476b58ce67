"""Reading a backup: everything is checked here, before a store is touched."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.engine import URL

from enstorage.backup.history import from_history
from enstorage.backup.manifest import BackupManifest
from enstorage.backup.tables import count_rows
from enstorage.bundle.file.archive import MANIFEST, Archive, hash_differs
from enstorage.database.database import Database
from enstorage.database.engine import for_reading
from enstorage.entity._object_columns import hash_columns
from enstorage.errors import CorruptError, EnstorageError, UpgradeError
from enstorage.progress import Listener
from enstorage.series.base import Points


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup whose every byte was checked.

    Attributes:
        archive: the container.
        manifest: its contents and origin.
        database: its records, in the tables of this version.
    """

    archive: Archive
    manifest: BackupManifest
    database: Database

    @property
    def hashes(self) -> list[str]:
        """The hashes of all objects, without the database."""
        names = (name.removeprefix("objects/") for name in self.manifest.members if name.startswith("objects/"))
        return sorted(set(names) - {self.manifest.database})

    def object(self, sha256: str) -> bytes:
        """The bytes of an object, with their hash checked again: the file may have changed meanwhile."""
        name = f"objects/{sha256}"
        return self.archive.read(name, self.manifest.members[name])

    def states(self, source_id: int) -> Iterator[tuple[int | None, Points]]:
        """The points of a source in each version that is kept, and as they were at last, checked again."""
        name = f"points/{source_id}.parquet"
        return from_history(self.archive.read(name, self.manifest.members[name]))


@contextmanager
def read_backup(file: BinaryIO, folder: Path, report: Listener, *, max_bytes: int | None = None) -> Iterator[Backup]:
    """Read a backup and check all of it: container, manifest, hashes, database and points.

    Args:
        file: open for reading.
        folder: an empty one, for the database.
        report: called for every member.
        max_bytes: limit of the unpacked bytes; by default 64 MiB, or 50 times the size of the file if that is more.

    Raises:
        CorruptError: it is damaged.
        InvalidInputError: it is no backup.
        NotSupportedError: it was made by a newer version of enstorage.
    """
    archive = Archive(file, max_bytes=max_bytes)
    manifest = BackupManifest.from_json(archive.read(MANIFEST))
    members = manifest.members
    expected = {MANIFEST: archive.sizes[MANIFEST], **{name: member.bytes for name, member in members.items()}}
    if archive.sizes != expected or f"objects/{manifest.database}" not in members:
        raise CorruptError("Archive and manifest do not agree on their members: it is damaged.")
    copy = folder / "restored.sqlite"
    for done, name in enumerate(sorted(members)):
        report("Checking the backup", done, len(members) + 1)
        _check(archive, manifest, name, copy)
    with _opened(copy) as database:
        backup = Backup(archive, manifest, database)
        _check_complete(backup)
        report("Checked the backup", len(members) + 1, len(members) + 1)
        yield backup


def _check(archive: Archive, manifest: BackupManifest, name: str, copy: Path) -> None:
    member = manifest.members[name]
    if name.startswith("objects/") and name != f"objects/{member.sha256}":
        raise CorruptError(f"The object {name} has another name than its hash.")
    if name == f"objects/{manifest.database}":
        digest = hashlib.sha256()
        with copy.open("wb") as file:
            for chunk in archive.chunks(name):
                digest.update(chunk)
                file.write(chunk)
        if digest.hexdigest() != member.sha256:
            raise hash_differs(name)
        return
    content = archive.read(name, member)
    if name.startswith("points/"):
        states = dict(from_history(content))
        if len(states[None][0]) != manifest.points.get(int(Path(name).stem), -1):
            raise CorruptError(f"The member {name} has another number of points than the manifest gives.")


@contextmanager
def _opened(copy: Path) -> Iterator[Database]:
    try:
        database = Database(URL.create("sqlite", database=str(copy)), upgrade=True)
    except UpgradeError:
        raise
    except EnstorageError as error:
        raise CorruptError(f"Its database cannot be opened: {error}") from error
    try:
        problems = database.find_damage(references=True)
        if problems:
            raise CorruptError(f"Its database is damaged: {problems[0]}.")
        yield database
    finally:
        database.close()


def _check_complete(backup: Backup) -> None:
    manifest = backup.manifest
    with for_reading(backup.database.engine).connect() as connection:
        counts = count_rows(connection)
        if any(counts.get(name) != count for name, count in manifest.records.items()):
            raise CorruptError("Its database has other numbers of records than the manifest gives.")
        columns = (select(column).where(column.is_not(None)) for column in hash_columns())
        referred = {sha256 for query in columns for sha256 in connection.scalars(query)}
    if referred != set(backup.hashes):
        raise CorruptError("Its objects are not those that its records refer to.")
    if {f"points/{id}.parquet" for id in manifest.points} != {
        name for name in manifest.members if not name.startswith("objects/")
    }:
        raise CorruptError("Its points are not those of its sources.")
