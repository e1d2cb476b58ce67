"""`create` and `fields`: any entity from JSON, by the same calls and checks as in Python."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Boolean, Float, Integer
from sqlalchemy.types import TypeEngine

from enstorage.connector import bound_to
from enstorage.database.types import JsonText
from enstorage.entity._record import Record
from enstorage.entity._references import foreign_keys
from enstorage.entity.columns import facts_of
from enstorage.entity.ways import WAYS, Way
from enstorage.errors import EnstorageError, InvalidInputError
from enstorage.instant import not_years, to_ns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from enstorage.connector import Connector

_TAGS = "tags"


@dataclass(frozen=True, slots=True)
class Field:
    """A field that `create` takes.

    Attributes:
        name: its key in the JSON.
        type: "text", "whole number", "number", "true or false", "time" (ISO 8601, or nanoseconds since 1970), "id", "ids",
            "list" or "JSON".
        required: true if it must be given.
        default: its value if it is not given; None also if the default is computed.
        help: one line about it.
        label: its display name.
        choices: the possible values, if they are few and known.
        entity: for an id or ids, the kind of record that they refer to, such as `data_set`.
    """

    name: str
    type: str
    required: bool = False
    default: Any = None
    help: str = ""
    label: str = ""
    choices: tuple[str, ...] | None = None
    entity: str | None = None
    _canonical: Callable[[Any], Any] | None = field(default=None, repr=False, compare=False)

    def to_json(self) -> dict[str, Any]:
        """The attributes by name; `choices` as a list."""
        names = ("name", "type", "required", "default", "help", "label", "entity")
        return {name: getattr(self, name) for name in names} | {"choices": self.choices and list(self.choices)}


def create(kind: str, values: Mapping[str, Any], *, connector: "Connector | None" = None) -> Record:
    """Create an entity from JSON, with the checks of its constructor or of the method that makes it.

    Args:
        kind: `project`, `research`, `model`, `data_source`, `data_snapshot`, `data_preparation`, `data_set`, `ensemble`,
            `model_meta` or `forecast`.
        values: fields by name, as `fields(kind)` describes them; parents by their ids. None counts as not given.
        connector: the store; the current one by default.

    Returns:
        The stored entity.

    Raises:
        InvalidInputError: the kind is not known, or a field is missing, unknown or wrong; `error.field` names it.
            Nothing was stored then.
        NotFoundError: an id is not stored; `error.field` names the field.
    """
    way = _way(kind)
    known = {each.name: each for each in fields(kind)}
    if not isinstance(values, Mapping):
        raise InvalidInputError(f"{_article(kind)} needs its fields by name, as a mapping; received {values!r:.60}.")
    given = {name: value for name, value in values.items() if value is not None}
    for name in given.keys() - known.keys():
        close = get_close_matches(str(name), known, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise InvalidInputError(
            f"{_article(kind)} has no field {name!r:.60}; known are {', '.join(known)}.{hint}", field=str(name)
        )
    for name, each in known.items():
        if each.required and name not in given:
            raise InvalidInputError(f"{_article(kind)} needs {name}, {each.type}: {each.help}", field=name)
    with bound_to(connector) as store:
        arguments = {}
        for parameter, each in _parameters(way).items():
            if each.name in given:
                with about(each.name):
                    arguments[parameter] = _argument(kind, each, given[each.name], store)
        if way.takes_connector:
            arguments["connector"] = store
        tags = given.get(_TAGS)
        if tags is None:
            return way.make(arguments)
        with about(_TAGS):
            check_type(kind, known[_TAGS], tags)
        with store.transaction():
            record = way.make(arguments)
            record.tags = dict(tags)
            return record.save()


def fields(kind: str) -> list[Field]:
    """The fields that `create` takes for a kind, for forms, command lines and interfaces.

    Raises:
        InvalidInputError: the kind is not known.
    """
    tags = facts_of(_way(kind).entity)[_TAGS]
    return [*_parameters(_way(kind)).values(), Field(_TAGS, "JSON", help=tags.help, label=_TAGS)]


@cache
def _parameters(way: Way) -> dict[str, Field]:
    """The field of each parameter, by the name of the parameter."""
    found = {}
    for name, parameter in inspect.signature(way.call).parameters.items():
        if name != "connector":
            found[name] = _field(way, way.named.get(name, name), parameter.default)
    return found


def _field(way: Way, name: str, default: Any) -> Field:
    required = default is inspect.Parameter.empty
    default = None if required or default == () else default
    parents, known, columns = foreign_keys(way.entity), facts_of(way.entity), way.entity.__table__.columns
    label = name.replace("_", " ")
    if f"{name}_id" in parents:
        own, entity = known[f"{name}_id"], parents[f"{name}_id"].__tablename__
        return Field(f"{name}_id", "id", required, default, own.help, own.label or label, entity=entity)
    if name in way.several:
        parent, help = way.several[name]
        return Field(f"{name.removesuffix('s')}_ids", "ids", required, default, help, label, None, parent.__tablename__)
    if name in way.lists:
        return Field(name, way.lists[name][0], required, default, way.lists[name][1], label)
    own = known[name]
    kind = "time" if own.is_time else type_name(columns[name].type)
    choices = None if own.choices is None else tuple(own.choices())
    return Field(name, kind, required, default, own.help, own.label or label, choices, None, own.canonical)


def type_name(column: TypeEngine[Any]) -> str:
    """The type of a column, as fields have it."""
    match column:
        case JsonText():
            return "JSON"
        case Boolean():
            return "true or false"
        case BigInteger() | Integer():
            return "whole number"
        case Float():
            return "number"
        case _:
            return "text"


def _argument(kind: str, each: Field, value: Any, store: "Connector") -> Any:
    """The argument of the call for a field."""
    check_type(kind, each, value)
    if each.choices is not None and value not in each.choices:
        close = get_close_matches(value, each.choices, n=1)
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise InvalidInputError(
            f"The {each.name} of {_article(kind)} is {value!r:.60}; expected one of {', '.join(each.choices)}.{hint}"
        )
    if each.type == "time":
        to_ns(not_years(value))
    if each._canonical is not None:
        each._canonical(value)
    if each.entity is not None:
        parent = {way.__tablename__: way for way in _entities()}[each.entity]
        return parent.get(value, connector=store) if each.type == "id" else parent.get_list(value, connector=store)
    return value


def check_type(kind: str, each: Field, value: Any) -> None:
    """Refuse a value that is not of the type of its field.

    Raises:
        InvalidInputError: it is not.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_whole = is_number and isinstance(value, int)
    fits = {
        "text": isinstance(value, str),
        "true or false": isinstance(value, bool),
        "whole number": is_whole,
        "number": is_number,
        "time": isinstance(value, str) or is_whole,
        "id": is_whole,
        "ids": isinstance(value, Sequence) and all(type(id) is int for id in value),
        "list": isinstance(value, Sequence) and not isinstance(value, str),
        "JSON": each.name == "value" or isinstance(value, Mapping),
    }
    if not fits[each.type]:
        expected = "a JSON object" if each.type == "JSON" else each.type
        raise InvalidInputError(
            f"The {each.name} of {_article(kind)} is {value!r:.60}; expected {expected}. {each.help}"
        )


