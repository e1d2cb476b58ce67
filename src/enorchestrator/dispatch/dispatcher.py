"""`Dispatcher`: claims steps, has an executor run them, and settles their ends."""

import itertools
import logging
import threading
import time
from types import TracebackType
from typing import Self

from enorchestrator.dispatch.owner import Owner
from enorchestrator.dispatch.queue import claim, has_ready, renew, to_cancel
from enorchestrator.dispatch.settle import settle, settle_lost
from enorchestrator.dispatch.wake import sleeper
from enorchestrator.executor.base import ProcessEnd
from enorchestrator.executor.local import LocalExecutor
from enorchestrator.task.claim import Claim
from enorchestrator.task.limits import Limits
from enstorage import Connector
from enstorage.errors import EnstorageError, InvalidInputError, StoreError

_LOG = logging.getLogger(__name__)
#: Between two looks at what other processes submitted, and cancelled while something runs; this process wakes its
#: dispatchers at once.
POLL_SECONDS, BUSY_POLL_SECONDS = 0.5, 0.25
#: Between two renewals of the claims, and between two looks for claims of others that were lost.
RENEW_SECONDS = 10.0
#: After an error of the store, such as a database that is down.
PAUSE_SECONDS = 1.0
_DRAIN_LOOK_SECONDS = 0.02
#: For work that stops by itself once it is cancelled, as `fit` does after it has kept what is finished.
CANCEL_GRACE_SECONDS = 30.0
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

    Raises:
        InvalidInputError: `workers` is below 1.
        NotSupportedError: the store is in the memory of this process.
    """

    def __init__(self, connector: Connector | None = None, workers: int = 2, limits: Limits | None = None) -> None:
        if workers < 1:
            raise InvalidInputError(f"workers is {workers}; expected an integer of at least 1.")
        self._connector = connector or Connector.current()
        self._owner = Owner.here(next(_NUMBERS))
        self._wake = sleeper(self._connector)
        self._executor = LocalExecutor(self._connector, workers, limits or Limits(), self._wake.set)
        self._claims: dict[str, Claim] = {}
        #: Ends that are not settled yet: they are kept while the store cannot be worked with.
        self._ends: dict[str, ProcessEnd] = {}
        self._renewed_at = float("-inf")
        self._is_draining = self._is_stopping = False
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
        self._settle_ends()

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
            try:
                self._work()
                self.turned_at = time.monotonic()
                pause = BUSY_POLL_SECONDS if self._claims else POLL_SECONDS
            except EnstorageError as error:
                _LOG.warning("The store cannot be worked with now; it is tried again. %s", error)
                pause = PAUSE_SECONDS
            except Exception:  # noqa: BLE001 - runs are executed as long as the process lives
                _LOG.exception("The dispatcher goes on after an error.")
                pause = PAUSE_SECONDS
            self._wake.wait(pause)

    def _work(self) -> None:
        self._settle_ends()
        if time.monotonic() - self._renewed_at > RENEW_SECONDS:
            if self._claims:
                renew(self._connector, self._owner)
            settle_lost(self._connector, self._owner)
            self._renewed_at = time.monotonic()
        if self._claims:
            for each in to_cancel(self._connector, self._claims.values()):
                self._executor.cancel(each.external_id, CANCEL_GRACE_SECONDS)
        free = 0 if self._is_draining else self._executor.capacity()
        if free > 0 and has_ready(self._connector):
            for each in claim(self._connector, self._owner, self._executor.name, free):
                self._claims[each.external_id] = each
                try:
                    self._executor.submit(each)
                except StoreError as error:
                    self._ends[each.external_id] = ProcessEnd("lost", str(error))

    def _settle_ends(self) -> None:
        self._ends |= self._executor.poll(self._claims)
        for id, outcome in list(self._ends.items()):
            settle(self._connector, self._claims[id], outcome)
            del self._claims[id], self._ends[id]
