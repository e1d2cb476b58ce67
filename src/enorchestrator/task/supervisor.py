"""`Supervisor`: a pool of child processes, each with a bound on time and memory, which can be stopped at any moment."""

import multiprocessing
import os
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil
from pebble import CONSTS, ProcessExpired, ProcessFuture, ProcessPool

from enorchestrator.task.limits import Limits
from enorchestrator.task.output import cut_back, printing_to, tail

#: A child that is asked to stop and does not answer within this time is killed: it holds the interpreter.
ANSWER_SECONDS = 0.35
_TERM_SECONDS = 0.15  # from TERM to KILL
_LOOK_SECONDS = 0.1
_MEASURE_EVERY = 5  # looks
#: A child process executes so many steps before a new one takes its place: imports are paid once, leaks do not add up.
_STEPS_OF_A_CHILD = 200
_BODY = "enorchestrator.task.child.body"
# The files of a call, by the ends of their names.
_PID, _LOGGED, _STOPPING = ".pid", ".log", ".stopping"


@dataclass(frozen=True, slots=True)
class Begin:
    """The begin of a supervised call.

    Attributes:
        pid: of its process.
        began_at: by the clock of this machine.
    """

    pid: int
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a supervised call.

    Attributes:
        reason: "returned", "killed", "timeout", "memory", "cancelled" or "stopped" (with the supervisor).
        detail: a sentence about it; empty for "returned".
        log: the last part of what it printed.
        peak_bytes: the largest resident memory that was seen; None if none was.
        value: that the call returned; None if it did not.
        begin: of the call; None if it had not begun.
    """

    reason: str
    detail: str
    log: str
    peak_bytes: int | None
    value: Any = None
    begin: Begin | None = None


@dataclass(slots=True)
class _Call:
    """A call that runs in a child, or waits for one."""

    arguments: tuple[Any, ...]
    place: str
    timeout_seconds: float | None
    memory_bytes: float | None
    future: "ProcessFuture[Any]" = field(default_factory=ProcessFuture)
    asked_at: float | None = None
    kill_at: float = 0.0
    peak_bytes: int | None = None
    killed_for: str = ""
    looks: int = 0
    is_told: bool = False

    def file(self, end: str) -> Path:
        """One of its files."""
        return Path(self.place + end)

    @property
    def begin(self) -> Begin | None:
        """None until it has begun."""
        try:
            file = self.file(_PID)
            pid, moment = int(file.read_text()), file.stat().st_mtime
        except (FileNotFoundError, ValueError):
            return None
        return Begin(pid, datetime.fromtimestamp(moment, UTC))

    @property
    def pid(self) -> int | None:
        """Of the child; None until it has begun."""
        begin = self.begin
        return None if begin is None else begin.pid


class Supervisor:
    """Calls functions in child processes and stops them hard where needed. Threads may share it.

    A call is `function(*arguments, told_to_stop)`; `told_to_stop()` tells the supervisor that the call knows that it has to
    stop, and is about to.

    Args:
        workers: largest number of calls at once.
        limits: of each call.
        news: called from another thread whenever a call ended, or had begun a while ago.
    """

    def __init__(self, workers: int, limits: Limits, news: Callable[[], None]) -> None:
        self.workers = workers
        self._limits, self._news = limits, news
        self._folder = Path(tempfile.mkdtemp(prefix="enstorage-runs-"))
        self._lock = threading.RLock()
        self._calls: dict[str, _Call] = {}
        self._begun: dict[str, Begin] = {}
        self._endings: dict[str, Ending] = {}
        self._something_runs = threading.Event()
        self._is_over = False
        CONSTS.term_timeout = _TERM_SECONDS
        self._pool = self._new_pool()
        _ = self._pool.active  # asking starts the processes, which then import what they need
        self._thread = threading.Thread(target=self._watch, name="enstorage-supervisor", daemon=True)
        self._thread.start()

    def free(self) -> int:
        """The number of calls that would start at once."""
        with self._lock:
            return 0 if self._is_over else self.workers - len(self._calls)

    def start(
        self,
        name: str,
        function: Callable[..., Any],
        *arguments: Any,
        timeout_seconds: float | None = None,
        memory_bytes: float | None = None,
    ) -> None:
        """Start a call, known by a name from now on until its ending was taken.

        Args:
            name: of the call.
            function: what is called.
            *arguments: of the function.
            timeout_seconds: longest time; None for that of the limits. The shorter one of both counts.
            memory_bytes: resident memory; None for that of the limits. The smaller one of both counts.
        """
        bounds = [each for each in (timeout_seconds, self._limits.timeout_seconds) if each is not None]
        memory = [each for each in (memory_bytes, self._limits.memory_bytes) if each is not None]
        place = str(self._folder / name.replace(":", "-"))
        with self._lock:
            self._calls[name] = call = _Call(
                (place, function, arguments), place, min(bounds, default=None), min(memory, default=None)
            )
            self._schedule(name, call)
        self._something_runs.set()

    def cancel(self, name: str, grace_seconds: float) -> None:
        """Stop a call: it is expected to learn by itself that it has to; if it does not answer, or is too slow, kill it.

        Args:
            name: of the call; one that has ended is left alone.
            grace_seconds: time from the answer to the kill.
        """
        with self._lock:
            call = self._calls.get(name)
            if call is not None and call.asked_at is None:
                call.asked_at = time.monotonic()
                call.kill_at = call.asked_at + grace_seconds

    def begun(self) -> dict[str, Begin]:
        """The calls that are at work for a while, each told once; short ones are told by their endings alone."""
        with self._lock:
            begun, self._begun = self._begun, {}
            return begun

    def endings(self) -> dict[str, Ending]:
        """The calls that ended since the last time, each told once."""
        with self._lock:
            endings, self._endings = self._endings, {}
            return endings

    def stop(self) -> None:
        """Kill what runs, with the reason "stopped", and start nothing more."""
        with self._lock:
            self._is_over = True
            for call in self._calls.values():
                _kill(call, "stopped")
        self._something_runs.set()
        self._thread.join()
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()
        with self._lock:
            for name, call in list(self._calls.items()):
                self._finish(name, call, call.killed_for, "The dispatcher was stopped.")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _new_pool(self) -> ProcessPool:
        context = multiprocessing.get_context("forkserver")
        # Imported once, in the process that children are forked from; these are libraries that forking does no harm.
        context.set_forkserver_preload([_BODY])
        return ProcessPool(self.workers, max_tasks=_STEPS_OF_A_CHILD, initializer=_warm_up, context=context)

    def _schedule(self, name: str, call: _Call) -> None:
        if not self._pool.active:
            self._pool = self._new_pool()
        call.future = self._pool.schedule(_called, call.arguments, timeout=call.timeout_seconds)
        call.future.add_done_callback(lambda future: self._end(name, call, future))

    def _end(self, name: str, call: _Call, future: "Future[Any]") -> None:
        """Take the end of a call from the pool. The pool tells a kill before the child is dead: see `_look_after`."""
        with self._lock:
            if future.cancelled() and not self._is_over and call.pid is not None:
                return
            reason, detail = self._reason(call, future)
            if reason == "not begun":
                # A child died while none was at work, and the pool gave up. Nothing of the call was executed.
                self._schedule(name, call)
            elif not self._is_over or reason != "stopped":
                self._finish(name, call, reason, detail)

    def _finish(self, name: str, call: _Call, reason: str, detail: str) -> None:
        if self._calls.pop(name, None) is not None:
            value = call.future.result() if reason == "returned" else None
            log = tail(call.file(_LOGGED))
            self._endings[name] = Ending(reason, detail, log, call.peak_bytes, value, call.begin)
            self._begun.pop(name, None)
            for end in (_PID, _LOGGED, _STOPPING) if call.asked_at else (_PID, _LOGGED):
                call.file(end).unlink(missing_ok=True)
            self._news()

    def _reason(self, call: _Call, future: "Future[Any]") -> tuple[str, str]:
        if call.killed_for:
            return call.killed_for, _too_much_memory(call) if call.killed_for == "memory" else "The work was stopped."
        match future.exception():
            case None:
                return "returned", ""
            case TimeoutError():
                return (
                    "timeout",
                    f"The work took more than {call.timeout_seconds:g} seconds, its limit, and was stopped.",
                )
            case BrokenProcessPool() if call.pid is None and not self._is_over:
                return "not begun", ""
            case ProcessExpired() as error:
                return "killed", f"The process of the work ended with {_described(error.exitcode)}."
            case error:
                return "killed", f"The process of the work failed: {type(error).__name__}: {error}."

    def _watch(self) -> None:
        """Look after the calls: kill those that do not stop, measure memory, bound what they print."""
        while self._something_runs.wait() and not self._is_over:
            with self._lock:
                calls = list(self._calls.items())
                if not calls:
                    self._something_runs.clear()
            for name, call in calls:
                with suppress(OSError, psutil.Error):  # it may end meanwhile
                    self._look_after(name, call)
            time.sleep(_LOOK_SECONDS)

    def _look_after(self, name: str, call: _Call) -> None:
        begin = call.begin
        pid = None if begin is None else begin.pid
        if call.killed_for:
            if pid is None or not psutil.pid_exists(pid):
                with self._lock:
                    self._finish(name, call, *self._reason(call, call.future))
            return
        if call.asked_at is not None:
            has_answered = call.file(_STOPPING).exists()
            if time.monotonic() > (call.kill_at if has_answered else call.asked_at + ANSWER_SECONDS):
                _kill(call, "cancelled")
                return
        cut_back(call.file(_LOGGED))
        call.looks += 1
        if begin is not None and not call.is_told and call.looks > 1:
            call.is_told = True
            with self._lock:
                if name in self._calls:
                    self._begun[name] = begin
            self._news()
        if pid is not None and call.looks % _MEASURE_EVERY == 1:
            used = sum(each.memory_info().rss for each in _family(pid))
            call.peak_bytes = max(used, call.peak_bytes or 0)
            if call.memory_bytes is not None and used > call.memory_bytes:
                _kill(call, "memory")


def _too_much_memory(call: _Call) -> str:
    return (
        f"The work took more than {call.memory_bytes:.0f} bytes of memory, the limit of a run, and was stopped. "
        "Work on less data at a time, or raise the limit."
    )


def _kill(call: _Call, reason: str) -> None:
    """Kill the child of a call, and the processes that it has started; the pool does it within 0.1 seconds."""
    call.killed_for = call.killed_for or reason
    offspring = _family(call.pid)[1:]
    call.future.cancel()  # type: ignore[no-untyped-call]
    for each in offspring:
        with suppress(psutil.Error):
            each.kill()


def _family(pid: int | None) -> list[psutil.Process]:
    """The process and all that it has started; empty where it is gone."""
    with suppress(psutil.Error):
        if pid is not None:
            process = psutil.Process(pid)
            return [process, *process.children(recursive=True)]
    return []


def _called(place: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """In the child: call a function with its output in a file."""
    with printing_to(Path(place + _LOGGED)):
        Path(place + _PID).write_text(str(os.getpid()))
        return function(*arguments, Path(place + _STOPPING).touch)


def _warm_up() -> None:
    """Import in each new child, before it gets work, what all work needs."""
    import_module(_BODY)


def _described(exit_code: int) -> str:
    try:
        return (
            f"signal {-exit_code} ({signal.Signals(-exit_code).name})" if exit_code < 0 else f"exit status {exit_code}"
        )
    except ValueError:
        return f"signal {-exit_code}"
