"""Damage to a database on a server: what `CHECK TABLE` or `amcheck` finds, and what indexes, tables and references tell.

A server notices a page that is no page. It does not notice one that is whole by its form and holds less than it should, such
as a page of zeros, or one whose last change never reached the disk. Then an index has other entries than its table has
rows, or rows refer to rows that are gone.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from sqlalchemy import Connection, Table, inspect, text
from sqlalchemy.exc import DBAPIError

from enstorage.database.refusal import DAMAGED

#: Rows up to which readers compare a table with its indexes; it takes less than half a second.
MOST_ROWS_COMPARED = 100_000

# Of PostgreSQL: damage, and errors in its own code, which damage causes.
_INTERNAL_ERROR = "XX"


def find_server_damage(connection: Connection, *, references: bool) -> list[str]:
    """The damage to all tables.

    Args:
        connection: for reading.
        references: look for references to rows that are not there, too.
    """
    tables = inspect(connection).get_table_names()
    if not _is_postgresql(connection):
        find = _check_table
    else:
        find = _amcheck if connection.scalar(text(_MAY_AMCHECK)) else _compare_indexes
    found = [problem for table in tables for problem in find(connection, table)]
    if references:
        for table in tables:
            for key in inspect(connection).get_foreign_keys(table):
                pairs = zip(key["constrained_columns"], key["referred_columns"], strict=True)
                found += _lost_rows(connection, table, key["referred_table"], list(pairs))
    return found


def find_lost_rows(connection: Connection, table: Table) -> list[str]:
    """Signs that a table, or one of its indexes, has fewer rows than were stored; large tables are not looked at."""
    found = _compare_indexes(connection, table.name) if _is_small(connection, table.name) else []
    for child in table.metadata.sorted_tables:
        for key in child.foreign_key_constraints:
            if key.referred_table is table and _is_small(connection, child.name):
                pairs = [(element.parent.name, element.column.name) for element in key.elements]
                found += _lost_rows(connection, child.name, table.name, pairs)
    return found


def _is_small(connection: Connection, table: str) -> bool:
    estimate = _ESTIMATE["postgresql" if _is_postgresql(connection) else "mysql"]
    return (connection.scalar(text(estimate), {"name": table}) or 0) <= MOST_ROWS_COMPARED


def _check_table(connection: Connection, table: str) -> list[str]:
    """The faults that `CHECK TABLE` of MariaDB and MySQL finds."""
    rows = connection.exec_driver_sql(f"CHECK TABLE `{table}`").all()
    return [
        f"{name}: {words}"
        for name, _, kind, words in rows
        if kind.lower() in ("error", "warning") or (kind.lower() == "status" and words != "OK")
    ]


def _amcheck(connection: Connection, table: str) -> list[str]:
    """The faults that `amcheck` of PostgreSQL finds in the indexes of a table, such as rows that they lack."""
    found: list[str] = []
    for index, _ in _indexes(connection, table):
        with _noted(connection, index, found):
            connection.execute(text("SELECT bt_index_check(CAST(:name AS regclass), true)"), {"name": index})
    return found


def _compare_indexes(connection: Connection, table: str) -> list[str]:
    """Indexes of a table that cannot be read, or have more or fewer entries than it has rows."""
    found: list[str] = []
    with _noted(connection, table, found):
        indexes, rows = _indexes(connection, table), _rows(connection, table)
        _read_by_index(connection)
        for index, columns in indexes:
            with _noted(connection, index, found):
                entries = _entries(connection, table, index, columns)
                if entries != rows:
                    found.append(f"the index {index} has {entries} entries, its table {rows} rows")
    return found


def _lost_rows(connection: Connection, table: str, parent: str, columns: list[tuple[str, str]]) -> list[str]:
    """References of a table that lead to no row of another one.

    Args:
        connection: for reading.
        table: whose rows refer.
        parent: the table that they refer to.
        columns: of both, in pairs.
    """
    found: list[str] = []
    are_given = " AND ".join(f"child.{own} IS NOT NULL" for own, _ in columns)
    are_same = " AND ".join(f"parent.{theirs} = child.{own}" for own, theirs in columns)
    with _noted(connection, table, found):
        count = _count(
            connection,
            f"{table} AS child WHERE {are_given} AND NOT EXISTS (SELECT 1 FROM {parent} AS parent WHERE {are_same})",  # noqa: S608
        )
        if count:
            found.append(f"{count} rows of {table} refer to rows of {parent} that are not there")
    return found


def _rows(connection: Connection, table: str) -> int:
    """The number of rows of a table, without the help of its indexes."""
    if not _is_postgresql(connection):
        return _count(connection, f"{table} FORCE INDEX (PRIMARY)")
    _switch(connection, seqscan="on", indexscan="off", indexonlyscan="off", bitmapscan="off")
    return _count(connection, table)


def _read_by_index(connection: Connection) -> None:
    if _is_postgresql(connection):
        _switch(connection, seqscan="off", indexscan="on", indexonlyscan="on", bitmapscan="on", sort="off")


def _entries(connection: Connection, table: str, index: str, columns: str) -> int:
    """The number of rows that an index leads to."""
    if not _is_postgresql(connection):
        return _count(connection, f"{table} FORCE INDEX (`{index}`)")
    # In its order, so that the server reads the index. OFFSET 0: so that the order is not left out as of no consequence.
    return _count(connection, f"(SELECT {columns} FROM {table} ORDER BY {columns} OFFSET 0) AS entries")  # noqa: S608


def _count(connection: Connection, rows: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {rows}")).scalar_one())  # noqa: S608 - names of ours


def _switch(connection: Connection, **ways: str) -> None:
    """Say, until the end of the transaction, how the planner of PostgreSQL may find rows."""
    # A way that is off counts as so expensive that PostgreSQL would first compile the query, for half a second each.
    switches = {"jit": "off"} | {f"enable_{name}": value for name, value in ways.items()}
    calls = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in switches.items())
    connection.execute(text(f"SELECT {calls}"))


def _indexes(connection: Connection, table: str) -> list[tuple[str, str]]:
    """Each index of a table with its columns, as they are written in a statement; of MariaDB all but the table itself."""
    query = text(_INDEXES["postgresql" if _is_postgresql(connection) else "mysql"])
    return [(index, columns) for index, columns in connection.execute(query, {"name": table})]


def _is_postgresql(connection: Connection) -> bool:
    return connection.dialect.name == "postgresql"


@contextmanager
def _noted(connection: Connection, what: str, found: list[str]) -> Iterator[None]:
    """Add an error that says of damage to what was found; after it PostgreSQL goes on from here."""
    try:
        with connection.begin_nested() if _is_postgresql(connection) else nullcontext():
            yield
    except DBAPIError as error:
        state = getattr(error.orig, "sqlstate", None) or ""
        words = str(error.orig).strip().splitlines()[0]
        if not (state.startswith(_INTERNAL_ERROR) or re.search(DAMAGED, f"{state} {words}")):
            raise
        found.append(f"{what}: {words}")


_MAY_AMCHECK = (
    "SELECT count(*) FROM pg_proc AS p WHERE proname = 'bt_index_check' AND pronargs = 2 "
    "AND pg_function_is_visible(p.oid) AND has_function_privilege(p.oid, 'EXECUTE')"
)
_ESTIMATE = {
    "postgresql": "SELECT reltuples FROM pg_class WHERE oid = CAST(:name AS regclass)",
    "mysql": "SELECT table_rows FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = :name",
}
_INDEXES = {
    "postgresql": (
        "SELECT quote_ident(c.relname), string_agg(quote_ident(a.attname), ', ' ORDER BY k.place) FROM pg_index i "
        "JOIN pg_class c ON c.oid = i.indexrelid "
        "CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, place) "
        "JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.number "
        "WHERE i.indrelid = CAST(:name AS regclass) GROUP BY c.relname"
    ),
    "mysql": (
        "SELECT index_name, min(column_name) FROM information_schema.statistics "
        "WHERE table_schema = DATABASE() AND table_name = :name AND index_name <> 'PRIMARY' GROUP BY index_name"
    ),
}
