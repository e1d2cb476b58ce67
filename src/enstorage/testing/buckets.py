"""Buckets by the calendar of Python, with which the stores are compared."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.instant import to_ns


def grouped(
    times: NDArray[np.int64], values: NDArray[np.float64], interval: str, aggregate: str
) -> dict[int, np.float64]:
    """Bucket start (ns) and aggregate, by the calendar of `datetime`; times are whole seconds."""
    functions: dict[str, Callable[[list[float]], Any]] = {
        "mean": np.mean,
        "median": np.median,
        "sum": np.sum,
        "min": np.min,
        "max": np.max,
        "first": lambda bucket: bucket[0],
        "last": lambda bucket: bucket[-1],
        "count": len,
    }
    buckets: dict[int, list[float]] = {}
    for time, value in zip(times.tolist(), values.tolist(), strict=True):
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=time // 10**9)
        hour = moment.replace(minute=0, second=0)
        day = hour.replace(hour=0)
        start = {
            "15m": hour + timedelta(minutes=moment.minute // 15 * 15),
            "1h": hour,
            "1d": day,
            "1w": day - timedelta(days=day.weekday()),
            "1mo": day.replace(day=1),
            "1y": day.replace(day=1, month=1),
        }[interval]
        buckets.setdefault(to_ns(start), []).append(value)
    return {start: np.float64(functions[aggregate](bucket)) for start, bucket in buckets.items()}