@contextmanager
def about(name: str) -> "Iterator[None]":
    """Set the field of errors raised in the block."""
    try:
        yield
    except EnstorageError as error:
        error.field = error.field or name
        raise


def _way(kind: str) -> Way:
    ways = {way.entity.__tablename__: way for way in WAYS}
    if kind in ways:
        return ways[kind]
    others = {entity.__tablename__: entity for entity in _entities()}
    if kind in others:
        raise InvalidInputError(
            f"{_article(kind)} cannot be created separately, only with its whole. Known are {', '.join(ways)}."
        )
    close = get_close_matches(str(kind), ways, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise InvalidInputError(f"There is no kind {kind!r:.60}; known are {', '.join(ways)}.{hint}")


def entity_of(kind: str) -> type[Record]:
    """The class of an entity by the name of its table.

    Raises:
        InvalidInputError: there is none.
    """
    known = {entity.__tablename__: entity for entity in _entities()}
    if kind not in known:
        raise InvalidInputError(f"There is no kind {kind!r:.60}; known are {', '.join(known)}.")
    return known[kind]


def _entities() -> tuple[type[Record], ...]:
    from enstorage.entity import ENTITIES

    return ENTITIES


def _article(kind: str) -> str:
    words = str(kind).replace("_", " ")
    return f"{'an' if words[:1] in 'aeiou' else 'a'} {words}"
