"""The engine, transactions and the version of the schema."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from enstorage.errors import EnstorageError, InvalidInputError, NotSupportedError, StoreError, UpgradeError

# The newest revision of migrations/versions; a test holds it against Alembic's own answer. Kept here because
# importing Alembic at every start would cost more than opening the store.
HEAD_REVISION = "0001"

BUSY_TIMEOUT_SECONDS = 60.0


class Database:
    """One relational database, migrated to this version's schema when it is empty.

    Threads may share it. `transaction` joins: an inner one, in the same thread or task, is part of the outer one.
    """

    def __init__(self, url: URL) -> None:
        self.url = url
        self.engine = _make_engine(self.url)
        self._session: ContextVar[Session | None] = ContextVar("enstorage_session", default=None)
        with _translated(self.url):
            self._ensure_schema()

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """One short writing transaction: committed at the end, rolled back when an error leaves the block."""
        outer = self._session.get()
        if outer is not None:
            with _translated(self.url):
                yield outer
            return
        with _translated(self.url), Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            token = self._session.set(session)
            try:
                yield session
                session.commit()
            except BaseException:
                for undo in reversed(session.info.get("on_rollback", ())):
                    undo()
                raise
            finally:
                self._session.reset(token)
            for act in session.info.get("on_commit", ()):
                act()

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session to read with; inside a `transaction` it sees what that one wrote."""
        outer = self._session.get()
        if outer is not None:
            with _translated(self.url):
                yield outer
            return
        reader = self.engine.execution_options(enstorage_begin="BEGIN")
        with _translated(self.url), Session(reader, expire_on_commit=False, autoflush=False) as session:
            yield session

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def _ensure_schema(self) -> None:
        with self.engine.execution_options(enstorage_begin="BEGIN").connect() as connection:
            revision = _revision(connection)
        if revision is None:
            self._migrate()
        elif revision != HEAD_REVISION:
            raise UpgradeError(
                f"The database {self.url.render_as_string()} has schema {revision}; this version of enstorage expects "
                f"{HEAD_REVISION}. Open it with the version that wrote it, or install a newer enstorage."
            )

    def _migrate(self) -> None:
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", "enstorage:database/migrations")
        # WAL lets readers work while one process writes; it is a property of the file and stays with it.
        if self.url.get_backend_name() == "sqlite":
            with self.engine.execution_options(enstorage_begin="").connect() as connection:
                connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        # One writing transaction around the look and the change: of two processes that open an empty store, one
        # migrates and the other finds it done.
        with self.engine.begin() as connection:
            if _revision(connection) is None:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def parse_url(url: str) -> URL:
    """The URL of a database that is supported.

    Raises:
        InvalidInputError: it is not a URL.
        NotSupportedError: it names another kind of database.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except ArgumentError as error:
        raise InvalidInputError(
            f"{url!r} is not a database URL. Expected for example sqlite:///folder/enstorage.sqlite."
        ) from error
    if backend != "sqlite":
        raise NotSupportedError(f"The database {backend!r} is not supported; known is sqlite.")
    return parsed


def _make_engine(url: URL) -> Engine:
    options: dict[str, Any] = {"connect_args": {"timeout": BUSY_TIMEOUT_SECONDS}}
    if url.database in (None, "", ":memory:"):
        # Every connection to :memory: would be a database of its own.
        options = {"connect_args": {"check_same_thread": False}, "poolclass": StaticPool}
    else:
        folder = Path(str(url.database)).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(
                f"The folder {folder} of the database cannot be made: {error.strerror}. Choose another folder or "
                "change its permissions."
            ) from error
    engine = create_engine(url, **options)
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _set_up_sqlite(dbapi_connection: Any, _record: Any) -> None:
    # The driver must not begin transactions by itself: `_begin_sqlite` does, and says which kind.
    dbapi_connection.isolation_level = None
    dbapi_connection.execute("PRAGMA foreign_keys=ON")
    # FULL: a committed transaction survives a power cut, not only a killed process.
    dbapi_connection.execute("PRAGMA synchronous=FULL")


def _begin_sqlite(connection: Connection) -> None:
    # A writer takes its lock at once: one that begins as a reader cannot wait for the lock later, only fail.
    begin = connection.get_execution_options().get("enstorage_begin", "BEGIN IMMEDIATE")
    if begin:
        connection.exec_driver_sql(begin)


@contextmanager
def _translated(url: URL) -> Iterator[None]:
    """The one place where errors of SQLAlchemy and its drivers become ours."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None)
        if isinstance(cause, EnstorageError):  # a column refused a value, in words of its own
            raise cause from error
        reason = str(cause or error).splitlines()[0]
        raise StoreError(
            f"The database {url.render_as_string()} refused: {reason}. Nothing was changed. `enstorage check` says "
            "whether the store is whole."
        ) from error
