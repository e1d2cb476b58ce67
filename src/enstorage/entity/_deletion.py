"""Deletion of records with their parts and dependants, in the right order."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from sqlalchemy import column, select, table
from sqlalchemy import delete as delete_rows
from sqlalchemy.orm import Session

from enstorage.entity._references import chunks, dependants, entities_in_order, in_order, parts, references_to
from enstorage.errors import InUseError, NotFoundError
from enstorage.progress import Listener, listening

if TYPE_CHECKING:
    from enstorage.connector import Connector
    from enstorage.entity._record import Record
    from enstorage.entity._references import Kind


#: Of the ledger, which is above the entities.
_VERSIONS = table("model_version", column("id"), column("entity"), column("entity_id"))


def delete(record: "Record", *, cascade: bool) -> "list[Record]":
    """Delete `record` and its parts, with `cascade` also everything that refers to it. See `Record.delete`."""
    connector = record.connector
    with connector.transaction() as session:
        if record._is_new or session.get(type(record), record.id) is None:
            raise NotFoundError(f"{record} is not stored: there is nothing to delete.")
        record._check_detachable()
        session.expunge_all()
        blocking = [] if cascade else _blocking(session, record)
        if blocking:
            shown = ", ".join(map(str, blocking[:5])) + (f" and {len(blocking) - 5} more" if len(blocking) > 5 else "")
            raise InUseError(
                f"{record} is in use by {shown}. Delete those first, or call delete(cascade=True) to delete them too."
            )
        wholes = dependants(session, {type(record): {record.id}}) if cascade else {type(record): {record.id}}
        own = parts(session, wholes)
        deleted = in_order(session, wholes, own)
        session.expunge_all()
        with listening(False) as report:
            delete_ids(connector, session, wholes, own, report)
    for each in deleted:
        each._connector = connector
    return deleted


def delete_ids(
    connector: "Connector",
    session: Session,
    wholes: "Mapping[Kind, Iterable[int]]",
    parts_of_them: "Mapping[Kind, Iterable[int]]",
    report: Listener,
) -> None:
    """Delete records that nothing but each other refers to, with what belongs to them outside their rows.

    Args:
        connector: the store.
        session: in a transaction.
        wholes: ids of the records, by entity.
        parts_of_them: ids of their parts.
        report: of the progress; it may stop the deletion, whose transaction has to be rolled back then.
    """
    from enstorage.entity._record import Record

    # With an index that lost entries, records that refer to these would seem not to be there.
    connector.database.confirm_empty(*(child.__table__ for kind in wholes for _, child in references_to(kind)))
    every: dict[Kind, set[int]] = {}
    for entity, ids in (*wholes.items(), *parts_of_them.items()):
        every.setdefault(entity, set()).update(ids)
    _refuse_registered(session, every)
    done, total = 0, sum(map(len, every.values()))
    for entity in reversed(entities_in_order(next(iter(every)).registry) if every else ()):
        has_more = entity._after_delete is not Record._after_delete
        for chunk in chunks(sorted(every.get(entity, ()), reverse=True)):
            rows = [*session.scalars(select(entity).where(entity.id.in_(chunk)))] if has_more else []
            session.expunge_all()
            gone = delete_rows(entity).where(entity.id.in_(chunk))
            session.execute(gone.execution_options(synchronize_session=False))
            for row in rows:
                row._connector = connector
                row._after_delete(session)
            done += len(chunk)
            report("Deleting", done, total)


def _refuse_registered(session: Session, every: "Mapping[Kind, Iterable[int]]") -> None:
    """Refuse to delete models and ensembles that versions of the registry point to, whatever refers to what.

    Raises:
        InUseError: there is one.
    """
    for entity, ids in every.items():
        if entity.__tablename__ not in ("model", "ensemble"):
            continue
        for chunk in chunks(ids):
            own = _VERSIONS.c.entity == entity.__tablename__, _VERSIONS.c.entity_id.in_(chunk)
            found = session.scalars(select(_VERSIONS.c.entity_id).where(*own).order_by(_VERSIONS.c.id).limit(1)).first()
            if found is not None:
                raise InUseError(
                    f"The {entity.__tablename__} {found} is a registered version, which has to stay as it was. Remove the "
                    "registered model first: enstorage registry delete."
                )


def _blocking(session: Session, record: "Record") -> "list[Record]":
    """The records that refer to a record and are not its parts."""
    return [
        user
        for column, child in references_to(type(record))
        if column.key not in child._part_of
        for user in session.scalars(select(child).where(column == record.id).order_by(child.id))
    ]
