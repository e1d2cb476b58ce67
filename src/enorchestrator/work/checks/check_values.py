"""The kind `check_values`: fails where the values of a source or a panel are not as they are expected."""

from typing import Annotated, Any, Self

import numpy as np
from pydantic import Field, model_validator

from enorchestrator.work.kind import Arguments, PanelId, Partial, SourceId, WorkKind
from enstorage import Connector, DataSource, Panel
from enstorage.errors import InvalidInputError
from enstorage.progress import Progress

_MOST_NAMED = 5


class CheckValuesArguments(Arguments):
    """A source or a panel, and how its values are to be."""

    source: Annotated[SourceId | None, Field(description="The source.")] = None
    panel: Annotated[PanelId | None, Field(description="A panel in place of a source.")] = None
    minimum: Annotated[float | None, Field(description="The least value that is expected.")] = None
    maximum: Annotated[float | None, Field(description="The largest value that is expected.")] = None
    most_gaps: Annotated[int | None, Field(ge=0, description="Empty buckets between the first and the last value.")] = (
        None
    )

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if (self.source is None) == (self.panel is None):
            raise ValueError("give one of source and panel")
        return self

    def subject(self) -> str:
        """The id."""
        return str(self.source or self.panel)

    def sources(self, connector: Connector) -> list[DataSource]:
        """The sources that are checked."""
        if self.panel is not None:
            return [*Panel.get(self.panel, connector=connector).sources().values()]
        return DataSource.get_list([self.source or 0], connector=connector)


def _check(arguments: CheckValuesArguments, connector: Connector) -> None:
    arguments.sources(connector)


def _check_values(
    arguments: CheckValuesArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    sources = arguments.sources(connector)
    found, faults = [], []
    for place, source in enumerate(sources):
        progress("Checking values", place, len(sources))
        facts = _facts(source)
        found.append(facts)
        faults += _faults(facts, arguments)
    if faults:
        more = f" and {len(faults) - _MOST_NAMED} others" if len(faults) > _MOST_NAMED else ""
        raise InvalidInputError(
            f"The values are not as expected: {'; '.join(faults[:_MOST_NAMED])}{more}. Correct the points, or what is "
            "expected."
        )
    return {"sources": len(sources), "values": sum(each["values"] for each in found), "facts": found[:_MOST_NAMED]}


def _facts(source: DataSource) -> dict[str, Any]:
    clock = source.clock
    times, values = source.read(interval=None if clock is None else str(clock))
    measured = values[np.isfinite(values)]
    gaps = 0
    if clock is not None and times.size:
        gaps = len(clock.range(int(times[0]), int(times[-1]) + 1)) - measured.size
    ends = (float(measured.min()), float(measured.max())) if measured.size else (None, None)
    return {
        "source": source.id,
        "name": source.name,
        "values": measured.size,
        "gaps": gaps,
        "minimum": ends[0],
        "maximum": ends[1],
    }


def _faults(facts: dict[str, Any], asked: CheckValuesArguments) -> list[str]:
    name = facts["name"]
    if not facts["values"]:
        return [f"{name} has no values"]
    found = []
    if asked.minimum is not None and facts["minimum"] < asked.minimum:
        found.append(f"{name} has the value {facts['minimum']:g}, below {asked.minimum:g}")
    if asked.maximum is not None and facts["maximum"] > asked.maximum:
        found.append(f"{name} has the value {facts['maximum']:g}, above {asked.maximum:g}")
    if asked.most_gaps is not None and facts["gaps"] > asked.most_gaps:
        found.append(f"{name} has {facts['gaps']} empty buckets, more than {asked.most_gaps}")
    return found


CHECK_VALUES = WorkKind(
    "check_values",
    "read",
    "data_source",
    "Check values",
    CheckValuesArguments,
    _check_values,
    _check,
)
"""The kind."""
