"""The tables that say which store this is, and from which store its imported records come."""

from sqlalchemy import BigInteger, Column, String, Table, UniqueConstraint, select

from enstorage.database.types import TABLE_OPTIONS, UtcDateTime
from enstorage.entity._record import Record

#: One row: a name that no other store has. Points and objects are claimed by it.
STORE = Table(
    "store",
    Record.metadata,
    Column("uuid", String(32), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    **TABLE_OPTIONS,
)

#: For each record imported from a bundle: its table, the store that it was made in and its id there. Parts have
#: none, nor have tables: they are known by what they belong to.
ORIGIN = Table(
    "origin",
    Record.metadata,
    Column("entity", String(32), primary_key=True),
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("store", String(32), nullable=False),
    Column("id_there", BigInteger, nullable=False),
    UniqueConstraint("store", "entity", "id_there"),
    **TABLE_OPTIONS,
)


def is_imported(record: Record) -> bool:
    """True if a stored record was imported from a bundle."""
    query = select(ORIGIN.c.id).where(ORIGIN.c.entity == record.__tablename__, ORIGIN.c.id == record.id)
    with record.connector.database.reading() as session:
        return session.scalar(query) is not None
