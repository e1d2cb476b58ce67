"""The tables with the identity of this store, and with the origin of its imported records."""

from sqlalchemy import BigInteger, Column, String, Table, UniqueConstraint, select

from enstorage.database.types import TABLE_OPTIONS, UtcDateTime
from enstorage.entity._record import Record

#: One row: an identifier that no other store has. Points and objects are claimed with it.
STORE = Table(
    "store",
    Record.metadata,
    Column("uuid", String(32), primary_key=True),
    Column("created_at", UtcDateTime, nullable=False),
    **TABLE_OPTIONS,
)

#: For each record imported from a bundle: its table, the store in which it was made and its id there. Parts and tables
#: have no row: they are identified by the records that they belong to.
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
    database = record.connector.database
    with database.reading() as session:
        found = session.scalar(query) is not None
    if not found:
        database.confirm_empty(query)
    return found
