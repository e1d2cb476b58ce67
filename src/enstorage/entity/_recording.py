"""`FactRecorder`: buffered writing of facts and curves to the database."""

import atexit
import threading
import warnings
import weakref
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from enstorage.database.refusal import refuses_values
from enstorage.database.upsert import upsert
from enstorage.database.url import is_in_memory
from enstorage.entity._collected import Collected
from enstorage.entity._record import now
from enstorage.entity._stretches import count_short, write_points
from enstorage.entity.model_curve import Points
from enstorage.entity.model_meta import CONSTANTS, FACTS, REPLACED, fact_row
from enstorage.errors import NotFoundError, StoreError

if TYPE_CHECKING:
    from enstorage.database.database import Database

#: A crash loses at most what was recorded in this time.
SECONDS = 1.0
_MANY_ROWS = 20_000
# Refused records that a warning names.
_NAMED = 5

Fact = tuple[int, str, Any]


class FactRecorder:
    """Writes the facts and curves of one store.

    Facts are written immediately. Inside `buffered` facts are collected, as curves always are, and written when something
    is read, after a second, when there are many, and when the block, the connector or the process ends. A killed process
    loses at most the last second.

    Records that the database refuses for their values are given up with a warning that names them, and all others are
    written. While the database cannot be written to, all of them stay collected.
    """

    def __init__(self, database: "Database") -> None:
        self._database = database
        self._collected = Collected()
        self._buffering = threading.local()
        # Two locks, so that a thread that is inside a transaction can record while another waits to write.
        self._collecting, self._writing = threading.Lock(), threading.Lock()
        self._due: threading.Timer | None = None
        database.before = self.flush
        _open_recorders.add(self)

    @contextmanager
    def buffered(self) -> Iterator[None]:
        """Collect the facts that this thread records inside the block."""
        outer = getattr(self._buffering, "depth", 0)
        self._buffering.depth = outer + 1
        try:
            yield
        finally:
            self._buffering.depth = outer
            if not outer:
                self.flush()

    def record(self, facts: Iterable[Fact]) -> None:
        """Record facts: model id, key and value.

        Raises:
            NotFoundError: a model is no longer stored.
        """
        moment = now().replace(tzinfo=None)
        rows = {(model_id, key): fact_row(model_id, key, value, moment) for model_id, key, value in facts}
        if getattr(self._buffering, "depth", 0) and not self._database.in_transaction:
            with self._collecting:
                self._collected.add_facts(rows)
                self._set_timer()
            if self._collected.rows >= _MANY_ROWS:
                self.flush()
            return
        try:
            with self._database.transaction() as session:
                _write_facts(session, rows)
        except StoreError as error:
            if isinstance(error.__cause__, IntegrityError):
                models = ", ".join(str(id) for id in sorted({model_id for model_id, _ in rows}))
                raise NotFoundError(f"Model {models} is no longer stored: it was deleted meanwhile.") from error
            raise

    def log(self, model_id: int, points: Points) -> None:
        """Record points of the curves of a model."""
        with self._collecting:
            self._collected.add_points(model_id, points)
            self._set_timer()
        if self._collected.rows >= _MANY_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write the collected facts and curves, but not inside a transaction, which may still be rolled back.

        Raises:
            StoreError: the database cannot be written to; they stay collected.
        """
        if not self._collected.rows or self._database.in_transaction:
            return
        refused: list[tuple[Collected, Exception]] = []
        try:
            with self._writing:
                self._write_all(self._take(), refused)
        finally:
            _warn_of(refused)

    def close(self) -> None:
        """Write the collected facts and curves for the last time."""
        self.flush()
        _open_recorders.discard(self)

    def _take(self) -> Collected:
        with self._collecting:
            if self._due is not None:
                self._due.cancel()
                self._due = None
            collected, self._collected = self._collected, Collected()
        return collected

    def _put_back(self, unwritten: list[Collected]) -> None:
        with self._collecting:
            whole = Collected()
            for part in (*unwritten, self._collected):
                whole.add(part)
            self._collected = whole
            self._set_timer()

    def _write_all(self, collected: Collected, refused: list[tuple[Collected, Exception]]) -> None:
        """Write all records at once; if the database refuses that, write them in halves, to find what it refuses."""
        pending = [collected]
        try:
            while pending:
                try:
                    self._write(pending[-1])
                except Exception as error:
                    if not refuses_values(error):
                        raise
                    batch = pending.pop()
                    halves = batch.halves()
                    pending += reversed(halves)
                    if not halves:
                        refused.append((batch, error))
                else:
                    pending.pop()
        except BaseException:
            self._put_back(pending[::-1])
            raise

    def _write(self, collected: Collected) -> None:
        if not collected.rows:
            return
        with self._database.transaction(before=False) as session:  # `before` is this flush
            kept = count_short(session, collected.models())
            _write_facts(session, {key: row for key, row in collected.facts.items() if key[0] in kept})
            write_points(session, {id: logged for id, logged in collected.points.items() if id in kept}, kept)

    def _set_timer(self) -> None:
        if self._due is None and not is_in_memory(self._database.url):
            timer = threading.Timer(SECONDS, _flush_later, [weakref.ref(self)])
            timer.daemon = True
            with suppress(RuntimeError):  # the process ends, and no thread can be started any more
                timer.start()
                self._due = timer


def _flush_later(recorder: "weakref.ref[FactRecorder]") -> None:
    alive = recorder()
    if alive is not None:
        with suppress(StoreError):  # the server is unavailable; the next flush is a second later
            alive.flush()


def _warn_of(refused: list[tuple[Collected, Exception]]) -> None:
    if refused:
        first = "; ".join(f"{record} ({error})" for record, error in refused[:_NAMED])
        more = f"; and {len(refused) - _NAMED} more" if len(refused) > _NAMED else ""
        warnings.warn(
            f"The database refused what was recorded, and it is lost: {first}{more}. Everything else is written. Correct "
            "the values and record them again.",
            stacklevel=3,
        )


def _write_facts(session: Session, rows: Mapping[Any, dict[str, Any]]) -> None:
    if rows:
        dialect = session.get_bind().dialect.name
        session.connection().execute(
            upsert(dialect, FACTS, ("model_id", "key"), REPLACED, CONSTANTS), list(rows.values())
        )


_open_recorders: "weakref.WeakSet[FactRecorder]" = weakref.WeakSet()


@atexit.register
def _flush_all() -> None:
    for recorder in list(_open_recorders):
        try:
            recorder.flush()
        except StoreError as error:
            warnings.warn(
                f"What was recorded last could not be written before the process ended: {error}", stacklevel=1
            )
