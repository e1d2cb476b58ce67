"""Periods as numbers: each kind numbers its periods in the order of time, on the wall clock of a place.

Everything else about buckets, such as multiples, anchors and time zones, is arithmetic on these numbers.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError

DAY = 86_400 * 10**9
Integers = NDArray[np.int64]


class Numbering(ABC):
    """Numbers the periods of one kind. Times are int64 ns since 1970-01-01T00:00 of the local clock, shape (n,)."""

    @abstractmethod
    def number(self, local: Integers) -> Integers:
        """The number of the period in which each time lies."""

    @abstractmethod
    def start(self, number: Integers) -> Integers:
        """The time at which each period starts; it may overflow where no int64 holds it."""


@dataclass(frozen=True, slots=True)
class Days(Numbering):
    """Days from 1970-01-01 on."""

    def number(self, local: Integers) -> Integers:
        """See `Numbering.number`."""
        return local // DAY

    def start(self, number: Integers) -> Integers:
        """See `Numbering.start`."""
        return number * DAY


@dataclass(frozen=True, slots=True)
class Months(Numbering):
    """Months from 1970-01 on."""

    def number(self, local: Integers) -> Integers:
        """See `Numbering.number`."""
        return _months(local)

    def start(self, number: Integers) -> Integers:
        """See `Numbering.start`."""
        return _first_of(number)


@dataclass(frozen=True, slots=True)
class PartsOfMonth(Numbering):
    """Parts of months that begin on fixed days.

    Attributes:
        days: the days of the month on which a part begins, ascending, the first of them 1.
    """

    days: tuple[int, ...]

    def number(self, local: Integers) -> Integers:
        """See `Numbering.number`."""
        month = _months(local)
        day = (local // DAY) - _first_of(month) // DAY + 1
        return month * len(self.days) + np.searchsorted(self.days, day, side="right") - 1

    def start(self, number: Integers) -> Integers:
        """See `Numbering.start`."""
        month, part = np.divmod(number, len(self.days))
        return _first_of(month) + (np.array(self.days, dtype=np.int64)[part] - 1) * DAY


@dataclass(frozen=True, slots=True)
class BusinessDays(Numbering):
    """Days from Monday to Friday that are no holidays; other days belong to the business day before them.

    Attributes:
        holidays: days since 1970, ascending.
    """

    holidays: tuple[int, ...]

    def number(self, local: Integers) -> Integers:
        """See `Numbering.number`."""
        days = (local // DAY).view("datetime64[D]")
        return np.busday_count(_MONDAY, days + 1, busdaycal=self._calendar()) - 1

    def start(self, number: Integers) -> Integers:
        """See `Numbering.start`."""
        found = np.busday_offset(_MONDAY, number, busdaycal=self._calendar())
        return found.view(np.int64) * DAY

    def _calendar(self) -> np.busdaycalendar:
        return np.busdaycalendar(holidays=np.array(self.holidays, dtype=np.int64).view("datetime64[D]"))


@dataclass(frozen=True, slots=True)
class RetailMonths(Numbering):
    """Months of whole weeks; a year has 52 or 53 of them, the 53rd in its last month.

    A year starts on the weekday nearest to the first of a month: that of shops in the USA on the Sunday nearest to
    1 February.

    Attributes:
        weeks: the weeks of the three months of a quarter, such as (4, 4, 5).
        month: the calendar month to whose first day the start of the year is nearest, from 0.
        weekday: the day on which weeks start, from 0, Monday.
    """

    weeks: tuple[int, int, int]
    month: int
    weekday: int

    def number(self, local: Integers) -> Integers:
        """See `Numbering.number`."""
        day = local // DAY
        year = _months(local) // 12
        year = year - (day < self._year(year))
        year = year + (day >= self._year(year + 1))
        week = (day - self._year(year)) // 7
        return 12 * year + np.searchsorted(self._edges(), week, side="right") - 1

    def start(self, number: Integers) -> Integers:
        """See `Numbering.start`."""
        year, month = np.divmod(number, 12)
        return (self._year(year) + 7 * self._edges()[month]) * DAY

    def _year(self, year: Integers) -> Integers:
        """The day on which a year, counted from 1970, starts."""
        first = (12 * year + self.month).view("datetime64[M]").astype("datetime64[D]").view(np.int64)
        return first + (self.weekday - (first + _THURSDAY) + 3) % 7 - 3

    def _edges(self) -> Integers:
        """The weeks of the year with which its months begin."""
        return np.cumsum([0, *self.weeks * 4])[:12]


@dataclass(frozen=True, slots=True)
class Listed(Numbering):
    """Periods that begin at listed times, each up to the next one.

    Attributes:
        starts: local times in ns, ascending.
    """

    starts: tuple[int, ...]

    def number(self, local: Integers) -> Integers:
        """See `Numbering.number`.

        Raises:
            InvalidInputError: a time lies before the first period.
        """
        number = np.searchsorted(self.starts, local, side="right") - 1
        if (number < 0).any():
            raise InvalidInputError(
                f"The first listed period starts at {_text(self.starts[0])}; received a time before it, "
                f"{_text(int(local[number < 0][0]))}. Add earlier periods, or drop the earlier points."
            )
        return number

    def start(self, number: Integers) -> Integers:
        """See `Numbering.start`.

        Raises:
            InvalidInputError: a period is not listed.
        """
        if number.size and (number.min() < 0 or number.max() >= len(self.starts)):
            raise InvalidInputError(
                f"{len(self.starts)} periods are listed, the last from {_text(self.starts[-1])} on; "
                f"{int(number.max()) + 1} are needed. Add the starts of later ones to periods=."
            )
        return np.array(self.starts, dtype=np.int64)[number]


#: A Monday before all times, from which business days are counted.
_MONDAY = np.datetime64("1600-01-03", "D")
_THURSDAY = 3  # 1970-01-01


def _months(local: Integers) -> Integers:
    return local.view("datetime64[ns]").astype("datetime64[M]").view(np.int64)


def _first_of(months: Integers) -> Integers:
    return months.view("datetime64[M]").astype("datetime64[ns]").view(np.int64)


def _text(local: int) -> str:
    return str(np.datetime64(local, "ns").astype("datetime64[s]"))
