"""The kind `autoforecast`: forecasts each series of an uploaded table by an ensemble."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from enorchestrator.work.kind import Arguments, Partial, WorkKind
from enorchestrator.work.stored_file import StoredFile, check_stored, kept, opened
from enstorage import Connector
from enstorage.progress import Progress

if TYPE_CHECKING:
    from endirector import Understanding

#: Series of the result; its file has all.
_MOST_SERIES = 60


class AutoforecastArguments(Arguments):
    """A table, and what is forecast of it."""

    file: Annotated[StoredFile, Field(description="The uploaded table.")]
    horizon: Annotated[int, Field(ge=1, le=100_000, description="Number of steps.")]
    understanding: Annotated[
        dict[str, Any] | None,
        Field(description="The table as it was understood and corrected; by default it is understood again."),
    ] = None
    levels: Annotated[
        tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(max_length=20, description="Of the intervals.")
    ] = (0.8, 0.95)
    metric: Annotated[str, Field(description="That members and methods are judged by.")] = "mase"
    time_limit: Annotated[
        float | None, Field(gt=0, description="Seconds; members it has no time for are left out.")
    ] = None
    name: Annotated[str | None, Field(max_length=255, description="Of the project.")] = None
    unit: Annotated[str, Field(max_length=255, description="Of the values.")] = ""
    seed: Annotated[int, Field(description="Of everything that is drawn.")] = 0

    def subject(self) -> str:
        """The name of the file."""
        return self.file.name


def _understanding(arguments: AutoforecastArguments) -> "Understanding | None":
    from endirector import Understanding

    return None if arguments.understanding is None else Understanding.from_json(arguments.understanding)


def _check(arguments: AutoforecastArguments, connector: Connector) -> None:
    check_stored(arguments.file, connector)
    _understanding(arguments)


def _autoforecast(
    arguments: AutoforecastArguments, connector: Connector, progress: Progress, partial: Partial
) -> dict[str, Any]:
    import endirector
    from enstorage.sources.tables.raw.files import stem

    with opened(arguments.file, connector) as path:
        result = endirector.autoforecast(
            path,
            arguments.horizon,
            levels=arguments.levels,
            metric=arguments.metric,
            time_limit=arguments.time_limit,
            name=arguments.name or stem(path),
            unit=arguments.unit,
            seed=arguments.seed,
            understanding=_understanding(arguments),
            connector=connector,
            progress=progress,
            watch=lambda board: partial("leaderboard", board),
        )
    keys = [*result.panel.sources()]
    progress("Write the report", 0, 1)
    report = result.report(progress=False).html.encode()
    name = result.panel.name
    return {
        **result.to_json(keys[:_MOST_SERIES]),
        "issued": None if result.issued is None else result.issued.id,
        "series_count": len(keys),
        "program": result.code() if any(group.ensemble is not None for group in result.groups) else None,
        "file": kept(result.table.write_csv().encode(), f"forecast of {name}.csv", "text/csv", connector),
        "report": kept(report, f"report of {name}.html", "text/html", connector),
    }


AUTOFORECAST = WorkKind(
    "autoforecast",
    "train",
    "project",
    "Forecast table",
    AutoforecastArguments,
    _autoforecast,
    _check,
    outputs={"file": "file", "report": "file"},
)
