"""The kind `autoforecast`: forecasts each series of an uploaded table, or of the store, by an ensemble."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from enorchestrator.work.kind import Arguments, PanelId, Partial, SourceId, WorkKind
from enorchestrator.work.stored_file import StoredFile, check_stored, kept, opened
from enstorage import Connector, DataSource, Panel
from enstorage.progress import Progress

if TYPE_CHECKING:
    from endirector import Understanding

#: Series of the result; its file has all.
_MOST_SERIES = 60


class AutoforecastArguments(Arguments):
    """A table, a source or a panel, and what is forecast of it."""

    file: Annotated[StoredFile | None, Field(description="The uploaded table.")] = None
    source: Annotated[SourceId | None, Field(description="A source in place of a table.")] = None
    panel: Annotated[PanelId | None, Field(description="A panel in place of a table.")] = None
    horizon: Annotated[int, Field(ge=1, le=100_000, description="Number of steps.")]
    understanding: Annotated[
        dict[str, Any] | None,
        Field(description="The table as it was understood and corrected; by default it is understood again."),
    ] = None
    levels: Annotated[
        tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(max_length=20, description="Of the intervals.")
    ] = (0.8, 0.95)
    metric: Annotated[str, Field(description="That members and methods are judged by.")] = "mase"
    networks: Annotated[
        tuple[Annotated[str, Field(max_length=100)], ...],
        Field(max_length=10, description="Learned over all series as further candidates, such as mlp."),
    ] = ()
    time_limit: Annotated[
        float | None, Field(gt=0, description="Seconds; members it has no time for are left out.")
    ] = None
    name: Annotated[str | None, Field(max_length=255, description="Of the project.")] = None
    unit: Annotated[str, Field(max_length=255, description="Of the values.")] = ""
    seed: Annotated[int, Field(description="Of everything that is drawn.")] = 0
    language: Annotated[Literal["en", "ru"], Field(description="Of the page.")] = "en"

    @model_validator(mode="after")
    def _has_one_table(self) -> Self:
        if [self.file, self.source, self.panel].count(None) != 2:
            raise ValueError("give one of file, source and panel")
        if self.file is None and (self.understanding is not None or self.unit):
            raise ValueError("understanding and unit are for a file; a source has its own")
        return self

    def record(self, connector: Connector) -> DataSource | Panel | None:
        """The source or the panel; None for a table."""
        if self.source is not None:
            return DataSource.get(self.source, connector=connector)
        return None if self.panel is None else Panel.get(self.panel, connector=connector)

    def subject(self) -> str:
        """The name of the file, or the id of the record."""
        return self.file.name if self.file is not None else str(self.source or self.panel)


def _understanding(arguments: AutoforecastArguments) -> "Understanding | None":
    from endirector import Understanding

    return None if arguments.understanding is None else Understanding.from_json(arguments.understanding)


def _check(arguments: AutoforecastArguments, connector: Connector) -> None:
    from endirector.forecaster.members import checked_networks

    checked_networks(arguments.networks)
    if arguments.file is not None:
        check_stored(arguments.file, connector)
    arguments.record(connector)
    _understanding(arguments)


def _autoforecast(
    arguments: AutoforecastArguments, connector: Connector, progress: Progress, partial: Partial
) -> dict[str, Any]:
    import endirector

    with _table(arguments, connector) as (table, name):
        result = endirector.autoforecast(
            table,
            arguments.horizon,
            levels=arguments.levels,
            metric=arguments.metric,
            networks=arguments.networks,
            time_limit=arguments.time_limit,
            name=arguments.name or name,
            unit=arguments.unit,
            seed=arguments.seed,
            understanding=_understanding(arguments),
            connector=connector,
            progress=progress,
            watch=lambda board: partial("leaderboard", board),
        )
    keys = [*result.panel.sources()]
    progress("Write the report", 0, 1)
    report = result.report(language=arguments.language, progress=False).html.encode()
    name = result.panel.name
    return {
        **result.to_json(keys[:_MOST_SERIES]),
        "error": result.error,
        "issued": None if result.issued is None else result.issued.id,
        "series_count": len(keys),
        "program": result.code() if any(group.ensemble is not None for group in result.groups) else None,
        "file": kept(result.table.write_csv().encode(), f"forecast of {name}.csv", "text/csv", connector),
        "report": kept(report, f"report of {name}.html", "text/html", connector),
    }


@contextmanager
def _table(arguments: AutoforecastArguments, connector: Connector) -> Iterator[tuple[Any, str]]:
    """The table that is forecast, and its name."""
    from enstorage.sources.tables.raw.files import stem

    record = arguments.record(connector)
    if record is not None:
        yield record, record.name
        return
    assert arguments.file is not None  # noqa: S101 - one of the three is there
    with opened(arguments.file, connector) as path:
        yield path, stem(path)


AUTOFORECAST = WorkKind(
    "autoforecast",
    "train",
    "project",
    "Forecast table",
    AutoforecastArguments,
    _autoforecast,
    _check,
    outputs={"file": "file", "report": "file", "error": "number"},
)
