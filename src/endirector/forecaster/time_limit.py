"""`TimeLimit`: the time that a call may take, kept through its progress; Ctrl-C ends it at once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from enstorage.errors import CancelledError
from enstorage.progress import Listener

#: Share of the limit that is kept for combining, forecasting and storing, and how often the time of the first member at
#: least: a naive one, which takes no longer than it takes to store its forecasts.
RESERVE, RESERVE_OF_FIRST = 0.2, 6.0


class TimeLimit:
    """A limit in seconds from now on; without one everything has its time.

    Attributes:
        reason: why members are left out, for remarks.

    Args:
        seconds: above 0, or None.
    """

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._start = time.monotonic()
        self._reserve = 0.0 if seconds is None else seconds * RESERVE
        self.reason = "the time limit"

    def first_took(self, seconds: float) -> None:
        """Learn from the time of the first member how long all that comes after the members will take.

        Args:
            seconds: of training and judging it.
        """
        self._reserve = max(self._reserve, RESERVE_OF_FIRST * seconds)

    def end(self, reason: str) -> None:
        """No time is left for the members from now on.

        Args:
            reason: why, for remarks.
        """
        self._seconds, self.reason = 0.0, reason

    @property
    def elapsed(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._start

    def left(self) -> float:
        """Seconds that are left for the members; infinite without a limit."""
        return float("inf") if self._seconds is None else self._seconds - self._reserve - self.elapsed

    @contextmanager
    def within(self, report: Listener, what: str, done: int, total: int) -> Iterator["_Watch"]:
        """A block that is left, without an error, when the time for the members is over; the first one never is."""
        watch = _Watch(self, report, what, done, total)
        try:
            yield watch
        except CancelledError:
            if not watch.is_over:
                raise  # the caller stopped it


class _Watch:
    """The progress function of one member: passes progress on, and asks it to stop when the time is over."""

    def __init__(self, limit: TimeLimit, report: Listener, what: str, done: int, total: int) -> None:
        self._limit, self._report = limit, report
        self._place = what, done, total
        self.is_over = False

    def __call__(self, _what: str, _done: int, _total: int, /) -> bool:
        """See `enstorage.Progress`."""
        self._report(*self._place)
        self.is_over = self._place[1] > 0 and self._limit.left() <= 0
        return self.is_over
