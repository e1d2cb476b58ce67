"""`TraceExport`: tells a collector of OpenTelemetry of runs, attempts and notices, as they stand in the store.

Spans are made of rows after the fact. So tracing costs the work nothing, a child that was killed has its span, and a
collector that is away or slow delays nobody.
"""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer

from enorchestrator.dispatch.owner import Owner
from enorchestrator.service.presence import present
from enorchestrator.task.state import RunState
from enorchestrator.trace.parent import is_traced, key_of_attempt, span_id
from enstorage import Connector
from enstorage.errors import EnstorageError
from enstorage.ledger import Attempt, Notice, NotificationRule, Run, RunEvent, RunStep

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

_LOG = logging.getLogger(__name__)
#: Between two looks at the store.
LOOK_SECONDS = 2.0
#: A collector that took nothing is tried again after this time.
AGAIN_SECONDS = 10.0
#: Spans that wait for a collector; the oldest are left out first.
MOST_WAITING = 2_048
_MOST_AT_ONCE = 500
_JOIN_SECONDS = 2.0


class TraceExport:
    """Tells a collector of what ends from now on, from a thread of its own.

    Of several orchestrators the one that has been at work for the longest time tells.

    Args:
        connector: the store.
        owner: the dispatcher beside it.
    """

    def __init__(self, connector: Connector, owner: Owner) -> None:
        self._connector, self._owner = connector, str(owner)
        self._exporter: Any = None
        self._seen: _Seen | None = None
        self._tried_again_at = 0.0
        self._waiting: deque[ReadableSpan] = deque(maxlen=MOST_WAITING)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="enstorage-traces", daemon=True)

    @property
    def waiting(self) -> int:
        """The number of spans that the collector has not taken yet."""
        return len(self._waiting)

    def start(self) -> Self:
        """Begin, if a variable names a collector."""
        if not is_traced():
            return self
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        except ImportError:
            _LOG.warning('Traces are not told: OpenTelemetry is not installed. pip install "enstorage[trace]"')
            return self
        self._exporter = OTLPSpanExporter()
        self._thread.start()
        return self

    def stop(self) -> None:
        """Tell nothing more, after a last look."""
        self._is_over.set()
        if self._exporter is not None:
            self._thread.join(_JOIN_SECONDS)

    def _run(self) -> None:
        is_last = False
        while True:
            try:
                self._look()
            except EnstorageError as error:
                _LOG.warning("Traces cannot be read now; they are read again. %s", error)
            except Exception:  # noqa: BLE001 - traces are told as long as the process lives
                _LOG.exception("The traces go on after an error.")
            if is_last:
                return
            is_last = self._is_over.wait(LOOK_SECONDS)

    def _look(self) -> None:
        at_work = [each.owner for each in present(self._connector) if each.state != "lost"]
        with self._connector.database.reading() as session:
            if at_work[:1] != [self._owner]:
                self._seen = None
            elif self._seen is None:
                self._seen = _Seen()
                self._seen.begin(session)
            else:
                self._waiting.extend(self._seen.ended(session))
        if time.monotonic() >= self._tried_again_at:
            self._send()

    def _send(self) -> None:
        from opentelemetry.sdk.trace.export import SpanExportResult

        while self._waiting:
            batch = [self._waiting[place] for place in range(min(len(self._waiting), _MOST_AT_ONCE))]
            if self._exporter.export(batch) is not SpanExportResult.SUCCESS:
                self._tried_again_at = time.monotonic() + AGAIN_SECONDS
                return
            for _ in batch:
                self._waiting.popleft()


