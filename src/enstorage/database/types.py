"""Column types that mean the same on every database."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, DateTime, Dialect, Integer, LargeBinary, String, Text, TypeDecorator
from sqlalchemy.dialects import mysql, postgresql
from sqlalchemy.ext.mutable import MutableDict

from enstorage.errors import CorruptError, InvalidInputError

#: Of every table. Ids are never given out twice, not even after the last row was deleted. Texts are compared by their code
#: points: case and spaces at the end count, on every database.
TABLE_OPTIONS: dict[str, Any] = {
    "sqlite_autoincrement": True,
    "mysql_engine": "InnoDB",
    "mysql_charset": "utf8mb4",
    "mysql_collate": "utf8mb4_0900_bin",
    "mariadb_engine": "InnoDB",
    "mariadb_charset": "utf8mb4",
    "mariadb_collate": "utf8mb4_nopad_bin",
}

#: Text of any length.
LongText = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")

#: Bytes of any length.
Blob = LargeBinary().with_variant(mysql.LONGBLOB(), "mysql", "mariadb")

# SQLite gives out ids by AUTOINCREMENT for columns declared exactly INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")

# PostgreSQL sorts by the language of its server unless a collation is given.
Name = String(255).with_variant(postgresql.VARCHAR(255, collation="C"), "postgresql")


class ChangingDict(MutableDict[str, Any]):
    """A dictionary of a record whose changes are noticed and stored."""

    @classmethod
    def coerce(cls, key: str, value: Any) -> MutableDict[str, Any] | None:
        """The dictionary for a value that was assigned.

        Raises:
            InvalidInputError: it is none.
        """
        if value is not None and not isinstance(value, dict):
            raise InvalidInputError(
                f"The attribute {key} is a dictionary; received {value!r:.60}. Give names to its entries, such as "
                f'{{"note": …}}.'
            )
        made: MutableDict[str, Any] | None = super().coerce(key, value)
        return made


def to_json_text(value: Any) -> str:
    """A JSON value as text; NumPy scalars and arrays become numbers and lists, NaN and ±inf survive.

    Raises:
        InvalidInputError: the value is, or contains, something JSON has no form for.
    """
    try:
        text = _encode(value)
        text.encode()  # refuses halves of surrogate pairs, which no database keeps
        return text
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidInputError(
            f"{shown(value)} cannot be kept as JSON: {error}. Expected a number, text, true/false, null, a list or a "
            "dictionary of these. Convert it, or keep it with save_object."
        ) from error


def shown(value: object, length: int = 80) -> str:
    """A value as a message shows it, also one that Python has no text for: very large integers, very deep lists."""
    try:
        return repr(value)[:length]
    except (ValueError, RecursionError):
        return f"<{type(value).__name__}, too large to be shown>"


def _from_numpy(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind not in "mM":
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} has no JSON form")


# Made once: json.dumps would make an encoder at every call.
_encode = json.JSONEncoder(ensure_ascii=False, default=_from_numpy).encode


class Readable(TypeDecorator[Any]):
    """Base of the types whose values in the database can be such as cannot be read: that is damage, whoever reads them."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Callable[[Any], Any]:
        """The function that reads a value; it raises CorruptError."""
        read = super().result_processor(dialect, coltype)

        def read_or_refuse(value: Any) -> Any:
            try:
                return value if read is None else read(value)
            except (ValueError, TypeError, RecursionError) as error:
                raise CorruptError(
                    f"A value in the database cannot be read: {error} ({shown(value, 40)}). The database was changed by "
                    "another program, or its disk fails. Restore it from a backup."
                ) from error

        return read_or_refuse


class JsonText(Readable):
    """JSON kept as text, because the JSON types of the databases refuse NaN and ±inf."""

    impl = LongText
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else to_json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """From the database."""
        return None if value is None else json.loads(value)

    def compare_values(self, x: Any, y: Any) -> bool:
        """True for an unchanged value; `==` alone takes 1, 1.0 and True for equal."""
        return type(x) is type(y) and to_json_text(x) == to_json_text(y)


class JsonValue(JsonText):
    """JSON where a stored `null` is a value of its own: used for columns that are never absent."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:  # noqa: ARG002
        """To the database."""
        return to_json_text(value)


class UtcDateTime(Readable):
    """A moment with time zone UTC, kept without zone and to the microsecond."""

    impl = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """The function that writes a value; on SQLite it makes the same text as SQLAlchemy, in a sixth of the time."""
        return _as_sqlite_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        return None if value is None else value.replace(tzinfo=UTC)


def _as_sqlite_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


class ObjectHash(TypeDecorator[str]):
    """The SHA-256 of an object that lives as long as a row names it in a column of this type."""

    impl = String(64)
    cache_ok = True
