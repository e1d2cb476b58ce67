"""`change`: columns of a stored record from JSON, with the checks of `create`; and verbs on many records at once."""

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm.attributes import set_committed_value

from enstorage.entity._record import Record
from enstorage.entity._references import dependants, in_order
from enstorage.entity._saving import save_all
from enstorage.entity.acting import move, with_tags
from enstorage.entity.columns import facts_of
from enstorage.entity.creating import Field, about, check_type, entity_of, fields
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.progress import listening

if TYPE_CHECKING:
    from enstorage.connector import Connector

#: Columns of every record that may change.
_OF_ALL = ("name", "description", "tags")


def changeable(kind: str) -> list[Field]:
    """The fields that `change` takes for a kind.

    Raises:
        InvalidInputError: the kind is not known.
    """
    entity = entity_of(kind)
    known = facts_of(entity)
    try:
        made_by = {each.name: each for each in fields(kind)}
    except InvalidInputError:  # a part, which is created with its whole
        made_by = {}
    own = [name for name in _OF_ALL if name in known]
    if kind == "data_source":
        own += [name for name in made_by if name in known and name not in own]
    described = {"description": "text", "name": "text", "tags": "JSON"}
    return [made_by.get(name) or Field(name, described[name], help=known[name].help, label=name) for name in own]


def change(kind: str, id: int, values: Mapping[str, Any], *, connector: "Connector | None" = None) -> Record:
    """Change columns of a stored record.

    Args:
        kind: its entity, such as `model`.
        id: its id.
        values: new values by the names that `changeable(kind)` lists; None empties what may be empty.
        connector: the store; the current one by default.

    Returns:
        The record as it is stored now.

    Raises:
        InvalidInputError: a name is not known or may not change, or a value is wrong; `error.field` names it. Nothing was
            changed then.
        NotFoundError: there is no such record.
    """
    entity = entity_of(kind)
    known = {each.name: each for each in changeable(kind)}
    for name in values:
        if name not in known:
            raise InvalidInputError(
                f"The {name!r:.60} of a {entity.__name__} cannot be changed; expected one of {', '.join(known)}.",
                field=str(name),
            )
    record = entity.get(id, connector=connector)
    for name, value in values.items():
        with about(name):
            if value is not None or not entity.__table__.columns[name].nullable:
                check_type(kind, known[name], value)
            setattr(record, name, value)
    return record.save()


def trash_all(records: Iterable[Record]) -> list[Record]:
    """Put records into the trash, all or none, with one time; see `Record.trash`.

    Returns:
        The records put there, each after those it was made from.
    """
    return _all_of(records, "trash")


def restore_all(records: Iterable[Record]) -> list[Record]:
    """Restore records from the trash, all or none; see `Record.restore`.

    Returns:
        The restored records, each after those it was made from.
    """
    return _all_of(records, "restore")


def purge_all(records: Iterable[Record]) -> list[Record]:
    """Delete records in the trash for good, with all that was made from them; all or none.

    Returns:
        The deleted records without parts, each after those it was made from.

    Raises:
        InvalidInputError: a record is not in the trash.
    """
    return _all_of(records, "purge")


def tag_all(records: Iterable[Record], tags: Mapping[str, Any]) -> list[Record]:
    """Set tags of records, all or none; those that are None are taken away."""
    return save_all([with_tags(record, tags) for record in records])


def _all_of(records: Iterable[Record], action: str) -> list[Record]:
    given = list(records)
    if not given:
        return []
    connector = given[0].connector
    roots: dict[type[Record], set[int]] = {}
    for record in given:
        if record._is_new:
            raise NotFoundError(f"{record} is not stored. Save it first.")
        roots.setdefault(type(record), set()).add(record.id)
    with connector.transaction() as session, listening(False) as report:
        before = None if action != "purge" else in_order(session, dependants(session, roots))
        session.expunge_all()
        taken, moment = move(connector, action, roots, report)
        done = in_order(session, taken) if before is None else before
        session.expunge_all()
        for record in given:
            undo = partial(set_committed_value, record, "deleted_at", record.deleted_at)
            session.info.setdefault("on_rollback", []).append(undo)
            set_committed_value(record, "deleted_at", moment)
    for record in done:
        record._connector = connector
    done.reverse()
    return done
