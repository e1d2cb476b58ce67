"""Hours that are missing as where clocks are set forward: times of a zone that were taken as UTC show by them."""

import numpy as np
from numpy.typing import NDArray

_HOUR, _DAY = 3_600 * 10**9, 86_400 * 10**9
#: Clocks are set forward on a Sunday of these months, in the north and in the south, before four in the night.
_MONTHS, _LATEST = (3, 4, 9, 10, 11), 4 * _HOUR
_SUNDAY = 3  # 1970-01-01 was a Thursday


def skipped_hours(times: NDArray[np.int64]) -> tuple[str, ...]:
    """The starts of such hours, as `2026-03-29 02:00`; none for times of whole days, or further apart than an hour.

    Args:
        times: nanoseconds since 1970, in any order.
    """
    if len(times) < 3 or not (times % _DAY).any():
        return ()
    apart = np.diff(times)
    if (apart < 0).any():
        apart = np.diff(times := np.unique(times))
    step = int(np.median(apart[apart > 0])) if (apart > 0).any() else 0
    if not 0 < step <= _HOUR or _HOUR % step:
        return ()
    starts = times[:-1][apart == step + _HOUR] + step
    months = starts.astype("datetime64[ns]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    is_change = (starts // _DAY % 7 == _SUNDAY) & (starts % _DAY < _LATEST) & np.isin(months, _MONTHS)
    return tuple(
        str(each).replace("T", " ")
        for each in np.unique(starts[is_change]).astype("datetime64[ns]").astype("datetime64[m]")
    )
