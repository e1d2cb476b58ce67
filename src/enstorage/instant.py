"""Times as int64 nanoseconds since 1970-01-01T00:00:00 UTC.

Everything inside enstorage keeps times this way: exact, ordered and the same in every store. This module turns what
callers have (integers, datetimes, ISO 8601 strings, NumPy, pandas, Polars and Arrow objects) into such integers and
back. A time without a zone is UTC. Nothing is rounded or overflows: times that do not fit are refused.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from enstorage.arrays.missing import holds_masked
from enstorage.errors import InvalidInputError

TimeLike: TypeAlias = int | str | date | datetime | np.integer[Any] | np.datetime64
"""One time: nanoseconds since 1970 UTC, an ISO 8601 string, a date, or a datetime (pandas Timestamps are datetimes)."""

MAX_NS = 2**63 - 1
"""2262-04-11T23:47:16.854775807, the last time that int64 nanoseconds can hold."""

MIN_NS = -MAX_NS
"""1677-09-21T00:12:43.145224193, the first one (one less is how NumPy and pandas write "not a time")."""

SECOND = 1_000_000_000
"""Nanoseconds in a second."""

# Understood alike by Python and by the Rust regex engine of Polars; [0-9] because \d also matches other scripts.
_ISO = (
    r"^(?P<year>[0-9]{4})(?:-(?P<month>[0-9]{2})(?:-(?P<day>[0-9]{2})"
    r"(?:[T ](?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(?::(?P<second>[0-9]{2})(?:\.(?P<fraction>[0-9]{1,9}))?)?"
    # Offsets of before about 1900 have seconds.
    r"(?:Z|(?P<zone_sign>[+-])(?P<zone_hour>[0-9]{2})(?::?(?P<zone_minute>[0-9]{2})(?::?(?P<zone_second>[0-9]{2}))?)?)?)?)?)?$"
)
_OFFSET_PARTS = ("zone_hour", "zone_minute", "zone_second")
_ISO_PARTS = ("year", "month", "day", "hour", "minute", "second", "fraction", *_OFFSET_PARTS)
_RANGE = "between 1677-09-21T00:12:43.145224193 and 2262-04-11T23:47:16.854775807 UTC"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_ns(value: TimeLike) -> int:
    """Return one time as nanoseconds since 1970-01-01T00:00:00 UTC.

    Args:
        value: An integer (already nanoseconds), a date (its midnight), a datetime (naive is UTC; the nanoseconds of a
            pandas Timestamp are kept), a `numpy.datetime64` of any unit, or an ISO 8601 string: `YYYY`, `YYYY-MM`,
            `YYYY-MM-DD`, with or without a time of up to nine fractional digits, with `Z`, an offset, or neither (UTC).

    Raises:
        InvalidInputError: It is of another type, is no existing time (NaT included), is finer than a nanosecond, or
            lies outside 1677-09-21T00:12:43.145224193 … 2262-04-11T23:47:16.854775807.
    """
    if isinstance(value, str):
        return _string_to_ns(value)
    if isinstance(value, np.datetime64 | date) and str(value) == "NaT":
        raise InvalidInputError("NaT is not a time; expected a time for every point. Drop the points without a time.")
    if isinstance(value, np.datetime64):
        times, holds = _datetime64_to_ns(np.array([value]))
        if not holds[0]:
            raise _not_representable(str(value))
        return int(times[0])
    if isinstance(value, date):
        return _date_to_ns(value)
    # A bool and a timedelta64 are integers to Python and NumPy, but nobody means a time by them.
    if isinstance(value, int | np.integer) and not isinstance(value, bool | np.timedelta64):
        return _in_range(int(value))
    raise _wrong_type(f"{value!r} ({type(value).__name__})")


def to_ns_array(values: Any) -> NDArray[np.int64]:
    """Return many times as nanoseconds since 1970-01-01T00:00:00 UTC.

    Args:
        values: shape (n,). A list or tuple of what `to_ns` accepts; a NumPy array of integers, datetime64, strings or
            objects; a pandas Series or DatetimeIndex; a Polars Series; an Arrow array or chunked array. Times with a
            zone are converted to UTC.

    Returns:
        A new array of shape (n,), in the order given; it shares no memory with `values`.

    Raises:
        InvalidInputError: The values are not one-dimensional, are of another type, or include one that `to_ns` refuses.
    """
    array = _as_array(values)
    if array.ndim != 1:
        raise InvalidInputError(
            f"Times have {array.ndim} dimensions; expected a sequence of times with one. Give one time per point."
        )
    check_no_time_is_masked(values)
    if array.dtype.kind in "OUT":
        return _objects_to_ns(array.tolist())
    if array.dtype.kind == "M":
        times, holds = _datetime64_to_ns(array)
    elif array.dtype.kind in "iu":
        times, holds = array.astype(np.int64), (array >= MIN_NS) & (array <= MAX_NS)
    else:
        raise _wrong_type(f"an array of {array.dtype}")
    if not holds.all():
        position = int(holds.argmin())
        raise _not_representable(f"{array[position]} at position {position}")
    return times


def check_no_time_is_masked(values: Any) -> None:
    """Refuse masked times, which would be read as the times under the mask.

    Raises:
        InvalidInputError: a time is masked.
    """
    if holds_masked(values):
        raise InvalidInputError("Times hold masked values; expected a time for every point. Drop the masked points.")


def not_years(values: Any) -> Any:
    """The times as given, unless they are integers that look like years.

    As nanoseconds such numbers would all lie within ten microseconds of 1970, and nobody means that.

    Raises:
        InvalidInputError: every number lies between 1000 and 9999.
    """
    numbers = np.asarray(values)
    if numbers.dtype.kind in "iuf" and numbers.size and ((numbers >= 1000) & (numbers <= 9999)).all():
        raise InvalidInputError(
            f"Times such as {numbers.flat[0]} look like years, but a number is nanoseconds since 1970. Write years "
            "as text, '1700', or by years.astype(int).astype(str); or give time_unit='year' where points are written."
        )
    return values


def to_iso(time_ns: int) -> str:
    """Return a time as ISO 8601 in UTC, `2015-01-29T21:55:43.702900257Z`, with only as many decimals as it needs."""
    seconds, nanoseconds = divmod(_in_range(int(time_ns)), SECOND)
    text = (_EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{nanoseconds:09d}".rstrip("0") + "Z" if nanoseconds else f"{text}Z"


def from_ns(time_ns: int) -> datetime:
    """Return a time as an aware datetime in UTC, truncated to microseconds."""
    return _EPOCH + timedelta(microseconds=_in_range(int(time_ns)) // 1000)


def iso_strings_to_ns(strings: Any) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Read many ISO 8601 strings at once, as `to_ns` reads one.

    Args:
        strings: A Polars Series of strings, shape (n,).

    Returns:
        Nanoseconds and whether each string was a time, both of shape (n,); where it was not, the number is undefined.
    """
    import polars as pl

    parts = strings.str.extract_groups(_ISO).struct.unnest()
    # A missing month or day is the first; every other missing part is zero.
    numbers = parts.with_columns(pl.col("fraction").str.pad_end(9, "0")).select(
        pl.col(name).cast(pl.Int64).fill_null(1 if name in {"month", "day"} else 0) for name in _ISO_PARTS
    )
    zone_sign = np.where((parts["zone_sign"] == "-").fill_null(value=False).to_numpy(), -1, 1)
    times, exists = _parts_to_ns({name: numbers[name].to_numpy() for name in _ISO_PARTS}, zone_sign)
    return times, exists & parts["year"].is_not_null().to_numpy()


