"""Problem documents (RFC 9457): the one place where errors become answers."""

import logging
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from pydantic_core import to_json
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from enmyadmin.access.refusal import RefusedError
from enmyadmin.server.problem_page import is_opened, problem_page
from enstorage.errors import (
    CancelledError,
    ConflictError,
    CorruptError,
    EnstorageError,
    ImmutableError,
    InUseError,
    InvalidInputError,
    MissingLibraryError,
    NotFoundError,
    NotSupportedError,
    StoreError,
    UntrustedError,
)

MEDIA_TYPE = "application/problem+json"
#: The status of each error; of several classes that fit, the first counts.
STATUSES: dict[type[Exception], int] = {
    NotFoundError: 404,
    ConflictError: 409,
    InUseError: 409,
    ImmutableError: 409,
    CancelledError: 409,
    CorruptError: 500,
    MissingLibraryError: 501,
    StoreError: 503,
    NotSupportedError: 422,
    UntrustedError: 422,
    InvalidInputError: 422,
    EnstorageError: 500,
}

_log = logging.getLogger("enmyadmin.server")


class Problem(BaseModel):
    """The reason why a request was refused or failed, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    instance: str


class ProblemOfInference(Problem):
    """A problem of the Open Inference Protocol, whose programs read `error`."""

    error: str


def add_problems(app: FastAPI) -> None:
    """Have every error of the application answered by a problem document."""
    app.add_exception_handler(EnstorageError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _by_status)
    app.add_exception_handler(Exception, _failed)


def problem(
    request: Request,
    status: int,
    detail: str,
    *,
    kind: str | None = None,
    field: str | None = None,
    instance: str | None = None,
    headers: Any = None,
) -> Response:
    """The answer of a problem: a document, or a page for a person who opened the address in a browser.

    Args:
        request: the request.
        status: HTTP status.
        detail: the message: fact, expected, received, remedy.
        kind: name of the class of the error; None if the status says it all.
        field: the field that is wrong.
        instance: identifies the occurrence; by default the path of the request.
        headers: further headers.
    """
    if is_opened(request):
        return problem_page(request, status, detail, headers)
    words = "".join(f" {each}" if each.isupper() else each for each in (kind or "").removesuffix("Error")).strip()
    body = Problem(
        type=f"urn:enstorage:problem:{words.lower().replace(' ', '-')}" if kind else "about:blank",
        title=words.capitalize() if kind else HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        field=field,
        instance=instance or request.url.path,
    )
    if request.url.path.startswith("/v2/"):  # programs of the Open Inference Protocol read this member
        body = ProblemOfInference(**body.model_dump(), error=detail)
    return Response(to_json(body), status, headers, MEDIA_TYPE)


async def _refused(request: Request, error: Any) -> Response:
    kind = type(error).__name__
    if isinstance(error, RefusedError):
        return problem(request, error.status, str(error), kind=kind, field=error.field, headers=error.headers)
    status = next(status for kind, status in STATUSES.items() if isinstance(error, kind))
    if status < 500:
        return problem(request, status, str(error), kind=kind, field=error.field)
    name = _logged(error)
    return problem(request, status, str(error), kind=kind, instance=name)


async def _malformed(request: Request, error: Any) -> Response:
    first, *further = error.errors()
    place, *path = first["loc"]
    field = ".".join(map(str, path)) or str(place)
    more = f" {len(further)} more values are wrong." if further else ""
    # What stands in a body may be a password.
    received = "" if place == "body" else f"; received {first.get('input')!r:.60}"
    detail = f"{field}: {first['msg']}{received}. See /api/v1/openapi.json.{more}"
    return problem(request, 422, detail, kind="InvalidInputError", field=field)


async def _by_status(request: Request, error: Any) -> Response:
    status: int = error.status_code
    detail = str(error.detail)
    if detail == HTTPStatus(status).phrase:
        detail = f"{request.method} {request.url.path:.200}: {detail}. See /api/v1/openapi.json."
    return problem(request, status, detail, headers=error.headers)


async def _failed(request: Request, error: Exception) -> Response:
    name = _logged(error)
    detail = f"The server failed. Its log has the reason under {name}; please report it."
    return problem(request, 500, detail, kind="InternalError", instance=name)


def _logged(error: Exception) -> str:
    """The name under which the log has an error."""
    name = f"urn:uuid:{uuid4()}"
    _log.error("%s", name, exc_info=error)
    return name


class LargeBodies:
    """Middleware that answers bodies over the limit by problem documents; the limiter of the framework answers by a text."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        is_replaced = False

        async def send_on(message: Message) -> None:
            nonlocal is_replaced
            if message["type"] == "http.response.start" and message["status"] == 413:
                headers = Headers(raw=message["headers"])
                if headers.get("content-type", "").startswith("text/plain"):
                    is_replaced = True
                    detail = "The body is larger than the server takes. Send less at once, or raise its limit."
                    answer = problem(Request(scope), 413, detail)
                    await answer(scope, receive, send)
            if not is_replaced:
                await send(message)

        await self.app(scope, receive, send_on)
