"""Bounds on requests that eodag makes: to known hosts alone, also after a redirect, with answers of a bounded size.

eodag makes a session of the library requests for each request and takes none from its caller, so the bounds are at the
transport of requests, `HTTPAdapter.send`, through which every request and every redirect goes. They hold for the requests of
the code inside `bounded` alone; all others go as they did.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache, wraps
from typing import Any

from enstorage.errors import InvalidInputError
from enstorage.places.web import shown_url

#: Bytes of an answer, unpacked; a page of items has some hundred kilobytes.
LARGEST_ANSWER = 64 << 20
_PIECE = 1 << 16
_check: ContextVar[Callable[[str], None] | None] = ContextVar(
    "the check of addresses that requests go to", default=None
)


@contextmanager
def bounded(check: Callable[[str], None]) -> Iterator[None]:
    """Requests that are made within go to addresses that pass a check, and take at most `LARGEST_ANSWER` bytes.

    Args:
        check: raises an error for an address that no request may go to.
    """
    _guard_transport()
    token = _check.set(check)
    try:
        yield
    finally:
        _check.reset(token)


@cache
def _guard_transport() -> None:
    """Have requests ask for the bounds, once in a process."""
    from requests.adapters import HTTPAdapter

    send = HTTPAdapter.send

    @wraps(send)
    def guarded(adapter: HTTPAdapter, request: Any, **options: Any) -> Any:
        check = _check.get()
        if check is None:
            return send(adapter, request, **options)
        check(str(request.url))
        answer = send(adapter, request, **options | {"stream": True})
        answer._content = _content(answer)
        return answer

    HTTPAdapter.send = guarded  # type: ignore[assignment,method-assign] # the one place that all requests go through


def _content(answer: Any) -> bytes:
    """The bytes of an answer.

    Raises:
        InvalidInputError: there are more than `LARGEST_ANSWER`.
    """
    pieces, count = [], 0
    for piece in answer.iter_content(_PIECE):
        count += len(piece)
        if count > LARGEST_ANSWER:
            answer.close()
            raise InvalidInputError(
                f"{shown_url(answer.url)} answers with more than {LARGEST_ANSWER:,} bytes; expected a page of items. Ask "
                "the provider, or take another one."
            )
        pieces.append(piece)
    return b"".join(pieces)
