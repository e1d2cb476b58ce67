"""`Kind`: the parts that may be registered in a group of entry points."""

import inspect
from dataclasses import dataclass
from importlib import import_module
from typing import Any


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of part that packages can add.

    Attributes:
        group: name of the group of entry points, such as `enstorage.methods`.
        word: name for a part of this kind in messages, such as "method".
        bases: the abstract classes, as `module.Class`, of which a registered class must subclass one; () if anything may
            be registered. They are names because a class may be in a package above the one that loads it.
        is_named: true if the class must have the name of its entry point as `name`, under which it is stored.
    """

    group: str
    word: str
    bases: tuple[str, ...] = ()
    is_named: bool = False

    def fault(self, name: str, part: Any) -> str | None:
        """The reason why a part that is registered under a name is not of this kind; None if it is."""
        if not self.bases:
            return None
        expected = f"expected a subclass of {' or '.join(self.bases)}"
        if not isinstance(part, type):
            return f"is {part!r:.80}; {expected}"
        if not issubclass(part, tuple(map(_class, self.bases))):
            return f"is the class {part.__name__}; {expected}"
        if inspect.isabstract(part):
            lacking = sorted(getattr(part, "__abstractmethods__", ()))
            return f"lacks {', '.join(lacking)}, which {self.bases[0]} requires"
        own = getattr(part, "name", None)
        if self.is_named and own != name:
            return f"has the name {own!r}; expected {name!r}, the name of the entry point"
        return None


def _class(path: str) -> type:
    module, _, name = path.rpartition(".")
    found: type = getattr(import_module(module), name)
    return found
