"""The kind `load_series`: writes the points of a source loader to a source or a panel, as far as they are new."""

from typing import Annotated, Any

from pydantic import Field

from enorchestrator.work.checks.expected import ExpectedArguments
from enorchestrator.work.kind import Arguments, Partial, WorkKind
from enstorage import Connector, DataSource
from enstorage.instant import TimeLike, to_ns
from enstorage.places.connections import check_folder
from enstorage.progress import Progress
from enstorage.sources import SourceLoader, Wanted, loader_from_json

_LongName = Annotated[str, Field(min_length=1, max_length=255)]


class LoadSeriesArguments(ExpectedArguments, Arguments):
    """A loader, the source that gets its points, and how their values are to be."""

    loader: Annotated[
        dict[str, Any],
        Field(description='The loader with its parameters, such as {"name": "sql", "connection": "grid", "query": …}.'),
    ]
    source: Annotated[
        _LongName, Field(description="Name of the source or the panel; made of what comes if there is none.")
    ]
    keys: Annotated[tuple[str, ...] | None, Field(max_length=10_000, description="Of the series; by default all.")] = (
        None
    )
    time_from: Annotated[str | None, Field(max_length=100, description="Start of the period to load.")] = None
    time_to: Annotated[str | None, Field(max_length=100, description="End of that period, itself excluded.")] = None
    most_points: Annotated[int, Field(ge=1, description="More are refused.")] = 50_000_000
    snapshot: Annotated[bool, Field(description="Fix the state of each series after the load.")] = True

    def subject(self) -> str:
        """The name of the source."""
        return self.source

    def source_loader(self) -> SourceLoader:
        """The loader, if it reads in places that steps may read."""
        found = loader_from_json(self.loader)
        for path in found.files():
            check_folder(path)
        return found

    def wanted(self) -> Wanted:
        """The part to load."""
        return Wanted(self.keys, _time(self.time_from), _time(self.time_to), self.most_points)


def _time(text: TimeLike | None) -> int | None:
    return None if text is None else to_ns(text)


def _check(arguments: LoadSeriesArguments, _connector: Connector) -> None:
    arguments.expected()
    arguments.wanted()
    arguments.source_loader()


def _load_series(
    arguments: LoadSeriesArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    from enstorage import load

    found = load(
        arguments.source_loader(),
        arguments.source,
        wanted=arguments.wanted(),
        expected=arguments.expected(),
        snapshot=arguments.snapshot,
        connector=connector,
        progress=progress,
    )
    target = {"id": found.target.id, "name": found.target.name}
    snapshots = [each.id for each in found.snapshots]
    kind = "data_source" if isinstance(found.target, DataSource) else "panel"
    return {
        "data_source": None,
        "panel": None,
        "snapshot": snapshots[0] if len(snapshots) == 1 else None,
        kind: target,
        "snapshots": snapshots,
        "series": found.series,
        "added": found.added,
        "changed": found.changed,
        "unchanged": found.unchanged,
    }


LOAD_SERIES = WorkKind(
    "load_series",
    "upload",
    "data_source",
    "Load",
    LoadSeriesArguments,
    _load_series,
    _check,
    outputs={
        "data_source": "data_source",
        "panel": "panel",
        "snapshot": "data_snapshot",
        "snapshots": "data_snapshot[]",
        "added": "integer",
        "changed": "integer",
    },
)
"""The kind."""
