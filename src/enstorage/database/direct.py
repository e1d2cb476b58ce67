"""Statements that are executed often, on SQLite by the driver alone.

SQLAlchemy's work around a statement takes 50 to 100 µs. That is little beside a call of a server, but several times as long
as SQLite needs to find or change a row by its id. Statements, types and values are the same on every database.
"""

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Executable
from sqlalchemy.dialects import sqlite

#: Statements are prepared for each length of a list; longer ones are left to SQLAlchemy.
_LONGEST_LIST = 16
_SQLITE = sqlite.dialect(paramstyle="named")


def rows(connection: Connection, statement: Executable, values: Mapping[str, Any]) -> Sequence[Any]:
    """The rows of a query, as tuples whose fields are named by its columns.

    Args:
        connection: in a transaction.
        statement: built once and used again.
        values: its parameters, by name; those of an expanding parameter as a list.
    """
    lengths = tuple([(name, len(value)) for name, value in values.items() if isinstance(value, list)])
    if connection.dialect.name != "sqlite" or any(length > _LONGEST_LIST for _, length in lengths):
        return connection.execute(statement, values).all()
    found = _prepared(statement, (), lengths)
    given = {**values, **{f"{name}_{at}": item for name, _ in lengths for at, item in enumerate(values[name], 1)}}
    return found.rows(connection.connection.cursor().execute(found.text, found.parameters(given)).fetchall())


def change(connection: Connection, statement: Executable, values: Sequence[Mapping[str, Any]]) -> int:
    """Execute an INSERT, UPDATE or DELETE for each of some sets of parameters.

    Args:
        connection: in a transaction.
        statement: built once and used again.
        values: the parameters, by name; at least one set, all with the same names.

    Returns:
        The number of rows that an UPDATE or a DELETE met; of an INSERT it is not told.
    """
    if connection.dialect.name != "sqlite":
        return connection.execute(statement, [*values]).rowcount
    found = _prepared(statement, tuple(values[0]), ())
    cursor = connection.connection.cursor()
    return sum(cursor.execute(found.text, found.parameters(each)).rowcount for each in values)


class _Prepared:
    """A statement as the driver of SQLite takes it.

    Args:
        statement: the statement.
        columns: names of the parameters, by which an INSERT names its columns.
        lengths: of the lists among the parameters, by their names.
    """

    def __init__(self, statement: Any, columns: tuple[str, ...], lengths: tuple[tuple[str, int], ...]) -> None:
        compiled: Any = statement.compile(dialect=_SQLITE, column_keys=columns or None)
        sample = dict.fromkeys(name for name, bind in compiled.binds.items() if bind.required)
        expanded = compiled.construct_expanded_state(sample | {name: [0] * length for name, length in lengths})
        items = {each: name for name, each_of in expanded.parameter_expansion.items() for each in each_of}
        self.text: str = expanded.statement
        #: What makes a value one of the driver, for each parameter that needs it.
        self._converts: dict[str, Callable[[Any], Any]] = {}
        #: The values that the statement itself brings, and what makes them at each execution.
        self._own: dict[str, Any] = {}
        self._made: dict[str, Callable[[Any], Any]] = {}
        made = {column.key: column.onupdate if compiled.isupdate else column.default for column in compiled.prefetch}
        for name, value in expanded.parameters.items():
            bind = compiled.binds[items.get(name, name)]
            convert = bind.type.dialect_impl(_SQLITE).bind_processor(_SQLITE) or _as_it_is
            if name in made and made[name].is_callable:
                self._made[name] = made[name].arg
            elif name in made or not bind.required:
                self._own[name] = convert(made[name].arg if name in made else value)
                continue
            if convert is not _as_it_is:
                self._converts[name] = convert
        columns_of = getattr(statement, "selected_columns", ())
        row: Any = namedtuple("Row", [str(each.key) for each in columns_of], rename=True)  # type: ignore[misc]
        self._row: Callable[[Iterable[Any]], Any] = row._make
        self._reads = [column.type.dialect_impl(_SQLITE).result_processor(_SQLITE, None) for column in columns_of]

    def parameters(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The values of an execution."""
        given = {**self._own, **values}
        for name, make in self._made.items():
            given[name] = make(None)
        for name, convert in self._converts.items():
            given[name] = convert(given[name])
        return given

    def rows(self, found: Sequence[Sequence[Any]]) -> Sequence[Any]:
        """The rows that the driver found, with values as Python has them."""
        make, reads = self._row, self._reads
        return [make([v if read is None else read(v) for v, read in zip(each, reads, strict=True)]) for each in found]


def _as_it_is(value: Any) -> Any:
    return str(value) if isinstance(value, str) else value  # the driver is slow with an enumeration


@lru_cache(maxsize=1_000)
def _prepared(statement: Executable, columns: tuple[str, ...], lengths: tuple[tuple[str, int], ...]) -> _Prepared:
    return _Prepared(statement, columns, lengths)