@dataclass(slots=True)
class _Seen:
    """The part of a store that was looked at: ids up to which rows are known, and those of rows that had not ended."""

    event: int = 0
    attempt: int = 0
    notice: int = 0
    attempts: set[int] = field(default_factory=set)
    notices: set[int] = field(default_factory=set)

    def begin(self, session: Session) -> None:
        """Pass over what has ended."""
        self.event, self.attempt, self.notice = (
            session.scalar(select(func.max(table.id))) or 0 for table in (RunEvent, Attempt, Notice)
        )
        running = (
            select(Attempt.id).join(RunStep).where(RunStep.state == RunState.RUNNING, Attempt.finished_at.is_(None))
        )
        self.attempts = set(session.scalars(running))
        self.notices = set(session.scalars(select(Notice.id).where(Notice.state == "waiting")))

    def ended(self, session: Session) -> "Iterator[ReadableSpan]":
        """The spans of what has ended since the last time."""
        yield from self._runs(session)
        yield from self._attempts(session)
        yield from self._notices(session)

    def _runs(self, session: Session) -> "Iterator[ReadableSpan]":
        wanted = select(RunEvent, Run).join(Run, Run.id == RunEvent.run_id).order_by(RunEvent.id)
        for event, run in session.execute(wanted.where(RunEvent.id > self.event, RunEvent.kind == "state")):
            self.event = event.id
            if event.data["state"] == run.state and run.finished_at is not None:
                told = {"enstorage.run": run.id, "enstorage.kind": run.kind, "enstorage.state": run.state}
                name = run.title or run.kind
                yield _span(run, _root(run), name, run.created_at, run.finished_at, told, _detail(run.error))

    def _attempts(self, session: Session) -> "Iterator[ReadableSpan]":
        new = session.scalars(select(Attempt.id).where(Attempt.id > self.attempt)).all()
        self.attempt = max(new, default=self.attempt)
        self.attempts |= set(new)
        wanted = select(Attempt, RunStep, Run).join(RunStep, RunStep.id == Attempt.step_id)
        wanted = wanted.join(Run, Run.id == RunStep.run_id).where(Attempt.finished_at.is_not(None))
        for ids in _pieces(self.attempts):
            for attempt, step, run in session.execute(wanted.where(Attempt.id.in_(ids)).options(defer(Attempt.log))):
                self.attempts.discard(attempt.id)
                told = {
                    "enstorage.run": run.id,
                    "enstorage.step": step.name,
                    "enstorage.kind": step.kind,
                    "enstorage.attempt": attempt.fence,
                    "enstorage.end": attempt.exit_reason or "",
                    "process.pid": attempt.pid or 0,
                }
                began = attempt.started_at or attempt.created_at
                key = key_of_attempt(attempt.id)
                yield _span(run, key, step.name, began, attempt.finished_at, told, _detail(attempt.error))

    def _notices(self, session: Session) -> "Iterator[ReadableSpan]":
        new = session.scalars(select(Notice.id).where(Notice.id > self.notice)).all()
        self.notice = max(new, default=self.notice)
        self.notices |= set(new)
        wanted = select(Notice, NotificationRule.name, Run).join(NotificationRule).join(Run, Run.id == Notice.run_id)
        for ids in _pieces(self.notices):
            for notice, rule, run in session.execute(wanted.where(Notice.id.in_(ids), Notice.state != "waiting")):
                self.notices.discard(notice.id)
                told = {"enstorage.run": run.id, "enstorage.rule": rule, "enstorage.channel": notice.channel or ""}
                name = f"notify {notice.channel or rule}"
                ended = notice.sent_at or notice.updated_at
                problem = _detail(notice.error) if notice.state == "given up" else None
                yield _span(run, f"notice {notice.id}", name, notice.created_at, ended, told, problem)


def _pieces(ids: set[int]) -> Iterator[tuple[int, ...]]:
    ordered = sorted(ids)
    return (tuple(ordered[start : start + _MOST_AT_ONCE]) for start in range(0, len(ordered), _MOST_AT_ONCE))


def _detail(problem: Any) -> str | None:
    return problem["detail"] if problem else None


def _root(run: Run) -> str:
    return f"run {run.id}"


def _span(
    run: Run, key: str, name: str, began: datetime, ended: datetime | None, told: dict[str, Any], problem: str | None
) -> "ReadableSpan":
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import SpanContext, Status, StatusCode, TraceFlags

    def context(of: str) -> SpanContext:
        return SpanContext(
            int(run.trace_id, 16),
            span_id(run.trace_id, of),
            is_remote=False,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
        )

    root = _root(run)
    end = ended or began
    return ReadableSpan(
        name,
        context(key),
        parent=None if key == root else context(root),
        resource=Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME", "enstorage")}),
        attributes=told,
        start_time=_nanoseconds(min(began, end)),
        end_time=_nanoseconds(end),
        status=Status(StatusCode.OK) if problem is None else Status(StatusCode.ERROR, problem),
    )


def _nanoseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000) * 1_000
