"""Comparison of records of one kind: their own columns, facts and results, and the records they were made from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isnan
from typing import Any

from enstorage.entity._record import Record
from enstorage.entity.ensemble import Ensemble
from enstorage.entity.model import Model
from enstorage.errors import InvalidInputError

_OF_EVERY_RECORD = {"id", "created_at", "updated_at", "deleted_at"}
"""Columns that always differ and are not compared."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """The values of two or more records, side by side.

    Attributes:
        records: the compared records, in the given order.
        values: by name, one value for each record, None where it has none. Names are dotted: `network.units`,
            `meta.loss`, `data_preparation.transform`.
    """

    records: tuple[Record, ...]
    values: Mapping[str, tuple[Any, ...]]

    @property
    def differing(self) -> dict[str, tuple[Any, ...]]:
        """The values that are not the same for all records."""
        return {
            name: values for name, values in self.values.items() if not all(_same(values[0], each) for each in values)
        }

    def to_json(self, *, everything: bool = False) -> dict[str, Any]:
        """`{"entity", "ids", "values": {name: [value of each record]}}`, with the differing values or with all."""
        shown = self.values if everything else self.differing
        return {
            "entity": type(self.records[0]).__name__,
            "ids": [record.id for record in self.records],
            "values": {name: list(values) for name, values in shown.items()},
        }


def compare(records: Sequence[Record]) -> Comparison:
    """Compare records of one kind; only stored values are read.

    Args:
        records: at least two records of one class, from one store or several.

    Raises:
        InvalidInputError: there are fewer than two records, or they are of several classes.
    """
    kinds = sorted({type(record).__name__ for record in records})
    if len(records) < 2 or len(kinds) > 1:
        received = f"{len(records)} of {', '.join(kinds) or 'nothing'}"
        raise InvalidInputError(f"compare needs at least two records of one kind; received {received}.")
    sides = [_flat(_all_of(record)) for record in records]
    names = dict.fromkeys(name for side in sides for name in side)
    return Comparison(tuple(records), {name: tuple(side.get(name) for side in sides) for name in names})


def _all_of(record: Record) -> dict[str, Any]:
    """Own columns first, then facts and members, then the records it was made from, nearest first."""
    known = _own_columns(record)
    if isinstance(record, Model):
        known["meta"] = record.metas()
    if isinstance(record, Ensemble):
        known["result"] = record.labelled_result()
        labels = record.labels()
        known["members"] = {labels[item.id]: {"key": item.key, **item.properties} for item in record.items()}
    upstream: dict[str, list[Record]] = {}
    for each in reversed(record.lineage().records[:-1]):
        upstream.setdefault(each.__tablename__, []).append(each)
    for name, made_from in upstream.items():
        ids = [each.id for each in made_from]
        known[name] = {"id": ids[0], **_own_columns(made_from[0])} if len(ids) == 1 else {"ids": sorted(ids)}
    return known


def _own_columns(record: Record) -> dict[str, Any]:
    left_out = _OF_EVERY_RECORD | set(record._upstream)  # these are shown under the names of those records
    return {name: value for name, value in record.as_dictionary().items() if name not in left_out}


def _same(one: Any, other: Any) -> bool:
    """True if two values are equal: 1 and 1.0 are, NaN and NaN are; 1 and True are not."""
    if isinstance(one, float) and isinstance(other, float) and isnan(one) and isnan(other):
        return True
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Mappings inside of mappings as dotted names."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat
