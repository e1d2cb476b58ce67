"""`Dispatcher`: claims steps, has an executor run them, and settles their ends."""

import itertools
import logging
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from types import TracebackType
from typing import Self

from enorchestrator.dispatch.disk_watch import DiskWatch
from enorchestrator.dispatch.owner import Owner
from enorchestrator.dispatch.queue import claim, has_ready, is_empty, renew, to_cancel
from enorchestrator.dispatch.resources import Resources
from enorchestrator.dispatch.rights import refuse_denied
from enorchestrator.dispatch.settle import LostClaims
from enorchestrator.dispatch.wake import sleeper
from enorchestrator.executor.base import ExecutorFactory
from enorchestrator.executor.local import LocalExecutor
from enorchestrator.task.call import Begin
from enorchestrator.task.claim import Claim, ProcessEnd
from enorchestrator.task.limits import Limits, Timing
from enorchestrator.task.settle import note_begun, settle
from enorchestrator.trace.redaction import redactor_of
from enstorage import Connector
from enstorage.errors import EnstorageError, InvalidInputError, StoreError

_LOG = logging.getLogger(__name__)
#: Between two looks at the mark of a SQLite file that tells that another process has written; they cost nearly nothing.
MARK_SECONDS = 0.04
_DRAIN_LOOK_SECONDS = 0.02
_NUMBERS = itertools.count(1)


