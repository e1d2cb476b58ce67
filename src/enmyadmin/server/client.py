"""The built web client: files from `enmyadmin/static`, and its page for every address that the client routes itself."""

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from enmyadmin.access.permission import public

STATIC = Path(__file__).parents[1] / "static"
#: Addresses of programs: nothing under them is a page.
_OF_PROGRAMS = ("api/", "v2/")
_YEAR = 365 * 24 * 3600
_NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>EnMyAdmin</title>
<h1>EnMyAdmin</h1>
<p>The server runs; its web client is not built in this copy. Build it with <code>make web</code>, then reload this page.</p>
<p>Programs can use <a href="/api/v1/openapi.json">the REST interface</a> already.</p>
</html>"""


def client_router(folder: Path = STATIC) -> APIRouter:
    """The route of the client's files.

    Args:
        folder: of the built client: `index.html`, and `assets/`, whose files have the hash of their content in their names.
    """
    router = APIRouter(include_in_schema=False)
    files = StaticFiles(directory=folder, check_dir=False)

    @router.get("/{path:path}", dependencies=[Depends(public())])
    @router.head("/{path:path}", dependencies=[Depends(public())])
    async def client(request: Request, path: str) -> Response:
        if f"{path}/".startswith(_OF_PROGRAMS):
            raise HTTPException(404)
        if path.startswith("assets/"):
            answer = await files.get_response(path, request.scope)
            answer.headers["Cache-Control"] = f"public, max-age={_YEAR}, immutable"
            return answer
        answer = await _file_or_page(files, path, request.scope)
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    return router


async def _file_or_page(files: StaticFiles, path: str, scope: Any) -> Response:
    for each in (path, "index.html"):
        try:
            if each:
                return await files.get_response(each, scope)
        except HTTPException as error:
            if error.status_code != 404:
                raise
    return HTMLResponse(_NOT_BUILT)
