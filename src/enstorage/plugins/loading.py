"""Loading of a part by its name, with a check that it is of its kind."""

from difflib import get_close_matches
from functools import cache
from importlib.metadata import EntryPoint
from typing import Any

from enstorage.errors import InvalidInputError, MissingLibraryError, PluginError
from enstorage.plugins.entry_points import OURS, find, owner, points_of
from enstorage.plugins.kind import Kind
from enstorage.plugins.missing_library import missing

#: Parts of this process alone, by group and name.
_HERE: dict[tuple[str, str], Any] = {}


def register(kind: Kind, name: str, part: Any) -> None:
    """Add a part in this process alone, as a notebook does it; packages register theirs as entry points.

    Raises:
        InvalidInputError: the part is not of this kind, or another one is registered under the name.
    """
    if fault := kind.fault(name, part):
        raise InvalidInputError(f"The {kind.word} {name!r:.60} cannot be registered: it {fault}. Correct it.")
    if find(kind.group, name) or not _is_same(_HERE.get((kind.group, name), part), part):
        raise InvalidInputError(f"Another {kind.word} is registered under the name {name!r}. Take another name.")
    _HERE[kind.group, name] = part


def _is_same(one: Any, other: Any) -> bool:
    """True also for a class that was defined anew, as by running a cell again."""
    return one is other or (
        isinstance(one, type)
        and isinstance(other, type)
        and (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)
    )


def names(kind: Kind) -> list[str]:
    """The registered names of a kind, sorted; imports none of the parts."""
    return sorted(
        {point.name for point in points_of(kind.group)} | {name for group, name in _HERE if group == kind.group}
    )


def places(kind: Kind) -> list[str]:
    """The places of the registered parts of a kind, as `module:name`; imports none of them."""
    return [point.value for point in points_of(kind.group)]


def has(kind: Kind, name: str) -> bool:
    """True if a part is registered under a name; does not import it."""
    return (kind.group, name) in _HERE or bool(find(kind.group, name))


def load(kind: Kind, name: object) -> Any:
    """The part that is registered under a name; the name may come from a file and be of any type.

    Raises:
        InvalidInputError: nothing is registered under the name; the message lists the names that are.
        MissingLibraryError: the part needs a library that is not installed.
        PluginError: two packages register the name, or what is registered cannot be loaded or is not of this kind; the
            message names the package.
    """
    if not isinstance(name, str) or not has(kind, name):
        known = names(kind)
        close = get_close_matches(str(name), known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise InvalidInputError(f"There is no {kind.word} {name!r}; known are {', '.join(known) or 'none'}.{hint}")
    return _part(kind, name)


def _part(kind: Kind, name: str) -> Any:
    return _HERE[kind.group, name] if (kind.group, name) in _HERE else _loaded(kind, name)


def usable(kind: Kind) -> tuple[dict[str, Any], list[str]]:
    """The parts of a kind that can be loaded, by name, those of other packages first; and the errors of the others."""
    parts: dict[str, Any] = {}
    faults: list[str] = []
    for name in sorted(names(kind), key=lambda each: (_is_ours(kind, each), each)):
        try:
            parts[name] = _part(kind, name)
        except (MissingLibraryError, PluginError) as error:
            faults.append(str(error))
    return parts, faults


def _is_ours(kind: Kind, name: str) -> bool:
    return (kind.group, name) not in _HERE and owner(find(kind.group, name)[0]) == OURS


@cache
def _loaded(kind: Kind, name: str) -> Any:
    point, *further = find(kind.group, name)
    if further:
        packages = " and ".join(sorted(owner(each) for each in (point, *further)))
        raise PluginError(
            f"The {kind.word} {name!r} is registered by several packages: {packages}. Expected one. Uninstall the others."
        )
    part = _imported(kind, point)
    if fault := kind.fault(name, part):
        raise _broken(kind, point, fault)
    return part


def _imported(kind: Kind, point: EntryPoint) -> Any:
    try:
        return point.load()
    except ModuleNotFoundError as error:
        if f"{point.module}.".startswith(f"{error.name}."):
            raise _broken(kind, point, "does not exist") from error
        raise missing(error, f"The {kind.word} {point.name!r}", point) from error
    except Exception as error:
        raise _broken(kind, point, f"cannot be imported ({type(error).__name__}: {error})") from error


def _broken(kind: Kind, point: EntryPoint, fault: str) -> PluginError:
    return PluginError(
        f"The {kind.word} {point.name!r} of the package {owner(point)} cannot be used: {point.value} {fault}. Install "
        "another version of the package, or uninstall it."
    )
