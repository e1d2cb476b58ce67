"""`Recipe`: a name and parameters that are kept as JSON; what adapters, networks and source loaders have in common."""

from abc import ABC
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, ClassVar, Self, TypeVar

from enstorage.errors import InvalidInputError

T = TypeVar("T")


@dataclass(frozen=True)
class Recipe(ABC):
    """A name and parameters. Equal recipes make equal things.

    Subclasses are frozen dataclasses whose fields are JSON values, or tuples of what has `to_json` itself. They check them
    in `__post_init__`, where lists, which JSON has in place of tuples, become tuples. They are registered as entry points
    under their `name`.

    Attributes:
        name: the word under which the recipe is stored.
    """

    name: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """The name and the parameters, as `from_json` takes them."""
        return {"name": self.name} | {field.name: _plain(getattr(self, field.name)) for field in fields(self)}

    @classmethod
    def from_json(cls, recipe: Mapping[str, Any]) -> Self:
        """The one of a recipe made by `to_json`.

        Raises:
            InvalidInputError: a parameter is unknown, missing or out of range.
        """
        return from_parameters(cls, {key: value for key, value in recipe.items() if key != "name"})

    def __str__(self) -> str:
        """Name and the parameters that differ from their defaults, such as `window lag 7`."""
        given = [(field, getattr(self, field.name)) for field in fields(self)]
        told = [f"{field.name} {value}" for field, value in given if value != _default(field) and field.compare]
        return " ".join([self.name, *told])


def from_parameters(kind: type[T], parameters: Mapping[str, Any]) -> T:
    """Make a dataclass from named parameters.

    Raises:
        InvalidInputError: a parameter is unknown or missing; what the class itself refuses passes through.
    """
    known = {field.name: field for field in fields(kind)}  # type: ignore[arg-type]
    if unknown := sorted(set(parameters) - set(known)):
        raise InvalidInputError(
            f"{kind.__name__} has no parameter {', '.join(map(repr, unknown))}. It takes: {', '.join(known)}."
        )
    needed = {key for key, field in known.items() if field.default is MISSING and field.default_factory is MISSING}
    if missing := sorted(needed - set(parameters)):
        raise InvalidInputError(f"{kind.__name__} needs the parameter {', '.join(map(repr, missing))}. Give it.")
    return kind(**parameters)


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(each) for each in value]
    return value.to_json() if hasattr(value, "to_json") else value


def _default(field: "Field[Any]") -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory()
