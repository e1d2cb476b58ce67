"""Deleting: what refers to a record, what goes with it, and in which order."""

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete as delete_rows
from sqlalchemy import select
from sqlalchemy.orm import Session

from enstorage.errors import InUseError, NotFoundError

if TYPE_CHECKING:
    from enstorage.entity._record import Record


def delete(record: "Record", *, cascade: bool) -> "list[Record]":
    """Delete `record` and its parts, with `cascade` also everything that refers to it. See `Record.delete`."""
    connector = record.connector
    with connector.transaction() as session:
        if record._is_new or session.get(type(record), record.id) is None:
            raise NotFoundError(f"{record} is not stored: there is nothing to delete.")
        session.expunge_all()
        doomed, blocking = _plan(record, session, cascade=cascade)
        if blocking:
            shown = ", ".join(map(str, blocking[:5])) + (f" and {len(blocking) - 5} more" if len(blocking) > 5 else "")
            raise InUseError(
                f"{record} is in use by {shown}. Delete those first, or call delete(cascade=True) to take them along."
            )
        for each in doomed:
            session.execute(delete_rows(type(each)).where(type(each).id == each.id))
        for each in doomed:
            each._connector = connector
            each._after_delete(session)
    return doomed


def _plan(record: "Record", session: Session, *, cascade: bool) -> "tuple[list[Record], list[Record]]":
    """What to delete, dependants before what they depend on, and what stands in the way."""
    doomed: list[Record] = []
    blocking: list[Record] = []
    seen: set[tuple[type, int]] = set()

    def visit(current: "Record") -> None:
        if (type(current), current.id) in seen:
            return
        seen.add((type(current), current.id))
        for column, cls in _references_to(type(current)):
            for dependant in session.scalars(select(cls).where(column == current.id).order_by(cls.id)).all():
                session.expunge(dependant)
                if column.name in cls._part_of:
                    visit(dependant)
                elif cascade:
                    # What is a part goes with its whole: an ensemble without one of its members would tell lies.
                    visit(dependant if cls._goes_alone else _whole(dependant, session))
                else:
                    blocking.append(dependant)
        doomed.append(current)

    visit(record)
    return doomed, blocking


def _references_to(cls: "type[Record]") -> "list[tuple[Any, type[Record]]]":
    table = cls.__table__
    return [
        (column, mapper.class_)
        for mapper in sorted(cls.registry.mappers, key=lambda mapper: mapper.class_.__name__)
        for column in mapper.local_table.columns
        if any(key.column.table is table for key in column.foreign_keys)
    ]


def _whole(record: "Record", session: Session) -> "Record":
    """What the record is a part of, or the record itself."""
    for name in record._part_of:
        (key,) = record.__table__.columns[name].foreign_keys
        for mapper in record.registry.mappers:
            if mapper.local_table is key.column.table:
                owner: Record | None = session.get(mapper.class_, getattr(record, name))
                if owner is not None:
                    session.expunge(owner)
                    return owner
    return record
