"""The units that intervals are written in."""

import numpy as np

from enstorage.calendars.numbering import DAY, BusinessDays, Days, Listed, Months, Numbering, PartsOfMonth, RetailMonths
from enstorage.instant import SECOND

#: Units of fixed length, which do not depend on a calendar, in ns.
EXACT = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": SECOND, "m": 60 * SECOND, "h": 3600 * SECOND}
#: Days and weeks: of fixed length where clocks are never changed.
DAYS = {"d": 1, "w": 7}
MONTHS = {"mo": 1, "q": 3, "y": 12}
#: The days of the month on which dekads begin, and the second semi-month unless its anchor is another day.
DEKADS, MIDDLE = (1, 11, 21), 16
#: The weeks of the three months of a quarter.
RETAIL = {"mo445": (4, 4, 5), "mo454": (4, 5, 4), "mo544": (5, 4, 4)}
BUSINESS_DAY, LISTED = "b", "p"
#: Units of an integer axis: its times are plain integers.
COUNTERS = ("step", "year")

UNITS = (*EXACT, *DAYS, *MONTHS, BUSINESS_DAY, "sm", "dek", *RETAIL, LISTED, *COUNTERS)

#: The years that int64 nanoseconds span, in months.
MOST_MONTHS = 12 * 585
#: Default anchors that are not the period around 1970-01-01: a Monday, and the retail year of shops in the USA.
FIRST_MONDAY, RETAIL_YEAR = "1970-01-05", "2024-02-04"


def singles(count: int, unit: str) -> int:
    """The number of numbered periods in so many units: 14 days for `2w`, 3 months for `1q`."""
    return count * DAYS.get(unit, 1) * MONTHS.get(unit, 1)


def numbering_of(unit: str, anchor: int, holidays: tuple[int, ...], periods: tuple[int, ...]) -> Numbering:
    """The numbering of a unit's periods.

    Args:
        unit: not one of `EXACT` and `COUNTERS`.
        anchor: on the local clock, in ns: of semi-months on the day of the second one or on the first of a month, of retail
            months the start of a year.
        holidays: of business days, on the local clock, in ns.
        periods: of listed ones, on the local clock, in ns.
    """
    start = anchor // DAY
    match unit:
        case "sm":
            month = np.int64(start).view("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]")
            second = start - int(month.astype(np.int64)) + 1
            return PartsOfMonth((1, second if second > 1 else MIDDLE))
        case "mo445" | "mo454" | "mo544":  # the first of the month that is nearest: two weeks later is in its middle
            nearest = np.int64(start + 14).view("datetime64[D]").astype("datetime64[M]").astype(np.int64)
            return RetailMonths(RETAIL[unit], int(nearest) % 12, (start + 3) % 7)
        case "b":
            return BusinessDays(tuple(day // DAY for day in holidays))
        case "p":
            return Listed(periods)
    return PartsOfMonth(DEKADS) if unit == "dek" else Months() if unit in MONTHS else Days()
