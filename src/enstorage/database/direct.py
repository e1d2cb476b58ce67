"""Small queries, on SQLite by the driver alone."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.dialects import sqlite


def rows(connection: Connection, statement: Executable, values: Mapping[str, int]) -> Sequence[Sequence[Any]]:
    """The rows of a query, as the driver returns them.

    SQLAlchemy's work around a statement takes 50 µs. That is little beside a call of a server, but ten times as long as
    SQLite needs to find a row by its id.

    Args:
        connection: in a transaction.
        statement: built once and used again.
        values: its parameters, by name.
    """
    if connection.dialect.name != "sqlite":
        return connection.execute(statement, values).all()
    text, names = _for_sqlite(statement)
    found: list[tuple[Any, ...]] = (
        connection.connection.cursor().execute(text, [values[name] for name in names]).fetchall()
    )
    return found


@cache
def _for_sqlite(statement: Executable) -> tuple[str, list[str]]:
    compiled: Any = statement.compile(dialect=sqlite.dialect())  # type: ignore[attr-defined]
    return str(compiled), compiled.positiontup
