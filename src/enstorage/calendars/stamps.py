"""Times as people write them, on the clock of a series: with and without offset, as numbers of a unit, as counters."""

import re
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.julian import JULIAN_UNITS, julian_days
from enstorage.calendars.zone import from_stamps
from enstorage.errors import InvalidInputError
from enstorage.instant import (
    MAX_NS,
    MIN_NS,
    SECOND,
    TimeLike,
    check_no_time_is_masked,
    not_years,
    to_iso,
    to_ns,
    to_ns_array,
)
from enstorage.parameters.naming import named

_SCALES = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": SECOND}
#: The units of times that are given as numbers.
TIME_UNITS = (*_SCALES, "excel", *JULIAN_UNITS, "year")
#: Integers within these are years where nothing else is said.
FIRST_YEAR, LAST_YEAR = 1500, 2300
_OFFSET = r"(?:Z|[T ][0-9:.]+[+-][0-9:]+)$"

_MINUTE = 60 * SECOND
_CLEAR = 10**16  # in microseconds the year 2286, and smaller units are worse
_MILLISECONDS_A_DAY = 86_400_000
_MONTHS_FROM_JANUARY = np.arange(1, 13)


def check_time_unit(unit: str) -> str:
    """The name of a unit of times, as given.

    Raises:
        InvalidInputError: there is no such unit.
    """
    if unit not in TIME_UNITS:
        raise InvalidInputError(
            f"There is no {named('time_unit')} {unit!r:.40}; expected one of {', '.join(TIME_UNITS)}."
        )
    return unit


def parse_times(
    values: Any, time_zone: str = "UTC", time_unit: str | None = None, *, is_counter: bool = False
) -> NDArray[np.int64]:
    """Return the times of a series as it keeps them.

    Args:
        values: shape (n,), what `enstorage.instant.to_ns_array` accepts, or numbers of a unit.
        time_zone: IANA name of the zone that times without an offset are local to.
        time_unit: of numbers: `s`, `ms`, `us` or `ns` since 1970 UTC; `excel`, days as spreadsheets count them; `jd` or
            `mjd`, Julian days in UTC; or `year`, such as 1871, 1871.25, or 1871.01 for January. Without it integers from
            1500 to 2300 are years, of which a warning tells, and others nanoseconds, if they can be nothing else.
        is_counter: true for an integer axis, which takes integers as they are.

    Returns:
        int64 nanoseconds since 1970 UTC, or the integers of an integer axis, shape (n,), in the order given.

    Raises:
        InvalidInputError: a time cannot be read, its unit is unclear, or the clock of the zone skips it.
    """
    check_no_time_is_masked(values)
    if is_counter:
        return _counters(values)
    if time_unit is not None:
        times, on_clock = _of_unit(values, check_time_unit(time_unit))
        return from_stamps(times, time_zone) if on_clock else times
    if look_like_years(values):
        warnings.warn(
            f"Times such as {np.asarray(values)[0]} are read as years: all are integers from {FIRST_YEAR} to {LAST_YEAR}. "
            f"Give {named('time_unit', 'year')} to say so.",
            stacklevel=3,
        )
        return parse_times(values, time_zone, "year")
    check_unit_is_clear(values)
    times = to_ns_array(not_years(values))
    if time_zone == "UTC":
        return times
    is_local = _are_local(values, len(times))
    times[is_local] = from_stamps(times[is_local], time_zone)
    return times


def parse_time(value: TimeLike, time_zone: str = "UTC", *, is_counter: bool = False) -> int:
    """The same for one time, where an integer is in nanoseconds or of the integer axis."""
    if is_counter:
        return int(_counters([value])[0])
    if isinstance(value, int) and 10**8 <= abs(value) < 9 * 10**9 and value % 10**8:
        raise InvalidInputError(
            f"The time {value} may be seconds ({to_iso(value * SECOND)[:10]}), but a number is nanoseconds since 1970. "
            "Write it as text, such as '2024-01-01'."
        )
    time = to_ns(not_years(value))
    if time_zone == "UTC" or not _are_local([value], 1)[0]:
        return time
    return int(from_stamps(np.array([time], dtype=np.int64), time_zone)[0])


