"""Damage to a database: pages that cannot be read, indexes that do not agree with their tables.

An index that lost entries gives fewer records than there are, without any error. Lists rest on indexes, and so does the
decision which objects nothing refers to. So `check` and `gc` ask the database first. Readers of a small SQLite file
ask once, before the first record is read; in a larger one and on servers, where that would take long, an empty answer makes
them compare the indexes of its table with the table, once for each table.
"""

import sqlite3
from contextlib import closing

from sqlalchemy import Engine, Table, text

from enstorage.database.engine import MALFORMED, for_reading, open_sqlite
from enstorage.database.server_integrity import find_lost_rows, find_server_damage
from enstorage.database.url import is_in_memory
from enstorage.errors import DatabaseCorruptError

#: Pages of a SQLite file that are read before its first record; it takes some 10 ms. 2,048 pages are 8 MiB.
PAGES_READ_AT_ONCE = 2048

# Of a damaged file the first problems say enough.
_MOST_PROBLEMS = 50

# Leaves without entries exist only as roots: SQLite joins a leaf with its neighbour before its last entry goes.
_EMPTY_LEAVES = (
    "SELECT name, pageno FROM dbstat WHERE pagetype = 'leaf' AND ncell = 0 "
    "AND pageno NOT IN (SELECT rootpage FROM sqlite_master) AND pageno <> 1 AND name <> 'sqlite_schema'"
)


def find_damage(engine: Engine, *, references: bool = False) -> list[str]:
    """The damage that the database finds in its own files, in its own words; none for an intact database.

    Args:
        engine: of the database.
        references: look for references to rows that are not there, too.
    """
    if engine.dialect.name == "sqlite":
        return _sqlite_damage(engine, references=references)
    with _one_state(engine).connect() as connection:
        return find_server_damage(connection, references=references)[:_MOST_PROBLEMS]


def is_small(engine: Engine) -> bool:
    """True for a SQLite file that takes milliseconds to look through."""
    if engine.dialect.name != "sqlite" or is_in_memory(engine.url):
        return False
    with for_reading(engine).connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
    return bool(pages <= PAGES_READ_AT_ONCE)


def find_lost_entries(engine: Engine, table: Table) -> list[str]:
    """Indexes of a table that have more or fewer entries than it has rows; on servers also references to lost rows of it."""
    if engine.dialect.name == "sqlite" and is_in_memory(engine.url):
        return []
    if engine.dialect.name != "sqlite":
        with _one_state(engine).connect() as connection:
            return find_lost_rows(connection, table)
    found = []
    with for_reading(engine).connect() as connection:
        # Not count(*), for which SQLite reads the smallest index, whichever it is told to use.
        count = f"SELECT count(1) FROM {table.name}"  # noqa: S608 - a name of ours
        rows = connection.scalar(text(f"{count} NOT INDEXED"))
        for name in connection.scalars(text("SELECT name FROM pragma_index_list(:name)"), {"name": table.name}).all():
            entries = connection.scalar(text(f'{count} INDEXED BY "{name}"'))
            if entries != rows:
                found.append(f"the index {name} has {entries} entries, its table {rows} rows")
    return found


def _one_state(engine: Engine) -> Engine:
    """The same engine of a server, for numbers that agree with each other while others write, however it is set up."""
    return for_reading(engine).execution_options(isolation_level="REPEATABLE READ")


def damaged(engine: Engine, problems: list[str], consequence: str) -> DatabaseCorruptError:
    """The error for a database in which damage was found."""
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return DatabaseCorruptError(
        f"The database {engine.url.render_as_string()} is damaged: {problems[0]}{more}. {consequence} Run `enstorage "
        "check`, and restore the store from a backup."
    )


def _sqlite_damage(engine: Engine, *, references: bool) -> list[str]:
    if is_in_memory(engine.url):
        return []
    found: list[str] = []
    try:
        # A connection of its own: others may still have in memory what was on the disk before.
        with closing(open_sqlite(engine.url)) as connection:
            connection.execute("BEGIN")
            rows = connection.execute(f"PRAGMA integrity_check({_MOST_PROBLEMS})").fetchall()
            # One row can hold several problems, a line each.
            found += [line for (words,) in rows for line in words.splitlines() if line not in ("ok", _HEADING)]
            found += [f"page {page} of {name} has no entries" for name, page in _empty_leaves(connection)]
            if references and not found:
                for table, row, parent, _ in connection.execute("PRAGMA foreign_key_check"):
                    found.append(f"row {row} of {table} refers to a row of {parent} that is not there")
    except UnicodeDecodeError:
        found.append(MALFORMED)
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise
        found.append(str(error))
    return found[:_MOST_PROBLEMS]


_HEADING = "*** in database main ***"


def _empty_leaves(connection: sqlite3.Connection) -> list[tuple[str, int]]:
    try:
        return connection.execute(_EMPTY_LEAVES).fetchall()
    except sqlite3.OperationalError:  # a library that was built without this table
        return []
