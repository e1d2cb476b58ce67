"""`Supervisor`: child processes, as many as there is work, each with a bound on time and memory, stopped at any moment."""

import logging
import multiprocessing
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import psutil
from pebble import CONSTS, ProcessExpired, ProcessPool

from enorchestrator.task.call import (
    LOGGED,
    PID,
    STOPPING,
    Begin,
    ChildPool,
    Ending,
    SupervisedCall,
    described,
    family,
    kill,
    kill_rest,
)
from enorchestrator.task.limits import Limits
from enorchestrator.task.output import cut_back, printing_to, tail
from enorchestrator.work.registry import MODULES

_LOG = logging.getLogger(__name__)
#: A child that is asked to stop and does not answer within this time is killed: it holds the interpreter.
ANSWER_SECONDS = 0.35
_TERM_SECONDS = 0.15  # from TERM to KILL
_LOOK_SECONDS = 0.1
#: Between two looks of the pools at their processes: while something runs, and while nothing does.
_BUSY_SECONDS, _FREE_SECONDS = 0.1, 0.3
_MEASURE_EVERY = 5  # looks
#: A pool whose child is gone, or that is at an end, has told the end of its call by then.
_LOOKS_UNTIL_LOST = 20
#: A child process executes so many steps before a new one takes its place: imports are paid once, leaks do not add up.
_STEPS_OF_A_CHILD = 200
_BODY = "enorchestrator.task.child.body"


