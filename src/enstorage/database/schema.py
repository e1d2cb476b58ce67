"""The version of the tables: made in an empty database, upgraded only when asked."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, inspect, literal, select, text

from enstorage.database.engine import BUSY_SECONDS, POSTGRES_LOCK, for_reading
from enstorage.database.url import is_in_memory
from enstorage.errors import DatabaseCorruptError, StoreError, UpgradeError

# The revisions of migrations/versions, the newest last, by the names of their files; a test holds them against Alembic's own
# answer. Importing Alembic at every start would cost more than opening the store.
REVISIONS = tuple(sorted(each.name[:4] for each in Path(__file__).parent.glob("migrations/versions/[0-9]*.py")))
HEAD_REVISION = REVISIONS[-1]

_PAUSE_SECONDS = 0.02


def ensure_schema(engine: Engine, *, upgrade: bool = False) -> None:
    """Make the tables of an empty database; those of an older version are upgraded only with `upgrade`.

    Raises:
        UpgradeError: the database was written by another version.
    """
    with for_reading(engine).connect() as connection:
        revision = _revision(connection)
        upgrade = upgrade or (revision in REVISIONS and _was_cut_off(connection))
    if revision == HEAD_REVISION:
        return
    url = engine.url.render_as_string()
    if revision is not None and revision not in REVISIONS:
        raise UpgradeError(
            f"The database {url} has schema {revision}; this version of enstorage knows {HEAD_REVISION} and older. Install "
            "a newer enstorage."
        )
    if revision is not None and not upgrade:
        raise UpgradeError(
            f"The database {url} has schema {revision}; this version of enstorage expects {HEAD_REVISION}. Run `enstorage "
            "upgrade` when no other program uses the store; older versions cannot open it afterwards."
        )
    if engine.dialect.name == "sqlite":
        _write_ahead(engine)
    _migrate(engine)


def _write_ahead(engine: Engine) -> None:
    """Have SQLite keep a log, so that readers work while one process writes; it is a property of the file and stays with it.

    Where another process is about to write, SQLite refuses this at once, whatever its busy timeout. So it is asked again.
    """
    end = time.monotonic() + BUSY_SECONDS
    while True:
        raw = engine.raw_connection()
        try:
            raw.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > end:
                raise
            time.sleep(_PAUSE_SECONDS)
        finally:
            raw.close()


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", "enstorage:database/migrations")
    # Of two processes that open an empty database, one migrates and the other waits and finds it done.
    with _alone(engine) as connection:
        revision = _revision(connection)
        if revision == HEAD_REVISION:
            return
        if revision is None:
            _clear(connection)
        else:
            _keep_copy(connection, revision)
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


@contextmanager
def _alone(engine: Engine) -> Iterator[Connection]:
    """A transaction beside which no other process migrates."""
    if engine.dialect.name == "sqlite":
        with engine.connect() as connection, _references_unchecked(connection), connection.begin():
            yield connection
        return
    with for_reading(engine).connect() as connection:  # the table that writers lock may not be there yet
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="READ COMMITTED")  # noqa: PLW2901
            with connection.begin():
                connection.execute(text(f"SELECT pg_advisory_xact_lock({POSTGRES_LOCK})"))
                yield connection
            return
        name = f"enstorage {engine.url.database}"[:64]
        if connection.scalar(text("SELECT GET_LOCK(:name, :seconds)"), {"name": name, "seconds": BUSY_SECONDS}) != 1:
            raise StoreError(
                f"The database {engine.url.render_as_string()} is being set up by another process for more than "
                f"{BUSY_SECONDS} s. Nothing was changed. Wait for it, or stop it, and try again."
            )
        try:
            yield connection
            connection.commit()
        finally:
            connection.rollback()
            connection.execute(text("SELECT RELEASE_LOCK(:name)"), {"name": name})


@contextmanager
def _references_unchecked(connection: Connection) -> Iterator[None]:
    """Have SQLite let a table be made anew to which others refer; outside of a transaction, as it demands."""
    raw: Any = connection.connection.dbapi_connection
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _was_cut_off(connection: Connection) -> bool:
    """True if the tables may be those of a first migration that was killed: MySQL keeps each version at once.

    An empty store of an older version looks the same, and loses nothing by being upgraded.
    """
    return connection.dialect.name in ("mysql", "mariadb") and _has_no_records(connection)


def _has_no_records(connection: Connection) -> bool:
    from enstorage.entity._origin import STORE
    from enstorage.entity._record import Record

    there = set(inspect(connection).get_table_names())
    tables = [table for table in Record.metadata.sorted_tables if table is not STORE and table.name in there]
    return not any(connection.scalar(select(literal(1)).select_from(table).limit(1)) for table in tables)


def _clear(connection: Connection) -> None:
    """See that the database has none of our tables.

    MySQL keeps every CREATE TABLE at once, so a killed first migration leaves some. Its mark is a table of versions without
    a version. Nothing was written to the others then: a store is opened only after its version is there.

    Raises:
        StoreError: the tables are somebody else's.
    """
    from enstorage.entity._record import Record

    there = set(inspect(connection).get_table_names())
    ours = sorted(there & Record.metadata.tables.keys())
    if ours and "alembic_version" not in there:
        raise StoreError(
            f"The database {connection.engine.url.render_as_string()} has tables of another program that are called "
            f"{', '.join(ours)}. Nothing was changed. Make a database for enstorage alone."
        )
    if ours and not _has_no_records(connection):
        raise DatabaseCorruptError(
            f"The database {connection.engine.url.render_as_string()} is damaged: it has records, but the version of its "
            "tables is lost. Nothing was changed. Restore the store from a backup."
        )
    Record.metadata.drop_all(connection, tables=[Record.metadata.tables[name] for name in ours])


def _keep_copy(connection: Connection, revision: str) -> None:
    """A copy of a SQLite file beside it, before it is upgraded; servers have backup programs of their own."""
    if connection.dialect.name != "sqlite" or is_in_memory(connection.engine.url):
        return
    original = Path(str(connection.engine.url.database))
    copy = original.with_name(f"{original.name}.schema-{revision}")
    with sqlite3.connect(original) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    source.close()
    target.close()