def join_seconds(
    seconds: NDArray[np.int64], nanoseconds: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Add whole seconds since 1970 and nanoseconds within them (0 … 999 999 999).

    Returns:
        The times and whether each fits into int64; where not, the number is undefined. All arrays have shape (n,).
    """
    times = seconds * SECOND + nanoseconds
    # NumPy overflows silently; only a time that did not overflow gives its seconds back.
    return times, (times // SECOND == seconds) & (times >= MIN_NS)


def _as_array(values: Any) -> NDArray[Any]:
    if isinstance(values, list | tuple):
        return np.array(values, dtype=object)  # without dtype, NumPy would turn [1, "2020"] into two strings
    zone = getattr(getattr(values, "dtype", None), "tz", None)
    if zone is not None and hasattr(values, "to_numpy"):  # pandas; NumPy alone would make slow Timestamp objects
        return np.asarray(values.to_numpy(dtype=f"datetime64[{values.dtype.unit}]"))
    return np.asarray(values)


def _objects_to_ns(values: list[Any]) -> NDArray[np.int64]:
    if values and all(isinstance(value, str) for value in values):
        import polars as pl

        times, valid = iso_strings_to_ns(pl.Series(values, dtype=pl.String))
        if valid.all():
            return times
    result = np.empty(len(values), dtype=np.int64)
    for position, value in enumerate(values):
        try:
            result[position] = to_ns(value)
        except InvalidInputError as error:
            raise InvalidInputError(f"The time at position {position} cannot be used. {error}") from None
    return result


def _string_to_ns(text: str) -> int:
    match = re.fullmatch(_ISO, text)
    if match is not None:
        found = match.groupdict(default="")
        found["fraction"] = found["fraction"].ljust(9, "0")
        defaults = {"month": "1", "day": "1"}
        parts = {name: np.array([int(found[name] or defaults.get(name, "0"))]) for name in _ISO_PARTS}
        times, exists = _parts_to_ns(parts, np.array([-1 if found["zone_sign"] == "-" else 1]))
        if exists[0]:
            return int(times[0])
    raise InvalidInputError(
        f"{text[:60]!r} is not a time; expected ISO 8601, such as 2015-01-29T21:55:43.702900257Z, 2015-01-29, 2015-01 "
        f"or 2015, that exists and lies {_RANGE}. Write it in that form."
    )


def _parts_to_ns(
    parts: Mapping[str, NDArray[np.int64]], zone_sign: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Turn calendar parts into times; `zone_sign` is 1 for zones east of Greenwich, -1 for those west of it."""
    months = (12 * (parts["year"] - 1970) + parts["month"] - 1).astype("datetime64[M]")
    first_day = months.astype("datetime64[D]").astype(np.int64)
    days_in_month = (months + 1).astype("datetime64[D]").astype(np.int64) - first_day
    exists = (
        ((parts["month"] >= 1) & (parts["month"] <= 12))
        & ((parts["day"] >= 1) & (parts["day"] <= days_in_month))
        & ((parts["hour"] < 24) & (parts["minute"] < 60) & (parts["second"] < 60))
        & ((parts["zone_hour"] < 24) & (parts["zone_minute"] < 60) & (parts["zone_second"] < 60))
    )
    clock = _seconds(parts["hour"], parts["minute"], parts["second"])
    offset = zone_sign * _seconds(*(parts[name] for name in _OFFSET_PARTS))
    times, holds = join_seconds(86_400 * (first_day + parts["day"] - 1) + clock - offset, parts["fraction"])
    return times, exists & holds


def _seconds(hours: NDArray[np.int64], minutes: NDArray[np.int64], seconds: NDArray[np.int64]) -> NDArray[np.int64]:
    return 3600 * hours + 60 * minutes + seconds


def _date_to_ns(value: date) -> int:
    if not 1677 <= value.year <= 2262:  # `toordinal` of pandas Timestamps is wrong after year 9999
        raise _not_representable(str(value))
    seconds = 86_400 * (value.toordinal() - _EPOCH.toordinal())
    if not isinstance(value, datetime):
        return _in_range(seconds * SECOND)
    seconds += 3600 * value.hour + 60 * value.minute + value.second
    offset_microseconds = (value.utcoffset() or timedelta()) // timedelta(microseconds=1)
    nanoseconds = 1000 * (value.microsecond - offset_microseconds) + getattr(value, "nanosecond", 0)
    return _in_range(seconds * SECOND + nanoseconds)


def _datetime64_to_ns(array: NDArray[Any]) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    times = array.astype("datetime64[ns]")
    # Coarser units overflow silently, finer ones lose digits; an exact time converts back to the given one. NaT does not.
    return times.view(np.int64), (times.astype(array.dtype) == array) & ~np.isnat(times)


def _in_range(time_ns: int) -> int:
    if not MIN_NS <= time_ns <= MAX_NS:
        raise _not_representable(f"{time_ns} ns since 1970")
    return time_ns


def _not_representable(received: str) -> InvalidInputError:
    return InvalidInputError(
        f"The time {received} cannot be kept in whole nanoseconds; expected one {_RANGE}. Drop the point or correct it."
    )


def _wrong_type(received: str) -> InvalidInputError:
    return InvalidInputError(
        f"Times are given as {received}; expected integers (nanoseconds since 1970 UTC), ISO 8601 strings, dates or "
        "datetimes. Convert them, and drop missing ones first: they turn a column of integers into floats."
    )
