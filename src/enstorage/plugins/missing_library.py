"""The message for a library that is not installed."""

from importlib.metadata import EntryPoint

from enstorage.errors import MissingLibraryError
from enstorage.plugins.entry_points import OURS, owner


def missing(
    error: ImportError, user: str, point: EntryPoint | None = None, *, extra: str = "all"
) -> MissingLibraryError:
    """The error to raise when `user` (as in "The method 'blending'") needs a library that is not installed."""
    if point is not None and owner(point) != OURS:
        remedy = f"Install what {owner(point)} needs."
    else:
        remedy = f'Install it with: pip install "enstorage[{extra}]"'
    return MissingLibraryError(f"{user} needs the library {error.name!r}, which is not installed. {remedy}")
