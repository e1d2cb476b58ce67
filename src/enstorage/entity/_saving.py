"""Saving of many records in one transaction; if it fails, the objects are restored."""

from collections.abc import Iterable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from sqlalchemy import inspect, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm.attributes import get_history, set_committed_value
from sqlalchemy.orm.base import PASSIVE_NO_INITIALIZE
from sqlalchemy.orm.exc import StaleDataError

from enstorage.entity._references import chunks
from enstorage.entity._trash import check_parents
from enstorage.errors import InvalidInputError, NotFoundError

if TYPE_CHECKING:
    from enstorage.connector import Connector
    from enstorage.entity._record import Record


def save_all(records: "Iterable[Record]") -> list[Any]:
    """Save many records in one transaction, all or none; far faster than one by one.

    Args:
        records: of any classes, all of one store; see `Record.save`.

    Returns:
        The records, in the order given.

    Raises:
        InvalidInputError: the records are of different stores, or one has a text that cannot be stored.
        ImmutableError: a column that may not change was changed.
        NotFoundError: a record was deleted meanwhile.
    """
    given = list(records)
    if not given:
        return given
    connector = given[0].connector
    if any(record.connector is not connector for record in given):
        raise InvalidInputError(
            "The records are of different stores; expected records of one store. Save those of each store separately."
        )
    # The same record twice would be two rows otherwise.
    each_once = list({id(record): record for record in given}.values())
    for record in each_once:
        record._refuse_changes()
        record._check_texts()
    new = {id(record) for record in each_once if record._is_new}
    changes = {id(record): _changed(record) for record in each_once}
    written = [record for record in each_once if id(record) in new or changes[id(record)]]
    unchanged = [record for record in each_once if id(record) not in new and not changes[id(record)]]
    for kind in {type(record) for record in unchanged}:
        _check_stored(kind, [record.id for record in unchanged if type(record) is kind], connector)
    if written:
        _write(written, new, changes, connector)
    for record in given:
        record._connector = connector
    return given


def _check_stored(kind: "type[Record]", ids: list[int], connector: "Connector") -> None:
    """Raise NotFoundError if a record was deleted meanwhile; ids alone are read, since thousands of records take long."""
    with connector.database.reading() as session:
        found = {id for chunk in chunks(ids) for id in session.scalars(select(kind.id).where(kind.id.in_(chunk)))}
    if missing := set(ids) - found:
        kind.get_list(sorted(missing), connector=connector)


def _changed(record: "Record") -> list[str]:
    state = inspect(record)
    # A value that was set to what it had been is among the assigned ones, and is no change.
    return [key for key in state.committed_state if get_history(record, key, PASSIVE_NO_INITIALIZE).has_changes()]


@cache
def _columns(kind: "type[Record]") -> frozenset[str]:
    return frozenset(kind.__table__.columns.keys())


def _write(records: "list[Record]", new: set[int], changes: dict[int, list[str]], connector: "Connector") -> None:
    """Write records, of which those with an id in `new` are not stored yet."""
    kept = {
        id(record): {key: value for key, value in record.__dict__.items() if key in _columns(type(record))}
        for record in records
    }
    undo = [
        record._forget_id if id(record) in new else partial(record._mark_changed, changes[id(record)])
        for record in records
    ]
    with connector.database.transaction(before=False) as session:
        # This begins the transaction, outside of what follows: if that fails, the records are as they were.
        check_parents(session.connection(), ((record, changes[id(record)]) for record in records))
        try:
            session.add_all(records)
            session.flush()
        except SQLAlchemyError as error:
            # The automatic roll-back of SQLAlchemy leaves the objects without their values.
            for record in records:
                if record in session:
                    session.expunge(record)
                for key, value in kept[id(record)].items():
                    set_committed_value(record, key, value)
                record._mark_changed(changes[id(record)])
            if isinstance(error, StaleDataError):
                missing = ", ".join(str(record) for record in records if id(record) not in new)
                raise NotFoundError(f"{missing} is no longer stored: it was deleted meanwhile.") from error
            raise
        inserted = [record for record in records if id(record) in new]
        for kind in {type(record) for record in inserted}:
            kind._after_insert([record.id for record in inserted if type(record) is kind], connector)
        # Records are in no session between calls, so that two objects of one row do not interfere.
        for record in records:
            session.expunge(record)
        session.info.setdefault("on_rollback", []).extend(undo)
        session.info.setdefault("made", []).extend(inserted)
