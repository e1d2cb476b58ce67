"""Changes of a store as its viewers need them: records that are new, changed, trashed, restored or gone, by any process."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from enstorage.connector import Connector
from enstorage.entity import ENTITIES, EnsembleItem, ModelCurve, ModelMeta
from enstorage.entity._record import Record

#: Records of one entity up to which a change names each.
_MOST_NAMED = 100
#: New parts change the record that they are a part of.
_PARTS: tuple[type[Record], ...] = (ModelMeta, ModelCurve, EnsembleItem)
_WHOLES = tuple(entity for entity in ENTITIES if not entity._part_of and not entity._is_owned)


@dataclass(frozen=True, slots=True)
class RecordChange:
    """A change of a record.

    Attributes:
        entity: its table.
        id: its id; None for many records, or for some that are not known.
        action: "created", "changed", "trashed", "restored" or "purged"; "changed" if id is None.
    """

    entity: str
    id: int | None
    action: str

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return {"entity": self.entity, "id": self.id, "action": self.action}


@dataclass(frozen=True, slots=True)
class _Summary:
    """Figures of a table; if none of them differs, nothing has changed that viewers see."""

    last_id: int
    rows: int = 0
    live: int = 0
    last_change: datetime | None = None
    last_trashing: datetime | None = None


class ChangeFeed:
    """Finds changes by looking at the store again and again. It is cheap where nothing was written.

    Args:
        connector: the store.
    """

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        self._mark = connector.database.change_mark()
        with connector.database.reading() as session:
            self._seen = {entity: _summary(session, entity) for entity in (*_WHOLES, *_PARTS)}

    def look(self) -> list[RecordChange]:
        """The changes since the last look, at the latest since this object was made."""
        mark = self._connector.database.change_mark()
        if mark is not None and mark == self._mark:
            return []
        self._mark = mark
        with self._connector.database.reading() as session:
            found: list[RecordChange] = []
            for entity, before in self._seen.items():
                now = _summary(session, entity)
                if now == before:
                    continue
                self._seen[entity] = now
                found += (
                    _of_part(session, entity, before) if entity in _PARTS else _of_whole(session, entity, before, now)
                )
        return list(dict.fromkeys(found))


def _summary(session: Session, entity: type[Record]) -> _Summary:
    columns = entity.__table__.columns
    last_id = func.coalesce(func.max(columns["id"]), 0)
    if entity in _PARTS:  # there are millions
        return _Summary(last_id=session.scalar(select(last_id)) or 0)
    figures = (
        last_id,
        func.count(columns["id"]),
        func.count(columns["id"]) - func.count(columns["deleted_at"]),
        func.max(columns["updated_at"]),
        func.max(columns["deleted_at"]),
    )
    return _Summary(*session.execute(select(*figures)).one())


def _of_whole(session: Session, entity: type[Record], before: _Summary, now: _Summary) -> list[RecordChange]:
    columns, name = entity.__table__.columns, str(entity.__tablename__)
    since = [columns["id"] > before.last_id]
    if before.last_change is not None:
        since.append(columns["updated_at"] > before.last_change)
    trashed_since: ColumnElement[bool] = columns["deleted_at"].is_not(None)
    if before.last_trashing is not None:
        trashed_since = columns["deleted_at"] > before.last_trashing
    query = select(columns["id"], columns["deleted_at"], trashed_since).where(or_(*since, trashed_since))
    rows: Sequence[Any] = session.execute(query.limit(_MOST_NAMED + 1)).all()
    if len(rows) > _MOST_NAMED:
        return [RecordChange(name, None, "changed")]
    found = []
    for id, deleted_at, is_trashed in rows:
        action = "created" if id > before.last_id else "changed"
        found.append(RecordChange(name, id, "trashed" if deleted_at is not None and is_trashed else action))
    created = sum(each.action == "created" for each in found)
    trashed = sum(each.action == "trashed" and each.id is not None and each.id <= before.last_id for each in found)
    if now.rows < before.rows + created or now.live != before.live + created - trashed:
        found.append(RecordChange(name, None, "changed"))  # restored or purged: their rows do not tell
    return found


def _of_part(session: Session, entity: type[Record], before: _Summary) -> list[RecordChange]:
    """Changes of the records that have new parts."""
    columns = entity.__table__.columns
    (whole,) = (columns[name] for name in sorted(entity._part_of))
    (key,) = whole.foreign_keys
    newer = select(whole).where(columns["id"] > before.last_id)
    ids = session.scalars(newer.distinct().limit(_MOST_NAMED + 1)).all()
    if len(ids) > _MOST_NAMED or not ids:
        return [RecordChange(key.column.table.name, None, "changed")]
    return [RecordChange(key.column.table.name, id, "changed") for id in ids]
