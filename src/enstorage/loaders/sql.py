"""`SqlLoader`: the series that a query gives."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from enstorage.errors import InvalidInputError
from enstorage.loaders.outside_database import outside_database, reason_of
from enstorage.places.connections import check_connection
from enstorage.settings import limit
from enstorage.sources.base import LoadedSeries, Report, SourceLoader, Wanted
from enstorage.sources.table_files import check_options, read_as_told, series_of

if TYPE_CHECKING:
    import polars as pl
    from sqlalchemy import Connection

_READS = re.compile(r"\s*(?:select|with|values|table)\b", re.IGNORECASE)
_BATCH = 10_000
#: A session that can write nothing, by the kind of database.
_READ_ONLY = {
    "sqlite": "PRAGMA query_only = ON",
    "postgresql": "SET TRANSACTION READ ONLY",
    "mysql": "SET SESSION TRANSACTION READ ONLY",
    "mariadb": "SET SESSION TRANSACTION READ ONLY",
}


@dataclass(frozen=True)
class SqlLoader(SourceLoader):
    """The rows of one query, read as a table, in a transaction that can write nothing.

    The key of a series is the name of its column of values, or its key in the column of keys.

    Attributes:
        connection: name of the database, such as `grid` for `ENSTORAGE_CONNECTION_GRID=postgresql://…`.
        query: one SELECT; it has a column of times, and columns of values or a column with the key of the series.
        options: the form of the table, as far as it is known, by the names of `enstorage.sources.TableOptions`.
    """

    name: ClassVar[str] = "sql"

    connection: str
    query: str
    options: Mapping[str, Any] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check_connection(self.connection)
        check_options(self, self.options)
        query = self.query.strip().removesuffix(";").rstrip() if isinstance(self.query, str) else ""
        # A driver may take several statements, and the second one could end the transaction.
        if not _READS.match(query) or ";" in query or "\0" in query:
            raise InvalidInputError(
                f"SqlLoader: query is {str(self.query)[:60]!r}; expected one SELECT or WITH … SELECT without a semicolon "
                "in it. A source is only read.",
                field="query",
            )
        object.__setattr__(self, "query", query)

    def read(self, wanted: Wanted, report: Report) -> Iterator[LoadedSeries]:
        """See `SourceLoader.read`."""
        report("Asking", 0, 1)
        table = read_as_told(self._frame(report), self.options)
        yield from series_of(table, _name_of_values(table.report.value_columns), wanted, is_alone=False)
        report("Asking", 1, 1)

    def _frame(self, report: Report) -> "pl.DataFrame":
        import polars as pl
        from sqlalchemy import text

        rows: list[Any] = []
        with _reading(self.connection) as connection:
            # A colon is a part of the query, as in '12:00'; there are no parameters.
            found = connection.execution_options(stream_results=True).execute(text(self.query.replace(":", r"\:")))
            names = list(found.keys())
            most = max(limit("max_file_bytes") // (8 * max(len(names), 1)), 1)
            while batch := found.fetchmany(_BATCH):
                rows += [tuple(row) for row in batch]
                report("Reading rows", 0, 1)
                if len(rows) > most:
                    raise InvalidInputError(
                        f"The query of the connection {self.connection!r} gives more than {most:,} rows; expected at most "
                        "that. Ask for a shorter period, or allow more by the setting ENSTORAGE_MAX_FILE_BYTES."
                    )
        if not rows:
            raise InvalidInputError(
                f"The query of the connection {self.connection!r} gives no rows; expected points. Correct the query."
            )
        if len(set(names)) < len(names):
            raise InvalidInputError(
                f"The query of the connection {self.connection!r} has two columns of one name among {', '.join(names)}; "
                "expected each once. Name them with AS."
            )
        columns = {name: _series(name, values) for name, values in zip(names, zip(*rows, strict=True), strict=True)}
        return pl.DataFrame(columns)


@contextmanager
def _reading(name: str) -> "Iterator[Connection]":
    """A connection that can write nothing.

    Raises:
        InvalidInputError: the query cannot be executed, such as for a table that is not there.
        StoreError: the database cannot be reached.
    """
    from sqlalchemy.exc import DBAPIError, OperationalError

    with outside_database(name) as engine, engine.connect() as connection:
        kind = engine.dialect.name
        connection.exec_driver_sql(_READ_ONLY[kind])
        if kind in ("mysql", "mariadb"):
            connection.commit()  # it is for the next transaction on
        try:
            yield connection
        except DBAPIError as error:
            # Of a lost connection or a server that is busy, which passes; MariaDB tells so of a query that writes, too.
            if kind != "sqlite" and isinstance(error, OperationalError) and "READ ONLY" not in str(error.orig):
                raise
            raise InvalidInputError(
                f"The database of the connection {name!r} refuses the query: {reason_of(error, name)}. Expected one that it "
                "can execute without writing. Correct it.",
                field="query",
            ) from None


def _name_of_values(columns: tuple[str, ...]) -> str:
    return columns[0] if columns else "value"


def _series(name: str, values: tuple[Any, ...]) -> "pl.Series":
    from decimal import Decimal

    import polars as pl

    plain = [float(each) if isinstance(each, Decimal) else each for each in values]
    try:
        return pl.Series(name, plain, strict=True)
    except (TypeError, pl.exceptions.PolarsError):
        return pl.Series(name, [None if each is None else str(each) for each in plain], dtype=pl.String)
