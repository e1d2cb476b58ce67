"""Commands that change stored records: rename, edit, delete, restore, purge."""

import shlex
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.confirmation import Yes, ask_before
from enmyadmin.arguments.given import pair
from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.arguments.period import parse_period
from enmyadmin.arguments.records import (
    Entity,
    described,
    described_first,
    entity_class,
    find_record,
    find_records,
    hyphenated,
    label_of,
)
from enmyadmin.output import Json, counted, print_json, print_line
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enstorage.connector import Connector
    from enstorage.entity._record import Record

References = Annotated[list[str], typer.Argument(help="Ids or names.", metavar="ID")]


def rename(
    entity: Entity,
    id: Annotated[str, typer.Argument(help="Its id or its present name.")],
    name: Annotated[str, typer.Argument(help="Its new name.")],
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Rename a record.

    Nothing that was computed changes.

    Example: enstorage rename model 1 "LSTM, lag 5"
    """
    kind = entity_class(entity)
    if "name" not in kind.__table__.columns:
        raise InvalidInputError(f"A {label_of(kind)} has no name, so it cannot be renamed.")
    record: Any = find_record(kind, id, open_store(store))
    before, record.name = described(record), name
    record.save()
    print_json(record.as_dictionary()) if as_json else print_line(f"Renamed {before} to {record.name}.")


def edit(
    entity: Entity,
    id: Annotated[str, typer.Argument(help="Its id or its name.")],
    description: Annotated[str | None, typer.Option(help="Its new description.", show_default=False)] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(help="KEY=TEXT to add or replace, may be repeated.", metavar="KEY=TEXT", show_default=False),
    ] = None,
    untag: Annotated[
        list[str] | None, typer.Option(help="KEY to take away, may be repeated.", metavar="KEY", show_default=False)
    ] = None,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Change the description and the tags of a record.

    Nothing that was computed changes. `enstorage find` searches both.

    Example: enstorage edit model 1 --tag kind=baseline
    """
    record: Any = find_record(entity_class(entity), id, open_store(store))
    added = dict(pair(text, "--tag") for text in tag or [])
    if missing := [key for key in untag or [] if key not in record.tags]:
        raise InvalidInputError(f"{described_first(record)} has no tag {missing[0]!r}. See them: enstorage show")
    if description is not None:
        record.description = description
    record.tags = {key: value for key, value in record.tags.items() if key not in (untag or [])} | added
    record.save()
    print_json(record.as_dictionary()) if as_json else print_line(f"Changed {described(record)}.")


def delete(entity: Entity, ids: References, store: Store = None, as_json: Json = False) -> None:
    """Move records to the trash.

    Records that were made from them are moved too. `enstorage restore` restores them; only `enstorage purge` deletes them.

    Example: enstorage delete model 2 3
    """
    kind, connector = entity_class(entity), open_store(store)
    taken: list[Record] = []
    ids_back: list[str] = []
    with connector.transaction():
        for record in find_records(kind, ids, connector):
            if record not in taken:  # it may have been moved with the one before
                taken += record.trash()
                ids_back.append(str(record.id))
    taken.reverse()  # what was made from a record stands after it
    if as_json:
        print_json({"trashed": _listed(taken)})
        return
    print_line(f"Moved {_counted(taken)} to the trash: {_named(taken)}.")
    words = " ".join(ids_back)
    print_line(f"To restore: enstorage restore {hyphenated(kind)} {words}{_option(store)}")


def restore(entity: Entity, ids: References, store: Store = None, as_json: Json = False) -> None:
    """Restore records from the trash.

    Records that were moved there together with them are restored too.

    Example: enstorage restore model 2 3
    """
    kind, connector = entity_class(entity), open_store(store)
    back: list[Record] = []
    with connector.transaction():
        for record in [find_record(kind, id, connector, trash=True) for id in ids]:
            if record not in back:
                back += record.restore()
    back.reverse()
    if as_json:
        print_json({"restored": _listed(back)})
    else:
        print_line(f"Restored {_counted(back)}: {_named(back)}.")


def purge(
    entity: Annotated[
        str | None, typer.Argument(help="Such as model; everything with --older-than.", metavar="ENTITY")
    ] = None,
    ids: Annotated[list[str] | None, typer.Argument(help="Ids or names, in the trash.", metavar="ID")] = None,
    older_than: Annotated[
        str | None, typer.Option(help="Records that are in the trash for longer, such as 30d or 0.", show_default=False)
    ] = None,
    yes: Yes = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Delete records in the trash for good.

    All that was made from them is deleted too.

    Example: enstorage purge --older-than 30d
    """
    if bool(ids) == (older_than is not None):
        raise typer.BadParameter(
            "expected an entity and ids, such as `enstorage purge model 2`, or how long records are in the trash, such as "
            "`enstorage purge --older-than 30d`. Give one of these."
        )
    connector = open_store(store)
    if older_than is not None:
        since = datetime.now(UTC) - parse_period(older_than, "--older-than")
        chosen = [each for each in _in_trash(entity, connector) if each.deleted_at and each.deleted_at <= since]
    else:
        kind = entity_class(entity or "")
        chosen = [_checked(find_record(kind, id, connector, trash=True)) for id in ids or []]
    if chosen:
        ask_before(f"delete {_named(chosen)} and all that was made from them for good", yes=yes)
    gone: list[Record] = []
    with connector.transaction():
        for record in chosen:
            if record not in gone:
                gone += record.delete(cascade=True)
    gone.reverse()
    if as_json:
        print_json({"deleted": _listed(gone)})
    else:
        print_line(f"Deleted {_counted(gone)} for good." if gone else "There is nothing to delete.")


def trashed(connector: "Connector") -> "list[Record]":
    """The records in the trash, of every entity, without parts of other records."""
    from enstorage.entity import ENTITIES

    kinds = [kind for kind in ENTITIES if not (kind._part_of or kind._is_owned)]
    return [record for kind in kinds for record in kind.find(trash=True, connector=connector)]


def _in_trash(entity: str | None, connector: "Connector") -> "list[Record]":
    if entity is None:
        return trashed(connector)
    return list(entity_class(entity).find(trash=True, connector=connector))


def _checked(record: "Record") -> "Record":
    if record.deleted_at is None:
        word = hyphenated(type(record))
        raise InvalidInputError(
            f"{described_first(record)} is not in the trash; expected one that is. Move it there first: enstorage "
            f"delete {word} {record.id}"
        )
    return record


def _counted(records: "Iterable[Record]") -> str:
    """The number of records of each entity: `1 model and 2 ensembles`."""
    counts = Counter(label_of(type(record)) for record in records)
    shown = [counted(count, label) for label, count in counts.items()]
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def _named(records: "list[Record]", most: int = 6) -> str:
    names = [described(record) for record in records[:most]]
    more = f" and {len(records) - most} more" if len(records) > most else ""
    return ", ".join(names) + more


def _listed(records: "Iterable[Record]") -> list[dict[str, Any]]:
    return [
        {"entity": record.__tablename__, "id": record.id, "name": getattr(record, "name", None)} for record in records
    ]


def _option(store: Any) -> str:
    return "" if store is None else f" --store {shlex.quote(str(store))}"
