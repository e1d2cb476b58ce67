"""`FactRecorder`: buffered writing of facts and curves to the database."""

import atexit
import threading
import weakref
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Select, bindparam, func, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from enstorage.database.upsert import upsert
from enstorage.database.url import is_in_memory
from enstorage.entity._record import Record, now
from enstorage.entity.model_curve import ModelCurve, joined, packed
from enstorage.entity.model_meta import CONSTANTS, FACTS, REPLACED, fact_row
from enstorage.errors import NotFoundError, StoreError

if TYPE_CHECKING:
    import pyarrow as pa

    from enstorage.database.database import Database

#: A crash loses at most what was recorded in this time.
SECONDS = 1.0
_MANY_ROWS = 20_000
# Stretches of one model's curves that are joined into one.
_MANY_STRETCHES = 64

Fact = tuple[int, str, Any]
#: A step and the value of each curve there; or arrays of both, shape (n,).
Logged = tuple[Any, Mapping[str, Any]]


class FactRecorder:
    """Writes the facts and curves of one store.

    Facts are written immediately. Inside `buffered` facts are collected, as curves always are, and written when something
    is read, after a second, when there are many, and when the block, the connector or the process ends. A killed process
    loses at most the last second.
    """

    def __init__(self, database: "Database") -> None:
        self._database = database
        self._facts: dict[tuple[int, str], dict[str, Any]] = {}
        self._steps: dict[int, list[Logged]] = defaultdict(list)
        self._rows = 0
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
                self._facts |= rows
            self._collected(len(rows))
            return
        try:
            with self._database.transaction() as session:
                _write_facts(session, rows)
        except StoreError as error:
            if isinstance(error.__cause__, IntegrityError):
                models = ", ".join(str(id) for id in sorted({model_id for model_id, _ in rows}))
                raise NotFoundError(f"Model {models} is no longer stored: it was deleted meanwhile.") from error
            raise

    def log(self, model_id: int, step: Any, values: Mapping[str, Any], rows: int = 1) -> None:
        """Record the values of curves at a step, or at `rows` steps."""
        with self._collecting:
            self._steps[model_id].append((step, values))
        self._collected(rows)

    def flush(self) -> None:
        """Write the collected facts and curves, but not inside a transaction, which may still be rolled back."""
        if not self._rows or self._database.in_transaction:
            return
        with self._writing:
            facts, steps, rows = self._take()
            if not rows:
                return
            try:
                with self._database.transaction() as session:
                    kept = _stretches(session, {model_id for model_id, _ in facts} | steps.keys())
                    _write_facts(session, {key: row for key, row in facts.items() if key[0] in kept})
                    _write_steps(session, {id: logged for id, logged in steps.items() if id in kept}, kept)
            except BaseException:
                self._put_back(facts, steps, rows)
                raise

    def close(self) -> None:
        """Write the collected facts and curves for the last time."""
        self.flush()
        _open_recorders.discard(self)

    def _take(self) -> tuple[dict[tuple[int, str], dict[str, Any]], dict[int, list[Logged]], int]:
        with self._collecting:
            if self._due is not None:
                self._due.cancel()
                self._due = None
            collected = self._facts, self._steps, self._rows
            self._facts, self._steps, self._rows = {}, defaultdict(list), 0
        return collected

    def _put_back(
        self, facts: dict[tuple[int, str], dict[str, Any]], steps: dict[int, list[Logged]], rows: int
    ) -> None:
        with self._collecting:
            self._facts = facts | self._facts  # what was recorded meanwhile is newer
            for model_id, newer in self._steps.items():
                steps[model_id] += newer
            self._steps, self._rows = steps, rows + self._rows
            self._set_timer()

    def _collected(self, rows: int) -> None:
        with self._collecting:
            self._rows += rows
            many = self._rows >= _MANY_ROWS
            if not many:
                self._set_timer()
        if many:
            self.flush()

    def _set_timer(self) -> None:
        if self._due is None and not is_in_memory(self._database.url):
            self._due = threading.Timer(SECONDS, _flush_later, [weakref.ref(self)])
            self._due.daemon = True
            self._due.start()


def _flush_later(recorder: "weakref.ref[FactRecorder]") -> None:
    alive = recorder()
    if alive is not None:
        with suppress(StoreError):  # the server is unavailable; the next flush is a second later
            alive.flush()


def _stretches(session: Session, ids: Iterable[int]) -> dict[int, int]:
    """Number of stored stretches of curves of each model, which may be 0; models deleted meanwhile are left out."""
    wanted, found = sorted(ids), dict[int, int]()
    for start in range(0, len(wanted), 500):
        for id, count in session.connection().execute(_counting(), {"ids": wanted[start : start + 500]}):
            found[id] = count
    return found


@cache  # building the statement takes longer than running it
def _counting() -> Select[int, int]:
    model, curve = Record.metadata.tables["model"], Record.metadata.tables["model_curve"]
    counted = select(model.c.id, func.count(curve.c.id)).join_from(model, curve, isouter=True).group_by(model.c.id)
    return counted.where(model.c.id.in_(bindparam("ids", expanding=True)))


def _write_facts(session: Session, rows: Mapping[Any, dict[str, Any]]) -> None:
    if rows:
        dialect = session.get_bind().dialect.name
        session.connection().execute(
            upsert(dialect, FACTS, ("model_id", "key"), REPLACED, CONSTANTS), list(rows.values())
        )


def _write_steps(session: Session, steps: Mapping[int, list[Logged]], kept: Mapping[int, int]) -> None:
    moment = now()
    rows = []
    for model_id, logged in steps.items():
        stretch = _table(logged)
        if kept[model_id] >= _MANY_STRETCHES:
            stretch = _merged(session, model_id, stretch)
        rows.append(
            {"model_id": model_id, "description": "", "tags": {}, "created_at": moment, "updated_at": moment}
            | packed(stretch)
        )
    if rows:
        session.connection().execute(insert(Record.metadata.tables["model_curve"]), rows)


def _table(logged: list[Logged]) -> "pa.Table":
    """Column `step` and one for each curve, in the order in which they were logged."""
    import pyarrow as pa

    tables = []
    for _, group in groupby(logged, key=lambda entry: entry[1].keys()):
        steps, values = zip(*group, strict=True)
        columns = {"step": _array(steps, np.int64)}
        columns |= {name: _array([each[name] for each in values], np.float64) for name in values[0]}
        tables.append(pa.table(columns))
    return pa.concat_tables(tables, promote_options="default")


def _array(parts: Sequence[Any], kind: type) -> NDArray[Any]:
    if any(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate([np.atleast_1d(part) for part in parts]).astype(kind, copy=False)
    return np.array(parts, dtype=kind)


def _merged(session: Session, model_id: int, latest: "pa.Table") -> "pa.Table":
    """The stored stretches of a model and the latest one, merged into one; the stored ones are deleted."""
    import polars as pl

    kept = session.scalars(select(ModelCurve).where(ModelCurve.model_id == model_id).order_by(ModelCurve.id)).all()
    merged = joined([*(each.table() for each in kept), cast("pl.DataFrame", pl.from_arrow(latest))])
    for each in kept:
        session.delete(each)
    session.flush()
    return merged.to_arrow()


_open_recorders: "weakref.WeakSet[FactRecorder]" = weakref.WeakSet()


@atexit.register
def _flush_all() -> None:
    for recorder in list(_open_recorders):
        with suppress(StoreError):
            recorder.flush()
