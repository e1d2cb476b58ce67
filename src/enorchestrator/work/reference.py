"""References in the arguments of steps: `${STEP.PORT}` to outputs, `${PARAMETER}`, and `${each}` for the item of a part."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

#: Stands for the item of a step that is executed once for each item of a list.
EACH = "each"
_PATTERN = re.compile(r"\$\{([A-Za-z_][\w-]*)(?:\.([A-Za-z_]\w*))?\}")


@dataclass(frozen=True, slots=True)
class Reference:
    """A place in the arguments that gets its value when the step starts.

    Attributes:
        name: of a step where there is a port, else of a parameter, or "each".
        port: the output of the step; None for parameters and items.
    """

    name: str
    port: str | None

    def __str__(self) -> str:
        return f"${{{self.name}}}" if self.port is None else f"${{{self.name}.{self.port}}}"


def reference(value: Any) -> Reference | None:
    """The reference that a value is; None for any other value. A text that only contains one is a text."""
    found = _PATTERN.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else Reference(found[1], found[2])


def references(value: Any) -> Iterator[Reference]:
    """All references in some JSON."""
    if (found := reference(value)) is not None:
        yield found
    for part in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from references(part)


def replaced(value: Any, value_of: Callable[[Reference], Any]) -> Any:
    """The same JSON with the values of its references."""
    if (found := reference(value)) is not None:
        return value_of(found)
    if isinstance(value, dict):
        return {key: replaced(part, value_of) for key, part in value.items()}
    if isinstance(value, list):
        return [replaced(part, value_of) for part in value]
    return value
