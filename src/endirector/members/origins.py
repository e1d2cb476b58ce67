"""Origins: the latest time that was known when a target was forecast, found from the targets themselves."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

_Times = NDArray[np.int64]

#: Origin of a target before which no other target of the evidence was known.
NOTHING_KNOWN = int(np.iinfo(np.int64).min)


def origins_of(keys: pl.DataFrame, offset: int = 1) -> _Times:
    """The latest time among the targets of a series that was known when each of them was forecast.

    A forecast of step k with offset o is made o + k − 1 buckets before its target. Of the times of the targets as many
    are passed over; where buckets have no target, the origin found is earlier than the true one, and never later.

    Args:
        keys: columns `series`, `id`, `step`; no two rows alike.
        offset: distance from the end of the window to the first target, in steps, at least 0.

    Returns:
        int64 ns, shape (rows,); `NOTHING_KNOWN` where no time of a target was known.
    """
    series, time = (keys[name].to_numpy().astype(np.int64) for name in ("series", "id"))
    # A target of offset 0 is forecast with the value of its own time known to the member, but not to the method.
    ahead = np.maximum(offset + keys["step"].to_numpy().astype(np.int64) - 1, 1)
    if _is_sorted(series, time):
        return _of_sorted(series, time, ahead)
    order = np.lexsort((time, series))
    origin = np.empty(keys.height, dtype=np.int64)
    origin[order] = _of_sorted(series[order], time[order], ahead[order])
    return origin


def _is_sorted(series: _Times, time: _Times) -> bool:
    rises, same = series[1:] > series[:-1], series[1:] == series[:-1]
    return bool((rises | (same & (time[1:] >= time[:-1]))).all())


def _of_sorted(series: _Times, time: _Times, ahead: _Times) -> _Times:
    """See `origins_of`; `ahead` is the number of times to pass over, shape (rows,)."""
    begins = np.append(True, series[1:] != series[:-1])[: len(series)]
    differs = begins | np.append(True, time[1:] != time[:-1])[: len(series)]
    times = time[differs]
    place = np.cumsum(differs) - 1
    first = np.maximum.accumulate(np.where(begins, place, 0))
    known = place - ahead >= first
    origin = np.full(len(series), NOTHING_KNOWN)
    origin[known] = times[(place - ahead)[known]]
    return origin
