"""`Orchestrator`: dispatcher, scheduler and notifier as one thing that is started, seen and stopped."""

import logging
import threading
import time
from types import TracebackType
from typing import Self

from enorchestrator.dispatch.dispatcher import Dispatcher
from enorchestrator.executor.base import ExecutorFactory
from enorchestrator.executor.local import LocalExecutor
from enorchestrator.notification.notifier import Notifier
from enorchestrator.scheduler.scheduler import Scheduler
from enorchestrator.service.presence import appear, beat, leave, stop_asked_by
from enorchestrator.service.tracing import TraceExport
from enorchestrator.task.limits import Limits
from enstorage import Connector
from enstorage.errors import EnstorageError
from enstorage.ledger.base import now

_LOG = logging.getLogger(__name__)
#: Between two heartbeats, and between two looks for a request to stop.
BEAT_SECONDS, LOOK_SECONDS = 10.0, 1.0
#: A dispatcher whose loop has not turned for this time gives no heartbeat: its process lives, and does nothing.
_STUCK_SECONDS = 30.0


class Orchestrator:
    """Executes the runs of a store, fires its schedules and sends its notices, until it is stopped.

    Others may ask it to stop through the store. It is a context manager. Its dispatcher has a row in the store, by which
    `enorchestrator.orchestrator_status` tells it.

    Args:
        connector: the store; the current one by default.
        workers: largest number of steps at once.
        limits: time and memory of each step.
        program: that it belongs to; `enorchestrator.stop_orchestrators` stops those of "orchestrator".
        executor: makes the executor, see `Dispatcher`.

    Raises:
        InvalidInputError: `workers` is below 1.
        NotSupportedError: the store is in the memory of this process.
    """

    def __init__(
        self,
        connector: Connector | None = None,
        workers: int = 2,
        limits: Limits | None = None,
        *,
        program: str = "orchestrator",
        executor: ExecutorFactory = LocalExecutor,
    ) -> None:
        self._connector = connector or Connector.current()
        self._workers, self._program = workers, program
        self._dispatcher = Dispatcher(self._connector, workers, limits, executor=executor)
        self._scheduler = Scheduler(self._connector)
        self._notifier = Notifier(self._connector)
        self._traces = TraceExport(self._connector, self._dispatcher.owner)
        #: Set when somebody asked it to stop through the store; the seconds that were left for what runs.
        self._is_asked = threading.Event()
        self._seconds_left = 0.0
        self._is_over = threading.Event()
        self._beaten_at = float("-inf")
        #: Of the database when it was last asked whether to stop.
        self._mark: int | None = None
        self._thread = threading.Thread(target=self._watch, name="enstorage-presence", daemon=True)

    def start(self) -> Self:
        """Settle what an earlier one left behind, and begin."""
        appear(self._connector, self._dispatcher.owner, self._program, self._workers)
        self._dispatcher.start()
        self._scheduler.start()
        self._notifier.start()
        self._traces.start()
        self._thread.start()
        return self

    def wait(self, seconds: float | None = None) -> bool:
        """Wait until somebody asks it to stop through the store; false if nobody did within the time.

        Args:
            seconds: longest time; None for ever.
        """
        return self._is_asked.wait(seconds)

    def stop(self, grace_seconds: float | None = None) -> None:
        """Fire and claim nothing more, wait for what runs, and stop the rest: the next orchestrator takes it.

        Args:
            grace_seconds: time that what runs has to end; None for what was asked for through the store, else none.
        """
        self._scheduler.stop()
        self._dispatcher.stop(self._seconds_left if grace_seconds is None else grace_seconds)
        self._notifier.stop()
        self._traces.stop()
        self._is_over.set()
        self._thread.join()
        try:
            leave(self._connector, str(self._dispatcher.owner))
        except EnstorageError as error:
            _LOG.warning("The store cannot be told that the orchestrator has stopped. %s", error)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _watch(self) -> None:
        while not self._is_over.wait(LOOK_SECONDS):
            try:
                self._look()
            except EnstorageError as error:
                _LOG.warning("The store cannot be told of the orchestrator now; it is tried again. %s", error)
            except Exception:  # noqa: BLE001 - it is seen as long as the process lives
                _LOG.exception("The orchestrator goes on after an error.")

    def _look(self) -> None:
        moment = time.monotonic()
        if moment - self._beaten_at >= BEAT_SECONDS and moment - self._dispatcher.turned_at < _STUCK_SECONDS:
            if not beat(self._connector, self._dispatcher.owner):
                appear(self._connector, self._dispatcher.owner, self._program, self._workers)
            self._beaten_at = moment
        mark = self._connector.database.change_mark()
        if not self._is_asked.is_set() and (mark is None or mark != self._mark):
            self._mark = mark
            by = stop_asked_by(self._connector, self._dispatcher.owner)
            if by is not None:
                self._seconds_left = max(0.0, (by - now()).total_seconds())
                self._dispatcher.drain()
                self._is_asked.set()
