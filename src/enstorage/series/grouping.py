"""Grouping points into buckets of time with Polars."""

from typing import TYPE_CHECKING

from enstorage.interval import TimeInterval

if TYPE_CHECKING:
    import polars as pl


def group(points: "pl.DataFrame", interval: TimeInterval, aggregate: str) -> "pl.DataFrame":
    """Aggregate the columns `time` (int64 ns, sorted) and `value` by buckets of `interval`.

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
    return (
        points.lazy()
        .with_columns(_bucket(interval).set_sorted())
        .group_by("time", maintain_order=True)
        .agg(functions[aggregate]().cast(pl.Float64).alias("value"))
        .collect()
    )


def _bucket(interval: TimeInterval) -> "pl.Expr":
    """The start of the bucket of each time."""
    import polars as pl

    time = pl.col("time")
    if interval.is_calendar:
        # Not group_by_dynamic: Polars 2.1 panics there for years before 1970 over some centuries.
        return time.cast(pl.Datetime("ns")).dt.truncate(interval.polars).cast(pl.Int64)
    length = interval.nanoseconds  # integers take half the time of dates
    return time - (time % length - interval.origin) % length
