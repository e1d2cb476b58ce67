"""`infer_calendar`: the calendar that the times of a series follow."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.calendar import Calendar
from enstorage.calendars.numbering import DAY
from enstorage.calendars.spacing import infer_spacing
from enstorage.calendars.units import DAYS, DEKADS, EXACT, MIDDLE, MONTHS, RETAIL
from enstorage.calendars.zone import to_local
from enstorage.errors import InvalidInputError
from enstorage.instant import to_iso, to_ns_array
from enstorage.parameters.naming import named

_WEEKENDS_SEEN = 2  # a week without a weekend may be chance
_LONGEST_DAY = 28
_FIRST_MONDAY = 4 * DAY  # 1970-01-05
_FEBRUARY = 1  # counted from 0


def infer_calendar(times: Any, time_zone: str = "UTC") -> Calendar | None:
    """Infer interval and anchor of a series from its times.

    Gaps do not matter, nor does the rounding of decimal years: 365 or 366 days are `1y`, 28 to 31 days `1mo`, times
    such as 1749.042, 1749.123 (years) `1mo`, and 1818.001, 1818.004 `1d`. Any other even spacing is kept exactly. Days
    without weekends are `1b`; the 1st and 16th, the 1st and 15th, or the 15th and last of a month `1sm`; the 1st, 11th and
    21st `1dek`; months of 4, 4 and 5 weeks `1mo445`. An anchor is given if buckets of several units, or weeks, begin
    elsewhere than without one: quarters in March, two days on odd days, eight hours at 6.

    Args:
        times: What `enstorage.instant.to_ns_array` accepts, shape (n,), in any order; equal times count once.
        time_zone: IANA name of the zone whose days and months are meant.

    Returns:
        The calendar; None when fewer than half of the spacings lie within half of the median, as with events, when the
        median is longer than 292 years, or when months or years would put two times into one bucket.

    Raises:
        InvalidInputError: There are fewer than two different times.
    """
    instants = np.unique(to_ns_array(times))
    if instants.size < 2:
        raise InvalidInputError(
            f"Number of different times: {instants.size}; expected at least two to infer an interval. Give the interval."
        )
    local = to_local(instants, time_zone)
    spacing = infer_spacing(local)
    if spacing is not None and spacing[1] in EXACT:  # the wall clock shows an hour twice, or skips it
        spacing = infer_spacing(instants)
    named = _named(local, time_zone)
    if named is not None:
        return named
    if spacing is None:
        return None
    found = _anchored(*spacing, local, instants, time_zone)
    return None if spacing[1] in MONTHS and _shares_buckets(found, instants) else found


def _named(local: NDArray[np.int64], zone: str) -> Calendar | None:
    """Business days, parts of months or retail months, if every time fits."""
    days = np.unique(local // DAY)
    if len(days) < 4 or len(days) != len(local):
        return None
    steps = np.diff(days)
    median = int(np.median(steps))
    weekday = (days + 3) % 7
    if median == 1:
        weekends = (days[-1] + 3) // 7 - (days[0] + 3) // 7
        return Calendar(1, "b", zone) if weekday.max() < 5 and weekends >= _WEEKENDS_SEEN else None
    if 8 <= median <= 17:
        return _part_of_month(days, median, zone)
    if np.isin(steps, (28, 35, 42)).all() and {28, 35} <= set(steps.tolist()):
        return _retail(local, days, zone)
    return None


def _part_of_month(days: NDArray[np.int64], median: int, zone: str) -> Calendar | None:
    day = days - _month_of(days) + 1
    is_last = _month_of(days + 1) == days + 1
    if median <= 11:
        fits = np.isin(day, DEKADS).all() or (np.isin(day, (10, 20)) | is_last).all()
        return Calendar(1, "dek", zone) if fits else None
    if np.isin(day, (1, MIDDLE)).all() or ((day == MIDDLE - 1) | is_last).all():
        return Calendar(1, "sm", zone)
    return Calendar(1, "sm", zone, _text(int(days[day == 15][0]) * DAY)) if np.isin(day, (1, 15)).all() else None


def _month_of(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first day of the month of each day."""
    return days.view("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").view(np.int64)


