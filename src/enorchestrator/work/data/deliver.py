"""The kind `deliver`: gives the file of another step to a sink."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from enorchestrator.work.kind import Arguments, Partial, WorkKind
from enorchestrator.work.stored_file import StoredFile, check_stored, opened
from enstorage import Connector
from enstorage.errors import InvalidInputError
from enstorage.places.connections import check_folder
from enstorage.progress import Progress
from enstorage.sinks import Sink, sink_from_json

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl


class DeliverArguments(Arguments):
    """A file with a table, and the sink that gets it."""

    file: Annotated[StoredFile, Field(description="The table, CSV or Parquet, such as ${forecast.file}.")]
    sink: Annotated[
        dict[str, Any],
        Field(description='The sink with its parameters, such as {"name": "sql", "connection": "grid", "table": …}.'),
    ]

    def subject(self) -> str:
        """The name of the file."""
        return self.file.name

    def place(self) -> Sink:
        """The sink, if it writes in places that steps may write."""
        found = sink_from_json(self.sink)
        for path in found.files():
            check_folder(path)
        return found


def _check(arguments: DeliverArguments, connector: Connector) -> None:
    arguments.place()
    check_stored(arguments.file, connector)


def _deliver(
    arguments: DeliverArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    from enorchestrator.delivery.deliver import deliver

    progress("Delivering", 0, 1)
    with opened(arguments.file, connector) as path:
        rows = _rows(path)
    found = deliver(rows, arguments.place(), arguments.file.name, connector=connector)
    return {"target": found.target, "rows": found.rows, "is_new": found.is_new, "key": found.key}


def _rows(path: "Path") -> "pl.DataFrame":
    import polars as pl

    try:
        if path.suffix in (".parquet", ".pq"):
            return pl.read_parquet(path)
        return pl.read_csv(path, infer_schema_length=None)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise InvalidInputError(
            f"{path.name} is no table: {str(error).splitlines()[0]:.120}. Expected CSV or Parquet, as steps give them.",
            field="file",
        ) from None


DELIVER = WorkKind(
    "deliver",
    "run",
    "sink",
    "Deliver",
    DeliverArguments,
    _deliver,
    _check,
    outputs={"rows": "integer", "is_new": "boolean"},
)
"""The kind."""
