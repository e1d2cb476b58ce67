"""Records as lines of JSON and back; back strictly, since a line may come from anywhere."""

import json
import re
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import BigInteger, Float, Integer, LargeBinary, String

from enstorage.bundle.contents.closure import Kind, foreign_keys
from enstorage.bundle.contents.curves import curves_from_json, curves_to_json
from enstorage.database.types import JsonText, ObjectHash, UtcDateTime, to_json_text
from enstorage.entity import ModelMeta
from enstorage.entity._texts import check_texts
from enstorage.errors import InvalidInputError
from enstorage.objects.base import checked_hash

Origin = tuple[str, int]

_UUID = re.compile("[0-9a-f]{32}")


@dataclass(slots=True)
class Row:
    """A record outside of a database.

    Attributes:
        entity: its class.
        id: in the store that the bundle was made in.
        values: of all other columns, as Python has them.
        origin: the store in which it was first made, and its id there; None: in the store that the bundle was made in.
    """

    entity: Kind
    id: int
    values: dict[str, Any]
    origin: Origin | None = None

    def __str__(self) -> str:
        return f"{self.entity.__name__}({self.id})"


def by_owner(rows: Iterable[Row], column: str) -> dict[int, list[Row]]:
    """The rows of one entity by what a foreign key of theirs refers to, in the order of their ids."""
    owned: dict[int, list[Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: row.id):
        owned[row.values[column]].append(row)
    return owned


def to_line(row: Row) -> bytes:
    """A row as a line of JSON; NaN and ±inf stand in it as `NaN` and `Infinity`, as they do in the database."""
    columns = _columns(row.entity)
    values = {name: None if row.values[name] is None else columns[name].write(row.values[name]) for name in columns}
    origin = {} if row.origin is None else {"origin": list(row.origin)}
    return json.dumps({"id": row.id, **origin, "columns": values}, ensure_ascii=False).encode() + b"\n"


def from_line(entity: Kind, line: bytes, *, is_older: bool) -> Row:
    """The row in a line.

    Args:
        entity: whose records the member holds.
        line: as `to_line` gives.
        is_older: true if the bundle was made when tables had fewer columns.

    Raises:
        InvalidInputError: it is no such line: a column is missing, unknown, of another type, or not as a database keeps it.
    """
    given = _loaded(line)
    if not isinstance(given, dict) or not {"id", "columns"} <= given.keys() <= {"id", "columns", "origin"}:
        raise InvalidInputError("a line is no record with id and columns.")
    columns, values = _columns(entity), given["columns"]
    if not isinstance(values, dict):
        raise InvalidInputError("the columns of a record are no table.")
    if is_older:
        values = {
            name: column.missing for name, column in columns.items() if column.nullable or column.missing is not None
        } | values
    if values.keys() != columns.keys():
        odd = sorted(values.keys() ^ columns.keys())
        raise InvalidInputError(f"the columns are not those of {entity.__name__}: {', '.join(map(repr, odd))[:200]}.")
    row = Row(entity, _id(given["id"]), {}, _origin(given.get("origin")))
    for name, column in columns.items():
        if values[name] is None and not column.nullable and not column.takes_null:
            raise InvalidInputError(f"{row}: {name} is missing.")
        try:
            row.values[name] = None if values[name] is None else column.read(values[name])
        except InvalidInputError as error:
            raise InvalidInputError(f"{row}: {name} {error}") from error
    check_texts(entity, row.values)
    return row


class _Column(NamedTuple):
    write: Callable[[Any], Any]
    read: Callable[[Any], Any]
    nullable: bool
    takes_null: bool
    missing: Any


@cache
def _columns(entity: Kind) -> dict[str, _Column]:
    keys = foreign_keys(entity)
    return {
        column.key: _codec(column, is_key=column.key in keys)
        for column in entity.__table__.columns
        if column.key != "id"
    }


def _codec(column: Any, *, is_key: bool) -> _Column:
    is_fact = column is ModelMeta.__table__.columns["value"]  # any JSON value, null too
    write: Callable[[Any], Any] = _same
    read: Callable[[Any], Any] = _text
    match column.type:
        case UtcDateTime():
            write, read = datetime.isoformat, _moment
        case JsonText():
            read = _json if is_fact else _table
        case ObjectHash():
            read = checked_hash
        case LargeBinary():
            write, read = curves_to_json, curves_from_json
        case _ if is_key:
            read = _id
        case BigInteger():
            read = _integer
        case Integer():
            read = _small_integer
        case Float():
            read = _number
        case String():
            pass
    missing = None if column.server_default is None else column.server_default.arg
    return _Column(write, read, bool(column.nullable), is_fact, missing)


def _loaded(line: bytes) -> Any:
    try:
        loaded = json.loads(line.decode())
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"a line is no JSON: {str(error).splitlines()[0][:200]}.") from error
    return loaded


def _same(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if type(value) is not str:
        raise _differs("a text", value)
    return value


def _moment(value: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError as error:
        raise _differs("a time", value) from error
    if moment.tzinfo is None or moment.isoformat() != value or moment.utcoffset() != UTC.utcoffset(None):
        raise _differs("a time in UTC", value)
    if moment.year < 1000:  # MySQL knows none before
        raise _differs("a time after the year 1000", value)
    return moment.astimezone(UTC)


def _json(value: Any) -> Any:
    to_json_text(value)
    return value


def _table(value: Any) -> Any:
    if not isinstance(value, dict):
        raise _differs("a JSON table", value)
    return _json(value) if value else value


def _integer(value: Any) -> int:
    if type(value) is not int or not -(2**63) <= value < 2**63:
        raise _differs("an integer of 64 bits", value)
    return value


def _small_integer(value: Any) -> int:
    if type(value) is not int or not -(2**31) <= value < 2**31:
        raise _differs("an integer of 32 bits", value)
    return value


def _id(value: Any) -> int:
    if type(value) is not int or not 0 < value < 2**63:
        raise _differs("an id", value)
    return value


def _number(value: Any) -> float:
    if type(value) not in (int, float) or not abs(value) <= sys.float_info.max:
        raise _differs("a finite number", value)
    return float(value)


def _origin(value: Any) -> Origin | None:
    if value is None:
        return None
    if not (isinstance(value, list) and len(value) == 2 and type(value[0]) is str and _UUID.fullmatch(value[0])):
        raise InvalidInputError(f"the origin of a record is {value!r:.60}; expected a store and an id.")
    return value[0], _id(value[1])


def _differs(expected: str, value: Any) -> InvalidInputError:
    return InvalidInputError(f"is {value!r:.60}; expected {expected}.")
