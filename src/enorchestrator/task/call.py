"""`SupervisedCall`: a call in a child process: what bounds it, when it began, how it ended."""

import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from pebble import ProcessFuture, ProcessPool

from enorchestrator.task.claim import ProcessEnd

# The files of a call, by the ends of their names.
PID, LOGGED, STOPPING = ".pid", ".log", ".stopping"
#: A pool has killed a child by then, with TERM and KILL.
KILLED_SECONDS = 0.5


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

    def of_step(self) -> ProcessEnd:
        """The end of a process that executed a step."""
        pid, began_at = (None, None) if self.begin is None else (self.begin.pid, self.begin.began_at)
        return ProcessEnd(self.reason, self.detail, self.log, self.peak_bytes, self.value, pid, began_at)


@dataclass(slots=True, eq=False)
class ChildPool:
    """A child process, as a pool of one: pools of several cannot shrink."""

    pool: ProcessPool
    is_at_work: bool = False
    free_since: float = field(default_factory=time.monotonic)


@dataclass(slots=True)
class SupervisedCall:
    """A call that runs in a child, or waits for one."""

    arguments: tuple[Any, ...]
    place: str
    timeout_seconds: float | None
    memory_bytes: float | None
    child: ChildPool | None = None
    future: "ProcessFuture[Any]" = field(default_factory=ProcessFuture)
    asked_at: float | None = None
    kill_at: float = 0.0
    peak_bytes: int | None = None
    killed_for: str = ""
    looks: int = 0
    seen_at: float | None = None
    is_told: bool = False
    killed_at: float = 0.0
    #: Of the child, since a look at it or the kill: what has its id later is another one.
    process: psutil.Process | None = None
    #: Looks at which the child was gone, or its pool at an end, and nobody had told the end of the call.
    looks_lost: int = 0

    def file(self, end: str) -> Path:
        """One of its files."""
        return Path(self.place + end)

    @property
    def begin(self) -> Begin | None:
        """None until it has begun."""
        try:
            file = self.file(PID)
            pid, moment = int(file.read_text()), file.stat().st_mtime
        except (FileNotFoundError, ValueError):
            return None
        return Begin(pid, datetime.fromtimestamp(moment, UTC))

    @property
    def pid(self) -> int | None:
        """Of the child; None until it has begun."""
        begin = self.begin
        return None if begin is None else begin.pid

    def note_process(self, pid: int) -> None:
        """Note the child, if it is there."""
        if self.process is None:
            with suppress(psutil.NoSuchProcess):
                self.process = psutil.Process(pid)

    @property
    def is_gone(self) -> bool:
        """True if the child is seen to be no more, or only waits for its parent to notice."""
        if self.process is None:
            return self.pid is not None
        with suppress(psutil.NoSuchProcess):
            return not self.process.is_running() or self.process.status() == psutil.STATUS_ZOMBIE
        return True

    @property
    def why_killed(self) -> str:
        """A sentence about it, for people."""
        match self.killed_for:
            case "timeout":
                return f"The work took more than {self.timeout_seconds:g} seconds, its limit, and was stopped."
            case "memory":
                return (
                    f"The work took more than {self.memory_bytes:.0f} bytes of memory, the limit of a run, and was stopped. "
                    "Work on less data at a time, or raise the limit."
                )
            case "killed":
                return "The process of the work was lost."
            case _:
                return "The work was stopped."


def kill(call: SupervisedCall, reason: str) -> None:
    """Kill the child of a call that has not ended, and the processes that it has started.

    The pool does it within 0.1 seconds. It does not if the call ends at this moment: see `kill_rest`.
    """
    offspring = family(call.pid)
    if offspring:
        call.process = call.process or offspring[0]
    call.killed_for, call.killed_at = call.killed_for or reason, time.monotonic()
    if not call.future.cancel():  # type: ignore[no-untyped-call]
        call.killed_for = ""  # it has ended already
    for each in offspring[1:]:
        with suppress(psutil.Error):
            each.kill()


def kill_rest(call: SupervisedCall) -> None:
    """Kill the child of a call that was killed, where the pool has not done so: for the pool that call was over."""
    if call.process is not None and time.monotonic() - call.killed_at > KILLED_SECONDS:
        call.process.kill()


def family(pid: int | None) -> list[psutil.Process]:
    """The process and all that it has started; empty where it is gone."""
    with suppress(psutil.Error):
        if pid is not None:
            process = psutil.Process(pid)
            return [process, *process.children(recursive=True)]
    return []


def described(exit_code: int) -> str:
    """The exit status of a process, or the signal that killed it, for people."""
    try:
        return (
            f"signal {-exit_code} ({signal.Signals(-exit_code).name})" if exit_code < 0 else f"exit status {exit_code}"
        )
    except ValueError:
        return f"signal {-exit_code}"
