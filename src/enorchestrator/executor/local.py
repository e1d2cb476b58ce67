"""`LocalExecutor`: executes steps in child processes of this one. No service has to be started."""

import time
from collections.abc import Callable, Collection, Mapping

from enorchestrator.executor.base import Executor, check_reachable
from enorchestrator.task.call import Begin
from enorchestrator.task.child.body import run_step
from enorchestrator.task.claim import Claim, ProcessEnd
from enorchestrator.task.limits import Limits, Timing
from enorchestrator.task.supervisor import Supervisor
from enstorage import Connector
from enstorage.errors import StoreError

_WAIT_SECONDS = 0.02


class LocalExecutor(Executor):
    """Executes steps in supervised child processes.

    Args:
        connector: the store; its children open it by the same settings.
        workers: largest number of steps at once.
        limits: of each step.
        timing: see `Timing`.
        news: called from another thread whenever a step ended, or had begun a while ago.

    Raises:
        NotSupportedError: the store, or a part of it, is in the memory of this process.
    """

    name = "local"

    def __init__(
        self, connector: Connector, workers: int, limits: Limits, timing: Timing, news: Callable[[], None]
    ) -> None:
        check_reachable(connector)
        self._settings, self._allow_pickle, self._timing = connector.settings, connector.allow_pickle, timing
        self._supervisor = Supervisor(workers, limits, news, timing.idle_seconds)
        self._ends: dict[str, ProcessEnd] = {}

    def submit(self, claim: Claim) -> None:
        """See `Executor`."""
        try:
            self._supervisor.start(
                claim.external_id,
                run_step,
                self._settings,
                claim,
                self._allow_pickle,
                self._timing,
                timeout_seconds=claim.timeout_seconds,
                memory_bytes=claim.memory_bytes,
            )
        except (OSError, RuntimeError) as error:
            raise StoreError(
                f"No process can be started: {error}. Look for free disk space, memory and processes."
            ) from error

    def begun(self) -> Mapping[str, Begin]:
        """See `Executor`."""
        return self._supervisor.begun()

    def poll(self, ids: Collection[str]) -> Mapping[str, ProcessEnd]:
        """See `Executor`."""
        for name, ending in self._supervisor.endings().items():
            self._ends[name] = ending.of_step()
        return {id: self._ends.pop(id) for id in ids if id in self._ends}

    def cancel(self, id: str, grace_seconds: float) -> None:
        """See `Executor`."""
        self._supervisor.cancel(id, grace_seconds)

    def capacity(self) -> int:
        """See `Executor`."""
        return self._supervisor.free()

    def children(self) -> int:
        """See `Executor`."""
        return self._supervisor.children()

    def drain(self, grace_seconds: float) -> None:
        """See `Executor`."""
        end = time.monotonic() + grace_seconds
        while self._supervisor.free() < self._supervisor.workers and time.monotonic() < end:
            time.sleep(_WAIT_SECONDS)
        self._supervisor.stop()
