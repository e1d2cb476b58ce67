"""Rows that are inserted, or where their key is there already, replaced: one statement on every database."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.orm import Session


def upsert(
    session: Session, table: Table, rows: Sequence[dict[str, Any]], key: Sequence[str], replaced: Sequence[str]
) -> None:
    """Insert rows; of a row whose `key` is there already the columns `replaced` are written over.

    Args:
        session: of the transaction.
        table: with a unique constraint over `key`.
        rows: all with the same columns, no two with the same key.
        key: names of columns.
        replaced: names of columns.
    """
    match session.get_bind().dialect.name:
        case "sqlite":
            lite = sqlite.insert(table)
            statement: Any = lite.on_conflict_do_update(
                index_elements=key, set_={name: lite.excluded[name] for name in replaced}
            )
        case "postgresql":
            post = postgresql.insert(table)
            statement = post.on_conflict_do_update(
                index_elements=key, set_={name: post.excluded[name] for name in replaced}
            )
        case _:
            my = mysql.insert(table)
            statement = my.on_duplicate_key_update({name: my.inserted[name] for name in replaced})
    session.execute(statement, list(rows))
