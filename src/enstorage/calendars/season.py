"""The usual season of a calendar: after how many buckets a series is compared with itself."""

from math import gcd

from enstorage.calendars.calendar import Calendar
from enstorage.calendars.numbering import DAY
from enstorage.calendars.units import BUSINESS_DAY, DAYS, EXACT, MONTHS, RETAIL

_WEEKS_OF_YEAR, _DAYS_OF_WEEK, _BUSINESS_DAYS_OF_WEEK = 52, 7, 5
#: Single periods in a year, of calendar units that are shorter.
_OF_YEAR = {"sm": 24, "dek": 36, **dict.fromkeys((*MONTHS, *RETAIL), 12)}


def usual_season(calendar: Calendar | None) -> int:
    """The number of buckets of the season that series of a calendar usually have.

    A day for hours and minutes, an hour for seconds, a week for days and business days, a year for weeks, months and
    quarters: 24 for `1h`, 96 for `15m`, 7 for `1d`, 5 for `1b`, 52 for `1w`, 12 for `1mo`, 4 for `1q`. Where a season is no
    multiple of the bucket, it is the smallest number of buckets that spans whole seasons: 7 for `2d`, which are two weeks.

    Args:
        calendar: of the series; None for points that are not grouped.

    Returns:
        1 where no season is usual: for years and longer buckets, below a second, for listed periods, on an integer axis, and
        for points that are not grouped.
    """
    if calendar is None:
        return 1
    count, unit = calendar.count, calendar.unit
    if unit in EXACT:
        return _of_length(count * EXACT[unit])
    if unit in DAYS:
        return _of_days(count * DAYS[unit])
    if unit == BUSINESS_DAY:
        return _cycle(_BUSINESS_DAYS_OF_WEEK, count)
    return _cycle(_OF_YEAR.get(unit, 1), count * MONTHS.get(unit, 1))


def longer_season(calendar: Calendar | None) -> int | None:
    """The number of buckets in a week, where the usual season is a day: 168 for `1h`; None elsewhere."""
    if calendar is None or calendar.unit not in EXACT:
        return None
    nanoseconds = calendar.count * EXACT[calendar.unit]
    if not EXACT["m"] <= nanoseconds < DAY or usual_season(calendar) != _cycle(DAY, nanoseconds):
        return None
    return _cycle(_DAYS_OF_WEEK * DAY, nanoseconds)


def _of_length(nanoseconds: int) -> int:
    if nanoseconds < EXACT["s"]:
        return 1
    if nanoseconds % DAY == 0:
        return _of_days(nanoseconds // DAY)
    for cycle in (EXACT["h"], DAY, _DAYS_OF_WEEK * DAY):
        if nanoseconds < (EXACT["m"] if cycle == EXACT["h"] else cycle):
            return _cycle(cycle, nanoseconds)
    return 1


def _of_days(days: int) -> int:
    if days % _DAYS_OF_WEEK == 0:
        return _cycle(_WEEKS_OF_YEAR, days // _DAYS_OF_WEEK)
    return _cycle(_DAYS_OF_WEEK, days)


def _cycle(cycle: int, bucket: int) -> int:
    """The smallest number of buckets that spans whole cycles; 1 where a bucket is no shorter than the cycle."""
    return cycle // gcd(cycle, bucket) if bucket < cycle else 1
