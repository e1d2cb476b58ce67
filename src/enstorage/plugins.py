"""Named parts that packages register as entry points: adapters, formats, methods, and more to come.

A name is looked up without importing anything else than the part that was asked for.
"""

from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from enstorage.errors import InvalidInputError, MissingLibraryError


@cache
def _points(group: str) -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=group))


@cache
def _registered(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in _points(group)}


def names(group: str) -> list[str]:
    """The registered names of a group such as `enstorage.methods`, sorted."""
    return sorted(_registered(group))


def places(group: str) -> list[str]:
    """Where the registered objects of a group are, as `module:name`; imports none of them."""
    return [point.value for point in _points(group)]


def load(group: str, name: str, what: str) -> Any:
    """The object registered in `group` under `name`; `what` is the word for it in messages, such as "method".

    Raises:
        InvalidInputError: nothing is registered under the name; the message lists the names that are.
        MissingLibraryError: the part needs a library that is not installed.
    """
    points = _registered(group)
    if name not in points:
        close = get_close_matches(str(name), points, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise InvalidInputError(f"There is no {what} {name!r}; known are {', '.join(sorted(points)) or 'none'}.{hint}")
    try:
        return points[name].load()
    except ModuleNotFoundError as error:
        raise missing(error, f"The {what} {name!r}", points[name]) from error


def missing(
    error: ImportError, user: str, point: EntryPoint | None = None, *, extra: str = "all"
) -> MissingLibraryError:
    """The error to raise when `user` (as in "The method 'blending'") needs a library that is not installed."""
    if point is not None and point.dist is not None and point.dist.name != "enstorage":
        remedy = f"Install what {point.dist.name} needs."
    else:
        remedy = f'Install it with: pip install "enstorage[{extra}]"'
    return MissingLibraryError(f"{user} needs the library {error.name!r}, which is not installed. {remedy}")
