"""Pages of rows of the ledger: by keyset, so that every page costs the same, and no row moves between pages."""

from collections.abc import Sequence
from typing import TypeVar

from sqlalchemy import Select

from enstorage.connector import Connector
from enstorage.errors import InvalidInputError
from enstorage.ledger import LedgerRow

Row = TypeVar("Row", bound=LedgerRow)


def page(
    connector: Connector, query: Select[Row], table: type[Row], limit: int, cursor: str | None
) -> tuple[Sequence[Row], str | None]:
    """One page of rows, the newest first, and the cursor of the next one; None after the last.

    Args:
        connector: the store.
        query: chooses the rows, without an order.
        table: of the rows.
        limit: most rows of the page.
        cursor: of this page; None for the first.

    Raises:
        InvalidInputError: the cursor is not one that a page gave.
    """
    if cursor is not None:
        if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
            raise InvalidInputError(
                f"{cursor[:20]!r} is no cursor of this list; expected the `next` of the page before. Begin without one.",
                field="cursor",
            )
        query = query.where(table.id < int(cursor))
    with connector.database.reading() as session:
        rows = session.scalars(query.order_by(table.id.desc()).limit(limit + 1)).all()
    connector.database.believed(rows, query)
    return rows[:limit], str(rows[limit - 1].id) if len(rows) > limit else None
