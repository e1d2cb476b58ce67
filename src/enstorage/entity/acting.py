"""One action on many records by their ids: all or none, with progress, and without loading them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, get_args

from sqlalchemy import select

from enstorage.entity._deletion import delete_ids
from enstorage.entity._record import Record, now
from enstorage.entity._references import chunks, dependants, parts
from enstorage.entity._saving import save_all
from enstorage.entity._trash import restore_ids, trash_ids
from enstorage.entity.creating import entity_of
from enstorage.errors import InvalidInputError
from enstorage.progress import Listener, Progress, listening

if TYPE_CHECKING:
    from enstorage.connector import Connector

Action = Literal["trash", "restore", "purge", "tag", "untag"]
ACTIONS: tuple[Action, ...] = get_args(Action)
_Ids = Mapping[type[Record], Iterable[int]]


@dataclass(frozen=True, slots=True)
class ChangedRecords:
    """Outcome of an action on many records.

    Attributes:
        counts: the number of changed records by entity, without parts.
        trashed_at: of `trash` the time that all of them have; they are found by it, as in
            `Model.find("deleted_at = '…'", trash=True)`.
    """

    counts: dict[str, int]
    trashed_at: datetime | None = None


def act_on_ids(
    kind: str,
    action: Action,
    ids: Iterable[int],
    *,
    tags: Mapping[str, Any] | None = None,
    progress: bool | Progress = False,
    connector: "Connector | None" = None,
) -> ChangedRecords:
    """Do one action on records by their ids, and on what was made from them; all or none.

    Args:
        kind: their entity, such as `model`.
        action: `trash`, `restore`, `purge`, `tag` or `untag`.
        ids: of the records.
        tags: to set for `tag`; the keys to take away for `untag`.
        progress: show a bar, or a function, see `enstorage.Progress`.
        connector: the store; the current one by default.

    Raises:
        CancelledError: the progress function asked to stop; nothing was changed then.
        InvalidInputError: the action cannot be done to one of them, see `Record.trash`, `Record.restore` and `purge_all`.
        NotFoundError: some are not stored.
    """
    from enstorage.connector import Connector

    if action not in ACTIONS:
        raise InvalidInputError(
            f"There is no action {action!r:.40}; expected one of {', '.join(ACTIONS)}.", field="action"
        )
    store, entity, wanted = connector or Connector.current(), entity_of(kind), set(ids)
    with listening(progress) as report, store.transaction() as session:
        _check_stored(store, entity, wanted)
        if action in ("tag", "untag"):
            given = dict(tags or {}) if action == "tag" else dict.fromkeys(tags or {})
            _tag(store, entity, wanted, given, report)
            done = ChangedRecords({kind: len(wanted)})
        else:
            taken, moment = move(store, action, {entity: wanted}, report)
            counts = {str(each.__tablename__): len(found) for each, found in taken.items() if found}
            done = ChangedRecords(counts, moment)
        session.info.setdefault("made", []).append(done)
    return done


def move(
    connector: "Connector", action: str, roots: _Ids, report: Listener
) -> tuple[dict[type[Record], set[int]], datetime | None]:
    """Move records into the trash, out of it, or from there to nowhere; all or none.

    Args:
        connector: the store.
        action: `trash`, `restore` or `purge`.
        roots: ids of the records by entity.
        report: of the progress.

    Returns:
        The ids of the records that moved, without parts, and the time that they have in the trash.
    """
    if action == "trash":
        return trash_ids(connector, roots, now(), report)
    if action == "restore":
        return restore_ids(connector, roots, report), None
    with connector.transaction() as session:
        for entity, ids in roots.items():
            for chunk in chunks(ids):
                for record in session.scalars(select(entity).where(entity.id.in_(chunk), entity.deleted_at.is_(None))):
                    raise InvalidInputError(
                        f"{record} is not in the trash; only records in the trash are deleted for good. Move it there first."
                    )
        wholes = dependants(session, roots)
        delete_ids(connector, session, wholes, parts(session, wholes), report)
    return wholes, None


def with_tags(record: Record, tags: Mapping[str, Any]) -> Record:
    """The record with more tags; those that are None are taken away."""
    record.tags = {key: value for key, value in (dict(record.tags) | dict(tags)).items() if value is not None}
    return record


def _tag(
    connector: "Connector", entity: type[Record], ids: Iterable[int], tags: Mapping[str, Any], report: Listener
) -> None:
    every = sorted(ids)
    for done, chunk in enumerate(chunks(every)):
        save_all(with_tags(record, tags) for record in entity.get_list(chunk, connector=connector))
        report("Tagging", done * len(chunk), len(every))
    report("Tagging", len(every), len(every))


def _check_stored(connector: "Connector", entity: type[Record], ids: Iterable[int]) -> None:
    with connector.database.reading() as session:
        for chunk in chunks(sorted(ids)):
            known = set(session.scalars(select(entity.id).where(entity.id.in_(chunk))))
            if missing := [id for id in chunk if id not in known]:
                entity.get_list(missing[:5], connector=connector)  # its error names them, and the latest ids
