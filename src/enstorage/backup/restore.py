"""`restore_store`: making a store from a backup, all of it or nothing.

Kill the process at any moment: before the one transaction there are no records, after it all of them. Objects and points
that were written before are of no record; the next restoration into the same store writes over them.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Table, insert, select

from enstorage.backup.history import replace_points
from enstorage.backup.read import Backup, read_backup
from enstorage.backup.report import BackupReport
from enstorage.backup.tables import Row, copy_rows, count_rows, highest_ids, reserve_ids
from enstorage.backup.write import report_of
from enstorage.bundle.file.read import opened
from enstorage.connector import bound_to
from enstorage.database.engine import for_reading
from enstorage.database.refusal import translated
from enstorage.entity import ENTITIES, ORIGIN, DataSnapshot
from enstorage.errors import CorruptError, InvalidInputError, NotSupportedError, StoreError, UpgradeError
from enstorage.progress import Listener, Progress, listening
from enstorage.series.base import Points
from enstorage.writing import temporary_folder

if TYPE_CHECKING:
    from enstorage.connector import Connector

_SOURCES_AT_ONCE = 64
_EXPECTED = (
    "a backup made by `enstorage backup`. To restore records from the trash, name their entity and ids, "
    "such as model 3."
)


def restore_store(
    path: str | os.PathLike[str],
    connector: "Connector | Callable[[], Connector] | None" = None,
    *,
    max_bytes: int | None = None,
    progress: bool | Progress = False,
) -> BackupReport:
    """Fill an empty store with what `backup_store` wrote: the same records with the same ids, points and objects.

    Everything in the file is checked before anything is written. The database and the places of points and objects may be
    of other kinds than those that were backed up. Where the series store has versions, those that snapshots name are made
    again, and the snapshots name the new ones; elsewhere they name none. A backup of an older version of enstorage is
    upgraded. The store keeps its own identity, and its records know the store that they come from, as imported ones do.

    Args:
        path: of the file.
        connector: an empty store; the current one by default. Or a function that opens or makes one: it is called after the
            file was checked, so a wrong file leaves no store behind.
        max_bytes: how much the file may unpack to; by default 64 MiB, or 50 times its size if that is more.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Raises:
        CancelledError: the progress function asked to stop; the store is empty as before.
        CorruptError: the file is damaged.
        InvalidInputError: the file is no backup, or the store is not empty.
        NotSupportedError: it was made by a newer version of enstorage.
        StoreError: the store refuses.
    """
    path = Path(path)
    with ExitStack() as stack:
        report, file = stack.enter_context(listening(progress)), stack.enter_context(opened(path, _EXPECTED))
        folder = stack.enter_context(temporary_folder(prefix="enstorage-restore-"))
        if not callable(connector):
            _check_empty(stack.enter_context(bound_to(connector)))  # before the file is read, which may take long
        with _blamed(path):
            checked = read_backup(file, folder, report.within(0, 40, 100), max_bytes=max_bytes)
            backup = stack.enter_context(checked)
        store = stack.enter_context(bound_to(connector() if callable(connector) else connector))
        _check_empty(store)
        with _blamed(path), store.all_or_nothing():
            _restore(backup, store, report.within(40, 100, 100))
        return report_of(path, path.stat().st_size, backup.manifest)


def _check_empty(store: "Connector") -> None:
    if store.database.in_transaction:
        raise InvalidInputError(
            "restore_store is a transaction of its own; call it outside of connector.transaction()."
        )
    with store.database.reading() as session:
        counts = {name: count for name, count in count_rows(session.connection()).items() if count}
    if counts:
        name, count = next(iter(counts.items()))
        raise InvalidInputError(
            f"The store has records already, such as {count} in {name}; a backup is restored into an empty store, so that "
            "ids stay what they are. Make a new one with `enstorage init FOLDER`, and name it with --store. Nothing was "
            "changed."
        )
    if store.series.written_by_others and store.series.sources():
        raise InvalidInputError(
            f"The series store {store.series} has points already, which may be those of other programs; a backup is "
            "restored into an empty place. Name another one. Nothing was changed."
        )


@contextmanager
def _blamed(path: Path) -> Iterator[None]:
    try:
        yield
    except UpgradeError as error:
        raise NotSupportedError(f"{path} cannot be restored. {error} Nothing was changed.") from error
    except StoreError:
        raise
    except CorruptError as error:
        raise CorruptError(
            f"{path} cannot be restored. {error} Nothing was changed. Take another copy of the backup, or an older one."
        ) from error
    except (InvalidInputError, NotSupportedError) as error:
        raise type(error)(f"{path} cannot be restored. {error} Nothing was changed.") from error


def _restore(backup: Backup, store: "Connector", report: Listener) -> None:
    hashes = backup.hashes
    for done, sha256 in enumerate(hashes):
        report.within(0, 40, 100)("Storing objects", done, len(hashes))
        store.put([backup.object(sha256)])
    with _points_taken_back(backup, store):
        versions = _write_points(backup, store, report.within(40, 70, 100))
        with for_reading(backup.database.engine).connect() as source, store.transaction() as session:
            _check_still_empty(count_rows(session.connection()))

            def change(table: Table, row: Row) -> Row:
                if table is DataSnapshot.__table__:
                    return {**row, "series_version": versions.get(row["series_version"])}
                return row

            copy_rows(source, session.connection(), report.within(70, 95, 100), change)
            _note_origins(backup, session.connection())
            highest = highest_ids(source)
            if not _keeps_at_once(store):
                reserve_ids(session.connection(), highest)
            report("Storing records", 100, 100)
    if _keeps_at_once(store):
        with translated(store.database.url), for_reading(store.database.engine).connect() as connection:
            reserve_ids(connection, highest)
            connection.commit()
    for sha256 in hashes:  # `gc` may have freed what was here before, between the two
        if not store.objects.has(sha256):
            store.objects.put(backup.object(sha256))


def _keeps_at_once(store: "Connector") -> bool:
    return store.database.engine.dialect.name in ("mysql", "mariadb")


def _check_still_empty(counts: dict[str, int]) -> None:
    if any(counts.values()):
        raise StoreError(
            "Another process stored records while the backup was read. Nothing was changed. Take an empty store."
        )


@contextmanager
def _points_taken_back(backup: Backup, store: "Connector") -> Iterator[None]:
    try:
        yield
    except BaseException:
        with suppress(StoreError):
            for id in backup.manifest.points:
                if store.series.extent(id) is not None:
                    store.series.delete_source(id)
        raise


def _write_points(backup: Backup, store: "Connector", report: Listener) -> dict[int | None, int]:
    """Make the versions that snapshots name, in their order, and then the last state.

    Returns:
        The new version for each old one; those that cannot be made again are left out.
    """
    made: dict[int | None, int] = {}
    kept = sorted(backup.manifest.versions.items()) if store.series.version() is not None else []
    steps: list[tuple[int | None, list[int]]] = [*kept, (None, sorted(backup.manifest.points))]
    for id in backup.manifest.points:
        report.ask()
        if store.series.extent(id) is not None:  # of a restoration that was killed
            store.series.delete_source(id)
    for done, (number, sources) in enumerate(steps):
        for start in range(0, len(sources), _SOURCES_AT_ONCE):
            report("Storing points", done, len(steps))
            batch: dict[int, Points] = {}
            for id in sources[start : start + _SOURCES_AT_ONCE]:
                found = dict(backup.states(id))
                if number in found:  # else nothing had changed since the version before
                    batch[id] = found[number]
            if batch:
                replace_points(store.series, batch)
        version = store.series.version()
        if number is not None and version is not None:
            made[number] = version
    return made


def _note_origins(backup: Backup, connection: Connection) -> None:
    """Note of each record where it was made, so that bundles from there and from here know it."""
    for entity in ENTITIES:
        if entity._part_of or entity._is_owned:
            continue
        known = select(ORIGIN.c.id).where(ORIGIN.c.entity == entity.__tablename__)
        ids = connection.scalars(select(entity.id).where(entity.id.not_in(known))).all()
        rows = [
            {"entity": entity.__tablename__, "id": id, "store": backup.manifest.store, "id_there": id} for id in ids
        ]
        if rows:
            connection.execute(insert(ORIGIN), rows)
