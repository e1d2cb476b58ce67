"""`Collected`: facts and points of curves that wait to be written."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from enstorage.entity.model_curve import Points

#: Model id and key.
FactKey = tuple[int, str]


class Collected:
    """Facts and points of curves in the order in which they were recorded."""

    def __init__(self) -> None:
        #: Rows of `model_meta.FACTS`.
        self.facts: dict[FactKey, dict[str, Any]] = {}
        #: By model id.
        self.points: dict[int, list[Points]] = defaultdict(list)
        #: Number of facts and of steps.
        self.rows = 0

    def add_facts(self, facts: Mapping[FactKey, dict[str, Any]]) -> None:
        """Add facts; one that has the key of an earlier one replaces it."""
        self.facts |= facts
        self.rows += len(facts)

    def add_points(self, model_id: int, points: Points) -> None:
        """Add points of the curves of a model."""
        self.points[model_id].append(points)
        self.rows += points.rows

    def add(self, newer: "Collected") -> None:
        """Add what was recorded after this."""
        self.add_facts(newer.facts)
        for model_id, logged in newer.points.items():
            for points in logged:
                self.add_points(model_id, points)

    def models(self) -> set[int]:
        """The ids of the models."""
        return {model_id for model_id, _ in self.facts} | self.points.keys()

    def halves(self) -> "list[Collected]":
        """The first and the second half of the records; nothing for a single record."""
        records: list[tuple[Any, Any]] = [*self.facts.items()]
        records += [(model_id, points) for model_id, logged in self.points.items() for points in logged]
        middle = len(records) // 2
        return [_of(records[:middle]), _of(records[middle:])] if middle else []

    def __str__(self) -> str:
        facts = [f"the fact {key!r:.80} of model {model_id}" for model_id, key in self.facts]
        curves = [
            f"the values of {', '.join(map(repr, points.values))} of model {model_id} at {_steps(points)}"
            for model_id, logged in self.points.items()
            for points in logged
        ]
        return ", ".join([*facts, *curves])


def _of(records: Iterable[tuple[Any, Any]]) -> Collected:
    collected = Collected()
    for key, record in records:
        if isinstance(record, Points):
            collected.add_points(key, record)
        else:
            collected.add_facts({key: record})
    return collected


def _steps(points: Points) -> str:
    if isinstance(points.step, int):
        return f"step {points.step}"
    first, last = points.step.flat[0], points.step.flat[-1]
    return f"the steps {first} to {last}"
