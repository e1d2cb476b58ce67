"""The base of the rows of the ledger."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, Id, UtcDateTime
from enstorage.entity._record import Record


def now() -> datetime:
    """The current time, as rows store it."""
    return datetime.now(UTC)


class LedgerRow(DeclarativeBase):
    """Base of the ledger's rows: plain data, read and written inside a session of `connector.transaction()`.

    The tables belong to the metadata of the entities, so one history of migrations, one backup and one check hold them all.
    """

    metadata = Record.metadata
    __table_args__: Any = TABLE_OPTIONS

    id: Mapped[int] = mapped_column(Id, primary_key=True, sort_order=-10)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, sort_order=90)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=now, onupdate=now, sort_order=91)
