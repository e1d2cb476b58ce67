"""Parameters of methods: what a method declares that it takes, and the check of what it is told."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from enstorage.database.types import to_json_text
from enstorage.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing that a method takes.

    Attributes:
        default: the value where none is given; JSON.
        expected: what values are right, in words, for messages.
        is_right: whether a value is.
    """

    default: Any
    expected: str
    is_right: Callable[[Any], bool]


def one_of(*values: str) -> Parameter:
    """A word among several, the first by default."""
    return Parameter(values[0], f"one of {', '.join(map(repr, values))}", lambda value: value in values)


def whole_number(default: int | None, *, least: int, most: int) -> Parameter:
    """A whole number in bounds; None is right where it is the default."""

    def is_right(value: Any) -> bool:
        return (value is None and default is None) or (type(value) is int and least <= value <= most)

    return Parameter(default, f"a whole number from {least} to {most}", is_right)


def completed(method: str, declared: Mapping[str, Parameter], given: object) -> dict[str, Any]:
    """What a method was told, with the defaults of what it was not told.

    Args:
        method: its name, for messages.
        declared: what it takes.
        given: what it is told: a mapping that JSON can hold.

    Returns:
        A value for each parameter, as JSON gives it back.

    Raises:
        InvalidInputError: no mapping, an unknown name, a value that is not right or has no JSON form.
    """
    if not isinstance(given, Mapping):
        raise InvalidInputError(
            f"parameters are a mapping from names to values, such as {{'average': 'median'}}; received {given!r:.80}."
        )
    for name in given:
        if name not in declared:
            known = ", ".join(declared) or "none"
            raise InvalidInputError(f"The method {method!r} has no parameter {name!r}; known are: {known}.")
    told = json.loads(to_json_text(dict(given)))
    for name, value in told.items():
        if not declared[name].is_right(value):
            raise InvalidInputError(
                f"The parameter {name!r} of {method!r} is {declared[name].expected}; received {value!r:.80}."
            )
    return {name: told.get(name, parameter.default) for name, parameter in declared.items()}
