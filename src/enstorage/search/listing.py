"""Lists of records as JSON, page by page: only the columns that are asked for are read, and one query a page and parent."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, LargeBinary, case, func, literal, select
from sqlalchemy.orm import Session

from enstorage.connector import Connector
from enstorage.entity import ModelMeta
from enstorage.entity._record import Record
from enstorage.entity._references import chunks, foreign_keys
from enstorage.entity._trash import in_trash
from enstorage.entity.calendar_columns import CalendarColumns
from enstorage.entity.columns import facts_of, named
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.instant import to_iso
from enstorage.search.keyset import from_cursor, to_cursor
from enstorage.search.pages import Pages
from enstorage.search.query import conditions
from enstorage.search.relations import path_to

#: Most records of a page.
LONGEST_PAGE = 500
#: Records up to which they are counted.
MOST_COUNTED = 10_000
_CALENDAR = ("time_interval", "time_zone", "anchor", "dates")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """The question that a page of records answers.

    Attributes:
        where: a query, see `Record.find`; None for all.
        order_by: see `Record.find`; None for the order in which they were made.
        within: ids of records that they belong to or were made from, by entity, such as `{"project": 3}`.
        trash: only records in the trash.
        columns: columns to give; None for those that lists show.
        facts: keys of facts of models to give.
    """

    where: str | None = None
    order_by: str | None = None
    within: Mapping[str, int] = field(default_factory=dict)
    trash: bool = False
    columns: Sequence[str] | None = None
    facts: Sequence[str] = ()

    def conditions(self, entity: type[Record]) -> list[ColumnElement[bool]]:
        """The conditions of the records.

        Raises:
            InvalidInputError: the query is not valid, or a record of the entity belongs to none of a given entity.
        """
        try:
            found = conditions(entity, self.where, trash=self.trash)
        except InvalidInputError as error:
            error.field = error.field or "where"
            raise
        for parent, id in self.within.items():
            found += conditions(entity, f"{path_to(entity, parent)} = {int(id)}", trash=self.trash)[1:]
        return found

    @property
    def _question(self) -> str:
        return repr((self.where, self.order_by, sorted(self.within.items()), self.trash))


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Some of the records that a query finds.

    Attributes:
        items: each with `entity`, `id`, `name` if it has one, its columns, `parents` (id and name by what they are to it),
            `facts` if any were asked for, and `in_trash`.
        next: the cursor of the next page; None on the last one.
    """

    items: list[dict[str, Any]]
    next: str | None


def list_records(
    entity: type[Record],
    query: ListQuery,
    *,
    limit: int = 50,
    cursor: str | None = None,
    connector: Connector | None = None,
) -> RecordPage:
    """A page of the records that a query finds.

    Args:
        entity: their class.
        query: the question.
        limit: most records, 1 to 500.
        cursor: `next` of the page before; None for the first page.
        connector: the store; the current one by default.

    Raises:
        InvalidInputError: the query, a column, the limit or the cursor is not valid; `error.field` names it.
    """
    if not 1 <= limit <= LONGEST_PAGE:
        raise InvalidInputError(f"limit is {limit}; expected 1 to {LONGEST_PAGE}.", field="limit")
    shown = _shown(entity, query.columns)
    columns = entity.__table__.columns
    statement = select(*(columns[name] for name in _read(entity, shown))).where(*query.conditions(entity))
    question = f"{entity.__tablename__} {query._question}"
    after = None if cursor is None else from_cursor(question, cursor)
    pages = Pages(statement, entity, query.order_by)
    with (connector or Connector.current()).database.reading() as session:
        rows, place = pages.read(session, limit, after)
        items = _items(session, entity, rows, shown, query.facts)
    for item in items:
        item["in_trash"] = query.trash
    return RecordPage(items, None if place is None else to_cursor(question, place))


def read_record(entity: type[Record], id: int, *, connector: Connector | None = None) -> dict[str, Any]:
    """One record as an item of a page, with all its columns; also one in the trash.

    Raises:
        NotFoundError: there is none.
    """
    shown = _shown(entity, list(facts_of(entity)), known=_columns(entity))
    columns = entity.__table__.columns
    statement = select(*(columns[name] for name in _read(entity, shown)), case((in_trash(entity), 1), else_=0))
    store = connector or Connector.current()
    with store.database.reading() as session:
        rows = session.execute(statement.where(columns["id"] == id)).all() if 0 < id < 2**63 else []
        if not rows:
            raise _not_found(session, entity, id)
        (item,) = _items(session, entity, rows, shown, ())
    return item | {"in_trash": bool(rows[0][-1])}


def count_records(
    entity: type[Record], query: ListQuery, *, most: int = MOST_COUNTED, connector: Connector | None = None
) -> tuple[int, bool]:
    """The number of records that a query finds, and true if there are more, which are not counted."""
    found = select(literal(1)).select_from(entity.__table__).where(*query.conditions(entity)).limit(most + 1).subquery()
    with (connector or Connector.current()).database.reading() as session:
        number = session.scalar(select(func.count()).select_from(found)) or 0
    return min(number, most), number > most


