"""`SqlSink`: a table of a database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, ClassVar

from enstorage.errors import InvalidInputError
from enstorage.instant import to_iso, to_ns
from enstorage.loaders.outside_database import outside_database, reason_of
from enstorage.places.connections import check_connection
from enstorage.sinks.base import Delivery, Sink

if TYPE_CHECKING:
    import polars as pl
    from sqlalchemy import Column, Engine, Table


@dataclass(frozen=True)
class SqlSink(Sink):
    """Rows of a table that is there, replaced by their key in one transaction.

    Rows of the table with the key of a row that is delivered are deleted, and all rows inserted; others stay. A null is
    equal to a null. The table needs no constraint for this. Rows that share a key are refused.

    Attributes:
        connection: name of the database, such as `warehouse` for `ENSTORAGE_CONNECTION_WAREHOUSE=postgresql://…`.
        table: its name.
        key: columns of the table that tell rows apart.
        columns: by the columns of the table the columns of the rows; {} for those of the same names.
    """

    name: ClassVar[str] = "sql"

    connection: str
    table: str
    key: tuple[str, ...] = ("series", "time", "step", "quantile")
    columns: Mapping[str, str] = field(default_factory=dict, hash=False)

    def __post_init__(self) -> None:
        check_connection(self.connection)
        key = self.key
        object.__setattr__(self, "key", tuple(key) if isinstance(key, list | tuple) else ())
        columns = self.columns if isinstance(self.columns, Mapping) else {"": ""}
        if (
            not all(isinstance(each, str) and each for each in (self.table, *self.key, *columns, *columns.values()))
            or not self.key
        ):
            raise InvalidInputError(
                f"SqlSink: table {self.table!r:.40}, key {key!r:.60} and columns {self.columns!r:.60}; expected names, "
                'and a list of at least one column as key, such as ["time"].',
                field="table",
            )

    @property
    def target(self) -> str:
        """See `Sink.target`."""
        return f"{self.connection}: {self.table}"

    def write(self, rows: "pl.DataFrame", delivery: Delivery) -> None:  # noqa: ARG002 - rows have keys of their own
        """See `Sink.write`."""
        import polars as pl
        from sqlalchemy import and_, bindparam
        from sqlalchemy.exc import DBAPIError, OperationalError

        with outside_database(self.connection) as engine:
            table, taken = self._table(engine, rows)
            given = [
                {name: _value(row[column], table.c[name]) for name, column in taken.items()}
                for row in rows.iter_rows(named=True)
            ]
            self._check_key(rows.select(pl.col(taken[name]).alias(name) for name in self.key))
            same = and_(*(table.c[name].is_not_distinct_from(bindparam(f"old_{name}")) for name in self.key))
            keys = [{f"old_{name}": row[name] for name in self.key} for row in given]
            try:
                with engine.begin() as connection:
                    connection.execute(table.delete().where(same), keys)
                    connection.execute(table.insert(), given)
            except DBAPIError as error:
                if isinstance(error, OperationalError) and engine.dialect.name != "sqlite":
                    raise
                raise InvalidInputError(
                    f"The table {self.table!r} of the connection {self.connection!r} refuses the rows: "
                    f"{reason_of(error, self.connection)}. None was written. Correct the table, or columns."
                ) from None

    def _check_key(self, keys: "pl.DataFrame") -> None:
        """Refuse rows that the key does not tell apart: each would stand there, and no reader could choose.

        Raises:
            InvalidInputError: two have the same.
        """
        twice = keys.filter(keys.is_duplicated())
        if twice.height:
            shown = ", ".join(f"{name} {value}" for name, value in twice.row(0, named=True).items())
            raise InvalidInputError(
                f"The key {', '.join(self.key)} does not tell the rows apart: {twice.height} of {keys.height} share theirs, "
                f"such as {shown}. None was written. Add a column to key and columns, such as quantile.",
                field="key",
            )

    def _table(self, engine: "Engine", rows: "pl.DataFrame") -> "tuple[Table, dict[str, str]]":
        """The table, and by its columns those of the rows.

        Raises:
            InvalidInputError: it is not there, or a column is not.
        """
        from sqlalchemy import MetaData, Table
        from sqlalchemy.exc import NoSuchTableError

        try:
            table = Table(self.table, MetaData(), autoload_with=engine)
        except NoSuchTableError:
            raise InvalidInputError(
                f"There is no table {self.table!r} at the connection {self.connection!r}; expected one with columns for "
                f"{', '.join(rows.columns)}. Make it, or correct its name.",
                field="table",
            ) from None
        taken = dict(self.columns) or {name: name for name in rows.columns}
        lacking = [name for name in (*taken, *self.key) if name not in table.c]
        unknown = [name for name in taken.values() if name not in rows.columns]
        if lacking or unknown or not set(self.key) <= set(taken):
            raise InvalidInputError(
                f"The table {self.table!r} has the columns {', '.join(table.c.keys())}, and the rows "
                f"{', '.join(rows.columns)}. Expected the columns {', '.join(taken)} in the table, and the key "
                f"{', '.join(self.key)} among them. Say with columns which belong together, such as "
                '{"at": "time", "load": "value"}, and with key which tell rows apart.',
                field="columns",
            )
        return table, taken


def _value(value: Any, column: "Column[Any]") -> Any:
    """A value as its column takes it: texts of times become times where the column has them."""
    kind = column.type.python_type if isinstance(value, str) else None
    if kind not in (datetime, date):
        return value
    moment = datetime.fromisoformat(to_iso(to_ns(value))).replace(tzinfo=UTC)
    if kind is date:  # as the time is written: local midnight of Berlin is the evening before in UTC
        return date.fromisoformat(value[:10])
    return moment if getattr(column.type, "timezone", False) else moment.replace(tzinfo=None)
