"""`Scheduler`: fires the schedules of a store, until it is stopped."""

import logging
import threading
from types import TracebackType
from typing import Self

from enorchestrator.scheduler.schedules import fire_due
from enstorage import Connector
from enstorage.errors import EnstorageError

_LOG = logging.getLogger(__name__)
#: Between two looks at the schedules.
LOOK_SECONDS = 1.0


class Scheduler:
    """Asks for the runs of schedules when their times come; a `Dispatcher` executes them.

    Several schedulers may be at work on one store: each time is fired by one of them. It is a context manager.

    Args:
        connector: the store; the current one by default.
    """

    def __init__(self, connector: Connector | None = None) -> None:
        self._connector = connector or Connector.current()
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
        while not self._is_over.wait(LOOK_SECONDS):
            try:
                fire_due(connector=self._connector)
            except EnstorageError as error:
                _LOG.warning("The schedules cannot be read now; they are read again. %s", error)
            except Exception:  # noqa: BLE001 - schedules are kept as long as the process lives
                _LOG.exception("The scheduler goes on after an error.")
