"""`TimeLimit`: the time that a call may take, kept through its progress; Ctrl-C ends it at once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from enstorage.errors import CancelledError
from enstorage.progress import Listener

#: Share of the limit that is kept for combining, forecasting and storing.
RESERVE = 0.1
#: These take processor seconds for each series, the time of the first member, which is a naive one that takes as long as
#: storing its forecasts does, and a part of that for each further member.
RESERVE_OF_SERIES, RESERVE_OF_FIRST, RESERVE_OF_MEMBER = 0.012, 1.2, 0.1
#: An ensemble of the naive forecast alone takes so many times as long as storing its series took, and at least these
#: processor seconds for each series.
RESERVE_OF_STORING, NAIVE_OF_SERIES = 8.0, 0.02
#: Processor seconds of a report, and for each series, with the libraries that it loads.
REPORT, REPORT_OF_SERIES = 1.5, 0.014
#: An ensemble of so few series takes a few seconds, for which every limit is stretched.
FEW_SERIES = 50
#: Less processor time tells no pace: what waits for a disk seems slow.
_LEAST_USED = 0.2
#: A busy machine may become busier: so many times the delay until now is expected.
_BUSIER = 1.25


class TimeLimit:
    """A limit in seconds from now on; without one everything has its time.

    Args:
        seconds: above 0, or None.
        whole: the limit of which this is a part.
    """

    def __init__(self, seconds: float | None, whole: "TimeLimit | None" = None) -> None:
        self._end = float("inf") if seconds is None else time.monotonic() + seconds
        self._reserve = 0.0 if seconds is None else max(seconds, 0.0) * RESERVE
        self._of_member = 0.0
        self._start = time.monotonic(), time.process_time()
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
        needed = max(RESERVE_OF_STORING * storing, NAIVE_OF_SERIES * series * self._pace())
        return series >= FEW_SERIES and self._end - time.monotonic() < needed

    def keep_for_report(self, series: int) -> None:
        """End earlier by the time that a report takes.

        Args:
            series: number of series.
        """
        self._end -= (REPORT + REPORT_OF_SERIES * series) * self._pace()

    def first_took(self, seconds: float, series: int) -> None:
        """Learn from the time of the first member how long all that comes after the members will take.

        Args:
            seconds: of training and judging it.
            series: number of series.
        """
        needed = RESERVE_OF_FIRST * seconds + RESERVE_OF_SERIES * series * self._pace()
        self._reserve = max(self._reserve, needed)
        self._of_member = RESERVE_OF_MEMBER * seconds

    def keep_for_member(self) -> None:
        """Keep the time that combining one more member takes."""
        self._reserve += self._of_member

    def allows(self, processor_seconds: float) -> bool:
        """True if members have time for something that cannot be stopped, such as loading a library.

        On a busy machine it takes as much longer as all has taken since the limit began.

        Args:
            processor_seconds: that it takes on an idle machine.
        """
        return self.left() > processor_seconds * self._pace()

    def _pace(self) -> float:
        """Seconds by the clock of a second of processor time, at least 1, as since the whole limit began."""
        start, processor_start = (self if self._whole is None else self._whole)._start
        used = time.process_time() - processor_start
        if used < _LEAST_USED:
            return 1.0
        return 1.0 + _BUSIER * max(0.0, (time.monotonic() - start) / used - 1.0)

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

    @property
    def is_set(self) -> bool:
        """False where everything has its time."""
        return self._end != float("inf")

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
    stopped as soon as it is seen that they cannot be done any more, and others that take less time still can. Its forecasts
    past the end are made inside of its time too, so that nothing of unknown length is left for the time after the members.
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
        needed = max(0.0, 3 * self.training - (time.monotonic() - self._start))
        self.is_over = self._place[1] > 0 and self._limit.left() < needed
        return self.is_over
