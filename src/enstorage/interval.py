"""Intervals of time, into whose buckets points are grouped.

An interval is written as Polars writes durations: `15m`, `1h`, `1d`, `1w`, `1mo`, `1q`, `1y`. Buckets are those of
Polars `dt.truncate` in UTC: days and hours start at midnight and on the hour, weeks on Monday, months, quarters and
years on their first day; those of several units are counted from 1970-01-01 (weeks: from Monday 1970-01-05).
"""

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from enstorage.instant import MAX_NS, MIN_NS, SECOND, to_iso, to_ns_array

_MINUTE, _HOUR, _DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
_NANOSECONDS = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": SECOND, "m": _MINUTE, "h": _HOUR, "d": _DAY, "w": 7 * _DAY}
_MONTHS = {"mo": 1, "q": 3, "y": 12}
_UNITS = (*_NANOSECONDS, *_MONTHS)

_FIRST_MONDAY = 4 * _DAY  # 1970-01-05
_MOST_MONTHS = 12 * 585  # the years that int64 nanoseconds span
_MOST_BUCKETS = 100_000_000

# (interval, fewest days, most days), with half a day of room for the rounding of decimal years.
_CALENDAR = (
    ("1mo", 27.5, 31.5),
    ("2mo", 58.5, 62.5),
    ("1q", 88.5, 92.5),
    ("4mo", 119.5, 123.5),
    ("6mo", 180.5, 184.5),
)
_NICE = [
    *((count, unit) for unit in ("s", "m") for count in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)),
    *((count, "h") for count in (1, 2, 3, 4, 6, 8, 12)),
    *((count, unit) for unit in ("d", "w") for count in (1, 2, 3)),
]


