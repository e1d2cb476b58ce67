"""`Described`: a frozen dataclass that is stored as JSON. Adapters, networks, layers, settings and methods are such."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, ClassVar, NoReturn, Self

from enstorage.errors import InvalidInputError


class Described:
    """Parameters that are stored as JSON, and made again of it. Subclasses are frozen dataclasses.

    A field is a JSON value, a `Described`, or a tuple of these, which JSON keeps as a list. Each subclass checks its fields
    in `__post_init__`, so what comes from a file is checked as what a person gives. A field that does not count when two are
    compared (`field(compare=False)`) is not stored.
    """

    #: The word for the class, by which it is registered and stored.
    name: ClassVar[str]
    #: The key that holds the word in the JSON form; None where the place where it is stored says which class it is.
    name_key: ClassVar[str | None] = None
    #: The fields that are `Described` themselves: a function that makes each of its JSON form.
    nested: ClassVar[Mapping[str, Callable[[Mapping[str, Any]], Any]]] = {}

    def to_json(self) -> dict[str, Any]:
        """The word for the class, where it is stored, and all parameters, as `from_json` takes them."""
        word = {} if self.name_key is None else {self.name_key: self.name}
        return word | {key: _json_of(getattr(self, key)) for key in self._stored()}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """The one of a JSON form made by `to_json`; a parameter that is left out takes its default.

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
            raise InvalidInputError(f"{cls.__name__} needs the parameter {', '.join(map(repr, missing))}. Give it.")
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
    """Refuse a field that is not a whole number in bounds; one of NumPy is kept as one of Python.

    Raises:
        InvalidInputError: it is not.
    """
    value = getattr(described, name)
    if not is_whole(value) or value < least or (most is not None and value > most):
        bounds = f"of at least {least}" if most is None else f"from {least} to {most}"
        refuse(described, name, f"a whole number {bounds}")
    object.__setattr__(described, name, value.__index__())


def check_sizes(described: Described, name: str, *, may_be_empty: bool = False) -> None:
    """Refuse a field that is not whole numbers of at least 1; it is kept as a tuple, which JSON has not.

    Raises:
        InvalidInputError: it is not.
    """
    given = getattr(described, name)
    sizes = tuple(given) if isinstance(given, list | tuple) else None
    if sizes is None or not all(is_whole(size) and size >= 1 for size in sizes) or not (sizes or may_be_empty):
        example = "(64, 32), or () for none" if may_be_empty else "(64, 32)"
        refuse(described, name, f"whole numbers of at least 1, one for each layer, such as {example}", verb="are")
    object.__setattr__(described, name, tuple(size.__index__() for size in sizes))


def check_number(described: Described, name: str, least: float, *, above: bool = False) -> None:
    """Refuse a field that is not a finite number of at least, or above, some bound.

    Raises:
        InvalidInputError: it is not.
    """
    value = getattr(described, name)
    fits = type(value) in (int, float) and (value > least if above else value >= least) and value < float("inf")
    if not fits:
        refuse(described, name, f"a number {'above' if above else 'of at least'} {least}")


def check_rate(described: Described, name: str) -> None:
    """Refuse a field that is not a part of a whole.

    Raises:
        InvalidInputError: it is not.
    """
    rate = getattr(described, name)
    if type(rate) not in (int, float) or not 0 <= rate < 1:
        refuse(described, name, "a number from 0 up to, but not including, 1")


def check_choice(described: Described, name: str, known: Collection[str], *, may_be_none: bool = False) -> None:
    """Refuse a field that is not one of a few words, or None where that is right too.

    Raises:
        InvalidInputError: it is not.
    """
    value = getattr(described, name)
    if value is None and may_be_none:
        return
    if not isinstance(value, str) or value not in known:
        refuse(described, name, f"{'None, or ' if may_be_none else ''}one of: {', '.join(known)}")


def is_whole(value: Any) -> bool:
    """True for a whole number of Python or NumPy, but not for True and False."""
    return hasattr(value, "__index__") and not isinstance(value, bool)


def refuse(described: object, name: str, expected: str, *, verb: str = "is") -> NoReturn:
    """Refuse the value of a field.

    Raises:
        InvalidInputError: always; it names the class, the field, its value and `expected`.
    """
    value = getattr(described, name)
    raise InvalidInputError(f"{type(described).__name__}'s {name} {verb} {value!r:.80}; expected {expected}.")


def _json_of(value: Any) -> Any:
    if isinstance(value, tuple | list):
        return [_json_of(each) for each in value]
    if isinstance(value, Mapping):
        return {key: _json_of(each) for key, each in value.items()}
    return value.to_json() if isinstance(value, Described) else value
