"""Tables of rows: as JSON, and as files to take away."""

import io
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel
from starlette.responses import Response

from enmyadmin.access.permission import allowed
from enmyadmin.routes.answers import Json, as_file
from enmyadmin.routes.dependencies import Settings, Store
from enmyadmin.routes.records.collection import COLLECTIONS, Collection
from enstorage import DataCsv, DataPreparation, DataSet, DataSnapshot, Ensemble, Forecast
from enstorage.calendars.calendar import Calendar
from enstorage.connector import Connector
from enstorage.entity._record import Record
from enstorage.entity.csv_text import with_labels
from enstorage.errors import InvalidInputError
from enstorage.search.exporting import FORMATS

if TYPE_CHECKING:
    import polars as pl

TableForm = Literal["json", "csv", "parquet"]
#: The answers of a route that gives a table, beside JSON.
TABLE_FILES: dict[int | str, dict[str, Any]] = {200: {"content": {FORMATS["csv"]: {}, FORMATS["parquet"]: {}}}}


class TableColumns(BaseModel):
    """A table by its columns; times are ISO 8601 on the clock of their source, or integers of an integer axis."""

    rows: int
    columns: dict[str, list[Any]]


def table_answer(
    table: "pl.DataFrame", form: TableForm, name: str, connector: Connector, most: int, clock: Calendar | None = None
) -> Response:
    """A table in the form that was asked for.

    Args:
        table: the rows.
        form: of the answer.
        name: of the file, without its ending.
        connector: the store.
        most: most rows.
        clock: of the times; None: that of the source which the column `series` names.

    Raises:
        InvalidInputError: there are more rows.
    """
    if table.height > most:
        raise InvalidInputError(
            f"There are {table.height} rows; expected at most {most} at once. Narrow the question, as by time_from and "
            "time_to.",
            field="time_from",
        )
    shown = with_labels(table, connector, clock)
    if form == "json":
        return Json({"rows": shown.height, "columns": shown.to_dict(as_series=False)})
    content = io.BytesIO()
    shown.write_csv(content) if form == "csv" else shown.write_parquet(content)
    return as_file(content.getvalue(), f"{name}.{form}", FORMATS[form])


def _table_of(record: Record) -> "tuple[pl.DataFrame, Calendar | None]":
    match record:
        case DataSnapshot():
            return record.data_csv.table(), record.clock
        case DataPreparation():
            return record.table(), record.data_snapshot.clock
        case DataSet():
            return record.data_csv.table(), None
        case Forecast() | Ensemble() | DataCsv():
            return record.table(), None
    raise AssertionError(record)


def _add_table(router: APIRouter, collection: Collection) -> None:
    entity = collection.entity

    def get_table(
        store: Store, settings: Settings, id: Annotated[int, Path(ge=1, lt=2**63)], format: TableForm = "json"
    ) -> Response:
        table, clock = _table_of(entity.get(id, connector=store))
        return table_answer(table, format, f"{collection.one} {id}", store, settings.max_rows, clock)

    router.get(
        f"/{collection.path}/{{id}}/table",
        name=f"get_{collection.one}_rows",
        tags=[collection.path],
        response_model=TableColumns,
        responses=TABLE_FILES,
        dependencies=[Depends(allowed("download", collection.kind))],
    )(get_table)


router = APIRouter()
for _collection in COLLECTIONS:
    if _collection.entity in (DataSnapshot, DataPreparation, DataSet, Forecast, Ensemble, DataCsv):
        _add_table(router, _collection)
