"""Deletion of records with their parts and dependants, in the right order."""

from typing import TYPE_CHECKING

from sqlalchemy import delete as delete_rows
from sqlalchemy import select
from sqlalchemy.orm import Session

from enstorage.entity._references import dependants, in_order, parts, references_to
from enstorage.errors import InUseError, NotFoundError

if TYPE_CHECKING:
    from enstorage.entity._record import Record


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
        wholes = dependants(session, record) if cascade else {type(record): {record.id}}
        # With an index that lost entries, records that refer to these would seem not to be there.
        connector.database.confirm_empty(*(child.__table__ for kind in wholes for _, child in references_to(kind)))
        deleted = in_order(session, wholes, parts(session, wholes))
        session.expunge_all()
        for each in deleted:
            session.execute(delete_rows(type(each)).where(type(each).id == each.id))
        for each in deleted:
            each._connector = connector
            each._after_delete(session)
    return deleted


def _blocking(session: Session, record: "Record") -> "list[Record]":
    """The records that refer to a record and are not its parts."""
    return [
        user
        for column, child in references_to(type(record))
        if column.key not in child._part_of
        for user in session.scalars(select(child).where(column == record.id).order_by(child.id))
    ]