class Supervisor:
    """Calls functions in child processes and stops them hard where needed. Threads may share it.

    A call is `function(*arguments, told_to_stop)`; `told_to_stop()` tells the supervisor that the call knows that it has to
    stop, and is about to.

    Children are started when there is work for them, and execute one call after the other; those without work are ended
    after a while, but for one.

    Args:
        workers: largest number of calls at once.
        limits: of each call.
        news: called from another thread whenever a call ended, or had begun a while ago.
        idle_seconds: a child that has had nothing to do for so long is ended.
    """

    def __init__(self, workers: int, limits: Limits, news: Callable[[], None], idle_seconds: float = 60.0) -> None:
        self.workers = workers
        self._limits, self._news, self._idle_seconds = limits, news, idle_seconds
        self._folder = Path(tempfile.mkdtemp(prefix="enstorage-runs-"))
        self._lock = threading.RLock()
        self._calls: dict[str, SupervisedCall] = {}
        self._begun: dict[str, Begin] = {}
        self._endings: dict[str, Ending] = {}
        self._something_runs = threading.Event()
        self._is_over = False
        CONSTS.term_timeout = _TERM_SECONDS
        self._children: list[ChildPool] = []
        # In a thread: the process that children are forked from first imports what they need.
        self._warming_up = threading.Thread(target=self._warm_up, name="enstorage-first-child", daemon=True)
        self._warming_up.start()
        self._thread = threading.Thread(target=self._watch, name="enstorage-supervisor", daemon=True)
        self._thread.start()

    def free(self) -> int:
        """The number of calls that would start at once."""
        with self._lock:
            return 0 if self._is_over else self.workers - len(self._calls)

    def children(self) -> int:
        """The number of child processes, at work or free."""
        with self._lock:
            return len(self._children)

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
            self._calls[name] = call = SupervisedCall(
                (place, function, arguments), place, min(bounds, default=None), min(memory, default=None)
            )
            try:
                self._schedule(name, call)
            except (OSError, RuntimeError):
                del self._calls[name]
                raise
        self._something_runs.set()

    def cancel(self, name: str, grace_seconds: float) -> bool:
        """Stop a call: it is expected to learn by itself that it has to; if it does not answer, or is too slow, kill it.

        Args:
            name: of the call; one that has ended is left alone.
            grace_seconds: time from the answer to the kill.

        Returns:
            True if there is such a call.
        """
        with self._lock:
            call = self._calls.get(name)
            if call is not None and call.asked_at is None:
                call.asked_at = time.monotonic()
                call.kill_at = call.asked_at + grace_seconds
            return call is not None

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
                kill(call, "stopped")
        self._something_runs.set()
        self._warming_up.join()
        self._thread.join()
        _end_all(self._children)
        with self._lock:
            for name, call in list(self._calls.items()):
                self._finish(name, call, call.killed_for or "stopped", "The dispatcher was stopped.")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _warm_up(self) -> None:
        child = _started_child()
        with self._lock:
            self._children.append(child)

    def _new_child(self) -> ChildPool:
        self._children.append(child := _started_child())
        return child

    def _free_child(self) -> ChildPool:
        """The child that became free last, so that those which are not needed are ended; else a new one."""
        free = [each for each in self._children if not each.is_at_work]
        self._discard([each for each in free if not each.pool.active])
        free = [each for each in free if each in self._children]
        return max(free, key=lambda each: each.free_since) if free else self._new_child()

    def _schedule(self, name: str, call: SupervisedCall) -> None:
        call.child = child = self._free_child()
        child.is_at_work = True
        call.future = child.pool.schedule(_called, call.arguments)
        call.future.add_done_callback(lambda future: self._end(name, call, future))

    def _end_idle(self) -> float | None:
        """End the children that were free for too long; returns the seconds until there may be another one."""
        with self._lock:
            free = sorted((each for each in self._children if not each.is_at_work), key=lambda each: each.free_since)
            spare = free if len(free) < len(self._children) else free[:-1]
            due = time.monotonic() - self._idle_seconds
            ended = [each for each in spare if each.free_since <= due]
            self._discard(ended)
            return min((each.free_since - due for each in spare if each not in ended), default=None)

    def _end(self, name: str, call: SupervisedCall, future: "Future[Any]") -> None:
        """Take the end of a call from the pool. The pool tells a kill before the child is dead: see `_look_after`."""
        with self._lock:
            if future.cancelled() and not self._is_over and call.pid is not None:
                return
            reason, detail = self._reason(call, future)
            if reason == "not begun":
                # The child died while it had nothing to do. Nothing of the call was executed.
                self._leave(call, may_go_on=False)
                try:
                    self._schedule(name, call)
                except (OSError, RuntimeError) as error:
                    self._finish(name, call, "lost", f"No process can be started: {error}.")
            elif not self._is_over or reason != "stopped":
                self._finish(name, call, reason, detail)

    def _finish(self, name: str, call: SupervisedCall, reason: str, detail: str) -> None:
        if self._calls.pop(name, None) is not None:
            self._leave(call, may_go_on=reason == "returned")
            value = call.future.result() if reason == "returned" else None
            log = ""
            with suppress(OSError):  # such as too many open files: the end is told all the same
                log = tail(call.file(LOGGED))
            self._endings[name] = Ending(reason, detail, log, call.peak_bytes, value, call.begin)
            self._begun.pop(name, None)
            for end in (PID, LOGGED, STOPPING) if call.asked_at else (PID, LOGGED):
                with suppress(OSError):
                    call.file(end).unlink(missing_ok=True)
            self._news()

    def _leave(self, call: SupervisedCall, *, may_go_on: bool) -> None:
        """Have the child of a call free for others; one that was killed may have held the locks of its pool."""
        if call.child is not None:
            call.child.is_at_work, call.child.free_since = False, time.monotonic()
            if not may_go_on:
                self._discard([call.child])
            call.child = None

    def _discard(self, children: list[ChildPool]) -> None:
        self._children = [each for each in self._children if each not in children]
        _end_aside(children)

    def _reason(self, call: SupervisedCall, future: "Future[Any]") -> tuple[str, str]:
        if call.killed_for:
            return call.killed_for, call.why_killed
        match future.exception():
            case None:
                return "returned", ""
            case BrokenProcessPool() if call.pid is None and not self._is_over:
                return "not begun", ""
            case ProcessExpired() as error:
                return "killed", f"The process of the work ended with {described(error.exitcode)}."
            case error:
                return "killed", f"The process of the work failed: {type(error).__name__}: {error}."

    def _watch(self) -> None:
        """Look after the calls: kill those that do not stop, measure memory, bound what they print."""
        wait: float | None = 0.0
        while not self._is_over:
            try:
                if self._something_runs.wait(wait):
                    self._look()
                wait = self._end_idle()
            except Exception:  # noqa: BLE001 - nobody else stops what does not stop by itself
                _LOG.exception("The supervision of child processes goes on after an error.")
                wait = _LOOK_SECONDS

    def _look(self) -> None:
        with self._lock:
            calls = list(self._calls.items())
            CONSTS.sleep_unit = _BUSY_SECONDS if calls else _FREE_SECONDS
            if not calls:
                self._something_runs.clear()
                return
        for name, call in calls:
            with suppress(OSError, psutil.Error):  # it may end meanwhile
                self._look_after(name, call)
        time.sleep(_LOOK_SECONDS)

    def _look_after(self, name: str, call: SupervisedCall) -> None:
        begin = call.begin
        if begin is not None:
            call.note_process(begin.pid)
        if call.killed_for:
            if begin is None or call.is_gone:
                with self._lock:
                    self._finish(name, call, *self._reason(call, call.future))
            else:
                kill_rest(call)
            return
        if reason := self._why_kill(call, begin):
            with self._lock:
                kill(call, reason)
            return
        cut_back(call.file(LOGGED))
        call.looks += 1
        if begin is not None and not call.is_told and call.looks > 1:
            call.is_told = True
            with self._lock:
                if name in self._calls:
                    self._begun[name] = begin
            self._news()

    def _why_kill(self, call: SupervisedCall, begin: Begin | None) -> str:
        """The reason for which a call is to be killed; empty for none."""
        if call.asked_at is not None:
            has_answered = call.file(STOPPING).exists()
            if time.monotonic() > (call.kill_at if has_answered else call.asked_at + ANSWER_SECONDS):
                return "cancelled"
        if begin is not None and call.timeout_seconds is not None:
            # Not by the clock of the machine, which may be set while the call runs.
            call.seen_at = call.seen_at or time.monotonic()
            if time.monotonic() > call.seen_at + call.timeout_seconds:
                return "timeout"
        if begin is not None and call.looks % _MEASURE_EVERY == 0:
            used = sum(each.memory_info().rss for each in family(begin.pid))
            call.peak_bytes = max(used, call.peak_bytes or 0) or None
            if call.memory_bytes is not None and used > call.memory_bytes:
                return "memory"
        is_lost = call.child is not None and not call.child.pool.active
        call.looks_lost = call.looks_lost + 1 if is_lost or (begin is not None and call.is_gone) else 0
        return "killed" if call.looks_lost > _LOOKS_UNTIL_LOST else ""


def _started_child() -> ChildPool:
    """A child process that waits for calls."""
    context = multiprocessing.get_context("forkserver")
    # Imported once, in the process that children are forked from; these are libraries that forking does no harm.
    context.set_forkserver_preload([_BODY, __name__, *MODULES])
    pool = ProcessPool(1, max_tasks=_STEPS_OF_A_CHILD, initializer=_warm_up, context=context)
    _ = pool.active  # asking starts the process
    return ChildPool(pool)


def _end_aside(children: list[ChildPool]) -> None:
    """End children in a thread: calls are looked after meanwhile."""
    if children:
        threading.Thread(target=_end_all, args=(children,)).start()


def _end_all(children: list[ChildPool]) -> None:
    """End children; each waits for its own."""
    for each in children:
        each.pool.stop()  # type: ignore[no-untyped-call]
    threads = [threading.Thread(target=each.pool.join) for each in children]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _called(place: str, function: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """In the child: call a function with its output in a file."""
    with printing_to(Path(place + LOGGED)):
        Path(place + PID).write_text(str(os.getpid()))
        return function(*arguments, Path(place + STOPPING).touch)


def _warm_up() -> None:
    """Import in each new child, before it gets work, what all work needs."""
    import_module(_BODY)
