"""Lineage: the records from an ensemble back to its source."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import inspect

from enstorage.entity import ENTITIES
from enstorage.entity._record import Record
from enstorage.entity.data_set import DataSet
from enstorage.entity.ensemble import Ensemble
from enstorage.entity.forecast import Forecast
from enstorage.entity.panel import Panel

_ORDER = ["Scene", "DataSource", "DataSnapshot", "DataPreparation", "DataSet", "Model", "Forecast", "Ensemble"]


@dataclass(frozen=True, slots=True)
class Lineage:
    """Everything that a record was made from.

    Attributes:
        records: from the source to the record itself, in the order of the data flow.
        edges: pairs (parent, child); the child was made from the parent.
    """

    records: tuple[Record, ...]
    edges: tuple[tuple[Record, Record], ...]

    def parents(self, record: Record) -> list[Record]:
        """The records that a record was made from directly."""
        return [parent for parent, child in self.edges if child == record]

    def to_json(self) -> dict[str, Any]:
        """Nodes `{"entity", "id", "name"}` and edges as pairs of indices into them."""
        index_of = {_key(record): index for index, record in enumerate(self.records)}
        nodes = [
            {"entity": type(record).__name__, "id": record.id, "name": getattr(record, "name", None)}
            for record in self.records
        ]
        return {
            "nodes": nodes,
            "edges": [[index_of[_key(parent)], index_of[_key(child)]] for parent, child in self.edges],
        }

    def __str__(self) -> str:
        """Draw a tree with the record at the top; a repeated record is drawn without its parents."""
        lines: list[str] = []
        drawn: set[tuple[str, int]] = set()

        def draw(record: Record, indent: str) -> None:
            known = _key(record) in drawn
            parents = self.parents(record)
            lines.append(f"{indent}{record}" + (" …" if known and parents else ""))
            drawn.add(_key(record))
            for parent in () if known else parents:
                draw(parent, indent + "  ")

        draw(self.records[-1], "")
        return "\n".join(lines)


def lineage(record: Record) -> Lineage:
    """The lineage of a record, such as an ensemble, a model or a data set."""
    records: dict[tuple[str, int], Record] = {}
    edges: list[tuple[Record, Record]] = []

    def visit(current: Record) -> None:
        records[_key(current)] = current
        for parent in _parents(current):
            edges.append((parent, current))
            if _key(parent) not in records:
                visit(parent)

    visit(record)
    del records[_key(record)]  # it comes last, whatever its class
    ordered = sorted(records.values(), key=lambda each: (_ORDER.index(type(each).__name__), each.id))
    return Lineage((*ordered, record), tuple(edges))


def _parents(record: Record) -> list[Record]:
    if isinstance(record, Ensemble):
        # An ensemble is made of its members' forecasts; before it is rendered there may be none yet.
        parents: list[Record] = []
        for member in record.members():
            parents += [member] if isinstance(member, Ensemble) else Forecast.of(member) or [member]
        return parents
    if isinstance(record, DataSet):
        return [*record.preparations()]
    if isinstance(record, Panel):
        return [*record.scenes(), *record.sources().values()]
    tables = {entity.__tablename__: entity for entity in ENTITIES}
    parents = []
    for column in record._upstream:
        id = getattr(record, column)
        if id is not None:
            (key,) = inspect(type(record)).columns[column].foreign_keys
            parents.append(tables[key.column.table.name].get(id, connector=record.connector))
    return parents


def _key(record: Record) -> tuple[str, int]:
    return type(record).__name__, record.id