def find_ids(entity: type[Record], query: ListQuery, *, most: int, connector: Connector | None = None) -> list[int]:
    """The ids of all records that a query finds, in ascending order.

    Raises:
        InvalidInputError: there are more than `most`.
    """
    columns = entity.__table__.columns
    statement = select(columns["id"]).where(*query.conditions(entity)).order_by(columns["id"]).limit(most + 1)
    with (connector or Connector.current()).database.reading() as session:
        found = list(session.scalars(statement))
    if len(found) > most:
        raise InvalidInputError(
            f"The query finds more than {most} records; expected at most that many. Narrow it, or take several steps.",
            field="where",
        )
    return found


@cache
def _columns(entity: type[Record]) -> tuple[str, ...]:
    """The columns that have a JSON form."""
    return tuple(each.key for each in entity.__table__.columns if not isinstance(each.type, LargeBinary))


def _shown(entity: type[Record], columns: Iterable[str] | None, known: Sequence[str] = ()) -> list[str]:
    known = known or _columns(entity)
    if columns is None:
        return [*named(entity, "listed"), "description", "tags", "created_at", "updated_at"]
    wanted = list(dict.fromkeys(columns))
    if unknown := [name for name in wanted if name not in known]:
        raise InvalidInputError(
            f"A {entity.__name__} has no column {unknown[0]!r:.60}; known are {', '.join(known)}.", field="columns"
        )
    return wanted


def _read(entity: type[Record], shown: Sequence[str]) -> list[str]:
    """The columns to read: those shown, and what the rest of an item needs."""
    known = _columns(entity)
    needed = ["id", *(name for name in ("name",) if name in known), *foreign_keys(entity), *shown]
    if issubclass(entity, CalendarColumns) and any(facts_of(entity)[name].is_time for name in shown):
        needed += _CALENDAR
    return list(dict.fromkeys(needed))


def _items(
    session: Session, entity: type[Record], rows: Sequence[Any], shown: Sequence[str], facts: Sequence[str]
) -> list[dict[str, Any]]:
    names = _read(entity, shown)
    values = [dict(zip(names, row, strict=False)) for row in rows]
    parents = _parents(session, entity, values)
    times = [name for name in shown if facts_of(entity)[name].is_time]
    recorded = _facts(session, [row["id"] for row in values], facts) if facts else {}
    items = []
    for row in values:
        item: dict[str, Any] = {"entity": entity.__tablename__, "id": row["id"]}
        if "name" in row:
            item["name"] = row["name"]
        item |= {name: row[name] for name in shown}
        for name in times:
            item[name] = _label(row, row[name])
        item["parents"] = {
            name.removesuffix("_id"): parents[kind][row[name]]
            for name, kind in foreign_keys(entity).items()
            if row[name] is not None and row[name] in parents[kind]
        }
        if facts:
            item["facts"] = recorded.get(row["id"], {})
        items.append(item)
    return items


def _parents(
    session: Session, entity: type[Record], rows: Sequence[Mapping[str, Any]]
) -> dict[type[Record], dict[int, dict[str, Any]]]:
    """The id and the name of each parent, by its class and id; tables of data are parts and no parents."""
    wanted: dict[type[Record], set[int]] = {}
    for name, kind in foreign_keys(entity).items():
        ids = {row[name] for row in rows if row[name] is not None} if not kind._is_owned else set()
        wanted.setdefault(kind, set()).update(ids)
    found: dict[type[Record], dict[int, dict[str, Any]]] = {}
    for kind, ids in wanted.items():
        columns = kind.__table__.columns
        own = [columns["id"], columns["name"] if "name" in columns else literal(None)]
        found[kind] = {
            id: {"id": id, "name": name}
            for chunk in chunks(ids)
            for id, name in session.execute(select(*own).where(columns["id"].in_(chunk)))
        }
    return found


def _facts(session: Session, ids: Sequence[int], keys: Sequence[str]) -> dict[int, dict[str, Any]]:
    found: dict[int, dict[str, Any]] = {}
    columns = ModelMeta.__table__.columns
    statement = select(columns["model_id"], columns["key"], columns["value"]).where(
        columns["model_id"].in_(ids), columns["key"].in_(keys), columns["deleted_at"].is_(None)
    )
    for id, key, value in session.execute(statement):
        found.setdefault(id, {})[key] = value
    return found


def _label(row: Mapping[str, Any], time: int | None) -> str | int | None:
    """A time as text, on the clock of its record; in UTC for a record without one."""
    if time is None:
        return None
    if "time_zone" not in row:
        return to_iso(time)
    clock = CalendarColumns()
    for name in _CALENDAR:
        setattr(clock, name, row[name])
    return clock.label(time)


def _not_found(session: Session, entity: type[Record], id: int) -> NotFoundError:
    latest = list(session.scalars(select(entity.id).order_by(entity.id.desc()).limit(5)))
    known = f"the latest ids are {', '.join(map(str, latest))}." if latest else "none is stored yet."
    return NotFoundError(f"There is no {entity.__name__} with id {id}; {known}", field="id")
