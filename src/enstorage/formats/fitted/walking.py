"""Everything inside of an estimator: in attributes, containers and arrays of objects."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np


def inside(obj: Any) -> Iterator[Any]:
    """The object and everything inside of it, each object once; of numbers and texts none."""
    seen: dict[int, Any] = {}  # holds what was made on the way, so that no id is given twice
    waiting = [obj]
    while waiting:
        each = waiting.pop()
        if id(each) in seen or isinstance(each, str | bytes | int | float | None):
            continue
        seen[id(each)] = each
        yield each
        waiting += reversed(_held_by(each))


def owners(obj: Any) -> Iterator[Any]:
    """All objects inside of an estimator that have attributes, the estimator itself first."""
    return (each for each in inside(obj) if hasattr(each, "__dict__") and not isinstance(each, type))


def _held_by(obj: Any) -> list[Any]:
    if isinstance(obj, np.ndarray):
        return obj.ravel().tolist() if obj.dtype == object else []
    if isinstance(obj, Mapping):
        return [*obj.keys(), *obj.values()]
    if isinstance(obj, list | tuple | set | frozenset):
        return list(obj)
    return list(vars(obj).values()) if hasattr(obj, "__dict__") and not isinstance(obj, type) else []
