"""The trash: putting records into it, restoring them, and the filter of lists.

Only `deleted_at` is written. All records of one call have the same time, by which `restore` finds them. The rows of parts
(facts, curves, forecasts, items, inputs) do not change: parts are in the trash when their whole is, and so a record in the
trash is read like any other.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    Connection,
    Executable,
    Select,
    bindparam,
    exists,
    literal_column,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from enstorage.database.direct import rows
from enstorage.entity._references import chunks, dependants, foreign_keys, in_order, parents, references_to
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.progress import Listener, listening

if TYPE_CHECKING:
    from enstorage.connector import Connector
    from enstorage.entity._record import Record
    from enstorage.entity._references import Key, Kind


def in_trash(entity: "Kind") -> ColumnElement[bool]:
    """True if a row is in the trash: itself, the record it is a part of, or the owner of the table."""
    columns = entity.__table__.columns
    holders: list[ColumnElement[bool]] = []
    for name in sorted(entity._part_of):
        whole = foreign_keys(entity)[name].__table__.alias()
        holders.append(exists().where(whole.c.id == columns[name], whole.c.deleted_at.is_not(None)))
    for column, owner in references_to(entity) if entity._is_owned else ():
        holders.append(exists().where(column == columns["id"], in_trash(owner)))
    return or_(columns["deleted_at"].is_not(None), *holders)


def trash(record: "Record", moment: datetime) -> "list[Record]":
    """Put a record and everything that refers to it into the trash. See `Record.trash`."""
    with record.connector.transaction() as session, listening(False) as report:
        _deleted_at(record, session)
        taken, moment = trash_ids(record.connector, {type(record): {record.id}}, moment, report)
        return _written(record, session, taken, moment)


def restore(record: "Record") -> "list[Record]":
    """Restore the records of the call that put the record into the trash. See `Record.restore`."""
    with record.connector.transaction() as session, listening(False) as report:
        moment = _deleted_at(record, session)
        missing = _trashed(session.connection(), _owners(session, record)) if moment is None else set()
        if missing:
            raise _needs(record, session, missing)
        return _written(record, session, restore_ids(record.connector, {type(record): {record.id}}, report), None)


def trash_ids(
    connector: "Connector", roots: "Mapping[Kind, Iterable[int]]", moment: datetime, report: Listener
) -> "tuple[dict[Kind, set[int]], datetime]":
    """Put records and everything that refers to them into the trash.

    Args:
        connector: the store.
        roots: their ids by entity; none is in the trash.
        moment: the time to write.
        report: of the progress; it may stop the work.

    Returns:
        The ids of the records put there, and their time: a later one if records were put there at the given one.

    Raises:
        InvalidInputError: a record is in the trash already.
        InUseError: a record is a part of a final one.
    """
    with connector.transaction() as session:
        for entity, ids in roots.items():
            for chunk in chunks(ids):
                query = select(entity).where(entity.id.in_(chunk), entity.deleted_at.is_not(None)).limit(1)
                for record in session.scalars(query):
                    raise InvalidInputError(
                        f"{record} is in the trash already, since {record.deleted_at:%Y-%m-%d %H:%M:%S} UTC. Call restore() "
                        "to take it out, or delete(cascade=True) to delete it for good."
                    )
        _check_detachable(connector, session, roots)
        live: dict[Kind, set[int]] = {}
        before: set[datetime] = set()
        for entity, ids in dependants(session, roots).items():
            for chunk in chunks(ids):
                for id, then in session.execute(select(entity.id, entity.deleted_at).where(entity.id.in_(chunk))):
                    if then is None:
                        live.setdefault(entity, set()).add(id)
                    else:
                        before.add(then)
        while moment in before:  # a clock that was set back, or a coarse one
            moment += timedelta(microseconds=1)
        _mark(session, live, moment, report)
        return live, moment


def restore_ids(
    connector: "Connector", roots: "Mapping[Kind, Iterable[int]]", report: Listener
) -> "dict[Kind, set[int]]":
    """Take records out of the trash, with what was put there together with each.

    Args:
        connector: the store.
        roots: their ids by entity; all are in the trash.
        report: of the progress; it may stop the work.

    Returns:
        The ids of the restored records.

    Raises:
        InvalidInputError: a record is not in the trash, or needs another one there: the message names it.
        InUseError: a record is a part of a final one.
    """
    with connector.transaction() as session:
        by_moment: dict[datetime | None, dict[Kind, set[int]]] = {}
        for entity, ids in roots.items():
            for chunk in chunks(ids):
                for id, then in session.execute(select(entity.id, entity.deleted_at).where(entity.id.in_(chunk))):
                    by_moment.setdefault(then, {}).setdefault(entity, set()).add(id)
        live = by_moment.pop(None, {})
        together: set[Key] = set()
        for moment, own in by_moment.items():
            for entity, ids in dependants(session, own).items():
                for chunk in chunks(ids):
                    query = select(entity.id).where(entity.id.in_(chunk), entity.deleted_at == moment)
                    together.update((entity, id) for id in session.scalars(query))
        restored = _without_needs(session, together)
        for entity, ids in (*live.items(), *roots.items()):
            for id in sorted(ids):
                if (entity, id) in restored:
                    continue
                record = session.get_one(entity, id)
                needed = _needed_in_trash(session, record, restored)
                if needed:
                    raise _needs(record, session, needed)
                raise InvalidInputError(f"{record} is not in the trash: there is nothing to restore.")
        _check_detachable(connector, session, roots)
        found = _by_entity(restored)
        _mark(session, found, None, report)
        return found


def check_live(records: "Iterable[Record]") -> None:
    """Refuse records that are in the trash, before long work is done for them.

    Raises:
        InvalidInputError: a record is in the trash.
    """
    from enstorage.entity._record import Record

    # The callers refuse values that are not records.
    stored = [record for record in records if isinstance(record, Record) and not record._is_new]
    if not stored:
        return
    with stored[0].connector.database.reading() as session:
        trashed = _trashed(session.connection(), ((type(record), record.id) for record in stored))
    for record in stored:
        if (type(record), record.id) in trashed:
            raise InvalidInputError(
                f"{record} is in the trash. Take it out first: {type(record).__name__}.get({record.id}).restore()."
            )


def check_parents(connection: Connection, referring: "Iterable[tuple[Record, Iterable[str]]]") -> None:
    """Refuse new references to records in the trash.

    Args:
        connection: in the transaction that writes the records.
        referring: records, each with its new columns. A part may still be added to a whole in the trash, so that the
            result of a running computation is not lost.

    Raises:
        InvalidInputError: a record refers to one in the trash.
    """
    users: dict[Key, tuple[Record, str]] = {}
    for record, names in referring:
        keys = foreign_keys(type(record))
        for name in names:
            if name in keys and name not in record._part_of and not keys[name]._is_owned:
                id = getattr(record, name)
                if id is not None:
                    users.setdefault((keys[name], id), (record, name))
    for key in _trashed(connection, users):
        (user, name), (entity, id) = users[key], key
        raise InvalidInputError(
            f"{entity.__name__}({id}) is in the trash, so no {type(user).__name__} can be made of it. Take it out first: "
            f"{entity.__name__}.get({id}).restore().",
            field=name,
        )


def _without_needs(session: Session, together: "set[Key]") -> "set[Key]":
    """Some records in the trash without those that need another record there."""
    needed: dict[Key, set[Key]] = {}
    for entity, ids in _by_entity(together).items():
        needed.update({(entity, id): found for id, found in parents(session, entity, ids).items()})
    trashed = _trashed(session.connection(), {parent for found in needed.values() for parent in found})
    while True:
        left = {key for key in together if not needed.get(key, set()) & (trashed - together)}
        if left == together:
            return together
        together = left


def _needed_in_trash(session: Session, record: "Record", restored: "set[Key]") -> "set[Key]":
    """The records in the trash that a record needs, without those that are restored."""
    needed = parents(session, *_as_ids((type(record), record.id))).get(record.id, set())
    return _trashed(session.connection(), needed) - restored


def _needs(record: "Record", session: Session, missing: "set[Key]") -> InvalidInputError:
    first = sorted(map(str, _first_trashed(session, missing)))
    return InvalidInputError(
        f"{record} needs {', '.join(first)} in the trash. Restore that first; restore() restores all records that "
        "were put into the trash together."
    )


def _check_detachable(connector: "Connector", session: Session, roots: "Mapping[Kind, Iterable[int]]") -> None:
    from enstorage.entity._record import Record

    for entity, ids in roots.items():
        if entity._check_detachable is not Record._check_detachable:
            for chunk in chunks(ids):
                for record in session.scalars(select(entity).where(entity.id.in_(chunk))).all():
                    record._connector = connector
                    record._check_detachable()


def _mark(session: Session, records: "Mapping[Kind, Iterable[int]]", moment: datetime | None, report: Listener) -> None:
    """Write the time into records."""
    session.expunge_all()
    done, total = 0, sum(map(len, map(list, records.values())))
    for entity, ids in records.items():
        for chunk in chunks(ids):
            # The record itself does not change, so neither does the time of its last change.
            change = update(entity).where(entity.id.in_(chunk)).values(deleted_at=moment, updated_at=entity.updated_at)
            session.execute(change.execution_options(synchronize_session=False))
            done += len(chunk)
            report("Restoring" if moment is None else "Moving to the trash", done, total)


def _written(
    record: "Record", session: Session, taken: "Mapping[Kind, Iterable[int]]", moment: datetime | None
) -> "list[Record]":
    """The records, each before those it refers to; one of them has the time."""
    found = in_order(session, taken)
    session.expunge_all()
    for each in found:
        each._connector = record.connector
    undo = partial(set_committed_value, record, "deleted_at", record.deleted_at)
    session.info.setdefault("on_rollback", []).append(undo)
    set_committed_value(record, "deleted_at", moment)
    return found


def _owners(session: Session, record: "Record") -> "set[Key]":
    """The records that own the record as their table."""
    return {
        (owner, id)
        for column, owner in (references_to(type(record)) if record._is_owned else ())
        for id in session.scalars(select(owner.id).where(column == record.id))
    }


def _deleted_at(record: "Record", session: Session) -> datetime | None:
    entity = type(record)
    query = select(entity.id, entity.deleted_at).where(entity.id == record.id)
    row = None if record._is_new else session.execute(query).first()
    if row is None:
        raise NotFoundError(f"{record} is not stored. Save it first, or read it again with get.")
    moment: datetime | None = row[1]
    return moment


def _trashed(connection: Connection, keys: "Iterable[Key]") -> "set[Key]":
    """The keys of records that are in the trash themselves."""
    by_entity = _by_entity(keys)
    if not by_entity:
        return set()
    if all(len(ids) == 1 for ids in by_entity.values()):  # nearly always, and every save of a new record asks
        entities = tuple(by_entity)
        values = {f"id{number}": id for number, (id,) in enumerate(by_entity.values())}
        return {(entities[number], id) for number, id in rows(connection, _one_of_each_in_trash(entities), values)}
    return {
        (entity, id)
        for entity, ids in by_entity.items()
        for chunk in chunks(ids)
        for id in connection.scalars(_ids_in_trash(entity), {"ids": chunk})
    }


@cache
def _one_of_each_in_trash(entities: "tuple[Kind, ...]") -> Executable:
    """The statement for the records in the trash among `id0`, `id1`, … of the entities: number of the entity, and id."""
    return union_all(
        *(
            select(literal_column(str(number)), columns["id"]).where(
                columns["id"] == bindparam(f"id{number}"), columns["deleted_at"].is_not(None)
            )
            for number, columns in enumerate(entity.__table__.columns for entity in entities)
        )
    )


@cache
def _ids_in_trash(entity: "Kind") -> "Select[int]":
    """The statement for the `ids` that are in the trash."""
    columns = entity.__table__.columns
    ids: BindParameter[int] = bindparam("ids", expanding=True)
    return select(columns["id"]).where(columns["deleted_at"].is_not(None), columns["id"].in_(ids))


def _first_trashed(session: Session, keys: "set[Key]") -> "list[Record]":
    """The records in the trash, among the given ones and those they need, that need no others in the trash."""
    seen: set[Key] = set()
    first: list[Key] = []
    pending = list(keys)
    while pending:
        key = pending.pop()
        if key not in seen:
            seen.add(key)
            above = _trashed(session.connection(), parents(session, *_as_ids(key)).get(key[1], set()))
            pending += above
            if not above:
                first.append(key)
    return [found for entity, id in first if (found := session.get(entity, id)) is not None]


def _by_entity(keys: "Iterable[Key]") -> "dict[Kind, set[int]]":
    found: dict[Kind, set[int]] = {}
    for entity, id in keys:
        found.setdefault(entity, set()).add(id)
    return found


def _as_ids(key: "Key") -> "tuple[Kind, list[int]]":
    return key[0], [key[1]]
