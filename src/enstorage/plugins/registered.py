"""`Registered`: all parts of a kind as a mapping."""

from collections.abc import Iterator, Mapping
from typing import Any

from enstorage.plugins.kind import Kind
from enstorage.plugins.loading import has, load, names


class Registered(Mapping[str, Any]):
    """The parts of a kind by their names. Each is loaded on access, with the errors of `load`."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind

    def __getitem__(self, name: str) -> Any:
        if not has(self._kind, name):
            raise KeyError(name)
        return load(self._kind, name)

    def __iter__(self) -> Iterator[str]:
        return iter(names(self._kind))

    def __len__(self) -> int:
        return len(names(self._kind))

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and has(self._kind, name)

    def __repr__(self) -> str:
        return f"Registered({', '.join(self)})"
