"""Local times of IANA time zones, as whole arrays.

Changes of clocks come from `zoneinfo`, the database that Python, pandas and the operating system use. Each decade is looked
up once; arrays are then converted by a search in the table of changes.
"""

from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError

_SECOND = 10**9
_YEARS = 10
_LAST, _FIRST = np.int64(2**63 - 1), np.int64(1 - 2**63)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - seconds are counted in UTC without a zone


@lru_cache(maxsize=64)
def check_time_zone(name: str) -> str:
    """The name of a time zone, as given.

    Raises:
        InvalidInputError: there is no such zone.
    """
    try:
        ZoneInfo(name)
    except (TypeError, ValueError, OSError, KeyError) as error:  # KeyError: ZoneInfoNotFoundError
        raise InvalidInputError(
            f"There is no time zone {name!r:.60}; expected an IANA name, such as Europe/London, Asia/Kolkata or UTC. "
            "Where the system has no time zones, install the package tzdata."
        ) from error
    return name


def to_local(times: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """The local wall clock of each time.

    Args:
        times: int64 nanoseconds since 1970 UTC, shape (n,).
        zone: IANA name.

    Returns:
        Nanoseconds since 1970-01-01T00:00 of that clock, shape (n,); times near the ends of int64 stay within it.
    """
    if zone == "UTC" or not times.size:
        return times
    changes, offsets = _table(zone, int(times.min()), int(times.max()))
    offset = offsets[np.searchsorted(changes, times, side="right")]
    # A shift past the ends of int64 stops there.
    bounded = np.where(offset > 0, np.minimum(times, _LAST - offset), np.maximum(times, _FIRST - offset))
    local: NDArray[np.int64] = bounded + offset
    return local


def to_utc(local: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """The first instant at which a wall clock shows each local time, or has passed it where the clock skips it.

    Args:
        local: nanoseconds since 1970-01-01T00:00 of that clock, shape (n,).
        zone: IANA name.

    Returns:
        int64 nanoseconds since 1970 UTC, shape (n,).
    """
    if zone == "UTC" or not local.size:
        return local
    changes, offsets = _table(zone, int(local.min()), int(local.max()))
    # The clock of a span ends at the change after it; of two spans that show a time the first one ends later than it.
    at = np.searchsorted(changes + offsets[:-1], local, side="right")
    offset = offsets[at]
    bounded = np.where(offset < 0, np.minimum(local, _LAST + offset), np.maximum(local, _FIRST + offset))
    times: NDArray[np.int64] = np.maximum(bounded - offset, np.concatenate([[_FIRST], changes])[at])
    return times


def is_skipped(local: NDArray[np.int64], zone: str) -> NDArray[np.bool_]:
    """True for each local time that the clock never shows, because it is set forward over it."""
    skipped: NDArray[np.bool_] = to_local(to_utc(local, zone), zone) != local
    return skipped


def repeats_midnight(first: int, last: int, zone: str) -> bool:
    """True if the clock shows a midnight twice in a period, as in Havana, where it is set back from 1:00 to 0:00.

    Args:
        first: ns since 1970 UTC.
        last: the same.
        zone: IANA name.
    """
    day = 86_400 * _SECOND
    begin, end = to_local(np.array([first, last], dtype=np.int64), zone) // day
    midnights = np.arange(begin, end + 1, dtype=np.int64) * day
    times = to_utc(midnights, zone)
    return bool((_second(midnights, times, zone) != times).any())


def from_stamps(local: NDArray[np.int64], zone: str, series: NDArray[np.int64] | None = None) -> NDArray[np.int64]:
    """The instants of local stamps in the order of a series, ascending or descending.

    When clocks are set back, they show an hour twice: a stamp that is there a second time, after the first, is of the
    second hour.

    Args:
        local: nanoseconds since 1970-01-01T00:00 of that clock, shape (n,).
        zone: IANA name.
        series: number of the series of each stamp, shape (n,); None: all are of one.

    Raises:
        InvalidInputError: the clock skips a stamp other than midnight, which stands for the day.
    """
    times = to_utc(local, zone)
    if zone == "UTC":
        return times
    skipped = is_skipped(local, zone) & (local % (86_400 * _SECOND) != 0)
    if skipped.any():
        first = np.datetime64(int(local[skipped][0]), "ns").astype("datetime64[s]")
        raise InvalidInputError(
            f"{int(skipped.sum())} times do not exist in {zone}, the first {first}: the clock was set forward over it. "
            "Write times with their offset from UTC, or give another time_zone."
        )
    later = _second(local, times, zone)
    if not (later != times).any():
        return times
    # Only the stamps of hours that are shown twice are sorted.
    twice = np.flatnonzero(later != times)
    stamps, of_series = local[twice], np.zeros(len(twice), np.int64) if series is None else series[twice]
    place = np.arange(len(twice)) if local[0] <= local[-1] else -np.arange(len(twice))
    order = np.lexsort((place, stamps, of_series))
    again = (stamps[order[1:]] == stamps[order[:-1]]) & (of_series[order[1:]] == of_series[order[:-1]])
    repeated = twice[order[1:][again]]
    times[repeated] = later[repeated]
    return times


def _second(local: NDArray[np.int64], first: NDArray[np.int64], zone: str) -> NDArray[np.int64]:
    """The second instant of each local time that the clock shows twice; else the first."""
    if not local.size:
        return first
    changes, offsets = _table(zone, int(local.min()), int(local.max()))
    if not len(changes):
        return first
    at = np.searchsorted(changes, first, side="right").clip(max=len(changes) - 1)
    later = local - offsets[at + 1]
    is_twice = (later >= changes[at]) & (later > first) & (first < changes[at])
    return np.where(is_twice, later, first)


def _table(zone: str, first: int, last: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The instants at which the offset changes around a period, and the offsets before, between and after them, in ns."""
    length = _YEARS * 366 * 86_400 * _SECOND
    blocks = [
        _block(zone, number) for number in range((first - length // 9) // length, (last + length // 9) // length + 1)
    ]
    changes = np.concatenate([block[0] for block in blocks])
    offsets = np.concatenate([blocks[0][1][:1], *(block[1][1:] for block in blocks)])
    return changes, offsets


@lru_cache(maxsize=512)
def _block(zone: str, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The changes of a block of ten years, found by looking at each day; the offset before them is the first one."""
    clock = ZoneInfo(zone)
    days = _YEARS * 366
    start = number * days * 86_400

    def offset(seconds: int) -> int:
        moment = (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=clock)
        local: datetime = clock.fromutc(moment)
        found = local.utcoffset()
        return 0 if found is None else int(found.total_seconds())

    changes, offsets = [], [offset(start)]
    for day in range(days):
        low, high = start + day * 86_400, start + (day + 1) * 86_400
        after = offset(high)
        if after == offsets[-1]:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if offset(middle) == after else (middle, high)
        changes.append(high)
        offsets.append(after)
    # Beyond the range of int64 there is nothing to convert.
    within = [
        (change, each) for change, each in zip(changes, offsets[1:], strict=True) if abs(change) < 2**63 // _SECOND
    ]
    return (
        np.array([change for change, _ in within], dtype=np.int64) * _SECOND,
        np.array([offsets[0], *(each for _, each in within)], dtype=np.int64) * _SECOND,
    )
