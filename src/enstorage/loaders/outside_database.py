"""Databases of others, that a connection names: sources are read from them, forecasts are written to them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Engine, create_engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from enstorage.database.refusal import translated
from enstorage.database.url import parse_url
from enstorage.errors import StoreError
from enstorage.places.connections import connection_url
from enstorage.places.masking import scrubbed
from enstorage.places.opening import opened

_KINDS = ("sqlite", "mysql", "mariadb", "postgresql", "postgres")
SCHEMES = (*_KINDS, "mysql+pymysql", "mariadb+pymysql", "postgresql+psycopg")
_LONGEST_REASON = 200


@contextmanager
def outside_database(name: str) -> Iterator[Engine]:
    """The engine of a connection, for one use.

    Raises:
        InvalidInputError: the connection names no database.
        NotFoundError: this process does not know it.
        StoreError: the database cannot be reached, or refuses.
    """
    text = connection_url(name, SCHEMES)
    url = parse_url(text)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():  # SQLite would make it
        raise StoreError(f"The connection {name!r} names no file of SQLite that is there. Correct its URL.")
    engine = opened("database", text, lambda: create_engine(url, poolclass=NullPool))
    try:
        opened("database", text, lambda: _connect_once(engine, url))  # drivers check options when they connect
        with translated(url):
            yield engine
    finally:
        engine.dispose()


def _connect_once(engine: Engine, url: URL) -> None:
    with translated(url):
        engine.connect().close()


def reason_of(error: DBAPIError, name: str) -> str:
    """The words of a database's refusal, in one line and without secrets."""
    words = " ".join(scrubbed(error.orig, connection_url(name)).split())
    return words[:_LONGEST_REASON].rstrip(". ")
