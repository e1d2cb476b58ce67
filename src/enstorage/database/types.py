"""Column types that mean the same on every database."""

import json
from datetime import UTC, datetime
from typing import Any

import numpy as np
from sqlalchemy import BigInteger, DateTime, Dialect, Integer, String, Text, TypeDecorator
from sqlalchemy.dialects import mysql

from enstorage.errors import InvalidInputError

#: Text of any length.
LongText = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")

# SQLite gives out ids by AUTOINCREMENT for columns declared exactly INTEGER.
Id = BigInteger().with_variant(Integer(), "sqlite")

# MySQL compares text without regard to case unless told; names and keys are case-sensitive everywhere.
Name = String(255).with_variant(mysql.VARCHAR(255, collation="utf8mb4_bin"), "mysql", "mariadb")


def to_json_text(value: Any) -> str:
    """A JSON value as text; NumPy scalars and arrays become numbers and lists, NaN and ±inf survive.

    Raises:
        InvalidInputError: the value is, or contains, something JSON has no form for.
    """
    try:
        return json.dumps(value, ensure_ascii=False, default=_from_numpy)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(
            f"{value!r:.80} cannot be kept as JSON: {error}. Expected a number, text, true/false, null, a list or a "
            "dictionary of these. Convert it, or keep it with save_object."
        ) from error


def _from_numpy(value: Any) -> Any:
    if isinstance(value, np.generic | np.ndarray) and value.dtype.kind not in "mM":
        return value.tolist()
    raise TypeError(f"a {type(value).__name__} has no JSON form")


class JsonText(TypeDecorator[Any]):
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
        """Whether a value is unchanged: `==` alone takes 1, 1.0 and True for the same."""
        return type(x) is type(y) and to_json_text(x) == to_json_text(y)


class JsonValue(JsonText):
    """JSON where a stored `null` is a value of its own: used for columns that are never absent."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:  # noqa: ARG002
        """To the database."""
        return to_json_text(value)


class UtcDateTime(TypeDecorator[datetime]):
    """A moment with time zone UTC, kept without zone and to the microsecond."""

    impl = DateTime().with_variant(mysql.DATETIME(fsp=6), "mysql", "mariadb")
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """To the database."""
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        """From the database."""
        return None if value is None else value.replace(tzinfo=UTC)
