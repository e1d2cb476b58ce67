"""Errors of the work as problem documents (RFC 9457), as runs and attempts keep them."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

from enstorage.errors import EnstorageError

_LONGEST_DETAIL = 4_000


def problem_of(error: BaseException) -> dict[str, Any]:
    """The problem document of an error; one that is not the product's own is told with its class, without a trace."""
    if isinstance(error, EnstorageError):
        problem: dict[str, Any] = {"title": type(error).__name__, "detail": str(error)[:_LONGEST_DETAIL]}
        return problem | ({} if error.field is None else {"field": error.field})
    detail = f"{type(error).__name__}: {error}"
    if isinstance(error, MemoryError):
        detail = "There was not enough memory. Work on less data at a time, or run it on a machine with more memory."
    return {"title": "Unexpected error", "detail": detail[:_LONGEST_DETAIL]}


def plain_problem(title: str, detail: str) -> dict[str, Any]:
    """A problem document of what happened to the process of the work."""
    return {"title": title, "detail": detail}


def as_plain_json(value: Any) -> Any:
    """The same JSON with null for numbers that JSON does not have."""
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): as_plain_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_plain_json(each) for each in value]
    return value
