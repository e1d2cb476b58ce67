"""`Reporter`: takes progress, partial results and log lines of a child to the store, and takes back that it is to stop."""

import logging
import os
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from multiprocessing import parent_process
from multiprocessing.connection import wait
from typing import Any

from sqlalchemy import CursorResult, delete, select, update
from sqlalchemy.orm import Session

from enorchestrator.task.claim import Claim
from enorchestrator.task.problem import as_plain_json
from enorchestrator.task.state import RunState
from enorchestrator.trace.redaction import redactor_of
from enstorage import Connector
from enstorage.errors import StoreError
from enstorage.ledger import Run, RunEvent, RunStep
from enstorage.ledger.base import now

#: A run keeps so many log lines, of so many characters; of each of so many partial results the latest.
MOST_LINES, LONGEST_LINE, MOST_PARTIALS = 200, 1_000, 50
#: A line is cut twice, so that no secret is cut in two before it is hidden.
_LONGEST_TAKEN = 4 * LONGEST_LINE


class Reporter:
    """Reports from a thread of its own, since the work may hold a transaction open, or say nothing for long.

    One progress event and one event of each partial result are kept: a newer one replaces the older one. What is reported
    faster than the period is passed over, but for the last.

    Args:
        connector: the store.
        claim: of the step that runs.
        told_to_stop: called once when somebody cancelled the run, or when the claim is void.
        period_seconds: between two transactions that report; also how soon the work learns that it is to stop.
    """

    def __init__(
        self, connector: Connector, claim: Claim, told_to_stop: Callable[[], None], period_seconds: float = 0.25
    ) -> None:
        self._period = period_seconds
        self._connector, self._claim, self._told_to_stop = connector, claim, told_to_stop
        self._redactor = redactor_of(connector.settings)
        self._lock = threading.Lock()
        self._progress: tuple[str, int, int] | None = None
        self._partials: dict[str, Any] = {}
        self._lines: list[str] = []
        self._lines_taken = 0
        #: Ids of the events that newer ones replace: by the name of the partial result, "" for the progress.
        self._replaced: dict[str, int] = {}
        self._is_stopping = False
        self._over = threading.Event()

    @property
    def is_stopping(self) -> bool:
        """True once the work has been asked to stop."""
        return self._is_stopping

    def progress(self, what: str, done: int, total: int, /) -> bool:
        """Take note of progress, see `enstorage.Progress`."""
        with self._lock:
            self._progress = (what[:_LONGEST_TAKEN], done, total)
        return self._is_stopping

    def partial(self, name: str, data: Any, /) -> None:
        """Take note of an intermediate result, see `enorchestrator.work.kind.Partial`."""
        with self._lock:
            if name in self._partials or name in self._replaced or len(self._replaced) <= MOST_PARTIALS:
                self._partials[name] = as_plain_json(data)

    def line(self, text: str) -> None:
        """Take note of a log line."""
        with self._lock:
            self._lines_taken += 1
            if self._lines_taken < MOST_LINES:
                self._lines.append(self._redactor.text(text[:_LONGEST_TAKEN])[:LONGEST_LINE])
            elif self._lines_taken == MOST_LINES:
                self._lines.append("Further lines are left out here; the end of the log is kept with the attempt.")

    @contextmanager
    def reporting(self) -> Iterator[None]:
        """Report inside the block; at its end what was not reported yet."""
        thread = threading.Thread(target=self._run, name="enstorage-reporter", daemon=True)
        thread.start()
        try:
            with _lines_of_logs(self.line):
                yield
        finally:
            self._over.set()
            thread.join()
            with suppress(StoreError):  # the commit of the work, which follows, tells about it
                if self._progress or self._partials or self._lines:
                    self.report()

    def _run(self) -> None:
        parent = parent_process()
        while not self._over.wait(self._period):
            if parent is not None and wait([parent.sentinel], 0):
                # The dispatcher was killed: another one executes the step again, and two must not do so at once.
                os._exit(1)
            # What was not written is tried again; the outcome of the work decides about an error of the store.
            with suppress(StoreError):
                self.report()

    def report(self) -> None:
        """Report what was not reported yet, and ask whether to stop.

        Raises:
            StoreError: nothing was reported; it is tried again with what follows.
        """
        with self._lock:
            progress, partials, lines = self._shown(self._progress), self._partials, self._lines
            self._progress, self._partials, self._lines = None, {}, []
        try:
            if progress or partials or lines:
                with self._connector.database.transaction(before=False) as session:
                    if self._holds(session, progress):
                        self._write(session, progress, partials, lines)
        except StoreError:
            with self._lock:
                self._progress = self._progress or progress
                self._partials, self._lines = partials | self._partials, lines + self._lines
            raise
        self._ask()

    def _shown(self, progress: tuple[str, int, int] | None) -> tuple[str, int, int] | None:
        """Progress without secrets."""
        return None if progress is None else (self._redactor.text(progress[0])[:LONGEST_LINE], *progress[1:])

    def _holds(self, session: Session, progress: tuple[str, int, int] | None) -> bool:
        """Renew the progress of the step; False if the claim is void, and then nothing is written."""
        what, done, total = progress or (None, None, None)
        values = {"progress_what": what, "progress_done": done, "progress_total": total} if progress else {}
        renewed = session.execute(
            update(RunStep)
            .where(
                RunStep.id == self._claim.step_id, RunStep.fence == self._claim.fence, RunStep.state == RunState.RUNNING
            )
            .values(updated_at=now(), **values),
            execution_options={"synchronize_session": False},
        )
        assert isinstance(renewed, CursorResult)  # noqa: S101 - of an UPDATE
        return renewed.rowcount == 1

    def _write(
        self, session: Session, progress: tuple[str, int, int] | None, partials: Mapping[str, Any], lines: list[str]
    ) -> None:
        run, step = self._claim.run_id, self._claim.step_id
        session.add_all(RunEvent(run_id=run, step_id=step, kind="log", data={"line": line}) for line in lines)
        newer: dict[str, RunEvent] = {}
        if progress is not None:
            data = dict(zip(("what", "done", "total"), progress, strict=True))
            newer[""] = RunEvent(run_id=run, step_id=step, kind="progress", data=data)
        for name, data in partials.items():
            told = {"name": name, "data": self._redactor.json(data)}
            newer[name] = RunEvent(run_id=run, step_id=step, kind="partial", data=told)
        session.add_all(newer.values())
        older = [self._replaced[name] for name in newer if name in self._replaced]
        if older:
            session.execute(delete(RunEvent).where(RunEvent.id.in_(older)))
        session.flush()
        self._replaced |= {name: event.id for name, event in newer.items()}

    def _ask(self) -> None:
        if self._is_stopping:
            return
        with self._connector.database.reading() as session:
            found = session.execute(
                select(Run.cancel_requested_at, RunStep.fence, RunStep.state)
                .join(RunStep, RunStep.run_id == Run.id)
                .where(RunStep.id == self._claim.step_id)
            ).one()
        is_void = found.fence != self._claim.fence or found.state != RunState.RUNNING
        if is_void or found.cancel_requested_at is not None:
            self._is_stopping = True
            self._told_to_stop()


