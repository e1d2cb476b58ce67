"""`DaskExecutor`: executes steps on the workers of Dask, of this machine or of several."""

import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import uuid4

from enorchestrator.executor.base import Executor, check_reachable
from enorchestrator.executor.on_worker import execute, stop
from enorchestrator.task.call import Begin
from enorchestrator.task.claim import Claim, ProcessEnd
from enorchestrator.task.limits import Limits, Timing
from enstorage import Connector
from enstorage.errors import EnstorageError, NotSupportedError, StoreError

_LOG = logging.getLogger(__name__)
#: Dask is to try nothing by itself: a task that lost its worker is an end that is told, and so is one that finds none.
SETTINGS = {"distributed.scheduler.allowed-failures": 0, "distributed.scheduler.no-workers-timeout": "60s"}
_LOOK_SECONDS = 0.02
#: Between two looks at the workers, and between two messages to those that are to stop something.
_WORKERS_SECONDS, _STOP_SECONDS = 1.0, 0.5
_CONNECT_SECONDS = 10.0
_ENDED = ("failed", "closed")
_KILL_SECONDS = 5.0


class DaskExecutor(Executor):
    """Executes each step in a supervised child process of a worker of Dask.

    Dask only carries claims to workers and tells that they ended. The children commit their steps by themselves, so that
    what a scheduler or a worker forgets when it is killed is in the store.

    Args:
        connector: the store, which the workers open by the same settings.
        workers: largest number of steps at once.
        limits: of each step.
        timing: see `Timing`.
        news: called from another thread whenever a step ended.
        scheduler: address of a scheduler, such as `tcp://10.0.0.5:8786`; None for workers of this machine, of which there
            are as many as there is work for.

    Raises:
        NotSupportedError: the store is in the memory of this process, or Dask is not installed.
        StoreError: the scheduler does not answer.
    """

    name = "dask"

    def __init__(
        self,
        connector: Connector,
        workers: int,
        limits: Limits,
        timing: Timing,
        news: Callable[[], None],
        *,
        scheduler: str | None = None,
    ) -> None:
        check_reachable(connector)
        try:
            import distributed  # noqa: F401
        except ImportError as error:
            raise NotSupportedError(
                'Steps cannot be executed by Dask, which is not installed. Install it: pip install "enstorage[orchestrate]"'
            ) from error
        self._settings, self._allow_pickle = connector.settings, connector.allow_pickle
        self._workers, self._limits, self._timing, self._news = workers, limits, timing, news
        #: Several stores, and several dispatchers of one, may share a scheduler.
        self._prefix = f"enstorage-{uuid4().hex[:12]}"
        self._lock = threading.RLock()
        self._futures: dict[str, Any] = {}
        self._ends: dict[str, ProcessEnd] = {}
        #: When what was cancelled is to be killed, by the monotonic clock.
        self._kill_at: dict[str, float] = {}
        self._is_stopping = self._is_shrinking = False
        self._over, self._work = threading.Event(), threading.Event()
        self._threads = 0
        self._looked_at = self._stopped_at = self._connected_at = float("-inf")
        self._address = scheduler
        self._client: Any = None
        #: The workers of this machine; None where a scheduler was named.
        self._cluster: Any = None
        self._busy_at = time.monotonic()
        self._begin()
        self._thread = threading.Thread(target=self._watch, name="enstorage-dask", daemon=True)
        self._thread.start()

    def submit(self, claim: Claim) -> None:
        """See `Executor`."""
        key = f"{self._prefix}-{claim.external_id}"
        given = (key, self._settings, claim, self._allow_pickle, self._timing, self._limits)
        try:
            if self._client.status != "running":
                raise OSError("it is not connected")
            future = self._client.submit(execute, *given, key=key, pure=False, retries=0)
        except Exception as error:
            raise StoreError(f"Dask takes no work: {error}. Look after its scheduler.") from error
        with self._lock:
            self._futures[claim.external_id] = future
        self._looked_at = float("-inf")  # there may be more work than workers
        self._work.set()

    def begun(self) -> Mapping[str, Begin]:
        """See `Executor`. The children note by themselves that they have begun."""
        return {}

    def poll(self, ids: Collection[str]) -> Mapping[str, ProcessEnd]:
        """See `Executor`."""
        with self._lock:
            return {id: self._ends.pop(id) for id in ids if id in self._ends}

    def cancel(self, id: str, grace_seconds: float) -> None:
        """See `Executor`."""
        with self._lock:
            if id in self._futures:
                self._kill_at.setdefault(id, time.monotonic() + grace_seconds)

    def capacity(self) -> int:
        """See `Executor`."""
        if self._is_stopping or self._client.status != "running":
            return 0
        # Workers of this machine are started as they are needed.
        most = self._workers if self._cluster is not None else min(self._workers, self._threads)
        return 0 if self._is_shrinking else most - len(self._futures)

    def children(self) -> int:
        """See `Executor`. Threads of workers, each of which waits for one child process."""
        return self._threads

    def drain(self, grace_seconds: float) -> None:
        """See `Executor`."""
        self._is_stopping = True
        self._wait(time.monotonic() + grace_seconds)
        for id in list(self._futures):
            self.cancel(id, 0.0)
        self._wait(time.monotonic() + _KILL_SECONDS)
        self._over.set()
        self._work.set()
        self._thread.join()
        self._finish()
        with self._lock:
            gone = dict.fromkeys(self._futures, ProcessEnd("stopped", "The dispatcher was stopped."))
            self._ends |= gone
            self._futures.clear()

    def _wait(self, end: float) -> None:
        while self._futures and time.monotonic() < end:
            time.sleep(_LOOK_SECONDS)

    def _begin(self) -> None:
        """Start the workers of this machine, where no scheduler was named, and connect."""
        import dask
        from distributed import Client, LocalCluster

        self._connected_at = time.monotonic()
        try:
            if self._address is None:
                with dask.config.set(SETTINGS):
                    self._cluster = LocalCluster(  # type: ignore[no-untyped-call]
                        n_workers=0, threads_per_worker=1, memory_limit=None, dashboard_address=None
                    )
                self._cluster.scale(1)  # not above: one that is killed while it starts would be an error
            self._client = Client(self._cluster or self._address, timeout=_CONNECT_SECONDS, set_as_default=False)  # type: ignore[no-untyped-call]
            self._look_at_workers()
        except (OSError, TimeoutError, ValueError) as error:
            raise StoreError(
                f"The scheduler of Dask {self._address or 'of this machine'} does not answer: {error}. Start one with "
                "`dask scheduler`, and workers with `dask worker ADDRESS`."
            ) from error

    def _finish(self) -> None:
        for each in (self._client, self._cluster):
            if each is not None:
                with suppress(Exception):  # it may be gone
                    each.close(timeout=_KILL_SECONDS)

    def _watch(self) -> None:
        while not self._over.is_set():
            try:
                self._look()
            except EnstorageError as error:
                _LOG.warning("Dask cannot be worked with now; it is tried again. %s", error)
            except Exception:  # noqa: BLE001 - claims are looked after as long as the process lives
                _LOG.exception("The executor goes on after an error.")
            if self._futures:
                self._over.wait(_LOOK_SECONDS)
            else:
                self._work.wait(_WORKERS_SECONDS)
                self._work.clear()

    def _look(self) -> None:
        for id, future in list(self._futures.items()):
            if (end := self._end_of(future)) is not None:
                with self._lock:
                    del self._futures[id]
                    self._kill_at.pop(id, None)
                    self._ends[id] = end
                self._news()
        moment = time.monotonic()
        if self._client.status == "closed" and moment - self._connected_at > self._timing.pause_seconds:
            self._finish()
            self._begin()
        if self._client.status != "running":
            return
        if self._kill_at and moment - self._stopped_at > _STOP_SECONDS:
            for id, kill_at in list(self._kill_at.items()):
                grace = max(0.0, kill_at - moment)
                self._client.run(stop, f"{self._prefix}-{id}", grace, self._limits, on_error="ignore")
            self._stopped_at = moment
        if moment - self._looked_at > _WORKERS_SECONDS:
            self._look_at_workers()

    def _look_at_workers(self) -> None:
        """Count the workers; have as many on this machine as there is work for."""
        self._looked_at = time.monotonic()
        self._threads = sum(self._client.nthreads().values())
        if self._cluster is None:
            return
        self._replace_ended(self._cluster)
        if self._futures:
            self._busy_at = time.monotonic()
        if len(self._futures) > len(self._cluster.worker_spec):
            self._cluster.scale(len(self._futures))
        elif self._threads > 1 and time.monotonic() - self._busy_at > self._timing.idle_seconds:
            self._shrink(self._cluster)

    def _replace_ended(self, cluster: Any) -> None:
        """Have other workers in place of those that failed to start, or were given up: Dask leaves that as it is."""
        wanted = len(cluster.worker_spec)
        ended = [name for name, each in list(cluster.workers.items()) if each.status.name in _ENDED]
        if ended:
            cluster.sync(cluster.scale_down, ended)
        if ended or len(cluster.workers) < wanted:
            cluster.scale(wanted)

    def _shrink(self, cluster: Any) -> None:
        """End the workers but one. Nothing is claimed meanwhile."""
        self._is_shrinking = True
        try:
            if not self._futures:
                cluster.sync(cluster.scale_down, sorted(cluster.worker_spec)[1:])
                self._threads = sum(self._client.nthreads().values())
        finally:
            self._is_shrinking = False

    def _end_of(self, future: Any) -> ProcessEnd | None:
        """The end of a claim; None while there is none."""
        match future.status:
            case "pending":
                return None
            case "finished":
                return self._told_end(future)
            case "error":
                return ProcessEnd("killed", f"The worker of Dask ended: {_short(future.exception())}")
            case _:
                return ProcessEnd("lost", "The scheduler of Dask was lost.")

    def _told_end(self, future: Any) -> ProcessEnd | None:
        try:
            end: ProcessEnd = future.result(timeout=_WORKERS_SECONDS)
        except TimeoutError:
            return None
        except Exception as error:  # noqa: BLE001 - its worker was lost meanwhile
            return ProcessEnd("lost", f"The worker of Dask was lost: {_short(error)}")
        if end.reason == "cancelled" and self._is_stopping:
            return replace(end, reason="stopped", detail="The dispatcher was stopped.")
        return end


def _short(error: Any) -> str:
    return f"{type(error).__name__}: {error}"[:500]
