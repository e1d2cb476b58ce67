"""`Recipe`: described parameters with a name, under which they are registered: adapters, networks, source loaders."""

from abc import ABC
from dataclasses import dataclass
from typing import ClassVar

from enstorage.parameters.described import Described


@dataclass(frozen=True)
class Recipe(Described, ABC):
    """A name and parameters. Equal recipes give equal results.

    Subclasses are frozen dataclasses, see `Described`. They are registered as entry points under their `name`, which is
    stored with the parameters.
    """

    name_key: ClassVar[str | None] = "name"

    def __str__(self) -> str:
        """Name and the parameters that differ from their defaults, such as `window lag 7`."""
        defaults, own = self.defaults(), self.to_json()
        differing = [
            f"{key} {getattr(self, key)}"
            for key in self._stored()
            if key not in defaults or own.get(key, defaults[key]) != defaults[key]
        ]
        return " ".join([self.name, *differing])
