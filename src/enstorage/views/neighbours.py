"""The records around a record: what it was made from and what was made from it, up to a number of steps."""

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from enstorage.entity._record import Record
from enstorage.entity._references import chunks, holders, parents, references_to

if TYPE_CHECKING:
    from enstorage.entity._references import Key, Kind

#: Most records of a neighbourhood.
MOST_RECORDS = 500


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """Records with what they were made from.

    Attributes:
        nodes: entity, id and name of each; the record that was asked for comes first.
        edges: pairs of indices into the nodes: the second was made from, or belongs to, the first.
        is_whole: false if there are more records within the steps, which were left out.
    """

    nodes: tuple[dict[str, Any], ...]
    edges: tuple[tuple[int, int], ...]
    is_whole: bool

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return {"nodes": list(self.nodes), "edges": [list(each) for each in self.edges], "is_whole": self.is_whole}


def neighbourhood(record: Record, hops: int = 2, *, most: int = MOST_RECORDS) -> Neighbourhood:
    """The records around a stored record, in both directions, without those in the trash.

    Args:
        record: where to begin.
        hops: number of steps, 0 for the record alone.
        most: most records.
    """
    start: Key = (type(record), record.id)
    found: dict[Key, None] = {start: None}
    edges: set[tuple[Key, Key]] = set()
    pending, is_whole = [start], True
    with record.connector.database.reading() as session:
        for _ in range(hops):
            met: dict[Key, None] = {}
            for entity, ids in _by_entity(pending).items():
                near = [(parent, (entity, id)) for id, own in parents(session, entity, ids).items() for parent in own]
                near += _children(session, entity, ids, most)
                for parent, child in near:
                    if not parent[0]._is_owned:
                        edges.add((parent, child))
                        met |= {key: None for key in (parent, child) if key not in found}
            is_whole = is_whole and len(found) + len(met) <= most
            pending = list(met)[: most - len(found)]
            found |= dict.fromkeys(pending)
        names = _names(session, found)
    places = {key: place for place, key in enumerate(key for key in found if key in names or key == start)}
    nodes = tuple({"entity": key[0].__tablename__, "id": key[1], "name": names.get(key)} for key in places)
    shown = sorted((places[one], places[other]) for one, other in edges if one in places and other in places)
    return Neighbourhood(nodes, tuple(shown), is_whole)


def _children(session: Session, entity: "Kind", ids: list[int], most: int) -> "list[tuple[Key, Key]]":
    """Pairs of a record and a record that refers to it, itself or by a part."""
    found: list[tuple[Key, Key]] = []
    for column, child in references_to(entity):
        if column.key in child._part_of:
            continue
        for name, kind in holders(child):
            whole = child.__table__.columns[name]
            for chunk in chunks(ids):
                query = select(column, whole).where(column.in_(chunk), whole.is_not(None)).limit(most + 1)
                found += [((entity, id), (kind, own)) for id, own in session.execute(query)]
    return found


def _names(session: Session, keys: "dict[Key, None]") -> "dict[Key, str | None]":
    """The names of the records that are not in the trash; None for those without a name."""
    found: dict[Key, str | None] = {}
    for entity, ids in _by_entity(list(keys)).items():
        columns = entity.__table__.columns
        own = [columns["id"], *([columns["name"]] if "name" in columns else [])]
        for chunk in chunks(ids):
            for row in session.execute(select(*own).where(columns["id"].in_(chunk), columns["deleted_at"].is_(None))):
                found[entity, row[0]] = row[1] if len(row) > 1 else None
    return found


def _by_entity(keys: "list[Key]") -> "dict[Kind, list[int]]":
    found: dict[Kind, list[int]] = defaultdict(list)
    for entity, id in keys:
        found[entity].append(id)
    return found
