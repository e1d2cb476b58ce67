"""`Calendar`: the buckets of a series, and where each of them starts."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.labels import label_of
from enstorage.calendars.numbering import DAY, Months, Numbering
from enstorage.calendars.units import (
    BUSINESS_DAY,
    COUNTERS,
    DAYS,
    EXACT,
    FIRST_MONDAY,
    LISTED,
    MONTHS,
    MOST_MONTHS,
    RETAIL,
    RETAIL_YEAR,
    UNITS,
    numbering_of,
    singles,
)
from enstorage.calendars.zone import check_time_zone, to_local, to_utc
from enstorage.errors import InvalidInputError
from enstorage.instant import MAX_NS, MIN_NS, to_iso, to_ns

_MOST_BUCKETS = 100_000_000
_LONGEST_DAY = 28  # a month has this day in any case


@dataclass(frozen=True, slots=True)
class _Grid:
    """A calendar as numbers.

    Attributes:
        numbering: of its single periods; None for buckets of a fixed length.
        count: single periods in a bucket.
        phase: number of a single period with which a bucket begins; for a fixed length a start, in ns.
        shift: time from the start of a single period to that of the bucket, in ns on the local clock.
    """

    numbering: Numbering | None
    count: int
    phase: int
    shift: int


@dataclass(frozen=True, slots=True)
class Calendar:
    """Periods that follow one another without a gap: an interval, and where and when it is counted from.

    A bucket bears its start. Hours and shorter units are exact lengths of time, counted from the local midnight of
    1970-01-01 in UTC, and of 2000-01-01 in other zones. Days and longer units are those of the
    local calendar of the time zone: a day on which clocks are changed has 23 or 25 hours. Without an anchor, weeks start
    on Monday, days at midnight, months, quarters and years on their first day; those of several units are counted from
    1970-01-01 (weeks: from Monday 1970-01-05). Calendars with the same buckets are equal.

    Attributes:
        count: how many units, 1 or more.
        unit: `ns`, `us`, `ms`, `s`, `m` (minute), `h`, `d`, `w`, `mo` (month), `q` (quarter), `y`; `b` (business day); `sm`
            (semi-month, from the 1st and the 16th, or another day by its anchor); `dek` (dekad, from the 1st, 11th and
            21st); `mo445`, `mo454`, `mo544` (retail months of so many weeks); `p` (listed periods); `step` and `year` of an
            integer axis.
        time_zone: IANA name of the zone of the calendar.
        anchor: local start of one of the buckets, ISO 8601; on an integer axis an integer.
        holidays: local days that are no business days, ISO 8601.
        periods: local starts of the listed periods, ISO 8601.

    Raises:
        InvalidInputError: the count, the unit, the zone or the anchor is none, or the interval is longer than the range of
            times that can be kept.
    """

    count: int
    unit: str
    time_zone: str = "UTC"
    anchor: str | None = field(default=None, compare=False)
    holidays: tuple[str, ...] = field(default=(), compare=False)
    periods: tuple[str, ...] = field(default=(), compare=False)
    _grid: _Grid = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.unit not in UNITS or isinstance(self.count, bool) or not isinstance(self.count, int) or self.count < 1:
            raise _not_an_interval(f"{self.count!r} of {self.unit!r}")
        if singles(self.count, self.unit) > MOST_MONTHS if self.unit in MONTHS else self._length > MAX_NS:
            raise InvalidInputError(
                f"The interval {self} is longer than the range of times that can be kept; expected at most 292 years, or "
                "585 in calendar units. Choose a shorter one."
            )
        check_time_zone(self.time_zone)
        if self.unit == LISTED and not self.periods:
            raise InvalidInputError(
                f"The interval {self} is of listed periods, but no periods are given; expected their starts. Give "
                "periods=[…], such as ['2024-01-05', '2024-02-09']."
            )
        object.__setattr__(self, "anchor", check_anchor(self.anchor))
        object.__setattr__(self, "holidays", check_dates(self.holidays))
        object.__setattr__(self, "periods", check_dates(self.periods))
        object.__setattr__(self, "_grid", _grid_of(self))

    @classmethod
    def parse(
        cls,
        text: str,
        *,
        time_zone: str = "UTC",
        anchor: Any = None,
        holidays: Iterable[Any] | None = None,
        periods: Iterable[Any] | None = None,
    ) -> "Calendar":
        """Read an interval as `str()` writes it, such as `1y` or `step`, with the other attributes of its calendar.

        Raises:
            InvalidInputError: It is not an integer followed by one of the units, or another attribute is wrong.
        """
        match = re.fullmatch("([0-9]{1,19})?([a-z]{1,4}[0-9]{0,3})", text) if isinstance(text, str) else None
        if match is None or match[2] not in UNITS or (match[1] is None and match[2] not in COUNTERS):
            raise _not_an_interval(repr(text))
        if int(match[1] or 1) < 1:
            raise _not_an_interval(repr(text))
        return cls(int(match[1] or 1), match[2], time_zone, anchor, tuple(holidays or ()), tuple(periods or ()))

    def __str__(self) -> str:
        return self.unit if self.unit in COUNTERS and self.count == 1 else f"{self.count}{self.unit}"

    @property
    def is_calendar(self) -> bool:
        """True where buckets may differ in length, as months do, and days where clocks are changed."""
        return self._grid.numbering is not None

    @property
    def is_counter(self) -> bool:
        """True for an integer axis, whose times are plain integers."""
        return self.unit in COUNTERS

    @property
    def nanoseconds(self) -> int:
        """Its length in nanoseconds; on an integer axis in its units.

        Raises:
            InvalidInputError: Its buckets differ in length.
        """
        if self.is_calendar:
            raise InvalidInputError(
                f"The interval {self} has no fixed length in the time zone {self.time_zone}; expected one in "
                f"{', '.join(EXACT)}, or d and w in UTC. Use `floor` and `range`, which follow the calendar."
            )
        return self._length

    @property
    def origin(self) -> int:
        """The first start of a bucket from 1970 on, in nanoseconds.

        A time t lies in the bucket that starts at t - (t % length - origin) % length; t - origin may not fit into int64.

        Raises:
            InvalidInputError: Its buckets differ in length.
        """
        return self._grid.phase % self.nanoseconds

    @property
    def is_local_days(self) -> bool:
        """True for single days from midnight on in a time zone other than UTC."""
        return str(self) == "1d" and self.is_calendar and self._grid.shift == 0

    def numbers(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the number of the bucket in which each time lies; the difference of two is the periods between them.

        Args:
            times: int64 nanoseconds since 1970 UTC, or integers of an integer axis, shape (n,), in any order.
        """
        grid = self._grid
        array = np.asarray(times, dtype=np.int64)
        if grid.numbering is None:
            return (array - grid.phase) // self._length
        return (grid.numbering.number(to_local(array, self.time_zone) - grid.shift) - grid.phase) // grid.count

    def floor(self, times: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the start of the bucket in which each time lies.

        Args:
            times: int64 nanoseconds since 1970 UTC, or integers of an integer axis, shape (n,), in any order.

        Returns:
            Bucket starts in the same unit, order and shape.

        Raises:
            InvalidInputError: A bucket starts before the first time that can be kept, or before the listed periods.
        """
        times = np.asarray(times, dtype=np.int64)
        if self.is_calendar:
            starts = self._starts(self.numbers(times))
        else:
            starts = times - (times % np.int64(self._length) - self.origin) % self._length
        too_early = (starts > times) | (starts < MIN_NS)
        if too_early.any():
            raise InvalidInputError(
                f"The bucket of {self} around {self.label(int(times[too_early][0]))} starts before "
                f"{self.label(MIN_NS)[:10]}, the first time that can be kept; expected later times. Choose a shorter "
                f"interval or drop {'them' if self.is_counter else 'the points before 1678'}."
            )
        return starts

    def range(self, time_from: int, time_to: int) -> NDArray[np.int64]:
        """Return the starts of all buckets that overlap the half-open period [time_from, time_to).

        Args:
            time_from: Start of the period; the first bucket is the one around it.
            time_to: End of the period, itself excluded.

        Returns:
            int64, ascending, shape (buckets,).

        Raises:
            InvalidInputError: The period is empty, or holds more than 100 million buckets.
        """
        if time_from >= time_to:
            raise InvalidInputError(
                f"The period from {self.label(time_from)} to {self.label(time_to)} is empty; expected an end after its "
                "start. Exchange or change the two times."
            )
        ends = np.array([time_from, time_to - 1], dtype=np.int64)
        first = int(self.floor(ends)[0])
        before, last = (int(number) for number in self.numbers(ends))
        if last - before >= _MOST_BUCKETS:
            raise InvalidInputError(
                f"The period from {self.label(time_from)} to {self.label(time_to)} holds {last - before + 1} buckets of "
                f"{self}; expected at most {_MOST_BUCKETS}. Choose a longer interval or a shorter period."
            )
        if not self.is_calendar:
            return first + np.int64(self._length) * np.arange(last - before + 1, dtype=np.int64)
        return _distinct(self._starts(np.arange(before, last + 1, dtype=np.int64)))

    def after(self, time: int, count: int) -> NDArray[np.int64]:
        """Return the starts of the buckets that follow the one around a time.

        Args:
            time: Nanoseconds since 1970 UTC, or an integer of an integer axis.
            count: How many, 0 or more.

        Returns:
            int64, ascending, shape (count,).

        Raises:
            InvalidInputError: One of them starts after the last time that can be kept, or is not listed.
        """
        first = int(self.floor(np.array([time], dtype=np.int64))[0])
        if not self.is_calendar:
            if first + self._length * count > MAX_NS:
                raise self._too_late(first, count)
            return first + np.int64(self._length) * np.arange(1, count + 1, dtype=np.int64)
        # Each by itself: a zone is looked up for the time between them.
        number, last = (int(self.numbers(np.array([each], dtype=np.int64))[0]) for each in (time, MAX_NS))
        room = 0
        while True:  # a place that moves over the date line skips a day, whose bucket is empty
            if self.unit != LISTED and number + count + room > last:
                raise self._too_late(first, count)
            starts = _distinct(self._starts(number + np.arange(count + room + 1, dtype=np.int64)))
            following = starts[starts > first]
            if len(following) >= count:
                return following[:count]
            room += 1

    def label(self, time: int) -> str:
        """A time as people of the zone write it: ISO 8601 with its offset from UTC; on an integer axis the integer."""
        return label_of(time, self.time_zone, is_counter=self.is_counter)

    def to_json(self) -> dict[str, Any]:
        """The attributes that are given, as JSON; `from_json` reads it."""
        given: dict[str, Any] = {"interval": str(self), "time_zone": self.time_zone, "anchor": self.anchor}
        dates = {"holidays": list(self.holidays) or None, "periods": list(self.periods) or None}
        return {name: value for name, value in (given | dates).items() if value is not None}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Calendar":
        """The calendar that `to_json` described; errors as in `parse`."""
        others = dict(value)
        return cls.parse(others.pop("interval"), **others)

    @property
    def _length(self) -> int:
        return self.count * (EXACT.get(self.unit) or DAYS.get(self.unit, 0) * DAY or 1)

    def _starts(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        grid = self._grid
        assert grid.numbering is not None  # noqa: S101 - only buckets that differ in length are numbered
        return to_utc(grid.numbering.start(numbers * grid.count + grid.phase) + grid.shift, self.time_zone)

    def _too_late(self, first: int, count: int) -> InvalidInputError:
        return InvalidInputError(
            f"{count} buckets of {self} after {self.label(first)} end after {self.label(MAX_NS)[:10]}, the last time that "
            "can be kept; expected fewer. Choose a smaller number."
        )


def _grid_of(calendar: Calendar) -> _Grid:
    unit, zone = calendar.unit, calendar.time_zone
    count = singles(calendar.count, unit)
    if unit in COUNTERS:
        return _Grid(None, count, 0 if calendar.anchor is None else _counter_anchor(calendar.anchor) % count, 0)
    text = calendar.anchor or _default_anchor(unit, zone)
    anchor = np.array([to_ns(text)], dtype=np.int64)
    if unit in EXACT or (unit in DAYS and zone == "UTC"):
        return _Grid(None, count, int(to_utc(anchor, zone)[0]) % calendar._length, 0)
    dates = (tuple(to_ns(date) for date in dates) for dates in (calendar.holidays, calendar.periods))
    numbering = numbering_of(unit, int(anchor[0]), *dates)
    if unit == LISTED and calendar.anchor is None:
        return _Grid(numbering, count, 0, 0)
    shift = int(anchor[0]) - int(numbering.start(numbering.number(anchor))[0])
    late = int(anchor[0]) // DAY - Months().start(Months().number(anchor))[0] // DAY >= _LONGEST_DAY
    if late and (isinstance(numbering, Months) or unit == "sm"):
        raise InvalidInputError(
            f"The anchor {calendar.anchor} is after the {_LONGEST_DAY}th of its month; expected a day that every month "
            "has. For months that end on their last day give none: they are the months of the calendar."
        )
    if shift and not isinstance(numbering, Months) and (unit not in {*DAYS, BUSINESS_DAY} or shift >= DAY):
        raise InvalidInputError(
            f"The anchor {calendar.anchor} does not start a period of {calendar}; expected one that does. Give the start "
            "of a period."
        )
    return _Grid(numbering, count, int(numbering.number(anchor)[0]) % count, shift)


def _default_anchor(unit: str, zone: str) -> str:
    if unit in RETAIL:
        return RETAIL_YEAR
    if unit in EXACT and zone != "UTC":  # in 1970 it was summer in London for the whole year
        return "2000-01-01"
    return FIRST_MONDAY if unit == "w" else "1970-01-01"


def check_anchor(anchor: object) -> str | None:
    """An anchor in its stored form: `2022-03-01`, `1970-01-01T06:00:00`, or an integer of an integer axis.

    Raises:
        InvalidInputError: it is no time, or has a zone.
    """
    if anchor is None or (isinstance(anchor, str) and re.fullmatch("-?[0-9]{1,19}", anchor)):
        return anchor if anchor is None else str(anchor)
    if type(anchor) is int:
        return str(anchor)
    return _local_text(anchor, "anchor")


def check_dates(dates: Iterable[Any] | None) -> tuple[str, ...]:
    """Local days or times in their stored form, ascending, each once.

    Raises:
        InvalidInputError: one is no time, or has a zone.
    """
    return tuple(sorted({_local_text(date, "date") for date in dates or ()}))


def _local_text(value: Any, what: str) -> str:
    text = to_iso(to_ns(value)).removesuffix("Z")
    has_zone = isinstance(value, str) and re.search("(Z|[+-][0-9:]{2,5})$", value[10:])
    if has_zone or getattr(value, "tzinfo", None) is not None:
        raise InvalidInputError(
            f"The {what} {value!s:.40} has an offset from UTC; expected a local time of the time zone. Write it without."
        )
    return text.removesuffix("T00:00:00")


def _counter_anchor(anchor: str) -> int:
    try:
        return int(anchor)
    except ValueError:
        raise InvalidInputError(
            f"The anchor of an integer axis is {anchor!r}; expected an integer. Give the first one of a bucket."
        ) from None


def _distinct(starts: NDArray[np.int64]) -> NDArray[np.int64]:
    return starts if (np.diff(starts) > 0).all() else np.unique(starts)


def _not_an_interval(received: str) -> InvalidInputError:
    return InvalidInputError(
        f"The interval is {received}; expected an integer of at least 1 and one of {', '.join(UNITS)} (m is a minute, mo "
        "a month), such as 15m, 1d or 1mo. Write it in that form."
    )
