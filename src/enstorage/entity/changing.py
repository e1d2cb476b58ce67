"""`change`: columns of a stored record from JSON, with the checks of `create`; and verbs on many records at once."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from enstorage.entity._record import Record
from enstorage.entity._saving import save_all
from enstorage.entity.columns import facts_of
from enstorage.entity.creating import Field, about, check_type, entity_of, fields
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enstorage.connector import Connector

_NEVER = datetime.min.replace(tzinfo=UTC)
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
    """Put records into the trash, all or none; see `Record.trash`.

    Returns:
        The records put there, each after those it was made from.
    """
    return _each(records, Record.trash)


def restore_all(records: Iterable[Record]) -> list[Record]:
    """Restore records from the trash, all or none; see `Record.restore`.

    Returns:
        The restored records, each after those it was made from.
    """
    # What went together with one record may also need others, which went later.
    given = sorted(records, key=lambda record: record.deleted_at or _NEVER, reverse=True)
    return _each(given, Record.restore)


def purge_all(records: Iterable[Record]) -> list[Record]:
    """Delete records in the trash for good, with all that was made from them; all or none.

    Returns:
        The deleted records, each after those it was made from.

    Raises:
        InvalidInputError: a record is not in the trash.
    """
    given = list(records)
    for record in given:
        if record.deleted_at is None:
            raise InvalidInputError(
                f"{record} is not in the trash; only records in the trash are deleted for good. Move it there first."
            )
    return _each(given, lambda record: record.delete(cascade=True))


def tag_all(records: Iterable[Record], tags: Mapping[str, Any]) -> list[Record]:
    """Set tags of records, all or none; those that are None are taken away."""
    given = list(records)
    for record in given:
        record.tags = {key: value for key, value in (dict(record.tags) | dict(tags)).items() if value is not None}
    return save_all(given)


def _each(records: Iterable[Record], act: Any) -> list[Record]:
    given = list(records)
    done: list[Record] = []
    if given:
        with given[0].connector.transaction():
            for record in given:
                if record not in done:  # it may have gone with the one before
                    done += act(record)
    done.reverse()
    return done
