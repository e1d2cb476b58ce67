"""A problem as a page: for a person who opened an address of the REST interface, such as that of a report, in a browser."""

from html import escape

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

_PAGE = """<!doctype html>
<html lang="{language}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{heading} – EnMyAdmin</title>
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 15vh auto 0; padding: 0 1rem; }}</style>
<main><h1>{heading}</h1><p style="overflow-wrap: anywhere">{detail}</p><p><a href="/">{back}</a></p></main>
</html>"""


def is_opened(request: Request) -> bool:
    """True for an address that a person opens in a browser: it asks for a page, as no program and no script of one does."""
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


def problem_page(request: Request, status: int, detail: str, headers: dict[str, str] | None = None) -> Response:
    """The message of a problem as a page, in the language that the address names, else in that of the browser.

    Args:
        request: the request.
        status: HTTP status.
        detail: the message.
        headers: further headers.
    """
    from endirector.reporting.language import LANGUAGES, in_language, sentence, text

    asked = request.query_params.get("language") or request.headers.get("accept-language", "")[:2].lower()
    language = asked if asked in LANGUAGES else "en"
    with in_language(language):
        parts = {"heading": text("This cannot be shown"), "detail": sentence(detail), "back": text("Open EnMyAdmin")}
    return HTMLResponse(
        _PAGE.format(language=language, **{name: escape(each) for name, each in parts.items()}), status, headers
    )
