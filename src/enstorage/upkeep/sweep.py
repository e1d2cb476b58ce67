"""`gc`: freeing what nothing in the store refers to.

Why it never frees what somebody needs: a writer puts an object, which touches it if it is there, then commits the row that
refers to it, and then looks whether the object is still there; if not, it puts it once more. The sweep lists the objects
first and reads the rows after that, and again inside the writing transaction in which it deletes. The database has one
such transaction at a time, so the commit of a writer lies

- before it: then the row is seen, and the object stays;
- after it: then the writer looks after the deletion, and puts the object again.

A writer that is killed after its commit cannot look any more. For its object the grace period stands in: it was touched
before the commit, and the time is looked at last of all. The same holds for points: who writes some has a committed row of
their source, or holds the writing transaction that will commit it. Versions of the series store are named after they were
read, and what they need beside the present state was replaced since then, so it is as young as the snapshot.

Everything is read before anything is freed. When a reference cannot be read, or leads to nothing, the store is not whole,
what seems to be garbage may be what is missing, and nothing is freed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from enstorage.connector import bound_to
from enstorage.database.integrity import damaged
from enstorage.entity import DataSnapshot, DataSource
from enstorage.entity._object_columns import hash_columns
from enstorage.errors import CorruptError, InvalidInputError
from enstorage.objects.base import is_hash
from enstorage.progress import Listener, Progress, listening
from enstorage.upkeep.rows import check_rows

if TYPE_CHECKING:
    from enstorage.connector import Connector

T = TypeVar("T")

#: Minimum age of unreferenced data before it is freed.
GRACE = timedelta(hours=24)
# Whatever the grace period: what looks like the rest of a killed write may be a write that goes on.
_LEAST_FOR_UNFINISHED = timedelta(hours=1)
# Other writers wait for the transaction in which so many objects are deleted.
_AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class Garbage:
    """The amount of one kind of garbage.

    Attributes:
        kind: "objects" that no record refers to; "unfinished writes" of objects; "points" of sources that are no longer
            stored, where only enstorage writes points; "series files" that neither the present points nor a version that a
            snapshot names need.
        count: number of items.
        bytes: their size; None for points, which share their files with others.
    """

    kind: str
    count: int
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Sweep:
    """The result of `gc`.

    Attributes:
        garbage: one entry for each kind, also for those of which there is none.
        freed: true if it was freed; else it was only counted.
        spared: number of unreferenced objects that are too young to be freed.
    """

    garbage: tuple[Garbage, ...]
    freed: bool
    spared: int

    @property
    def bytes(self) -> int:
        """All of them together."""
        return sum(each.bytes or 0 for each in self.garbage)


def gc(
    connector: "Connector | None" = None,
    *,
    delete: bool = False,
    grace: timedelta = GRACE,
    progress: bool | Progress = False,
) -> Sweep:
    """Free what nothing refers to: objects, unfinished writes, points without source, old files of the series store.

    Args:
        connector: of which store; the current one by default.
        delete: false only looks and counts.
        grace: data written or touched within this time is not freed. A shorter one than the longest transaction or
            read of any program that uses the store can take a version away while a snapshot is being taken of it.
        progress: show a bar, or a function, see `enstorage.Progress`. What was freed before it stopped stays freed.

    Raises:
        CancelledError: the progress function asked to stop.
        CorruptError: a row refers to an object that is missing, or to none, or the database is damaged; nothing was freed.
        InvalidInputError: the grace period is negative, or a transaction is open, which could still be undone.
        StoreError: something could not be read; nothing was freed.
    """
    if grace < timedelta(0):
        raise InvalidInputError(f"The grace period is {grace}; expected zero or more. Give a positive one.")
    with bound_to(connector) as store:
        if store.database.in_transaction:
            raise InvalidInputError(
                "gc was called inside a transaction, whose deletions may still be undone. Call it after the transaction."
            )
        with listening(progress) as report:
            return _Sweeper(store, grace, report).sweep(delete=delete)


class _Sweeper:
    def __init__(self, store: "Connector", grace: timedelta, report: Listener) -> None:
        self._store = store
        self._grace = grace
        self._before = datetime.now(UTC) - grace
        self._unfinished_before = datetime.now(UTC) - max(grace, _LEAST_FOR_UNFINISHED)
        self._report = report

    def sweep(self, *, delete: bool) -> Sweep:
        self._check_database()
        looking = self._report.within(0, 50 if delete else 100, 100)
        looking("Looking for what nothing refers to", 0, 4)
        check_rows(self._store.database, self._report.ask)
        stored = {each.sha256: each for each in self._watched(self._store.objects.stored())}
        sources = self._store.series.sources()
        with self._store.database.reading() as session:
            referred = _references(session)
            known = _source_ids(session)
        self._check_whole(referred, stored.keys())
        loose = {sha256: each for sha256, each in stored.items() if sha256 not in referred}
        old = {sha256: each.bytes for sha256, each in loose.items() if each.touched_at < self._before}
        looking("Looking for points without source", 1, 4)
        orphans = [] if self._store.series.written_by_others else [each for each in sources if each not in known]
        points = {source: len(self._store.series.read(source)[0]) for source in self._watched(orphans)}
        looking("Looking for files of the series store", 2, 4)
        files = self._vacuum(delete=False)
        looking("Looking for unfinished writes", 3, 4)
        unfinished = self._store.objects.clear_unfinished(self._unfinished_before, delete=False)
        looking("Looked for what nothing refers to", 4, 4)
        if delete:
            total = len(old) + len(points) + 2
            freeing = self._report.within(50, 100, 100)
            old = self._delete_objects(old, freeing, total)
            points = self._delete_points(points, freeing, total)
            freeing("Freeing files of the series store", total - 2, total)
            files = self._vacuum(delete=True)
            freeing("Freeing unfinished writes", total - 1, total)
            unfinished = self._store.objects.clear_unfinished(self._unfinished_before, delete=True)
            freeing("Freed what nothing refers to", total, total)
        garbage = (
            Garbage("objects", len(old), sum(old.values())),
            Garbage("unfinished writes", *unfinished),
            Garbage("points", sum(points.values()), None),
            Garbage("series files", *files),
        )
        return Sweep(garbage, freed=delete, spared=sum(each.touched_at >= self._before for each in loose.values()))

    def _watched(self, found: Iterable[T]) -> Iterator[T]:
        """The same, while it can be stopped."""
        for each in found:
            self._report.ask()
            yield each

    def _check_database(self) -> None:
        """Ask the database first: where an index lost entries, what is referred to looks like garbage."""
        database = self._store.database
        problems = database.find_damage(references=True)
        if problems:
            raise damaged(
                database.engine, problems, "Nothing was freed, since what seems to be garbage could be what is missing."
            )

    def _check_whole(self, referred: dict[str, str], stored: "Any") -> None:
        for sha256, row in referred.items():
            if sha256 not in stored and not self._store.objects.has(sha256):  # it may have been put after the listing
                raise CorruptError(
                    f"Object {sha256}, to which {row} refers, is missing in {self._store.objects}. Nothing was freed, since "
                    "what seems to be garbage could be what is missing. Run `enstorage check`, restore what it names from a "
                    "backup or delete those records, then try again."
                )

    def _delete_objects(self, doomed: dict[str, int], report: Listener, total: int) -> dict[str, int]:
        deleted = {}
        for number, batch in enumerate(_batches(list(doomed))):
            report("Freeing objects", number * _AT_ONCE, total)
            with self._store.transaction() as session:
                referred = _references(session, batch)
                for sha256 in batch:
                    if sha256 not in referred and self._store.objects.delete(sha256, unless_touched_since=self._before):
                        deleted[sha256] = doomed[sha256]
        return deleted

    def _delete_points(self, doomed: dict[int, int], report: Listener, total: int) -> dict[int, int]:
        deleted = {}
        for done, (source, points) in enumerate(doomed.items(), start=total - len(doomed) - 2):
            report("Freeing points", done, total)
            with self._store.transaction() as session:
                if source not in _source_ids(session):
                    self._store.series.delete_source(source)
                    deleted[source] = points
        return deleted

    def _vacuum(self, *, delete: bool) -> tuple[int, int]:
        with self._store.database.reading() as session:
            named = session.scalars(select(DataSnapshot.series_version).distinct()).all()
        keep = [version for version in named if version is not None]
        return self._store.series.vacuum(keep, self._grace, delete=delete)


def _references(session: Session, among: list[str] | None = None) -> dict[str, str]:
    """The hashes that rows refer to, of all or of some, each with the name of such a row."""
    found = {}
    for column in hash_columns():
        key = next(iter(column.table.primary_key))
        query = select(key, column).where(column.is_not(None) if among is None else column.in_(among))
        for id, sha256 in session.execute(query):
            row = f"{column.table.name} {id}"
            if not is_hash(sha256):
                raise CorruptError(
                    f"The {column.name} of {row} is {sha256!r:.80}, which is no SHA-256. Nothing was freed, since what "
                    "seems to be garbage could be what it should name. Restore the database from a backup."
                )
            found[sha256] = row
    return found


def _source_ids(session: Session) -> set[int]:
    return set(session.scalars(select(DataSource.id)))


def _batches(hashes: list[str]) -> Iterator[list[str]]:
    return (hashes[start : start + _AT_ONCE] for start in range(0, len(hashes), _AT_ONCE))
