"""The ways from an entity to those that its records belong to or were made from."""

from collections import deque
from functools import cache

from enstorage.entity._record import Record
from enstorage.entity._references import foreign_keys
from enstorage.errors import InvalidInputError


def path_to(entity: type[Record], ancestor: str) -> str:
    """The shortest path of a query to the id of an ancestor: `research.project.id` from a model to its project.

    Raises:
        InvalidInputError: records of the entity have no such ancestor.
    """
    known = ancestors(entity)
    if ancestor not in known:
        raise InvalidInputError(
            f"A {entity.__name__} belongs to no {ancestor!r:.60}; known are {', '.join(known) or 'none'}.",
            field=ancestor,
        )
    return known[ancestor]


@cache
def ancestors(entity: type[Record]) -> dict[str, str]:
    """The paths to the ids of all ancestors, by their entities; the nearest first."""
    found: dict[str, str] = {}
    pending: deque[tuple[type[Record], str]] = deque([(entity, "")])
    while pending:
        kind, path = pending.popleft()
        for column, parent in foreign_keys(kind).items():
            name = parent.__tablename__
            if name not in found and parent is not entity and not parent._is_owned:
                way = f"{path}{column.removesuffix('_id')}."
                found[name] = f"{way}id"
                pending.append((parent, way))
    return found
