"""The part of `DaskExecutor` on the workers of Dask: each step has a supervised child process of its worker."""

import multiprocessing
import threading
from functools import cache
from multiprocessing.util import Finalize

from enorchestrator.task.call import Ending
from enorchestrator.task.child.body import run_step_once
from enorchestrator.task.claim import Claim, ProcessEnd
from enorchestrator.task.limits import Limits, Timing
from enorchestrator.task.supervisor import Supervisor
from enstorage.settings import Settings

_LOOK_SECONDS = 0.05


def execute(
    key: str, settings: Settings, claim: Claim, allow_pickle: bool, timing: Timing, limits: Limits
) -> ProcessEnd:
    """Execute a step in a child process of this worker; returns its end, with the outcome only if that is not committed.

    Args:
        key: of the task.
        settings: of the store, which the child opens itself.
        claim: of the step.
        allow_pickle: see `Connector`.
        timing: see `Timing`.
        limits: of the step.
    """
    return _children(limits).execute(key, settings, claim, allow_pickle, timing)


def stop(key: str, grace_seconds: float, limits: Limits) -> bool:
    """Stop the task with a key, or never begin it; true if it runs on this worker."""
    return _children(limits).stop(key, grace_seconds)


@cache
def _children(limits: Limits) -> "WorkerChildren":
    return WorkerChildren(limits)


class WorkerChildren:
    """The child processes of a worker; each thread of it waits for one of them.

    Args:
        limits: of each step.
    """

    def __init__(self, limits: Limits) -> None:
        from distributed import get_worker

        # Dask starts its workers as daemons, which may have no children by the rules of multiprocessing. These end by
        # themselves when the worker is gone.
        multiprocessing.current_process()._config["daemon"] = False  # type: ignore[attr-defined]
        self._changed = threading.Condition()
        self._supervisor = Supervisor(get_worker().state.nthreads, limits, self._tell)
        # Else the worker, when it ends, would wait for its children.
        Finalize(self, self._supervisor.stop, exitpriority=100)
        self._ends: dict[str, Ending] = {}
        self._stopped: set[str] = set()

    def execute(self, key: str, settings: Settings, claim: Claim, allow_pickle: bool, timing: Timing) -> ProcessEnd:
        """See the function."""
        if key in self._stopped:
            return ProcessEnd("cancelled", "The work was stopped before it began.")
        bounds = {"timeout_seconds": claim.timeout_seconds, "memory_bytes": claim.memory_bytes}
        self._supervisor.start(key, run_step_once, settings, claim, allow_pickle, timing, **bounds)
        while True:
            ends = self._supervisor.endings()
            with self._changed:
                self._ends |= ends
                if ends:
                    self._changed.notify_all()
                if key in self._ends:
                    return self._ends.pop(key).of_step()
                self._changed.wait(_LOOK_SECONDS)

    def stop(self, key: str, grace_seconds: float) -> bool:
        """See the function."""
        self._stopped.add(key)
        return self._supervisor.cancel(key, grace_seconds)

    def _tell(self) -> None:
        with self._changed:
            self._changed.notify_all()
