"""Progress of a long call, and stopping it: one protocol for all calls.

Every long call takes `progress=`: `True` shows a bar, `False` nothing, and a function, `progress(what, done, total)`, is
called instead and may ask the call to stop. Inside, the call reports to a `Listener`:

    with listening(progress) as report:
        for done, record in enumerate(records):
            report("Checking", done, len(records))

`report` is cheap enough for every iteration of a loop, and raises `CancelledError` when the call has to stop. A call that
makes other long calls gives each a part of its own progress, `progress=report.within(10, 70, 100)`, so that one bar shows
them all.
"""

import inspect
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from typing import Protocol

from enstorage.errors import CancelledError, InvalidInputError
from enstorage.terminal import printable

#: Shortest time between two calls of a listener; the last report is always passed on.
INTERVAL_SECONDS = 0.05
#: Calls that take less time show no bar.
PATIENCE_SECONDS = 2.0


class Progress(Protocol):
    """A function that a long call reports its progress to; called in the thread of the call.

    `done` never decreases, `total` stays the same during a call, and in the last report both are equal. The last report
    comes before the call stores its results, so a call can be stopped there too.

    Returns:
        True asks the call to stop, which raises `CancelledError`. Anything else lets it go on.
    """

    def __call__(self, what: str, done: int, total: int, /) -> bool | None:
        """See the class."""


class Listener:
    """Report progress to a function, at a limited rate, and raise when it asks to stop.

    Args:
        progress: the function.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._latest: tuple[str, int, int] | None = None
        self._quiet_until = 0.0
        self._is_stopped = False

    def __call__(self, what: str, done: int, total: int) -> None:
        """Report the current activity, the amount done, and the total.

        Raises:
            CancelledError: the call has to stop. Every later report raises it again, so that no error handler can
                suppress it.
        """
        is_end = done == total and (self._latest is None or self._latest[1:] != (done, total))
        self._latest = (what, done, total)
        if not self._is_stopped:
            if not is_end and time.monotonic() < self._quiet_until:
                return
            self._is_stopped = self._progress(what, done, total) is True
            self._quiet_until = time.monotonic() + INTERVAL_SECONDS
        if self._is_stopped:
            raise CancelledError(f"Stopped by the progress function: {what}, {done} of {total}.")

    def ask(self) -> None:
        """Repeat the latest report, so that the call can stop here."""
        if self._latest is not None:
            self(*self._latest)

    def within(self, first: int, last: int, total: int) -> "Listener":
        """A listener for a call inside this one, whose progress is the part from `first` to `last` of `total`."""

        def report(what: str, done: int, of: int, /) -> None:
            self(what, first + (last - first) * done // max(of, 1), total)

        return Listener(report)


_listening: ContextVar[Listener | None] = ContextVar("enstorage_listening", default=None)


@contextmanager
def listening(progress: bool | Progress) -> Iterator[Listener]:
    """A listener for the progress of a long call inside the block.

    Args:
        progress: the argument of the call; a `Listener` is that of an enclosing call.

    Raises:
        InvalidInputError: it is neither a bool nor a function of what, done and total.
    """
    with _as_function(progress) as function:
        listener = function if isinstance(function, Listener) else Listener(function)
        token = _listening.set(listener)
        try:
            yield listener
        finally:
            _listening.reset(token)


def checkpoint() -> None:
    """Stop here if the enclosing long call was asked to stop; for loops that have no access to its progress."""
    listener = _listening.get()
    if listener is not None:
        listener.ask()


@contextmanager
def interrupts_held() -> Iterator[threading.Event]:
    """Let Ctrl-C set the event inside the block instead of raising; the block looks at it where its work can be kept.

    `KeyboardInterrupt` comes between any two instructions of the main thread: where finished work has no name yet, and in
    destructors, which suppress it. Nothing is held in another thread, or where the program has a handler of its own.
    """
    came = threading.Event()
    is_ours = (
        threading.current_thread() is threading.main_thread()
        and signal.getsignal(signal.SIGINT) is signal.default_int_handler
    )
    if not is_ours:
        yield came
        return
    signal.signal(signal.SIGINT, lambda *_: came.set())
    try:
        yield came
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _as_function(progress: bool | Progress) -> AbstractContextManager[Progress]:
    if progress is True:
        return _bar()
    if not progress:
        return nullcontext(_silent)
    if not callable(progress) or not _takes_three(progress):
        raise InvalidInputError(
            f"progress is {progress!r:.80}; expected True for a bar, False for none, or a function that is called as "
            "progress(what, done, total), such as progress=lambda what, done, total: print(what, done, total)."
        )
    return nullcontext(progress)


def _takes_three(function: Callable[..., object]) -> bool:
    try:
        inspect.signature(function).bind("", 0, 1)
    except TypeError:
        return False
    except ValueError:  # a builtin has no signature
        return True
    return True


def _silent(_what: str, _done: int, _total: int, /) -> None:
    """Report nothing."""


@contextmanager
def _bar() -> Iterator[Progress]:
    """A progress bar on standard error, in a terminal or notebook, for calls that take longer than two seconds."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    console = Console(stderr=True)
    is_seen = console.is_terminal or console.is_jupyter
    bar = Bar(*columns, console=console, transient=True, disable=not is_seen)
    task, since = bar.add_task(""), time.monotonic()

    def show(what: str, done: int, total: int, /) -> None:
        bar.update(task, description=printable(what, sys.stderr), completed=done, total=total)
        if is_seen and not bar.live.is_started and time.monotonic() - since > PATIENCE_SECONDS:
            bar.start()

    try:
        yield show
    finally:
        bar.stop()
