"""`backup_store`: writing a backup.

The time of a backup is a moment at which no writer is inside of a transaction: then the reading transaction begins from
which all records are copied, and the version of the series store is noted from which all points are read. Writers go on
meanwhile. Objects never change, so they are copied at leisure.
"""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from sqlalchemy import Connection, select
from sqlalchemy.engine import URL

from enstorage._version import __version__
from enstorage.backup.history import to_history
from enstorage.backup.manifest import BackupManifest
from enstorage.backup.read import read_backup
from enstorage.backup.report import BackupReport
from enstorage.backup.tables import copy_rows, count_rows, highest_ids, reserve_ids
from enstorage.bundle.file.archive import MANIFEST, ArchiveWriter
from enstorage.connector import bound_to
from enstorage.database.database import Database
from enstorage.database.engine import for_reading
from enstorage.database.integrity import damaged
from enstorage.database.refusal import translated
from enstorage.database.schema import HEAD_REVISION
from enstorage.database.url import is_in_memory
from enstorage.entity import DataSnapshot, DataSource
from enstorage.entity._object_columns import hash_columns
from enstorage.errors import CancelledError, CorruptError, EnstorageError, InvalidInputError, NotFoundError
from enstorage.progress import Listener, Progress, listening
from enstorage.series.base import Points
from enstorage.writing import temporary_folder, whole_file

if TYPE_CHECKING:
    from enstorage.connector import Connector

_SOURCES_AT_ONCE = 64
_CHUNK = 1 << 20
# A backup of one's own may be as large as it is.
_ANY = 2**63


def backup_store(
    path: str | os.PathLike[str],
    connector: "Connector | None" = None,
    *,
    overwrite: bool = False,
    progress: bool | Progress = False,
) -> BackupReport:
    """Write a whole store to one file: all records, points and objects, as they are at one moment.

    Others may write meanwhile. What lies in the trash comes along, and so do the versions of the series store that
    snapshots name, as far as they are kept. What `gc` would free does not. The file is read again and checked before it
    gets its name. `restore_store` makes a store of it.

    Args:
        path: of the file; it appears whole or not at all.
        connector: the store; the current one by default.
        overwrite: true if an existing file is replaced.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Raises:
        CancelledError: the progress function asked to stop; no file was written.
        CorruptError: something that is stored is damaged or missing; no file was written.
        InvalidInputError: the file is there and `overwrite` is false, its folder is missing, or a transaction is open.
        StoreError: the file cannot be written, or a store cannot be read.
    """
    path = Path(path)
    with bound_to(connector) as store, listening(progress) as report, whole_file(path, overwrite=overwrite) as file:
        if store.database.in_transaction:
            raise InvalidInputError(
                "backup_store was called inside a transaction, which could still be undone. Call it after the transaction."
            )
        problems = store.database.find_damage()
        if problems:
            raise damaged(store.database.engine, problems, "No backup was written.")
        with temporary_folder(prefix=".enstorage-backup-", inside=path.absolute().parent) as folder:
            manifest = _write(file, store, folder, report.within(0, 60, 100))
            _read_again(file, folder, report.within(60, 100, 100))
        size = file.seek(0, 2)
    return report_of(path, size, manifest)


def report_of(path: Path, size: int, manifest: BackupManifest) -> BackupReport:
    """The report of a backup."""
    return BackupReport(
        path,
        size,
        manifest.made_at,
        {name: count for name, count in manifest.records.items() if count},
        sum(name.startswith("objects/") for name in manifest.members) - 1,
        sum(manifest.points.values()),
        len(manifest.versions),
    )


@dataclass(frozen=True, slots=True)
class _Moment:
    """The state of a store: a reading transaction of its database, and the version of its series store."""

    connection: Connection
    version: int | None
    made_at: str


@contextmanager
def _at_one_moment(store: "Connector") -> Iterator[_Moment]:
    database = store.database
    with translated(database.url):
        if is_in_memory(database.url):  # which has one connection
            with store.transaction() as session:
                yield _Moment(session.connection(), store.series.version(), datetime.now(UTC).isoformat())
            return
        with for_reading(database.engine).connect() as connection:
            with store.transaction():  # so that no other writer is inside of one
                connection.execute(select(DataSource.id).limit(1)).all()
                moment = _Moment(connection, store.series.version(), datetime.now(UTC).isoformat())
            yield moment


