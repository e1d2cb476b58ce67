"""Times that jitter, moved to the nearest starts of buckets."""

import numpy as np
from numpy.typing import NDArray

from enstorage.calendars.calendar import Calendar
from enstorage.errors import InvalidInputError
from enstorage.instant import MAX_NS


def nearest_starts(times: NDArray[np.int64], calendar: Calendar) -> NDArray[np.int64]:
    """The start of a bucket that is nearest to each time, of two the earlier one.

    Args:
        times: nanoseconds since 1970 UTC, shape (n,).
        calendar: the buckets.

    Returns:
        Starts, shape (n,), in the order of the times.
    """
    if not len(times):
        return times
    edges = edges_of(calendar.range(int(times.min()), int(times.max()) + 1), calendar)
    after = np.searchsorted(edges, times, side="right")
    before, following = edges[after - 1], edges[np.minimum(after, len(edges) - 1)]
    nearest: NDArray[np.int64] = np.where(following - times < times - before, following, before)
    return nearest


def edges_of(starts: NDArray[np.int64], calendar: Calendar) -> NDArray[np.int64]:
    """The starts of buckets and the end of the last, or the last time that can be kept."""
    try:
        end = int(calendar.after(int(starts[-1]), 1)[0])
    except InvalidInputError:
        end = MAX_NS
    return np.append(starts, end)
