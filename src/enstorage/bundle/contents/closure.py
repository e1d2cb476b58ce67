"""The records that a project needs: all that they refer to, and all that belongs to the project."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from enstorage.entity import ENTITIES, Project
from enstorage.entity._record import Record
from enstorage.errors import NotFoundError

Kind = type[Record]
T = TypeVar("T")

#: Databases limit the number of bound parameters.
AT_ONCE = 500


@cache
def foreign_keys(entity: Kind) -> dict[str, Kind]:
    """The entity that each foreign key of an entity refers to, by the name of the column."""
    tables = {each.__table__: each for each in ENTITIES}
    return {column.key: tables[key.column.table] for column in entity.__table__.columns for key in column.foreign_keys}


def needed(session: Session, project_id: int) -> dict[Kind, list[int]]:
    """The ids of a project's records, those in the trash too, by entity and sorted.

    Whatever a record refers to comes along (upstream), and with each record its parts. What belongs to the project, as its
    researches, their models and its ensembles do, comes too. Other projects over the same source do not.

    Raises:
        NotFoundError: there is no such project.
    """
    if session.scalar(select(Project.id).where(Project.id == project_id)) is None:
        raise NotFoundError(f"There is no Project with id {project_id}; it may have been deleted meanwhile.")
    found: dict[Kind, set[int]] = defaultdict(set)
    waiting: list[tuple[Kind, set[int]]] = [(Project, {project_id})]
    while waiting:
        entity, ids = waiting.pop()
        fresh = ids - found[entity]
        if fresh:
            found[entity] |= fresh
            waiting += _parents(session, entity, fresh)
            waiting += _children(session, entity, fresh)
    return {entity: sorted(found[entity]) for entity in ENTITIES if found[entity]}


def chunks(ids: Iterable[T], size: int = AT_ONCE) -> Iterator[list[T]]:
    """The ids in lists that a database takes at once."""
    every = list(ids)
    for start in range(0, len(every), size):
        yield every[start : start + size]


def _parents(session: Session, entity: Kind, ids: set[int]) -> Iterator[tuple[Kind, set[int]]]:
    parents = foreign_keys(entity)
    if not parents:
        return
    columns: list[Any] = [entity.__table__.columns[name] for name in parents]
    referred: list[set[int]] = [set() for _ in columns]
    for chunk in chunks(ids):
        for row in session.execute(select(*columns).where(entity.id.in_(chunk))):
            for target, id in zip(referred, row, strict=True):
                if id is not None:
                    target.add(id)
    yield from zip(parents.values(), referred, strict=True)


def _children(session: Session, entity: Kind, ids: set[int]) -> Iterator[tuple[Kind, set[int]]]:
    for child in ENTITIES:
        for name, parent in foreign_keys(child).items():
            if parent is entity and name in child._part_of | child._belongs_to:
                column: Any = child.__table__.columns[name]
                found: set[int] = set()
                for chunk in chunks(ids):
                    found.update(session.scalars(select(child.id).where(column.in_(chunk))))
                yield child, found
