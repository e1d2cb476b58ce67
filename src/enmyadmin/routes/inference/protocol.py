"""The routes of the Open Inference Protocol, version 2."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from enmyadmin.access.permission import allowed, public
from enmyadmin.access.principal import Principal
from enmyadmin.routes.answers import Json
from enmyadmin.routes.dependencies import Store
from enmyadmin.routes.inference.pool import InferencePool
from enmyadmin.routes.inference.served import ServedModel
from enmyadmin.routes.inference.tensors import (
    LENGTH_HEADER,
    InferenceResponse,
    answer_of,
    read_request,
)
from enstorage import Ensemble
from enstorage._version import __version__

router = APIRouter(prefix="/v2", tags=["inference"])
#: The route may be about an ensemble, which is asked for besides.
Inferring = Annotated[Principal, Depends(allowed("infer", "model"))]


class TensorDescription(BaseModel):
    """A tensor that a served model takes or gives."""

    name: str
    datatype: str
    shape: list[int]


class ServedDescription(BaseModel):
    """A served model."""

    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorDescription]
    outputs: list[TensorDescription]


class ServerDescription(BaseModel):
    """The server, as the protocol describes it."""

    name: str
    version: str
    extensions: list[str]


class LiveAnswer(BaseModel):
    """True if the server lives."""

    live: bool


class ReadyAnswer(BaseModel):
    """True if the server, or a model, is ready."""

    ready: bool


@router.get("", response_model=ServerDescription, dependencies=[Depends(allowed("infer", "model"))])
def describe_inference() -> Json:
    """Describe the server."""
    return Json({"name": "enstorage", "version": __version__, "extensions": ["binary_tensor_data"]})


@router.get("/health/live", response_model=LiveAnswer, dependencies=[Depends(public())])
def get_liveness() -> Json:
    """Say that the server lives."""
    return Json({"live": True})


@router.get("/health/ready", response_model=ReadyAnswer, dependencies=[Depends(public())])
def get_readiness(store: Store) -> Json:
    """Say that the store can be read."""
    store.database.store_id()
    return Json({"ready": True})


def _served(request: Request, who: Principal, name: str, version: str | None, store: Any) -> ServedModel:
    find = partial(ServedModel.find, name, version, store)
    found: ServedModel = store.database.until_changed(("served", name, version), find)
    if isinstance(found.record, Ensemble):
        request.app.state.access.demand(who, "infer", "ensemble")
    return found


@router.get("/models/{name}", name="describe_served_model", response_model=ServedDescription)
@router.get("/models/{name}/versions/{version}", name="describe_served_version", response_model=ServedDescription)
def describe_served(request: Request, store: Store, who: Inferring, name: str, version: str | None = None) -> Json:
    """Describe a served model: `model-3` or `ensemble-1`."""
    return Json(_served(request, who, name, version, store).describe())


@router.get("/models/{name}/ready", name="get_served_model_readiness", response_model=ReadyAnswer)
@router.get("/models/{name}/versions/{version}/ready", name="get_served_version_readiness", response_model=ReadyAnswer)
def get_served_readiness(request: Request, store: Store, who: Inferring, name: str, version: str | None = None) -> Json:
    """Say if a served model can forecast."""
    found = _served(request, who, name, version, store)
    return Json({"ready": found.is_ready}, 200 if found.is_ready else 503)


_BODY = {
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/InferenceRequest"}}},
    }
}


@router.post("/models/{name}/infer", name="infer_model", response_model=InferenceResponse, openapi_extra=_BODY)
@router.post(
    "/models/{name}/versions/{version}/infer",
    name="infer_version",
    response_model=InferenceResponse,
    openapi_extra=_BODY,
)
async def infer(request: Request, store: Store, who: Inferring, name: str, version: str | None = None) -> Response:
    """Forecast what follows a history.

    Inputs: `history` (in the units of the source, the oldest value first) and `horizon`; a model also takes prepared samples
    `X`. Outputs: `forecast`, with the parameter `level` also `lower` and `upper`; for `X` the output `y`, as prepared.
    """
    body = await request.body()
    asked = read_request(body, request.headers.get(LENGTH_HEADER))

    pool: InferencePool = request.app.state.inference
    answers = pool.answers(name, store)

    def find() -> tuple[ServedModel, set[str]]:
        found = _served(request, who, name, version, store)
        with store.database.remembering(answers):
            return found, found.objects()

    with pool.place():
        found, objects = await run_in_threadpool(find)

        def answer() -> tuple[bytes, dict[str, str]]:
            found.check_ready()
            with store.database.remembering(answers):
                outputs = found.infer(asked.tensors, asked.request.parameters)
            return answer_of(asked, found.name, found.version, outputs)

        content, headers = await pool.run(objects, answer)
    return Response(content, headers=headers)
