"""`check`: whether everything in a store is whole."""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from sqlalchemy import func, select, union

from enstorage.connector import bound_to
from enstorage.database.types import to_json_text
from enstorage.entity import ENTITIES
from enstorage.entity._object_columns import hash_columns
from enstorage.entity._record import Record
from enstorage.entity.data_csv import DataCsv
from enstorage.entity.data_snapshot import DataSnapshot
from enstorage.entity.data_source import DataSource
from enstorage.entity.model_curve import ModelCurve
from enstorage.entity.model_meta import ModelMeta, label_of, number_of
from enstorage.errors import CorruptError, DatabaseCorruptError, EnstorageError, NotFoundError, NotSupportedError
from enstorage.objects.table import content_sha256
from enstorage.progress import Listener, Progress, listening
from enstorage.series.batches import read_each
from enstorage.upkeep.opening import check_opening
from enstorage.upkeep.sweep import gc

if TYPE_CHECKING:
    from enstorage.connector import Connector
    from enstorage.series.base import Points

# Means of one version of the library need not be those of another to the last bit.
_TOLERANCE = 1e-9
_RESTORE = "Restore the store from a backup; then check the rest, which was not looked at."


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it was stored, or worth knowing.

    Attributes:
        entity: class of the record, such as "DataSnapshot"; "Object" for bytes that no record refers to; "Store" for what
            concerns all of it.
        id: of the record; the hash of an object; None for the store.
        problem: the problem and its remedy.
        kind: "damage", or "note" for what is in order but could be tidied up.
    """

    entity: str
    id: int | str | None
    problem: str
    kind: Literal["damage", "note"] = "damage"


def check(
    connector: "Connector | None" = None, *, notes: bool = False, progress: bool | Progress = False
) -> list[Finding]:
    """Read everything that is stored and compare every hash, reference and row count.

    First the database looks through its own files and compares its indexes with their tables. With damage there, its
    records cannot be relied on, and nothing else is looked at. Else it is every record with what it refers to, every
    object whether a record refers to it or not, all points of every source, and each snapshot a second time from the
    series store where that still has its version.

    Args:
        connector: of which store; the current one by default.
        notes: report also other findings: what `gc` would free, tables without owner, versions that are gone.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Returns:
        The findings; none for an intact store.

    Raises:
        CancelledError: the progress function asked to stop.
    """
    with bound_to(connector) as store, listening(progress) as report:
        found = list(_or_damage(_findings(store, report.within(0, 90, 100) if notes else report)))
        if notes:
            found += _notes(store, report.within(90, 100, 100))
    return [each for each in found if notes or each.kind == "damage"]


def _or_damage(findings: Iterator[Finding]) -> Iterator[Finding]:
    """The findings, and that the database was found to be damaged while its records were read."""
    try:
        yield from findings
    except DatabaseCorruptError as error:
        yield Finding("Store", None, str(error))


def _findings(store: "Connector", report: Listener) -> Iterator[Finding]:
    problems = store.database.find_damage()
    for problem in problems:
        yield Finding("Store", None, f"The database is damaged: {problem}. {_RESTORE}")
    if problems:
        return  # its records cannot be relied on
    with store.database.reading() as session:
        records = sum(session.scalar(select(func.count()).select_from(entity)) or 0 for entity in ENTITIES)
        referred = set(session.scalars(union(*(select(column) for column in hash_columns()))))
        known = {entity.__tablename__: set(session.scalars(select(entity.id))) for entity in ENTITIES}
    loose = sorted(set(store.objects.hashes()) - referred)
    done, total = 0, records + len(loose)
    for entity in ENTITIES:
        every, unreadable = _read(entity, sorted(known[entity.__tablename__]))
        yield from unreadable
        done += len(unreadable)
        for record, points in zip(every, _points(store, every), strict=True):
            report(f"Checking {entity.__name__}", min(done, total), total)
            done += 1
            yield from _of_record(record, known, points)
    for sha256 in loose:
        report("Checking objects", min(done, total), total)
        done += 1
        try:
            store.objects.get(sha256)
        except EnstorageError as error:
            if store.objects.has(sha256):  # else it was freed meanwhile
                problem = f"{error} No record refers to it: `enstorage gc --delete` frees it."
                yield Finding("Object", sha256, problem)
    report("Checked all", total, total)


def _read(entity: type[Record], ids: list[int]) -> tuple[list[Record], list[Finding]]:
    """The records with the ids, those in the trash too, and a finding for each that cannot be read."""
    if not ids:
        return [], []
    try:
        return entity._select(select(entity).where(entity.id.between(ids[0], ids[-1])).order_by(entity.id)), []
    except DatabaseCorruptError:
        raise
    except CorruptError as error:
        if len(ids) == 1:
            return [], [Finding(entity.__name__, ids[0], str(error))]
    half = len(ids) // 2
    (first, findings), (last, more) = _read(entity, ids[:half]), _read(entity, ids[half:])
    return first + last, findings + more


def _points(store: "Connector", records: "Sequence[Any]") -> "Iterator[Points | None]":
    """The points of sources, and what snapshots were taken of, read in few calls; None for what is to be read alone."""
    if records and isinstance(records[0], DataSource):
        done = 0
        with suppress(EnstorageError):  # the one that cannot be read is found when it is read alone
            for _, points in read_each(store.series, [record.id for record in records]):
                done += 1
                yield points
        yield from [None] * (len(records) - done)
    elif records and isinstance(records[0], DataSnapshot):
        yield from DataSnapshot._read_each_again(records)
    else:
        yield from [None] * len(records)


def _of_record(record: Record, known: dict[str, set[int]], points: "Points | None") -> Iterator[Finding]:
    entity = type(record).__name__
    try:
        record._check_texts()
        _check_references(record, known)
        _check_content(record, points)
        lost = _lost_version(record, points) if isinstance(record, DataSnapshot) else None
    except EnstorageError as error:
        yield Finding(entity, record.id, str(error))
        return
    if lost is not None:
        yield Finding(entity, record.id, lost, "note")


def _check_references(record: Record, known: dict[str, set[int]]) -> None:
    tables = {entity.__tablename__: entity for entity in ENTITIES}
    for column in record.__table__.columns:
        id = getattr(record, column.key)
        for key in column.foreign_keys if id is not None else ():
            if id not in known[key.column.table.name]:  # or it was made since
                tables[key.column.table.name].get(id)


def _check_content(record: Record, points: "Points | None") -> None:
    match record:
        case DataSource() if points is None:
            record.connector.series.read(record.id)
        case ModelMeta():
            _check_fact(record)
        case ModelCurve():
            record.table()
        case DataCsv():
            rows = record.table().height
            if rows != record.rows:
                raise CorruptError(f"{record} has {rows} rows, {record.rows} were stored. Restore it from a backup.")
        case DataSnapshot() if content_sha256(record._csv.table()) != record.sha256:
            raise CorruptError(f"The rows of {record} have another hash than when it was taken. Restore a backup.")
        case _:
            check_opening(record)


def _check_fact(fact: ModelMeta) -> None:
    text = to_json_text(fact.value)
    plain = json.loads(text)
    if (fact.number, fact.label) != (number_of(plain), label_of(plain, text)):
        raise CorruptError(
            f"{fact}, {fact.key!r} of model {fact.model_id}, is kept as {text[:80]} and would be found as {fact.number}, "
            f"{fact.label!r:.80}: one of them was changed behind our back. Restore it from a backup, or record it again."
        )


def _lost_version(snapshot: DataSnapshot, points: "Points | None") -> str | None:
    """The note for a snapshot that cannot be read again from the series store.

    Raises:
        CorruptError: it can, and other rows come out.
    """
    if snapshot.series_version is None:
        return None
    try:
        times, values = snapshot.read_again() if points is None else points
    except (NotFoundError, NotSupportedError) as error:
        return f"Its rows are kept, but they cannot be read again from the series store. {error}"
    kept_times, kept_values = snapshot.read()
    if not (
        np.array_equal(times, kept_times)
        and np.allclose(values, kept_values, rtol=_TOLERANCE, atol=0.0, equal_nan=True)
    ):
        raise CorruptError(
            f"Version {snapshot.series_version} of the series store gives other rows than {snapshot} kept when taken. "
            "What was kept is whole; what the series store holds is damaged or of another store. Restore a backup of it."
        )
    return None


def _notes(store: "Connector", report: Listener) -> Iterator[Finding]:
    try:
        sweep = gc(store, progress=report)
    except CorruptError:  # which is among the findings
        return
    for each in sweep.garbage:
        if each.count:
            yield Finding("Store", None, f"{each.count} {each.kind} are not needed: `enstorage gc` shows more.", "note")
    owners = [key.parent for key in _foreign_keys_to(DataCsv)]
    query = select(DataCsv).where(*(~select(column).where(column == DataCsv.id).exists() for column in owners))
    for table in DataCsv._select(query.order_by(DataCsv.id)):
        yield Finding(
            "DataCsv",
            table.id,
            "No record owns this table. If you do not know it either, delete it: DataCsv.get(id).delete()",
            "note",
        )


def _foreign_keys_to(entity: type[Record]) -> Iterator[Any]:
    for table in Record.metadata.sorted_tables:
        for key in table.foreign_keys:
            if key.column.table is entity.__table__:
                yield key
