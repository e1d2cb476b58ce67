"""`TimeLimit`: the time that a call may take, kept through its progress; Ctrl-C ends it at once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from enstorage.errors import CancelledError
from enstorage.progress import Listener

#: Share of the limit that is kept for combining, forecasting and storing, and how often the time of the first member at
#: least: a naive one, which takes no longer than it takes to store its forecasts.
RESERVE, RESERVE_OF_FIRST = 0.1, 6.0
#: An ensemble of the naive forecast alone takes so many times as long as storing its series took.
RESERVE_OF_STORING = 8.0
#: An ensemble of so few series takes a few seconds, for which every limit is stretched.
FEW_SERIES = 50


class TimeLimit:
    """A limit in seconds from now on; without one everything has its time.

    Args:
        seconds: above 0, or None.
        whole: the limit of which this is a part.
    """

    def __init__(self, seconds: float | None, whole: "TimeLimit | None" = None) -> None:
        self._end = float("inf") if seconds is None else time.monotonic() + seconds
        self._reserve = 0.0 if seconds is None else max(seconds, 0.0) * RESERVE
        self._whole = whole
        self._reason = "the time limit"

    @property
    def reason(self) -> str:
        """Why members are left out, for remarks."""
        return self._reason if self._whole is None else self._whole.reason

    def part(self, share: float) -> "TimeLimit":
        """A limit for a part of the work: its share of the time that is left, above 0 and up to 1."""
        left = self._end - time.monotonic()
        return TimeLimit(None if left == float("inf") else left * share, self)

    def is_too_short(self, series: int, storing: float) -> bool:
        """True if even an ensemble of the naive forecast alone would take much longer than what is left.

        Args:
            series: number of series.
            storing: seconds that it took to store them.
        """
        return series >= FEW_SERIES and self._end - time.monotonic() < RESERVE_OF_STORING * storing

    def first_took(self, seconds: float) -> None:
        """Learn from the time of the first member how long all that comes after the members will take.

        Args:
            seconds: of training and judging it.
        """
        self._reserve = max(self._reserve, RESERVE_OF_FIRST * seconds)

    def keep(self, seconds: float) -> None:
        """Keep further time for what comes after the members, such as the forecasts of one of them."""
        self._reserve += seconds

    def end(self, reason: str) -> None:
        """No time is left for the members from now on, also of other parts.

        Args:
            reason: why, for remarks.
        """
        self._end, self._reason = 0.0, reason
        if self._whole is not None:
            self._whole.end(reason)

    def left(self) -> float:
        """Seconds that are left for the members; infinite without a limit."""
        return self._end - time.monotonic() - self._reserve

    @contextmanager
    def within(self, report: Listener, what: str, done: int, total: int) -> Iterator["MemberWatch"]:
        """A block that is left, without an error, when the time for the members is over; the first one never is."""
        watch = MemberWatch(self, report, what, done, total)
        try:
            yield watch
        except CancelledError:
            if not watch.is_over:
                raise  # the caller stopped it


class MemberWatch:
    """The progress function of one member: passes progress on, and asks it to stop when its time is over.

    A member is judged and forecasts after it was trained, and each of these takes as long as the training at least. So it is
    stopped as soon as it is seen that they cannot be done any more, and others that take less time still can.
    """

    def __init__(self, limit: TimeLimit, report: Listener, what: str, done: int, total: int) -> None:
        self._limit, self._report = limit, report
        self._place = what, done, total
        self._start = time.monotonic()
        self._training: float | None = None
        self.is_over = False

    @property
    def training(self) -> float:
        """Seconds that the training took, or has taken until now."""
        return time.monotonic() - self._start if self._training is None else self._training

    def trained(self) -> None:
        """The training is finished; judging begins."""
        self._training = self.training

    def __call__(self, _what: str, _done: int, _total: int, /) -> bool:
        """See `enstorage.Progress`."""
        self._report(*self._place)
        judging = max(0.0, 2 * self.training - (time.monotonic() - self._start))
        self.is_over = self._place[1] > 0 and self._limit.left() < self.training + judging
        return self.is_over
