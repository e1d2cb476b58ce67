"""`Scheduler`: fires the schedules of a store and keeps the deadlines of its runs, until it is stopped."""

import logging
import threading
from types import TracebackType
from typing import Self

from enorchestrator.scheduler.deadlines import Deadlines
from enorchestrator.scheduler.schedules import fire_due
from enorchestrator.task.limits import Timing
from enstorage import Connector
from enstorage.errors import EnstorageError

_LOG = logging.getLogger(__name__)


class Scheduler:
    """Asks for the runs of schedules when their times come, which a `Dispatcher` executes; ends runs beyond their deadlines.

    Several schedulers may be at work on one store: each time is fired by one of them. It is a context manager.

    Args:
        connector: the store; the current one by default.
        timing: with the time between two looks at the schedules; by default that of the settings.
    """

    def __init__(self, connector: Connector | None = None, timing: Timing | None = None) -> None:
        self._timing = timing or Timing.read()
        self._connector = connector or Connector.current()
        self._deadlines = Deadlines(self._connector)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="enstorage-scheduler", daemon=True)

    def start(self) -> Self:
        """Begin; what was missed since the last scheduler was at work is settled as each schedule says."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Fire nothing more."""
        self._is_over.set()
        self._thread.join()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._is_over.wait(self._timing.schedule_seconds):
            try:
                fire_due(late_seconds=self._timing.late_seconds, connector=self._connector)
                self._deadlines.look()
            except EnstorageError as error:
                _LOG.warning("The schedules cannot be read now; they are read again. %s", error)
            except Exception:  # noqa: BLE001 - schedules are kept as long as the process lives
                _LOG.exception("The scheduler goes on after an error.")
