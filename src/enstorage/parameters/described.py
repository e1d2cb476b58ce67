"""`Described`: base class of frozen dataclasses stored as JSON: adapters, networks, layers, settings and methods."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, ClassVar, NoReturn, Self

from enstorage.errors import InvalidInputError


class Described:
    """Parameters that are stored as JSON and restored from it. Subclasses are frozen dataclasses.

    A field is a JSON value, a `Described`, or a tuple of these, which JSON keeps as a list. Each subclass checks its fields
    in `__post_init__`, so values from a file are checked like those of a caller. A field that is excluded from comparisons
    (`field(compare=False)`) is not stored.
    """

    #: The name under which the class is registered and stored.
    name: ClassVar[str]
    #: The key of that name in the JSON form; None if the place where it is stored determines the class.
    name_key: ClassVar[str | None] = None
    #: The fields that are `Described` themselves, each with the function that restores it from its JSON form.
    nested: ClassVar[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {}

    def to_json(self) -> dict[str, Any]:
        """The name of the class, if it is stored, and all parameters, as `from_json` takes them."""
        name = {} if self.name_key is None else {self.name_key: self.name}
        return name | {key: _json_of(getattr(self, key)) for key in self._stored()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Restore an object from the JSON form made by `to_json`; a parameter that is left out takes its default.

        Raises:
            InvalidInputError: a parameter is unknown, missing, or wrong.
        """
        given = {key: value for key, value in data.items() if key != cls.name_key}
        known = cls._stored()
        if unknown := sorted(set(given) - set(known)):
            raise InvalidInputError(
                f"{cls.__name__} has no parameter {', '.join(map(repr, unknown))}. It takes: {', '.join(known) or 'none'}."
            )
        if missing := sorted(set(known) - set(cls.defaults()) - set(given)):
            parameters, them = ("parameter", "it") if len(missing) == 1 else ("parameters", "them")
            raise InvalidInputError(
                f"{cls.__name__} needs the {parameters} {' and '.join(map(repr, missing))}. Give {them}."
            )
        for key, make in cls.nested.items():
            if isinstance(given.get(key), Mapping):
                given[key] = make(given[key])
        return cls(**given)

    @classmethod
    def defaults(cls) -> dict[str, Any]:
        """The default of each parameter that has one, as JSON."""
        found = {}
        for key, field in cls._stored().items():
            if field.default is not MISSING:
                found[key] = _json_of(field.default)
            elif field.default_factory is not MISSING:
                found[key] = _json_of(field.default_factory())
        return found

    @classmethod
    def _stored(cls) -> "dict[str, Field[Any]]":
        return {field.name: field for field in fields(cls) if field.compare}  # type: ignore[arg-type]


def check_size(described: Described, name: str, least: int = 1, most: int | None = None) -> None:
    """Refuse a field that is not an integer within bounds; a NumPy integer becomes a Python integer.

    Raises:
        InvalidInputError: the field is not such an integer.
    """
    value = getattr(described, name)
    if not is_whole(value) or value < least or (most is not None and value > most):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        refuse(described, name, f"an integer {bounds}")
    object.__setattr__(described, name, value.__index__())


def check_sizes(described: Described, name: str, *, may_be_empty: bool = False) -> None:
    """Refuse a field that is not a sequence of integers of at least 1; a list, as JSON has it, becomes a tuple.

    Raises:
        InvalidInputError: the field is not such a sequence.
    """
    given = getattr(described, name)
    sizes = tuple(given) if isinstance(given, list | tuple) else None
    if sizes is None or not all(is_whole(size) and size >= 1 for size in sizes) or not (sizes or may_be_empty):
        example = "(64, 32), or () for none" if may_be_empty else "(64, 32)"
        refuse(described, name, f"integers of at least 1, one for each layer, such as {example}")
    object.__setattr__(described, name, tuple(size.__index__() for size in sizes))


def check_number(described: Described, name: str, least: float, *, above: bool = False) -> None:
    """Refuse a field that is not a finite number of at least, or above, a bound.

    Raises:
        InvalidInputError: the field is not such a number.
    """
    value = getattr(described, name)
    fits = type(value) in (int, float) and (value > least if above else value >= least) and value < float("inf")
    if not fits:
        refuse(described, name, f"a number {'above' if above else 'of at least'} {least}")


def check_rate(described: Described, name: str) -> None:
    """Refuse a field that is not a number of at least 0 and below 1.

    Raises:
        InvalidInputError: the field is not such a number.
    """
    rate = getattr(described, name)
    if type(rate) not in (int, float) or not 0 <= rate < 1:
        refuse(described, name, "a number of at least 0 and below 1")


def check_choice(described: Described, name: str, known: Collection[str], *, may_be_none: bool = False) -> None:
    """Refuse a field that is not one of the known words, or None where it is allowed.

    Raises:
        InvalidInputError: the field is not such a word.
    """
    value = getattr(described, name)
    if value is None and may_be_none:
        return
    if not isinstance(value, str) or value not in known:
        refuse(described, name, f"{'None, or ' if may_be_none else ''}one of: {', '.join(known)}")


def is_whole(value: Any) -> bool:
    """True for an integer of Python or NumPy, but not for True and False."""
    return hasattr(value, "__index__") and not isinstance(value, bool)


def refuse(described: object, name: str, expected: str) -> NoReturn:
    """Refuse the value of a field.

    Raises:
        InvalidInputError: always; it names the class, the field, its value and `expected`.
    """
    value = getattr(described, name)
    raise InvalidInputError(f"{type(described).__name__}: {name} is {value!r:.80}; expected {expected}.")


def _json_of(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_json_of(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _json_of(each) for key, each in value.items()}
    return value.to_json() if isinstance(value, Described) else value