@contextmanager
def _lines_of_logs(take: Callable[[str], None]) -> Iterator[None]:
    """Pass warnings and log records on as lines, and print them as before; the same warning once, wherever it is raised."""
    root, handlers = logging.getLogger(), (_Lines(take), logging.StreamHandler())
    with warnings.catch_warnings():
        print_warning, told = warnings.showwarning, set[str]()

        def show(message: Warning | str, *arguments: Any, **options: Any) -> None:
            if str(message) in told:
                return
            told.add(str(message))
            take(f"warning: {message}")
            print_warning(message, *arguments, **options)

        warnings.simplefilter("default")
        for kind in (DeprecationWarning, PendingDeprecationWarning):  # for who writes a library; Python hides them too
            warnings.simplefilter("ignore", kind)
        warnings.showwarning = show
        for handler in handlers:
            root.addHandler(handler)
        try:
            yield
        finally:
            for handler in handlers:
                root.removeHandler(handler)


class _Lines(logging.Handler):
    """Passes log records on as lines, without traces, which the log of the attempt has."""

    def __init__(self, take: Callable[[str], None]) -> None:
        super().__init__(logging.INFO)
        self._take = take

    def emit(self, record: logging.LogRecord) -> None:
        """Pass a record on."""
        self._take(f"{record.levelname.lower()}: {record.getMessage()}")
