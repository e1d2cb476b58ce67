"""The OpenAPI document: problems are described once, for every operation."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from enmyadmin.access.permission import Public, permissions_of
from enmyadmin.routes.inference.tensors import InferenceRequest
from enmyadmin.server.problems import MEDIA_TYPE, Problem

#: Schemas that operations name, and that FastAPI does not find by itself.
_REFERRED_TO: tuple[type[BaseModel], ...] = (Problem, InferenceRequest)


def describe(app: FastAPI) -> None:
    """Have the application describe itself."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _document(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for model in _REFERRED_TO:
        own = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas |= own.pop("$defs", {}) | {model.__name__: own}
    answer = {
        "description": "A problem document (RFC 9457).",
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    public = {
        (route.path, method.lower())
        for route in iter_route_contexts(app.routes)
        if isinstance(route.original_route, APIRoute)
        for method in route.methods or ()
        if any(isinstance(each, Public) for each in permissions_of(route.dependant))
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            operation["responses"].pop("422", None)
            operation["responses"]["default"] = answer
            if (path, method) in public:
                operation["security"] = []
    return document
