"""`Database`: transactions on one relational database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Table, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from enstorage.database.engine import for_reading, make_engine
from enstorage.database.integrity import damaged, find_damage, find_lost_entries, is_small
from enstorage.database.refusal import commit_lost, translated
from enstorage.database.schema import ensure_schema


class Database:
    """One relational database, with this version's tables when it was empty.

    Threads may share it. `transaction` joins: an inner one, in the same thread or task, is part of the outer one.

    Attributes:
        before: called before every transaction or reading that is not an inner one.
    """

    def __init__(self, url: URL, *, upgrade: bool = False) -> None:
        self.url = url
        self.before: Callable[[], None] = _nothing
        self._session: ContextVar[Session | None] = ContextVar("enstorage_session", default=None)
        #: What was found when the file was looked through; None: it was not.
        self._damage: list[str] | None = None
        #: Tables whose indexes are known to agree with them; None: all.
        self._believed: set[str] | None = set()
        with translated(self.url):
            self.engine = make_engine(self.url)
            try:
                ensure_schema(self.engine, upgrade=upgrade)
            except BaseException:
                self.close()
                raise
        self._reading_engine = for_reading(self.engine)

    @property
    def in_transaction(self) -> bool:
        """True while this thread or task is inside a `transaction`."""
        return self._session.get() is not None

    @contextmanager
    def transaction(self, *, before: bool = True) -> Iterator[Session]:
        """One short writing transaction: committed at the end, rolled back when an error leaves the block.

        Args:
            before: true to call `before`; not needed where nothing is read.
        """
        outer = self._session.get()
        if outer is not None:
            with translated(self.url):
                yield outer
            return
        if before:
            self.before()
        if self._damage != []:
            self._refuse_damage()
        with translated(self.url), Session(self.engine, expire_on_commit=False, autoflush=False) as session:
            token = self._session.set(session)
            try:
                yield session
                session.flush()
                self._commit(session)
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
            with translated(self.url):
                yield outer
            return
        self.before()
        if self._damage != []:
            self._refuse_damage()
        with (
            translated(self.url),
            Session(self._reading_engine, expire_on_commit=False, autoflush=False) as session,
        ):
            yield session

    def store_id(self) -> str:
        """The name of the store, which no other one has."""
        # Not `reading`: a store with a damaged database is opened, so that `check` can say what is damaged.
        with translated(self.url), for_reading(self.engine).connect() as connection:
            found: str | None = connection.execute(text("SELECT uuid, created_at FROM store")).scalar()
        if found is None:
            raise damaged(self.engine, ["the table store has lost its row"], "Nothing was changed.")
        return found

    def find_damage(self, *, references: bool = False) -> list[str]:
        """The damage that the database finds in its own files, in its own words. See `integrity.find_damage`."""
        with translated(self.url):
            return find_damage(self.engine, references=references)

    def confirm_empty(self, table: Table) -> None:
        """Have an answer without records believed: the indexes of the table agree with the table.

        Raises:
            DatabaseCorruptError: they do not.
        """
        if self._believed is None or table.name in self._believed:
            return
        with translated(self.url):
            lost = find_lost_entries(self.engine, table)
        if lost:
            raise damaged(self.engine, lost, "What was read is not all that there is. Nothing was changed.")
        self._believed.add(table.name)

    def _refuse_damage(self) -> None:
        """Before the first record is read, look through a file that is small.

        Raises:
            DatabaseCorruptError: it is damaged.
        """
        if self._damage is None:
            with translated(self.url):
                if is_small(self.engine):
                    self._damage, self._believed = find_damage(self.engine), None
                else:
                    self._damage = []
        if self._damage:
            raise damaged(
                self.engine,
                self._damage,
                "Records could be missing from what is read, so none are. Nothing was changed.",
            )

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()

    def _commit(self, session: Session) -> None:
        try:
            session.commit()
        except DBAPIError as error:
            if error.connection_invalidated:
                raise commit_lost(self.url, error) from None
            raise


def _nothing() -> None:
    """Nothing is to be done before a transaction."""
