"""`Recorder`: facts and curves on their way to the database, written many at a time."""

import atexit
import threading
import weakref
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from enstorage.database.upsert import upsert
from enstorage.database.url import is_in_memory
from enstorage.entity._record import Record, now
from enstorage.entity.model_curve import ModelCurve, joined, packed
from enstorage.entity.model_meta import ModelMeta, fact_columns
from enstorage.errors import NotFoundError, StoreError

if TYPE_CHECKING:
    from enstorage.database.database import Database

#: A crash loses at most what was recorded in this time.
SECONDS = 1.0
_MANY_ROWS = 20_000
# Stretches of one model's curves that are joined into one.
_MANY_STRETCHES = 64

Fact = tuple[int, str, Any]


class Recorder:
    """Writes the facts and curves of one store.

    Facts are written at once, or inside `buffered` as curves always are: when something is read, after a second, when many
    have gathered, when the block, the connector or the process ends. A killed process loses at most the last second.
    """

    def __init__(self, database: "Database") -> None:
        self._database = database
        self._facts: dict[tuple[int, str], dict[str, Any]] = {}
        self._steps: dict[int, list[dict[str, Any]]] = defaultdict(list)
        self._rows = 0
        self._buffering = threading.local()
        # Two locks, so that a thread that is inside a transaction can record while another waits to write.
        self._gathering, self._writing = threading.Lock(), threading.Lock()
        self._due: threading.Timer | None = None
        database.before = self.flush
        _open_recorders.add(self)

    @contextmanager
    def buffered(self) -> Iterator[None]:
        """Gather the facts that this thread records inside the block."""
        outer = getattr(self._buffering, "depth", 0)
        self._buffering.depth = outer + 1
        try:
            yield
        finally:
            self._buffering.depth = outer
            if not outer:
                self.flush()

    def record(self, facts: Iterable[Fact]) -> None:
        """Keep facts: model id, key and value.

        Raises:
            NotFoundError: a model is no longer stored.
        """
        rows = {(model_id, key): fact_columns(model_id, key, value) for model_id, key, value in facts}
        if getattr(self._buffering, "depth", 0) and not self._database.in_transaction:
            with self._gathering:
                self._facts |= rows
            self._gathered(len(rows))
            return
        try:
            with self._database.transaction() as session:
                _write_facts(session, rows)
        except StoreError as error:
            if isinstance(error.__cause__, IntegrityError):
                models = ", ".join(str(id) for id in sorted({model_id for model_id, _ in rows}))
                raise NotFoundError(f"Model {models} is no longer stored: it was deleted meanwhile.") from error
            raise

    def log(self, model_id: int, step: int, values: Mapping[str, float]) -> None:
        """Keep the values of curves at a step."""
        with self._gathering:
            self._steps[model_id].append({"step": step, **values})
        self._gathered(1)

    def flush(self) -> None:
        """Write what has gathered; inside a transaction, which may yet be rolled back, nothing is written."""
        if not self._rows or self._database.in_transaction:
            return
        with self._writing:
            facts, steps, rows = self._taken()
            if not rows:
                return
            try:
                with self._database.transaction() as session:
                    known = _known_models(session, {model_id for model_id, _ in facts} | steps.keys())
                    _write_facts(session, {key: row for key, row in facts.items() if key[0] in known})
                    _write_steps(session, {id: values for id, values in steps.items() if id in known})
            except BaseException:
                self._put_back(facts, steps, rows)
                raise

    def close(self) -> None:
        """Write what has gathered, for the last time."""
        self.flush()
        _open_recorders.discard(self)

    def _taken(self) -> tuple[dict[tuple[int, str], dict[str, Any]], dict[int, list[dict[str, Any]]], int]:
        with self._gathering:
            if self._due is not None:
                self._due.cancel()
                self._due = None
            gathered = self._facts, self._steps, self._rows
            self._facts, self._steps, self._rows = {}, defaultdict(list), 0
        return gathered

    def _put_back(
        self, facts: dict[tuple[int, str], dict[str, Any]], steps: dict[int, list[dict[str, Any]]], rows: int
    ) -> None:
        with self._gathering:
            self._facts = facts | self._facts  # what was recorded meanwhile is newer
            for model_id, newer in self._steps.items():
                steps[model_id] += newer
            self._steps, self._rows = steps, rows + self._rows

    def _gathered(self, rows: int) -> None:
        with self._gathering:
            self._rows += rows
            many = self._rows >= _MANY_ROWS
            if not many and self._due is None and not is_in_memory(self._database.url):
                self._due = threading.Timer(SECONDS, _flush_later, [weakref.ref(self)])
                self._due.daemon = True
                self._due.start()
        if many:
            self.flush()


def _flush_later(recorder: "weakref.ref[Recorder]") -> None:
    alive = recorder()
    if alive is not None:
        with suppress(StoreError):  # the server is away: what is kept is written with what comes next
            alive.flush()


def _known_models(session: Session, ids: Iterable[int]) -> set[int]:
    """Those of the models that are stored: what is recorded of a deleted one is of no use."""
    model, wanted, known = Record.metadata.tables["model"], sorted(ids), set[int]()
    for start in range(0, len(wanted), 500):
        known |= set(session.scalars(select(model.c.id).where(model.c.id.in_(wanted[start : start + 500]))))
    return known


def _write_facts(session: Session, rows: Mapping[Any, dict[str, Any]]) -> None:
    if rows:
        replaced = ["value", "number", "label", "updated_at", "deleted_at"]
        upsert(session, ModelMeta.__table__, list(rows.values()), ["model_id", "key"], replaced)  # type: ignore[arg-type]


def _write_steps(session: Session, steps: Mapping[int, list[dict[str, Any]]]) -> None:
    import polars as pl

    moment = now()
    rows = []
    for model_id, values in steps.items():
        stretch = pl.from_dicts(values, infer_schema_length=None)
        kept = session.scalar(select(func.count()).where(ModelCurve.model_id == model_id)) or 0
        if kept >= _MANY_STRETCHES:
            stretch = _taken_out(session, model_id, stretch)
        rows.append(
            {"model_id": model_id, "description": "", "tags": {}, "created_at": moment, "updated_at": moment}
            | packed(stretch)
        )
    if rows:
        session.execute(insert(ModelCurve), rows)


def _taken_out(session: Session, model_id: int, latest: Any) -> Any:
    """All stretches of a model, and the latest one, as one; those that were kept are deleted."""
    kept = session.scalars(select(ModelCurve).where(ModelCurve.model_id == model_id).order_by(ModelCurve.id)).all()
    together = joined([*(each.table() for each in kept), latest])
    for each in kept:
        session.delete(each)
    session.flush()
    return together


_open_recorders: "weakref.WeakSet[Recorder]" = weakref.WeakSet()


@atexit.register
def _flush_all() -> None:
    for recorder in list(_open_recorders):
        with suppress(StoreError):
            recorder.flush()