def _retail(local: NDArray[np.int64], days: NDArray[np.int64], zone: str) -> Calendar | None:
    """The retail calendar whose months begin at all times: its year may begin near the first of any month.

    Up to some years, the same dates are months of several calendars: those of 4, 5 and 4 weeks from February are also those
    of 4, 4 and 5 weeks from January. A year that begins with the first time, in January or February, is the likeliest, then
    that of shops in the USA. A warning names the others.
    """
    year = int(days[0].view("datetime64[D]").astype("datetime64[Y]").view(np.int64))
    weekday = int(days[0] + 3) % 7
    found: list[tuple[tuple[bool, ...], Calendar]] = []
    for month in range(12):
        first = int(np.int64(12 * year + month).view("datetime64[M]").astype("datetime64[D]").view(np.int64))
        start = first + (weekday - (first + 3) + 3) % 7 - 3
        for unit in RETAIL:
            calendar = Calendar(1, unit, zone, _text(start * DAY))
            wall_clock = Calendar(1, unit, "UTC", calendar.anchor)
            if (wall_clock.floor(local) == days * DAY).all():
                begins = bool(wall_clock.numbers(local[:1])[0] % 12 == 0)
                is_of_shops = month == _FEBRUARY and unit == "mo454"
                found.append(((begins and month <= _FEBRUARY, is_of_shops, begins, month <= _FEBRUARY), calendar))
    if not found:
        return None
    _, best = max(found, key=lambda each: each[0])
    others = [f"1{calendar.unit} from {calendar.anchor}" for _, calendar in found if calendar is not best]
    if others:
        warnings.warn(
            f"The times fit several retail calendars: 1{best.unit} from {best.anchor} was taken; {others[0]}"
            + (f" and {len(others) - 1} more fit" if others[1:] else " fits")
            + f" too. Give {named('time_interval')} and {named('anchor')}, the start of a year, for another one.",
            stacklevel=4,
        )
    return best


def _anchored(count: int, unit: str, local: NDArray[np.int64], instants: NDArray[np.int64], zone: str) -> Calendar:
    """The calendar of an interval, with an anchor if all times lie at one other place of its buckets."""
    if unit in MONTHS:
        return _anchored_month(count, unit, local, zone)
    plain = Calendar(count, unit, zone)
    single, length = EXACT.get(unit, DAY), count * DAYS.get(unit, 1)
    clock = instants - plain.origin if unit in EXACT else local - (_FIRST_MONDAY if unit == "w" else 0)
    position = np.unique(clock // single % length)
    is_plain = len(position) > 1 or position[0] == 0
    return plain if is_plain else Calendar(count, unit, zone, _text(int(local[0] - clock[0] % single)))


def _anchored_month(count: int, unit: str, local: NDArray[np.int64], zone: str) -> Calendar:
    months, length = Calendar(1, "mo"), count * MONTHS[unit]
    starts = months.floor(local)
    within = np.unique(local - starts)
    if (_month_of(local // DAY + 1) == local // DAY + 1).all():  # the last days of periods, which begin a day later
        starts, within = _month_of(local // DAY + 1) * DAY, np.zeros(1, dtype=np.int64)
    position = np.unique(months.numbers(starts) % length)
    # A year may begin on any day, such as 6 April; of a month the day says nothing about where it begins.
    is_year = length % 12 == 0 and len(within) == 1 and within[0] < _LONGEST_DAY * DAY
    shift = int(within[0]) if is_year else 0
    if len(position) > 1 or (position[0] == 0 and not shift):
        return Calendar(count, unit, zone)
    return Calendar(count, unit, zone, _text(int(starts[0]) + shift))


def _shares_buckets(calendar: Calendar, instants: NDArray[np.int64]) -> bool:
    return bool((np.diff(calendar.numbers(instants)) == 0).any())


def _text(local: int) -> str:
    return to_iso(local).removesuffix("Z")
