"""Grouping points into buckets of time with Polars."""

from typing import TYPE_CHECKING

import numpy as np

from enstorage.calendars.calendar import Calendar

if TYPE_CHECKING:
    import polars as pl


def group(points: "pl.DataFrame", calendar: Calendar, aggregate: str) -> "pl.DataFrame":
    """Aggregate the columns `time` (int64 ns, sorted) and `value` by buckets of a calendar.

    Returns:
        Columns `time` (start of the bucket, int64 ns) and `value` (float64), sorted, one row per bucket with points.
    """
    import polars as pl

    value = pl.col("value")
    functions = {
        "mean": value.mean,
        "median": value.median,
        "sum": value.sum,
        "min": value.min,
        "max": value.max,
        "first": value.first,
        "last": value.last,
        "count": value.count,
    }
    # The flag is set in the query: grouping slices of a sorted column adds up values in another order than other grouping.
    return (
        points.with_columns(_bucket(points["time"], calendar).alias("time"))
        .lazy()
        .with_columns(pl.col("time").set_sorted())
        .group_by("time", maintain_order=True)
        .agg(functions[aggregate]().cast(pl.Float64).alias("value"))
        .collect()
    )


def _bucket(times: "pl.Series", calendar: Calendar) -> "pl.Series":
    """The start of the bucket of each time."""
    import polars as pl

    if not calendar.is_calendar:
        length = calendar.nanoseconds
        return times - (times % length - calendar.origin) % length
    if not len(times):
        return times
    # Days and months are few: looking up where each begins among the sorted times is faster than converting all times.
    starts = calendar.range(times[0], times[-1] + 1)
    counts = np.diff(np.searchsorted(times.to_numpy(), starts), append=len(times))
    return pl.Series(starts).gather(np.repeat(np.arange(len(starts)), counts))
