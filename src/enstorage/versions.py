"""Versions of the libraries that are installed."""

from collections.abc import Iterable
from functools import cache
from importlib.metadata import PackageNotFoundError, version


def versions_of(libraries: Iterable[str]) -> dict[str, str]:
    """The versions of the given libraries that are installed, by their names on PyPI."""
    return {library: found for library in libraries if (found := _version(library)) is not None}


@cache
def _version(library: str) -> str | None:
    try:
        return version(library)
    except PackageNotFoundError:
        return None
