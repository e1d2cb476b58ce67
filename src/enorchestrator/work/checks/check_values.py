"""The kind `check_values`: fails where the values of a source or a panel are not as they are expected."""

from dataclasses import replace
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from enorchestrator.work.checks.expected import ExpectedArguments
from enorchestrator.work.kind import Arguments, PanelId, Partial, SourceId, WorkKind
from enstorage import Connector, DataSource, Panel
from enstorage.entity._rows import rows_now
from enstorage.progress import Progress
from enstorage.sources.expected import SeriesFacts, refuse_faults

_MOST_NAMED = 5


class CheckValuesArguments(ExpectedArguments, Arguments):
    """A source or a panel, and how its values are to be."""

    source: Annotated[SourceId | None, Field(description="The source.")] = None
    panel: Annotated[PanelId | None, Field(description="A panel in place of a source.")] = None

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
    arguments.expected()
    arguments.sources(connector)


def _check_values(
    arguments: CheckValuesArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    sources, expected = arguments.sources(connector), arguments.expected()
    found: list[dict[str, Any]] = []
    faults: dict[str, list[str]] = {}
    for place, source in enumerate(sources):
        progress("Checking values", place, len(sources))
        facts = _facts(source)
        found.append({"source": source.id, "name": source.name, **facts.to_json()})
        faults[source.name] = expected.faults(facts) if facts.values else ["has no values"]
    refuse_faults(faults, "")
    return {"sources": len(sources), "values": sum(each["values"] for each in found), "facts": found[:_MOST_NAMED]}


def _facts(source: DataSource) -> SeriesFacts:
    """Of its buckets, and of its points how they lie in these."""
    buckets = source.calendar
    points = SeriesFacts.of(*source.read(), buckets)
    if buckets is None or not points.values:
        return points
    rows = rows_now(source)
    return replace(SeriesFacts.of(rows.times, rows.values, buckets), uneven=points.uneven)


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