@dataclass(frozen=True, slots=True)
class TimeInterval:
    """A number of units of time, such as 15 minutes or 1 month.

    Attributes:
        count: How many units, 1 or more.
        unit: `ns`, `us`, `ms`, `s`, `m` (minute), `h`, `d`, `w`, `mo` (month), `q` (quarter) or `y`.

    Raises:
        InvalidInputError: The count or the unit is not one of these, or the interval is longer than the range of times
            that can be kept.
    """

    count: int
    unit: str

    def __post_init__(self) -> None:
        if self.unit not in _UNITS or isinstance(self.count, bool) or not isinstance(self.count, int) or self.count < 1:
            raise _not_an_interval(f"{self.count!r} of {self.unit!r}")
        too_long = self._months > _MOST_MONTHS if self.is_calendar else self.nanoseconds > MAX_NS
        if too_long:
            raise InvalidInputError(
                f"The interval {self} is longer than the range of times that can be kept; expected at most 292 years, or "
                "585 in calendar units. Choose a shorter one."
            )

    @classmethod
    def parse(cls, text: str) -> "TimeInterval":
        """Read an interval as `str()` writes it, such as `1y`.

        Raises:
            InvalidInputError: It is not an integer followed by one of the units.
        """
        match = re.fullmatch("([0-9]{1,19})([a-z]{1,2})", text) if isinstance(text, str) else None
        if match is None or match[2] not in _UNITS or int(match[1]) < 1:
            raise _not_an_interval(repr(text))
        return cls(int(match[1]), match[2])

    def __str__(self) -> str:
        return f"{self.count}{self.unit}"

    @property
    def polars(self) -> str:
        """The duration string that Polars understands."""
        return str(self)

    @property
    def is_calendar(self) -> bool:
        """True where buckets differ in length, as months, quarters and years do."""
        return self.unit in _MONTHS

    @property
    def nanoseconds(self) -> int:
        """Its length in nanoseconds.

        Raises:
            InvalidInputError: It is a calendar interval.
        """
        if self.is_calendar:
            raise InvalidInputError(
                f"The interval {self} has no fixed length; expected one in {', '.join(_NANOSECONDS)}. Use `floor` and "
                "`range`, which follow the calendar."
            )
        return self.count * _NANOSECONDS[self.unit]

    @property
    def origin(self) -> int:
        """The first start of a bucket from 1970 on, in nanoseconds.

        A time t lies in the bucket that starts at t - (t % length - origin) % length; t - origin may not fit into int64.

        Raises:
            InvalidInputError: It is a calendar interval.
        """
        return (_FIRST_MONDAY if self.unit == "w" else 0) % self.nanoseconds

    def floor(self, times_ns: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the start of the bucket in which each time lies.

        Args:
            times_ns: int64 nanoseconds since 1970 UTC, shape (n,), in any order.

        Returns:
            Bucket starts in the same unit, order and shape.

        Raises:
            InvalidInputError: A bucket starts before the first time that can be kept.
        """
        times = np.asarray(times_ns, dtype=np.int64)
        if self.is_calendar:
            months = times.view("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
            starts = _months_to_ns(months - months % self._months)
        else:
            length = np.int64(self.nanoseconds)
            starts = times - (times % length - self.origin) % length
        too_early = (starts > times) | (starts < MIN_NS)
        if too_early.any():
            raise InvalidInputError(
                f"The bucket of {self} around {to_iso(int(times[too_early][0]))} starts before 1677-09-21, the first time "
                "that can be kept; expected later times. Choose a shorter interval or drop the points before 1678."
            )
        return starts

    def range(self, time_from_ns: int, time_to_ns: int) -> NDArray[np.int64]:
        """Return the starts of all buckets that overlap the half-open period [time_from_ns, time_to_ns).

        Args:
            time_from_ns: Start of the period, nanoseconds since 1970 UTC; the first bucket is the one around it.
            time_to_ns: End of the period, itself excluded.

        Returns:
            int64 nanoseconds, ascending, shape (buckets,).

        Raises:
            InvalidInputError: The period is empty, or holds more than 100 million buckets.
        """
        if time_from_ns >= time_to_ns:
            raise InvalidInputError(
                f"The period from {to_iso(time_from_ns)} to {to_iso(time_to_ns)} is empty; expected an end after its "
                "start. Exchange or change the two times."
            )
        first, last = self.floor(np.array([time_from_ns, time_to_ns - 1], dtype=np.int64))
        if self.is_calendar:
            first, last = np.array([first, last]).view("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
        step = self._months if self.is_calendar else self.nanoseconds
        buckets = (int(last) - int(first)) // step + 1
        if buckets > _MOST_BUCKETS:
            raise InvalidInputError(
                f"The period from {to_iso(time_from_ns)} to {to_iso(time_to_ns)} holds {buckets} buckets of {self}; "
                f"expected at most {_MOST_BUCKETS}. Choose a longer interval or a shorter period."
            )
        starts = first + np.int64(step) * np.arange(buckets, dtype=np.int64)
        return _months_to_ns(starts) if self.is_calendar else starts

    def after(self, time_ns: int, count: int) -> NDArray[np.int64]:
        """Return the starts of the buckets that follow the one around a time.

        Args:
            time_ns: Nanoseconds since 1970 UTC.
            count: How many, 0 or more.

        Returns:
            int64 nanoseconds, ascending, shape (count,).

        Raises:
            InvalidInputError: One of them starts after the last time that can be kept.
        """
        first = int(self.floor(np.array([time_ns], dtype=np.int64))[0])
        steps = range(1, count + 1)
        if self.is_calendar:
            month = int(np.int64(first).view("datetime64[ns]").astype("datetime64[M]").astype(np.int64))
            last_month = int(np.int64(MAX_NS).view("datetime64[ns]").astype("datetime64[M]").astype(np.int64))
            starts = [month + self._months * step for step in steps]
            is_held = not starts or starts[-1] <= last_month
        else:
            starts = [first + self.nanoseconds * step for step in steps]
            is_held = not starts or starts[-1] <= MAX_NS
        if not is_held:
            raise InvalidInputError(
                f"{count} buckets of {self} after {to_iso(first)} end after 2262-04-11, the last time that can be kept; "
                "expected fewer. Choose a smaller number."
            )
        array = np.array(starts, dtype=np.int64)
        return _months_to_ns(array) if self.is_calendar else array

    @property
    def _months(self) -> int:
        return self.count * _MONTHS[self.unit]


def infer_interval(times: Any) -> TimeInterval | None:
    """Infer the interval of a series from the median spacing of its times.

    Gaps do not matter, nor does the rounding of decimal years: 365 or 366 days are `1y`, 28 to 31 days `1mo`, times
    such as 1749.042, 1749.123 (years) `1mo`, and 1818.001, 1818.004 `1d`. Any other even spacing is kept exactly.

    Args:
        times: What `enstorage.instant.to_ns_array` accepts, shape (n,), in any order; equal times count once.

    Returns:
        The interval; None when fewer than half of the spacings lie within half of the median, as with events, or the
        median is longer than 292 years.

    Raises:
        InvalidInputError: There are fewer than two different times.
    """
    distinct = np.unique(to_ns_array(times))
    if distinct.size < 2:
        raise InvalidInputError(
            f"There are {distinct.size} different times; expected at least two to infer an interval. Give the interval."
        )
    # Two times may be 585 years apart, which only unsigned integers can hold.
    spacings = np.diff(distinct.view(np.uint64))
    median = int(np.sort(spacings)[spacings.size // 2])
    regular = spacings[(spacings >= median // 2) & (spacings <= median + median // 2)]
    if 2 * regular.size < spacings.size or median > MAX_NS:
        return None
    is_even = bool((regular == median).all())
    return _calendar_interval(median, is_even and regular.size > 2) or (
        _exact_interval(median) if is_even and _is_chosen(median) else _nice_interval(median, float(regular.mean()))
    )


def _calendar_interval(spacing: int, is_even: bool) -> TimeInterval | None:
    days = spacing / _DAY
    years = max(1, round(days / 365.2425))
    if abs(days - 365.2425 * years) <= 1.5:
        return TimeInterval(years, "y")
    if is_even and spacing % _DAY == 0:  # no three months or quarters in a row are equally long, but four weeks are
        return None
    return next((TimeInterval.parse(text) for text, fewest, most in _CALENDAR if fewest <= days <= most), None)


def _is_chosen(spacing: int) -> bool:
    """True for a spacing that a person may have chosen; three digits of a decimal year give 26 h 16 min 48 s for a day."""
    return spacing < _HOUR or spacing % _MINUTE == 0


def _nice_interval(median: int, mean: float) -> TimeInterval:
    nice = min((TimeInterval(*pair) for pair in _NICE), key=lambda interval: abs(interval.nanoseconds / mean - 1))
    # A decimal year of few digits is far off for days; clocks are not.
    tolerance = 0.1 if median >= _HOUR else 0.02
    return nice if abs(mean / nice.nanoseconds - 1) <= tolerance else _exact_interval(median)


def _exact_interval(spacing: int) -> TimeInterval:
    unit = next(unit for unit in reversed(_NANOSECONDS) if spacing % _NANOSECONDS[unit] == 0)
    return TimeInterval(spacing // _NANOSECONDS[unit], unit)


def _months_to_ns(months: NDArray[np.int64]) -> NDArray[np.int64]:
    return months.view("datetime64[M]").astype("datetime64[ns]").view(np.int64)


def _not_an_interval(received: str) -> InvalidInputError:
    return InvalidInputError(
        f"The interval is {received}; expected an integer of at least 1 and one of {', '.join(_UNITS)} (m is a minute, mo "
        "a month), such as 15m, 1d or 1mo. Write it in that form."
    )