class Dispatcher:
    """Executes submitted runs in child processes of this one, until it is stopped.

    Several dispatchers, also in several processes and on several machines, may work on one store: a step is claimed by one
    of them. A dispatcher that is killed takes its children with it; their steps are executed again by the next one, at once
    if that is on the same machine, else when their leases expire.

    Child processes are started by the method forkserver: a script that makes a dispatcher needs
    `if __name__ == "__main__":` around its own work.

    Args:
        connector: the store; the current one by default.
        workers: largest number of steps at once.
        limits: time and memory of each step.
        timing: leases, renewals, pauses; by default those of the settings.
        resources: of this machine, for steps that ask for some; by default those of the settings, else what is found.
        executor: makes the executor; by default `LocalExecutor`, for child processes of this one.

    Raises:
        InvalidInputError: `workers` is below 1, or a setting of a time is wrong.
        NotSupportedError: the store is in the memory of this process.
    """

    def __init__(
        self,
        connector: Connector | None = None,
        workers: int = 2,
        limits: Limits | None = None,
        timing: Timing | None = None,
        resources: Resources | None = None,
        executor: ExecutorFactory = LocalExecutor,
    ) -> None:
        if workers < 1:
            raise InvalidInputError(f"workers is {workers}; expected an integer of at least 1.")
        self._connector = connector or Connector.current()
        self._timing, self._resources = timing or Timing.read(), resources
        self._owner = Owner.here(next(_NUMBERS))
        self._lost = LostClaims(self._connector, self._owner, self._timing)
        self._wake = sleeper(self._connector)
        self._executor = executor(self._connector, workers, limits or Limits(), self._timing, self._wake.set)
        self._disk = DiskWatch(self._connector)
        self._claims: dict[str, Claim] = {}
        #: Ends that are not settled yet: they are kept while the store cannot be worked with.
        self._ends: dict[str, ProcessEnd] = {}
        self._renewed_at = self._asked_at = float("-inf")
        self._is_draining = self._is_stopping = False
        #: The mark of the database at which no step was ready.
        self._empty_at: int | None = None
        #: When its loop last turned without an error of the store, by the monotonic clock.
        self.turned_at = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="enstorage-dispatcher", daemon=True)

    @property
    def owner(self) -> Owner:
        """Its name, by which steps tell who claimed them."""
        return self._owner

    def start(self) -> Self:
        """Settle what an earlier dispatcher left behind, and begin."""
        self._thread.start()
        return self

    def stop(self, grace_seconds: float = 0.0) -> None:
        """Claim nothing more, wait up to the grace period for what runs, and stop the rest: the next dispatcher takes it."""
        self.drain()
        # Its loop goes on meanwhile: it renews the claims, and cancels what has to be cancelled.
        end = time.monotonic() + grace_seconds
        while self._claims and time.monotonic() < end:
            time.sleep(_DRAIN_LOOK_SECONDS)
        self._is_stopping = True
        self._wake.set()
        self._thread.join()
        self._executor.drain(0.0)
        self._ends |= self._executor.poll(self._claims)
        if self._ends:
            self._change(0, {})

    def drain(self) -> None:
        """Claim nothing more; what runs goes on."""
        self._is_draining = True

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._is_stopping:
            # Cleared first: what is submitted while it works wakes it again.
            self._wake.clear()
            mark = None
            try:
                mark = self._connector.database.change_mark()
                self._work(mark)
                self.turned_at = time.monotonic()
                pause = self._timing.busy_poll_seconds if self._claims else self._timing.poll_seconds
            except EnstorageError as error:
                _LOG.warning("The store cannot be worked with now; it is tried again. %s", error)
                pause = self._timing.pause_seconds
            except Exception:  # noqa: BLE001 - runs are executed as long as the process lives
                _LOG.exception("The dispatcher goes on after an error.")
                pause = self._timing.pause_seconds
            self._wait(pause, mark)

    def _wait(self, seconds: float, mark: int | None) -> None:
        """Wait until there is something to do: a wake-up, a write of another process, or for so long."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            if self._wake.wait(rest if mark is None else min(rest, MARK_SECONDS)):
                return
            if mark is not None:
                with suppress(EnstorageError):
                    if self._connector.database.change_mark() != mark:
                        return

    def _work(self, mark: int | None) -> None:
        self._ends |= self._executor.poll(self._claims)
        if time.monotonic() - self._renewed_at > self._timing.renew_seconds:
            if self._claims:
                renew(self._connector, self._owner, self._timing.lease_seconds)
            self._lost.settle(self._claims.values())
            self._renewed_at = time.monotonic()
        self._cancel()
        free = 0 if self._is_draining or self._disk.is_low() else self._executor.capacity()
        begun = self._executor.begun()
        if self._ends or begun or (free > 0 and self._has_ready(mark)):
            self._change(free, begun)

    def _has_ready(self, mark: int | None) -> bool:
        """True if a step could be claimed; asks the database only if anything was written since it had none."""
        if mark is not None and mark == self._empty_at:
            return False
        if has_ready(self._connector):
            return True
        self._empty_at = mark if is_empty(self._connector) else None
        return False

    def _cancel(self) -> None:
        """Have the work stopped whose run was asked to stop."""
        if not self._claims or time.monotonic() - self._asked_at < self._timing.busy_poll_seconds:
            return
        for each in to_cancel(self._connector, self._claims.values()):
            self._executor.cancel(each.external_id, self._timing.grace_seconds)
        self._asked_at = time.monotonic()

    def _change(self, free: int, begun: Mapping[str, Begin]) -> None:
        """Settle all ends and claim as much as is free, in one transaction, and have it executed."""
        ends = dict(self._ends)
        with self._connector.database.changing() as connection:
            if ends:
                settle(
                    connection,
                    [(self._claims[id], self._without_secrets(end)) for id, end in ends.items()],
                    self._timing,
                )
            note_begun(
                connection, [(self._claims[id], at.pid, at.began_at) for id, at in begun.items() if id in self._claims]
            )
            by = (self._owner, self._executor.name, free, self._timing.lease_seconds)
            claims = claim(connection, *by, self._have) if free > 0 else []
            claims = refuse_denied(connection, claims, self._timing)
        for id in ends:
            del self._claims[id], self._ends[id]
        for each in claims:
            self._claims[each.external_id] = each
            try:
                self._executor.submit(each)
            except StoreError as error:
                self._ends[each.external_id] = ProcessEnd("lost", str(error))
                self._wake.set()

    def _have(self) -> Resources:
        return self._resources or Resources.here(self._connector)

    def _without_secrets(self, end: ProcessEnd) -> ProcessEnd:
        return replace(end, log=redactor_of(self._connector.settings).text(end.log))
