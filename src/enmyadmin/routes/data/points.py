"""Points of data sources and panels: written from files, read, deleted."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from enmyadmin.access.audit import note
from enmyadmin.access.permission import allowed
from enmyadmin.routes.answers import Json
from enmyadmin.routes.data.received import ENDINGS, Received, received
from enmyadmin.routes.data.tables import TABLE_FILES, TableColumns, TableForm, table_answer
from enmyadmin.routes.dependencies import Settings, Store
from enstorage import DataSource, Panel
from enstorage.errors import InvalidInputError

RecordId = Annotated[int, Path(ge=1, lt=2**63)]
Time = Annotated[str | None, Query(description="ISO 8601, local to the time zone of the source; or an integer.")]
#: The body of a request that brings a file.
FILE_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            **{media: {"schema": {"type": "string", "format": "binary"}} for media in ENDINGS},
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {"file": {"type": "string", "format": "binary"}},
                }
            },
        },
    }
}

router = APIRouter(tags=["points"])


class PointsOptions(BaseModel):
    """The form of a table of points, as far as the caller knows it; the rest is found and reported."""

    model_config = ConfigDict(extra="forbid")

    series_column: str | None = None
    time_column: str | None = None
    value_column: str | None = None
    separator: str | None = None
    decimal: Literal[".", ","] | None = None
    thousands: Literal[",", ".", " ", "'"] | None = None
    encoding: str | None = None
    date_order: Literal["day-first", "month-first"] | None = None
    date_format: str | None = None
    time_unit: str | None = None
    missing: str | None = None
    sheet: str | None = None
    snap: str | None = None
    duplicates: Literal["refuse", "mean", "sum", "first", "last"] | None = None
    skip_bad_rows: bool | None = None


class LineOptions(BaseModel):
    """The lines to take of a file of line protocol."""

    measurement: str = "data_source"
    field: str = "value"
    precision: Literal["ns", "us", "ms", "s"] | None = None
    tag: str | None = None


class WrittenOptions(PointsOptions, LineOptions):
    """The form of a file of points of one source."""


class WrittenPoints(BaseModel):
    """The result of writing points."""

    points: int
    table: dict[str, Any] | None = None
    report: dict[str, Any]


class DeletedPoints(BaseModel):
    """The number of points that were deleted."""

    deleted: int


Options = Annotated[PointsOptions, Query()]


@router.post(
    "/data-sources/{id}/points",
    response_model=WrittenPoints,
    dependencies=[Depends(allowed("upload", "data_source"))],
    openapi_extra=FILE_BODY,
)
async def write_points(
    request: Request, store: Store, settings: Settings, id: RecordId, options: Annotated[WrittenOptions, Query()]
) -> Json:
    """Write points from CSV, Parquet, Excel or line protocol; the value of a time that is there is replaced."""
    async with received(request, settings.max_upload_bytes) as file:
        answer = await run_in_threadpool(_write, store, id, file, options)
    note(request, detail={"points": answer["points"]})
    return Json(answer)


def _write(store: Any, id: int, file: Received, options: WrittenOptions) -> dict[str, Any]:
    source = DataSource.get(id, connector=store)
    given = options.model_dump(exclude_none=True, include=set(PointsOptions.model_fields))
    if file.is_lines:
        if given:
            raise InvalidInputError(
                f"Line protocol has no {next(iter(given))}; that is an option of tables. Leave it out.",
                field=next(iter(given)),
            )
        tags = None if options.tag is None else dict([_pair(options.tag)])
        count = source.import_lines(
            file.path,
            measurement=options.measurement,
            field=options.field,
            tags=tags,
            precision=options.precision,
        )
        return {"points": count, "report": source.import_report()}
    count = source.write(file.path, **given)
    table = source.table_report
    return {
        "points": count,
        "table": None if table is None else table.to_json() | {"name": file.name or file.path.name},
        "report": source.import_report(),
    }


def _pair(text: str) -> tuple[str, str]:
    key, sign, value = text.partition("=")
    if not sign:
        raise InvalidInputError(f"tag is {text!r:.60}; expected KEY=TEXT.", field="tag")
    return key, value


@router.get(
    "/data-sources/{id}/points",
    response_model=TableColumns,
    responses=TABLE_FILES,
    dependencies=[Depends(allowed("download", "data_source"))],
)
def read_points(
    store: Store,
    settings: Settings,
    id: RecordId,
    time_from: Time = None,
    time_to: Time = None,
    interval: Annotated[str | None, Query(description="Length of the buckets, such as 1h; none by default.")] = None,
    aggregate: Annotated[str | None, Query(description="Of the points of a bucket.")] = None,
    format: TableForm = "json",
) -> Response:
    """Read points, or their aggregates."""
    import polars as pl

    source = DataSource.get(id, connector=store)
    times, values = source.read(time_from, time_to, interval, aggregate)
    table = pl.DataFrame({"time": times, "value": values})
    return table_answer(table, format, source.name, store, settings.max_rows, source.clock)


@router.delete(
    "/data-sources/{id}/points",
    response_model=DeletedPoints,
    dependencies=[Depends(allowed("upload", "data_source"))],
)
def delete_points(request: Request, store: Store, id: RecordId, time_from: Time = None, time_to: Time = None) -> Json:
    """Delete the points of a period, or all; snapshots do not change."""
    note(request, detail={"time_from": time_from, "time_to": time_to})
    return Json({"deleted": DataSource.get(id, connector=store).delete_points(time_from, time_to)})


@router.post(
    "/panels/{id}/points",
    response_model=WrittenPoints,
    dependencies=[Depends(allowed("upload", "panel"))],
    openapi_extra=FILE_BODY,
)
async def write_panel_points(
    request: Request, store: Store, settings: Settings, id: RecordId, options: Options
) -> Json:
    """Write points of the series of a panel from one table."""

    def write(file: Received) -> dict[str, Any]:
        panel = Panel.get(id, connector=store)
        given = options.model_dump(exclude_none=True)
        names = {"series_column": "series", "time_column": "time", "value_column": "value"}
        count = panel.write(file.path, **{names.get(name, name): value for name, value in given.items()})
        return {"points": count, "report": panel.import_report()}

    async with received(request, settings.max_upload_bytes) as file:
        answer = await run_in_threadpool(write, file)
    note(request, detail={"points": answer["points"]})
    return Json(answer)
