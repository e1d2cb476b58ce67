"""Rows that are inserted, or where their key is there already, replaced: one statement on every database."""

from functools import cache
from typing import Any

from sqlalchemy import Executable, TableClause, bindparam, literal_column
from sqlalchemy.dialects import mysql, postgresql, sqlite


@cache  # putting a statement together takes longer than running it
def upsert(
    dialect: str,
    table: TableClause,
    key: tuple[str, ...],
    replaced: tuple[str, ...],
    constants: tuple[tuple[str, str | None], ...] = (),
) -> Executable:
    """The statement for rows of `table`; run it with one or many rows, no two of the same key.

    Args:
        dialect: name of the kind of database.
        table: with the types of what is bound.
        key: columns with a unique constraint over them.
        replaced: columns that are written over in a row whose key is there already.
        constants: columns that all rows have the same value in, and that value, without quotes.
    """
    same: dict[str, Any] = {
        name: literal_column("NULL" if value is None else f"'{value}'") for name, value in constants
    }
    match dialect:
        case "sqlite":
            lite = sqlite.insert(table).values(same)
            return lite.on_conflict_do_update(index_elements=key, set_={name: lite.excluded[name] for name in replaced})
        case "postgresql":
            post = postgresql.insert(table).values(same)
            return post.on_conflict_do_update(index_elements=key, set_={name: post.excluded[name] for name in replaced})
        case _:
            # PyMySQL sends many rows at once only where nothing but parameters stands between the brackets.
            my: Any = mysql.insert(table).values({name: bindparam(name, value) for name, value in constants})
            statement: Executable = my.on_duplicate_key_update({name: my.inserted[name] for name in replaced})
            return statement