def _write(file: BinaryIO, store: "Connector", folder: Path, report: Listener) -> BackupManifest:
    copy = folder / "enstorage.sqlite"
    with closing(ArchiveWriter(file)) as archive:
        with _at_one_moment(store) as moment:
            report("Copying records", 0, 100)
            records = _copy_database(moment.connection, copy, report.within(0, 30, 100))
            wanted = _versions(moment.connection)
            sources = list(moment.connection.scalars(select(DataSource.id).order_by(DataSource.id)))
            columns = (select(column).where(column.is_not(None)) for column in hash_columns())
            hashes = {sha256 for query in columns for sha256 in moment.connection.scalars(query)}
        points, versions = _write_points(archive, store, sources, wanted, moment.version, report.within(30, 60, 100))
        for done, sha256 in enumerate(sorted(hashes)):
            report.within(60, 100, 100)("Writing objects", done, len(hashes))
            archive.add(f"objects/{sha256}", [store.objects.get(sha256)])
        database = _sha256(copy)
        archive.add(f"objects/{database}", _chunks(copy), compress=True)
        copy.unlink()
        manifest = BackupManifest(
            made_at=moment.made_at,
            made_by=__version__,
            schema=HEAD_REVISION,
            store=store.database.store_id(),
            database=database,
            records=records,
            points=points,
            versions=versions,
            members=archive.members,
        )
        archive.add(MANIFEST, [manifest.to_json()], compress=True)
    report("Wrote the backup", 100, 100)
    return replace(manifest, members={name: each for name, each in archive.members.items() if name != MANIFEST})


def _copy_database(source: Connection, path: Path, report: Listener) -> dict[str, int]:
    """Copy all records to a new SQLite file; returns the number of rows of each table."""
    made = Database(URL.create("sqlite", database=str(path)))
    try:
        with translated(made.url), made.engine.connect() as target:
            # The file has one user and is made anew if it fails.
            target.connection.dbapi_connection.execute("PRAGMA journal_mode=DELETE")  # type: ignore[union-attr]
            with target.begin():
                copy_rows(source, target, report)
                reserve_ids(target, highest_ids(source))
                return count_rows(target)
    finally:
        made.close()


def _versions(connection: Connection) -> dict[int, list[int]]:
    """The versions of the series store that snapshots name, in their order, each with the sources of these."""
    columns = (DataSnapshot.series_version, DataSnapshot.data_source_id)
    found: dict[int, list[int]] = defaultdict(list)
    query = select(*columns).distinct().where(columns[0].is_not(None)).order_by(*columns)
    rows: Any = connection.execute(query)
    for version, source_id in rows:
        found[version].append(source_id)
    return found


def _write_points(
    archive: ArchiveWriter,
    store: "Connector",
    sources: list[int],
    wanted: dict[int, list[int]],
    version: int | None,
    report: Listener,
) -> tuple[dict[int, int], dict[int, list[int]]]:
    """Write the points of each source; returns how many there are, and the versions that are kept."""
    counts: dict[int, int] = {}
    kept: dict[int, list[int]] = defaultdict(list)
    for start in range(0, len(sources), _SOURCES_AT_ONCE):
        report("Writing points", start, len(sources))
        batch = sources[start : start + _SOURCES_AT_ONCE]
        states: dict[int, dict[int | None, Points]] = {id: {} for id in batch}
        for number in sorted(wanted):
            report.ask()
            named = [id for id in wanted[number] if id in states]
            try:
                found = store.series.read_many(named, version=number) if named else []
            except NotFoundError:  # which `check` says of it, too: its snapshots keep their rows
                continue
            for id, points in zip(named, found, strict=True):
                states[id][number] = points
                kept[number].append(id)
        for id, points in zip(batch, store.series.read_many(batch, version=version), strict=True):
            counts[id] = len(points[0])
            archive.add(f"points/{id}.parquet", [to_history({**states[id], None: points})])
    return counts, dict(kept)


def _read_again(file: BinaryIO, folder: Path, report: Listener) -> None:
    """Check the backup as a restoration does."""
    try:
        with read_backup(file, folder, report, max_bytes=_ANY):
            pass
    except CancelledError:
        raise
    except EnstorageError as error:
        raise CorruptError(
            f"The backup that was written could not be restored: {error} No file was kept. Run `enstorage check`, and look "
            "at the disk."
        ) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
