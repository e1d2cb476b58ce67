"""References between records: the dependants of a record, direct or not, and its parents."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session, registry
from sqlalchemy.schema import sort_tables

if TYPE_CHECKING:
    from enstorage.entity._record import Record

    Kind = type[Record]
    #: A record by its class and its id.
    Key = tuple[Kind, int]

# Databases limit the number of bound parameters.
_AT_ONCE = 500


@cache
def foreign_keys(entity: "Kind") -> "dict[str, Kind]":
    """The entity that each foreign key of an entity refers to, by the name of the column."""
    entities = _by_table(entity.registry)
    return {
        column.key: entities[key.column.table] for column in entity.__table__.columns for key in column.foreign_keys
    }


@cache
def references_to(entity: "Kind") -> "list[tuple[Any, Kind]]":
    """The foreign keys that refer to an entity, each with the entity that has it."""
    children = sorted(_by_table(entity.registry).values(), key=lambda child: child.__name__)
    return [
        (child.__table__.columns[name], child)
        for child in children
        for name, parent in foreign_keys(child).items()
        if parent is entity
    ]


def dependants(session: Session, roots: "Mapping[Kind, Iterable[int]]") -> "dict[Kind, set[int]]":
    """The ids of records and of everything that refers to them, directly or not, by entity.

    If a part refers to something, its whole is a dependant: an ensemble without one of its members would be another one.
    Parts themselves are not listed, since they are deleted with their wholes; nothing refers to a part.
    """
    found: dict[Kind, set[int]] = defaultdict(set)
    pending: list[tuple[Kind, set[int]]] = [(entity, set(ids)) for entity, ids in roots.items()]
    while pending:
        entity, ids = pending.pop()
        fresh = ids - found[entity]
        found[entity] |= fresh
        for column, child in references_to(entity):
            if column.key in child._part_of:
                continue
            for name, kind in holders(child):
                chosen = child.__table__.columns[name]
                referring: set[int] = set()
                for chunk in chunks(fresh):
                    referring.update(session.scalars(select(chosen).where(column.in_(chunk), chosen.is_not(None))))
                if referring:
                    pending.append((kind, referring))
    return {entity: ids for entity, ids in found.items() if ids}


def parents(session: Session, entity: "Kind", ids: Iterable[int]) -> "dict[int, set[Key]]":
    """The records that records of an entity and their parts refer to, by the id of the record."""
    found: dict[int, set[Key]] = defaultdict(set)
    own = [("id", entity, name, parent) for name, parent in foreign_keys(entity).items()]
    of_parts = [
        (column.key, child, name, parent)
        for column, child in references_to(entity)
        if column.key in child._part_of
        for name, parent in foreign_keys(child).items()
        if name not in child._part_of
    ]
    wanted = list(ids)
    for key, child, name, parent in [*own, *of_parts]:
        columns = child.__table__.columns
        for chunk in chunks(wanted):
            query = select(columns[key], columns[name]).where(columns[key].in_(chunk), columns[name].is_not(None))
            for id, parent_id in session.execute(query):
                found[id].add((parent, parent_id))
    return found


def parts(session: Session, wholes: "Mapping[Kind, Iterable[int]]") -> "dict[Kind, set[int]]":
    """The ids of the parts of records, by entity."""
    found: dict[Kind, set[int]] = defaultdict(set)
    for entity, ids in wholes.items():
        for column, child in references_to(entity):
            if column.key in child._part_of:
                for chunk in chunks(ids):
                    found[child].update(session.scalars(select(child.id).where(column.in_(chunk))))
    return found


def in_order(session: Session, *keys: "Mapping[Kind, Iterable[int]]") -> "list[Record]":
    """The records with the given ids; a record comes before those it refers to."""
    wanted: dict[Kind, set[int]] = defaultdict(set)
    for entity, ids in ((entity, ids) for each in keys for entity, ids in each.items()):
        wanted[entity].update(ids)
    found: list[Record] = []
    for entity in reversed(entities_in_order(next(iter(wanted)).registry) if wanted else ()):
        own: list[Record] = []
        for chunk in chunks(wanted[entity]):
            own += session.scalars(select(entity).where(entity.id.in_(chunk)))
        found += sorted(own, key=lambda record: record.id, reverse=not entity._part_of)
    return found


@cache
def entities_in_order(registry: registry) -> "tuple[Kind, ...]":
    """The entities, each after those that its records or their parts refer to; within an entity, those have lower ids."""
    entities = _by_table(registry)
    needs: list[tuple[Any, Any]] = [
        (parent.__table__, foreign_keys(entity)[whole].__table__)
        for entity in entities.values()
        for whole in entity._part_of
        for name, parent in foreign_keys(entity).items()
        if name not in entity._part_of and parent is not foreign_keys(entity)[whole]
    ]
    return tuple(entities[table] for table in sort_tables(entities, extra_dependencies=needs))


def chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    """The ids in lists short enough for one statement."""
    every = list(ids)
    for start in range(0, len(every), _AT_ONCE):
        yield every[start : start + _AT_ONCE]


def holders(child: "Kind") -> "list[tuple[str, Kind]]":
    """The columns with the id of the record to find for a row of an entity, and its entity; for a part, of its whole."""
    keys = foreign_keys(child)
    wholes = [] if child._goes_alone else [(name, keys[name]) for name in sorted(child._part_of)]
    return wholes or [("id", child)]


def _by_table(registry: registry) -> "dict[Any, Kind]":
    return {mapper.local_table: mapper.class_ for mapper in registry.mappers}