def decimal_years(years: Any) -> NDArray[np.int64]:
    """The times of years as numbers, on a clock without zone: decimals, twelfths of a year, or months.

    Twelfths, such as 1949.083, are the first moments of months, however they are rounded. 1871.01 … 1871.12 are months, of
    which a warning tells.

    Args:
        years: shape (n,).

    Returns:
        int64 nanoseconds, shape (n,).
    """
    numbers = np.asarray(years, dtype=np.float64)
    whole = np.floor(numbers + 1e-9)
    fraction = np.clip(numbers - whole, 0, None)
    hundredths = np.rint(100 * fraction)
    if _are_months(whole, hundredths, fraction):
        first = f"{whole[0]:.0f}.{hundredths[0]:02.0f}"
        warnings.warn(
            f"Times such as {first} are read as year.month, {first.replace('.', '-')}: no fraction is above .12. Where "
            "they are decimals of a year, write them with three digits or more.",
            stacklevel=3,
        )
        return _first_of(12 * whole + hundredths - 1)
    twelfths = np.rint(12 * fraction)
    if len(numbers) > 1 and (abs(12 * fraction - twelfths) < 0.0121).all() and len(np.unique(twelfths % 12)) > 1:
        return _first_of(12 * whole + twelfths)
    starts, ends = _first_of(12 * whole), _first_of(12 * (whole + 1))
    return starts + np.rint(fraction * ((ends - starts) // SECOND)).astype(np.int64) * SECOND


def _of_unit(values: Any, unit: str) -> tuple[NDArray[np.int64], bool]:
    """Times, and whether they are of a local clock."""
    array = np.asarray(values)
    if array.dtype.kind == "O":
        try:
            array = array.astype(np.float64)
        except (TypeError, ValueError):
            array = np.array(["text"])
    if array.dtype.kind not in "iuf" or array.ndim != 1 or not np.isfinite(array).all():
        raise InvalidInputError(
            f"With {named('time_unit', unit)} times are numbers; received {np.asarray(values).dtype} "
            f"{np.asarray(values).shape}, or a number that is missing. Give finite numbers with one "
            f"dimension, or leave {named('time_unit')} out."
        )
    if unit in JULIAN_UNITS:
        import polars as pl

        texts = pl.Series(array).cast(pl.String)
        times, are_times = julian_days(texts, unit)
        if not are_times.all():
            example = "2460310.5" if unit == "jd" else "60310.0"
            raise InvalidInputError(
                f"{int((~are_times).sum())} times are no Julian days between 1677 and 2262, the first "
                f"{array[~are_times][0]}; expected numbers such as {example}. Correct them, or give another "
                f"{named('time_unit')}."
            )
        return times, False
    if unit == "year":
        _check_range(array, 1678, 2262, unit)
        return decimal_years(array), True
    if unit == "excel":
        _check_range(array, 1, 106_000, unit)
        if ((array >= 60) & (array < 61)).any():
            raise InvalidInputError("The day 60 of spreadsheets is 1900-02-29, which never was. Drop or correct it.")
        days = np.where(array < 60, array + 1, array)
        milliseconds = np.rint(days * _MILLISECONDS_A_DAY).astype(np.int64)
        return milliseconds * 1_000_000 + to_ns("1899-12-30"), True
    scale = _SCALES[unit]
    _check_range(array, MIN_NS / scale, MAX_NS / scale, unit)
    if array.dtype.kind in "iu":
        return array.astype(np.int64) * scale, False
    whole = np.floor(array)
    return whole.astype(np.int64) * scale + np.rint((array - whole) * scale).astype(np.int64), False


def _check_range(array: NDArray[Any], least: float, most: float, unit: str) -> None:
    outside = (array < least) | (array >= most)
    if outside.any():
        raise InvalidInputError(
            f"{int(outside.sum())} times cannot be kept, the first {array[outside][0]}; with {named('time_unit', unit)} "
            f"expected numbers from {least:g} to {most:g}. Give another {named('time_unit')}; years before 1678 and "
            f"after 2261 need {named('time_interval', 'year')}."
        )


def _are_months(whole: NDArray[np.float64], hundredths: NDArray[np.float64], fraction: NDArray[np.float64]) -> bool:
    """True for 1871.01 … 1871.12: hundredths of a year would skip from 12 to 101."""
    if len(whole) < 2 or not (abs(100 * fraction - hundredths) < 1e-6).all():
        return False
    if not np.isin(hundredths, _MONTHS_FROM_JANUARY).all() or len(np.unique(hundredths)) == 1:
        return False
    steps = np.diff(np.unique(12 * whole + hundredths))
    return bool(np.median(steps) <= 6)


def _first_of(months: NDArray[np.float64]) -> NDArray[np.int64]:
    """The first moments of months that are counted from year 0."""
    return (months.astype(np.int64) - 12 * 1970).view("datetime64[M]").astype("datetime64[ns]").view(np.int64)


def look_like_years(values: Any) -> bool:
    """True if all are integers from 1500 to 2300, also as floats."""
    array = np.asarray(values)
    if array.dtype.kind not in "iuf" or array.ndim != 1 or not array.size:
        return False
    return bool(((array >= FIRST_YEAR) & (array <= LAST_YEAR) & (array == np.rint(array))).all())


def check_unit_is_clear(values: Any) -> None:
    """Refuse integers that may be seconds, milliseconds or counters, rather than nanoseconds.

    Raises:
        InvalidInputError: they may.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "iu" or not array.size or array.ndim != 1:
        return
    not_years(array)
    largest = max(abs(int(array.min())), abs(int(array.max())))
    steps: NDArray[np.int64] = array.astype(np.int64)
    steps = steps if steps.size == 1 else np.diff(steps)
    # In another unit hardly anything is a whole minute of nanoseconds.
    if largest >= _CLEAR or not (steps % _MINUTE).any():
        return
    seen = int(array.flat[-1])
    meant = [f"{name} ({to_iso(seen * scale)[:10]})" for name, scale in _SCALES.items() if abs(seen) * scale <= MAX_NS]
    raise InvalidInputError(
        f"Times are integers such as {seen}, whose unit is unclear: they may be {', '.join(meant)}, or a counter. Give "
        f"{named('time_unit')} as s, ms, us or ns, or to the data source {named('time_interval', 'step')} if they "
        "count steps."
    )


def _are_local(values: Any, size: int) -> NDArray[np.bool_]:
    """True for each time without an offset, shape (n,)."""
    dtype = getattr(values, "dtype", getattr(values, "type", None))
    has_zone = any(getattr(dtype, name, None) is not None for name in ("tz", "time_zone"))
    if isinstance(values, list | tuple) or (getattr(dtype, "kind", "") in "OUT" and not has_zone):
        texts = list(values)
        return np.array([_is_local(each) for each in texts], dtype=bool)
    array = np.asarray(values)
    if has_zone or array.dtype.kind in "iu":
        return np.zeros(size, dtype=bool)
    if array.dtype.kind in "OUT":
        return np.array([_is_local(each) for each in array.tolist()], dtype=bool)
    return np.ones(size, dtype=bool)


def _is_local(value: object) -> bool:
    if isinstance(value, str):
        return re.search(_OFFSET, value) is None
    return not isinstance(value, int | np.integer) and getattr(value, "tzinfo", None) is None


def _counters(values: Any) -> NDArray[np.int64]:
    array = np.asarray(values)
    try:
        numbers = np.array([int(each) for each in array], dtype=np.int64) if array.dtype.kind in "OUT" else array
        is_whole = numbers.dtype.kind in "iuf" and bool((numbers == np.rint(numbers)).all())
    except (TypeError, ValueError, OverflowError):
        is_whole = False
    if not is_whole or array.ndim != 1:
        raise InvalidInputError(
            f"The times of an integer axis are integers; received {array.dtype} such as {array.flat[:1]}. Give integers, or "
            "a time_interval of days, months or others to the data source."
        )
    return numbers.astype(np.int64)
