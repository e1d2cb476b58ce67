"""Engines: how each kind of database is connected to, and how its writers queue up.

On every database a store has one writing transaction at a time. So what a transaction has read still holds when it writes,
and no two can block each other. Readers never wait.
"""

import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import NoSuchModuleError
from sqlalchemy.pool import StaticPool

from enstorage.database import sqlite_file
from enstorage.database.url import is_in_memory
from enstorage.errors import MissingLibraryError, NotSupportedError, StoreError
from enstorage.places.masking import shown_folder
from enstorage.settings import wait_seconds

#: Time that a writer waits for the one before it.
BUSY_SECONDS = 60
_CONNECT_SECONDS = 10

#: The first versions with what is used here: collations that compare code points, INSERT … RETURNING.
OLDEST = {"MariaDB": (10, 5), "MySQL": (8, 0, 17), "PostgreSQL": (12,)}

#: Of the advisory lock that PostgreSQL's writers take; any number that others do not use.
POSTGRES_LOCK = 0x656E_7374_6F72

#: What a damaged description of tables is called where SQLite shows the place in characters that are none.
MALFORMED = "malformed database schema"

# The execution option of connections that only read.
_READING = "enstorage_reading"


def make_engine(url: URL) -> Engine:
    """The engine for a URL; nothing is connected to yet, except to distinguish MariaDB from MySQL.

    Raises:
        MissingLibraryError: the driver that the URL names is not installed.
        NotSupportedError: the server is too old.
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite(url)
    try:
        engine = _server(url)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        kind, _, driver = url.drivername.partition("+")
        raise MissingLibraryError(
            f"The URL names the driver {driver!r}, which is not installed. Leave it out ({kind}://…), or install it."
        ) from error
    name, version = _server_version(engine)
    if name == "MariaDB" and url.get_backend_name() == "mysql":
        # The columns of the two differ in their collations, and a URL that says mysql often leads to MariaDB.
        engine.dispose()
        engine = _server(url.set(drivername=url.drivername.replace("mysql", "mariadb", 1)))
    if version < OLDEST[name]:
        raise NotSupportedError(
            f"The server at {url.host} is {name} {_dotted(version)}; expected {_dotted(OLDEST[name])} or newer. Upgrade the "
            "server, or take another database."
        )
    return engine


def for_reading(engine: Engine) -> Engine:
    """The same engine for transactions that only read: they see one state and do not queue up with the writers."""
    options: dict[str, Any] = {_READING: True}
    if engine.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"
    return engine.execution_options(**options)


def _sqlite(url: URL) -> Engine:
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_SECONDS}}
    if is_in_memory(url):
        # Every connection to :memory: would be a database of its own.
        options = {"connect_args": {"check_same_thread": False}, "poolclass": StaticPool}
    else:
        folder = Path(str(url.database)).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The folder {shown_folder(str(folder))} of the database cannot be made: {error.strerror}. Choose another "
                "folder or change its permissions."
            ) from None
    engine = create_engine(url, **options)
    if not is_in_memory(url):
        event.listen(engine, "do_connect", _connect_sqlite)
        event.listen(engine, "checkin", _forget_read_only)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def open_sqlite(url: URL, *, check_same_thread: bool = True) -> sqlite3.Connection:
    """A connection to a SQLite file beside those of the engine, which shares no memory with them."""
    (path,), options = SQLiteDialect_pysqlite().create_connect_args(url)
    own = {"timeout": BUSY_SECONDS, "isolation_level": None, "check_same_thread": check_same_thread}
    return sqlite_file.connect(path, {**options, **own})


def _connect_sqlite(_dialect: Any, _record: Any, arguments: Any, options: Any) -> sqlite3.Connection:
    return sqlite_file.connect(arguments[0], options)


def _forget_read_only(dbapi_connection: Any, record: Any) -> None:
    # Once there is room again, the next transaction may write.
    if isinstance(dbapi_connection, sqlite_file.ReadOnlyConnection):
        record.invalidate()


def _set_up_sqlite(dbapi_connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: `_begin_sqlite` does, and says which kind.
    dbapi_connection.isolation_level = None
    try:
        dbapi_connection.execute("PRAGMA foreign_keys=ON")
        # FULL: a committed transaction survives a power cut, not only a killed process.
        dbapi_connection.execute("PRAGMA synchronous=FULL")
    except UnicodeDecodeError as error:  # the driver cannot read the message, which shows the damaged place
        raise sqlite3.DatabaseError(MALFORMED) from error


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: one that begins as a reader cannot wait for the lock later, only fail. The driver is
    # called without SQLAlchemy's work around a statement, which takes longer than the statement.
    reading = connection.get_execution_options().get(_READING)
    connection.connection.cursor().execute("BEGIN" if reading else "BEGIN IMMEDIATE")


def _server(url: URL) -> Engine:
    # Connections that broke while they lay idle, as when the server was restarted, are noticed and made anew.
    longest = wait_seconds()
    connect_seconds = max(1, round(min(_CONNECT_SECONDS, longest)))
    options: dict[str, Any] = {"pool_pre_ping": True, "connect_args": {"connect_timeout": connect_seconds}}
    if url.get_backend_name() == "postgresql":
        options["connect_args"]["options"] = f"-c lock_timeout={BUSY_SECONDS}s -c timezone=UTC"
        # A column that a migration added must not break statements that were prepared before.
        options["connect_args"]["prepare_threshold"] = None
        engine = create_engine(url, **options)
        event.listen(engine, "do_connect", _connect_postgresql)
        event.listen(engine, "begin", _begin_postgresql)
    else:
        options["connect_args"] |= {"charset": "utf8mb4", "read_timeout": longest, "write_timeout": longest}
        engine = create_engine(url, **options)
        event.listen(engine, "connect", _set_up_mysql)
        event.listen(engine, "begin", _begin_mysql)
    return engine


def _connect_postgresql(_dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
    from enstorage.database.postgresql import BoundedConnection

    return BoundedConnection.connect(*arguments, **options)


def _set_up_mysql(dbapi_connection: Any, _record: Any) -> None:
    with dbapi_connection.cursor() as cursor:
        # Strict: what does not fit is refused, not cut off.
        cursor.execute(
            f"SET SESSION innodb_lock_wait_timeout = {BUSY_SECONDS}, sql_mode = 'STRICT_ALL_TABLES', time_zone = '+00:00'"
        )


def _begin_mysql(connection: Connection) -> None:
    if not connection.get_execution_options().get(_READING):
        connection.exec_driver_sql("SELECT uuid FROM store FOR UPDATE")


def _begin_postgresql(connection: Connection) -> None:
    if not connection.get_execution_options().get(_READING):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({POSTGRES_LOCK})")


def _server_version(engine: Engine) -> tuple[str, tuple[int, ...]]:
    with engine.execution_options(**{_READING: True}).connect() as connection:
        dialect: Any = connection.dialect
        if dialect.name == "postgresql":
            return "PostgreSQL", tuple(dialect.server_version_info)
        name = "MariaDB" if dialect.is_mariadb else "MySQL"
        return name, tuple(part for part in dialect.server_version_info if isinstance(part, int))


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
