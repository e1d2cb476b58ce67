"""Models: their facts, curves, trained objects and forecasts."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from enmyadmin.access.audit import note
from enmyadmin.access.permission import allowed
from enmyadmin.routes.answers import Json, as_file
from enmyadmin.routes.data.points import FILE_BODY
from enmyadmin.routes.data.received import received
from enmyadmin.routes.data.tables import TABLE_FILES, TableColumns, TableForm, table_answer
from enmyadmin.routes.dependencies import Settings, Store
from enstorage import Model
from enstorage.errors import NotFoundError
from enstorage.exchange.importing import import_object
from enstorage.search.listing import read_record

RecordId = Annotated[int, Path(ge=1, lt=2**63)]
FactKey = Annotated[str, Path(description="Of the fact; case-sensitive.")]
Part = Annotated[Literal["train", "valid", "test", "out_of_fold"] | None, Query(description="By default all parts.")]
_MOST_STEPS = 5_000

router = APIRouter(prefix="/models/{id}", tags=["models"])
_may_read = [Depends(allowed("read", "model"))]


class History(BaseModel):
    """History that were logged, such as the loss by epoch; of very many steps each n-th."""

    step: list[int]
    curves: dict[str, list[float | None]]


class FactValue(BaseModel):
    """The value of a fact."""

    model_config = ConfigDict(extra="forbid")

    value: Any


class ObjectFacts(BaseModel):
    """The trained object of a model."""

    object_sha256: str
    object_format: str
    object_bytes: int


@router.get("/history", response_model=History, dependencies=_may_read)
def get_model_history(store: Store, id: RecordId) -> Json:
    """Give the logged curves of a model."""
    table = Model.get(id, connector=store).curves()
    table = table.gather_every(-(-table.height // _MOST_STEPS)) if table.height > _MOST_STEPS else table
    columns = table.to_dict(as_series=False)
    return Json({"step": columns.pop("step", []), "curves": columns})


@router.get("/facts", response_model=dict[str, Any], dependencies=_may_read)
def get_model_facts(store: Store, id: RecordId) -> Json:
    """Give all facts of a model."""
    store.recorder.flush()
    return Json(Model.get(id, connector=store).metas())


@router.put("/facts/{key:path}", response_model=FactValue, dependencies=[Depends(allowed("change", "model"))])
def set_model_fact(
    request: Request, store: Store, id: RecordId, key: FactKey, fact: Annotated[FactValue, Body()]
) -> Json:
    """Record a fact about a model; an earlier value is replaced."""
    Model.get(id, connector=store).meta(key, fact.value)
    store.recorder.flush()
    note(request, detail={"fact": key[:200]})
    return Json({"value": fact.value})


@router.get(
    "/object",
    response_class=Response,
    responses={200: {"content": {"application/octet-stream": {}}, "description": "The bytes of the object."}},
    dependencies=[Depends(allowed("download", "model"))],
)
def download_model_object(store: Store, id: RecordId) -> Response:
    """Give the trained object of a model, as it is stored."""
    model = Model.get(id, connector=store)
    if model.object_sha256 is None:
        raise NotFoundError(f"{model} has no object. Train it, or upload one.")
    content = store.objects.get(model.object_sha256)
    return as_file(content, f"{model.name}.{model.object_format}", "application/octet-stream")


@router.put(
    "/object",
    response_model=ObjectFacts,
    dependencies=[Depends(allowed("upload", "model"))],
    openapi_extra=FILE_BODY,
)
async def upload_model_object(request: Request, store: Store, settings: Settings, id: RecordId) -> Json:
    """Store a trained object with a model: the file of a form, `.keras`, `.skops` or `.onnx`. Nothing in it is run."""
    model = await run_in_threadpool(lambda: Model.get(id, connector=store))
    async with received(request, settings.max_upload_bytes) as file:
        await run_in_threadpool(import_object, model, file.path)
    item = await run_in_threadpool(lambda: read_record(Model, id, connector=store))
    found = {name: item[name] for name in ObjectFacts.model_fields}
    note(request, detail=found)
    return Json(found)


@router.get(
    "/forecasts",
    response_model=TableColumns,
    responses=TABLE_FILES,
    dependencies=[Depends(allowed("download", "model"))],
)
def get_model_forecasts(
    store: Store, settings: Settings, id: RecordId, part: Part = None, format: TableForm = "json"
) -> Response:
    """Give the stored forecasts of a model."""
    table = Model.get(id, connector=store).forecasts(part)
    return table_answer(table, format, f"model {id} forecasts", store, settings.max_rows)
