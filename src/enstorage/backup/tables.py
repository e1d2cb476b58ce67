"""Copying all records from one database to another, of whatever kinds they are, with their ids."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Table, func, insert, select, text

from enstorage.entity import STORE
from enstorage.entity._record import Record
from enstorage.progress import Listener

_AT_ONCE = 2000

Row = dict[str, Any]


def tables() -> list[Table]:
    """Every table of records, each after those that it refers to; without the one that names the store."""
    return [table for table in Record.metadata.sorted_tables if table is not STORE]


def count_rows(connection: Connection) -> dict[str, int]:
    """Number of rows of each table, by its name."""
    return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables()}


def copy_rows(
    source: Connection, target: Connection, report: Listener, change: Callable[[Table, Row], Row] | None = None
) -> None:
    """Copy all rows, in the transactions of both connections.

    Args:
        source: to read from.
        target: with the same tables, all of them empty.
        report: called for every few rows.
        change: gives the row to write for one that was read.
    """
    counts = count_rows(source)
    done, total = 0, max(sum(counts.values()), 1)
    for table in tables():
        key = list(table.primary_key)
        found = source.execution_options(yield_per=_AT_ONCE).execute(select(table).order_by(*key)).mappings()
        for batch in found.partitions(_AT_ONCE):
            report("Copying records", done, total)
            rows = [dict(row) for row in batch]
            target.execute(insert(table), [change(table, row) for row in rows] if change else rows)
            done += len(rows)
    report("Copied records", total, total)


def highest_ids(connection: Connection) -> dict[str, int]:
    """The highest id that was ever given out in each table, by its name; no lower one is given out again."""
    found = {}
    for table in tables():
        if "id" not in table.primary_key:
            continue
        match connection.dialect.name:
            case "sqlite":
                query = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
            case "postgresql":
                query = text("SELECT last_value FROM pg_sequences WHERE sequencename = :name || '_id_seq'")
            case _:
                query = text(
                    "SELECT auto_increment - 1 FROM information_schema.tables WHERE table_schema = DATABASE() "
                    "AND table_name = :name"
                )
        given = connection.scalar(query, {"name": table.name}) or 0
        found[table.name] = max(int(given), connection.scalar(select(func.max(table.c.id))) or 0)
    return found


def reserve_ids(connection: Connection, highest: dict[str, int]) -> None:
    """Have a database give out only higher ids; MySQL and MariaDB keep that at once, outside of transactions."""
    for name, id in highest.items():
        if id <= 0:
            continue
        match connection.dialect.name:
            case "sqlite":
                values = {"name": name, "id": id}
                connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), values)
                connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :id)"), values)
            case "postgresql":
                connection.execute(text("SELECT setval(:name || '_id_seq', :id)"), {"name": name, "id": id})
            case _:
                connection.exec_driver_sql(f"ALTER TABLE `{name}` AUTO_INCREMENT = {id + 1}")
