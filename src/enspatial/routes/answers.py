"""Pictures and files as answers; the store and ids as parameters of routes."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, Path, Request
from starlette.responses import Response

from enstorage import Connector
from enstorage.places.web import download_headers

#: Gives the permission of a route for an action and a table; the server has it.
Allowed = Callable[[str, str], Any]


async def _connector(request: Request) -> Any:
    return request.app.state.connector


Store = Annotated[Connector, Depends(_connector)]
RecordId = Annotated[int, Path(ge=1, lt=2**63)]

GEOTIFF = "image/tiff; application=geotiff; profile=cloud-optimized"
PNG_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/png": {}}, "description": "A picture; transparent where there is no value."}
}
GEOTIFF_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/tiff": {}}, "description": "A Cloud-Optimized GeoTIFF."}
}


def png_answer(content: bytes) -> Response:
    """A picture."""
    return Response(content, media_type="image/png")


def geotiff_answer(content: bytes, name: str) -> Response:
    """A GeoTIFF to be saved under a name."""
    return Response(content, headers=download_headers(name), media_type=GEOTIFF)
