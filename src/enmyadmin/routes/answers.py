"""Answers in JSON."""

from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import Query
from pydantic_core import to_json
from starlette.responses import HTMLResponse, JSONResponse, Response

#: The query of a page: the language of the reader.
PageLanguage = Annotated[Literal["en", "ru"], Query(description="Of the page.")]
#: A report loads nothing and runs nothing; pages of the client may show it in a frame.
_REPORT_POLICY = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; frame-ancestors 'self'"
)


class Json(JSONResponse):
    """JSON, with times in ISO 8601; NaN and ±inf, for which JSON has no form, become null."""

    def render(self, content: Any) -> bytes:
        """The bytes of the answer."""
        return to_json(content, inf_nan_mode="null")


def as_file(content: bytes, name: str, media_type: str) -> Response:
    """A file to be saved under a name, which may be any text."""
    safe = quote(name.replace("/", "_").replace("\\", "_"), safe="")
    return Response(
        content, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{safe}"}, media_type=media_type
    )


def report_page(html: str) -> Response:
    """A report, which is one file."""
    return HTMLResponse(html, headers={"Content-Security-Policy": _REPORT_POLICY})
