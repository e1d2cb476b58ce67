"""`Database`: transactions on one relational database."""

import sqlite3
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import ClauseElement, Connection, Table, Transaction, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql import visitors

from enstorage.database.engine import for_reading, make_engine, open_sqlite
from enstorage.database.integrity import damaged, find_damage, find_lost_entries, is_small
from enstorage.database.refusal import commit_lost, translated
from enstorage.database.schema import ensure_schema
from enstorage.database.url import is_in_memory
from enstorage.errors import NotSupportedError

R = TypeVar("R")

#: Of sessions: records are plain data once their transaction is over, and are written when somebody says so.
_SHORT: Any = {"expire_on_commit": False, "autoflush": False}

#: Values that `until_changed` keeps at most; who asks for many, such as for made-up secrets, has them read anew.
_MOST_KEPT = 1_000


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
        self._answers: ContextVar[Answers | None] = ContextVar("enstorage_answers", default=None)
        self._last_act: ContextVar[Callable[[Session], None]] = ContextVar("enstorage_last_act", default=_nothing_more)
        #: Why this thread or task may not write; None where it may. See `Connector.refusing_writes`.
        self.refusal: ContextVar[str | None] = ContextVar("enstorage_refusal", default=None)
        #: Number of transactions that ended in this process.
        self._writings = 0
        #: What was found when the file was looked through; None: it was not.
        self._damage: list[str] | None = None
        #: Tables whose indexes are known to agree with them; None: all.
        self._believed: set[str] | None = set()
        #: Of `until_changed`: a mark, and the values that were read since.
        self._kept: tuple[int | None, dict[Hashable, Any]] = (None, {})
        #: Of `change_mark`: writes nothing, so that it is told of what all others write.
        self._marked: sqlite3.Connection | None = None
        self._marking = Lock()
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
        outer = self._begin(before=before)
        if outer is not None:
            with translated(self.url):
                yield outer
            return
        with translated(self.url), Session(self.engine, **_SHORT) as session, self._writing(session):
            yield session

    @contextmanager
    def changing(self) -> Iterator[Connection]:
        """A `transaction` of statements alone: without records, whose session takes longer than a few statements.

        A `transaction` that is begun inside is a part of it.
        """
        outer = self._begin()
        if outer is not None:
            with translated(self.url):
                yield outer.connection()
            return
        with (
            translated(self.url),
            self.engine.connect() as connection,
            connection.begin() as whole,
            self._writing(Session(connection, **_SHORT), whole),
        ):
            yield connection

    def _begin(self, *, before: bool = True) -> Session | None:
        """The transaction to join; None where a new one begins."""
        self.check_writable()
        outer = self._session.get()
        if outer is None:
            if before:
                self.before()
            if self._damage != []:
                self._refuse_damage()
        return outer

    @contextmanager
    def _writing(self, session: Session, whole: Transaction | None = None) -> Iterator[None]:
        """The block is a transaction, of the session or the given one: committed at its end, undone after an error."""
        token = self._session.set(session)
        try:
            yield
            session.flush()
            self._last_act.get()(session)
            self._commit(session, whole)
        except BaseException:
            for undo in reversed(session.info.get("on_rollback", ())):
                undo()
            raise
        finally:
            self._writings += 1
            self._session.reset(token)
        for act in session.info.get("on_commit", ()):
            act()

    def check_writable(self) -> None:
        """Raise an error where writes are refused.

        Raises:
            NotSupportedError: they are.
        """
        refusal = self.refusal.get()
        if refusal is not None:
            raise NotSupportedError(refusal)

    @contextmanager
    def ending_with(self, act: Callable[[Session], None]) -> Iterator[None]:
        """Call a function at the end of each transaction of this thread or task inside the block, as a part of it.

        The records that the transaction stored for the first time, and the outcomes of `act_on_ids`, are in
        `session.info["made"]`, in their order.
        """
        token = self._last_act.set(act)
        try:
            yield
        finally:
            self._last_act.reset(token)

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
            Session(self._reading_engine, **_SHORT) as session,
        ):
            yield session

    @contextmanager
    def remembering(self, answers: "Answers | None" = None) -> Iterator[None]:
        """Have this thread or task read nothing twice inside the block, unless this process wrote meanwhile.

        Records that are read again are the same objects. What other processes write meanwhile may stay unseen.

        Args:
            answers: what earlier blocks read and later ones need not read; by default the block forgets.
        """
        token = self._answers.set(self._answers.get() or answers or Answers())
        try:
            yield
        finally:
            self._answers.reset(token)

    @property
    def answers(self) -> dict[Any, Any] | None:
        """Answers by their questions; None outside of `remembering`, and in a transaction, which reads anew."""
        kept = self._answers.get()
        if kept is None or self.in_transaction:
            return None
        self.before()  # may write
        if kept.writings != self._writings:
            kept.writings, kept.by_question = self._writings, {}
        return kept.by_question

    def store_id(self) -> str:
        """The name of the store, which no other one has."""
        # Not `reading`: a store with a damaged database is opened, so that `check` can say what is damaged.
        with translated(self.url), for_reading(self.engine).connect() as connection:
            found: str | None = connection.execute(text("SELECT uuid, created_at FROM store")).scalar()
        if found is None:
            raise damaged(self.engine, ["the table store has lost its row"], "Nothing was changed.")
        return found

    def change_mark(self) -> int | None:
        """A number that is another one once anything was committed, by any process; None where none is at hand."""
        if self.url.get_backend_name() != "sqlite" or is_in_memory(self.url):
            return None
        with translated(self.url), self._marking:
            if self._marked is None:
                self._marked = open_sqlite(self.url, check_same_thread=False)
            mark: int = self._marked.execute("PRAGMA data_version").fetchone()[0]
        return mark

    def until_changed(self, question: Hashable, read: Callable[[], R]) -> R:
        """A value that is read once until anything is committed, by any process; each time where that is not known.

        Threads may ask together.

        Args:
            question: the name of the value.
            read: reads it from this database alone.
        """
        # A mark is older than what is read after it, so a value is never believed longer than it holds.
        mark = None if self.in_transaction else self.change_mark()
        if mark is None:
            return read()
        known_at, known = self._kept
        if known_at != mark or len(known) >= _MOST_KEPT:
            known = {}
            self._kept = mark, known
        if question not in known:
            known[question] = read()
        value: R = known[question]
        return value

    def find_damage(self, *, references: bool = False) -> list[str]:
        """The damage that the database finds in its own files, in its own words. See `integrity.find_damage`."""
        with translated(self.url):
            return find_damage(self.engine, references=references)

    def confirm_empty(self, *asked: ClauseElement) -> None:
        """Have an answer without records, or a count of 0, believed: tables agree with their indexes.

        Every reader whose answer can be nothing calls this before it gives such an answer.

        Args:
            asked: the queries, or the tables, that nothing was found in.

        Raises:
            DatabaseCorruptError: they do not.
        """
        if self._believed is None:
            return
        for table in {each for query in asked for each in visitors.iterate(query) if isinstance(each, Table)}:
            if table.name not in self._believed:
                with translated(self.url):
                    lost = find_lost_entries(self.engine, table)
                if lost:
                    raise damaged(self.engine, lost, "What was read is not all that there is. Nothing was changed.")
                self._believed.add(table.name)

    def believed(self, found: R, *asked: ClauseElement) -> R:
        """The answer of queries as it is; an empty one after `confirm_empty`."""
        if not found:
            self.confirm_empty(*asked)
        return found

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
        if self._marked is not None:
            self._marked.close()
            self._marked = None

    def _commit(self, session: Session, whole: Transaction | None) -> None:
        try:
            if whole is None or session.in_transaction():
                session.commit()
            if whole is not None:
                whole.commit()
        except DBAPIError as error:
            if error.connection_invalidated:
                raise commit_lost(self.url, error) from None
            raise


class Answers:
    """Answers by their questions, for `Database.remembering`; forgotten when this process writes."""

    def __init__(self) -> None:
        self.writings = -1
        self.by_question: dict[Any, Any] = {}


def _nothing() -> None:
    """Nothing is to be done before a transaction."""


def _nothing_more(_session: Session) -> None:
    """Nothing is to be done at the end of a transaction."""
