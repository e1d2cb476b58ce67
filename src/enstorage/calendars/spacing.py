"""The interval of a series from the spacing of its times."""

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.numbering import DAY
from enstorage.calendars.units import EXACT
from enstorage.instant import MAX_NS

_FIXED = {**EXACT, "d": DAY, "w": 7 * DAY}
# (interval, fewest days, most days), with half a day of room for the rounding of decimal years.
_CALENDAR = (
    ((1, "mo"), 27.5, 31.5),
    ((2, "mo"), 58.5, 62.5),
    ((1, "q"), 88.5, 92.5),
    ((4, "mo"), 119.5, 123.5),
    ((6, "mo"), 180.5, 184.5),
)
_NICE = [
    *((count, unit) for unit in ("s", "m") for count in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30)),
    *((count, "h") for count in (1, 2, 3, 4, 6, 8, 12)),
    *((count, unit) for unit in ("d", "w") for count in (1, 2, 3)),
]


def infer_spacing(distinct: NDArray[np.int64]) -> tuple[int, str] | None:
    """Count and unit of the interval that the median spacing suggests.

    Args:
        distinct: two or more different times in ns, ascending, shape (n,).

    Returns:
        None when fewer than half of the spacings lie within half of the median, or the median is longer than 292 years.
    """
    # Two times may be 585 years apart, which only unsigned integers can hold.
    spacings = np.diff(distinct.view(np.uint64))
    median = int(np.sort(spacings)[spacings.size // 2])
    regular = spacings[(spacings >= median // 2) & (spacings <= median + median // 2)]
    if 2 * regular.size < spacings.size or median > MAX_NS:
        return None
    is_even = bool((regular == median).all())
    return _calendar_interval(median, is_even and regular.size > 2) or (
        _exact_interval(median)
        if is_even and _is_chosen(median)
        else _nice_interval(
            median, float(regular.mean()), most_are_equal=2 * int((regular == median).sum()) > regular.size
        )
    )


def _calendar_interval(spacing: int, is_even: bool) -> tuple[int, str] | None:
    days = spacing / DAY
    years = max(1, round(days / 365.2425))
    if abs(days - 365.2425 * years) <= 1.5:
        return years, "y"
    if is_even and spacing % DAY == 0:  # no three months or quarters in a row are equally long, but four weeks are
        return None
    return next((interval for interval, fewest, most in _CALENDAR if fewest <= days <= most), None)


def _is_chosen(spacing: int) -> bool:
    """True for a spacing that a person may have chosen; three digits of a decimal year give 26 h 16 min 48 s for a day."""
    return spacing < EXACT["h"] or spacing % EXACT["m"] == 0


def _nice_interval(median: int, mean: float, *, most_are_equal: bool) -> tuple[int, str]:
    nice = min(_NICE, key=lambda interval: abs(_length(interval) / mean - 1))
    # A decimal year of few digits is far off for days; clocks are not.
    tolerance = 0.1 if median >= EXACT["h"] else 0.02
    if abs(mean / _length(nice) - 1) <= tolerance:
        return nice
    return _exact_interval(median) if most_are_equal else _round_interval(mean)


def _round_interval(mean: float) -> tuple[int, str]:
    """A whole number of days, hours, minutes or smaller units that differs by at most two percent."""
    units = [(unit, mean / length) for unit, length in reversed(_FIXED.items()) if unit != "w"]
    return next((round(count), unit) for unit, count in units if abs(round(count) / count - 1) <= 0.02)


def _exact_interval(spacing: int) -> tuple[int, str]:
    unit = next(unit for unit in reversed(_FIXED) if spacing % _FIXED[unit] == 0)
    return spacing // _FIXED[unit], unit


def _length(interval: tuple[int, str]) -> int:
    return interval[0] * _FIXED[interval[1]]
