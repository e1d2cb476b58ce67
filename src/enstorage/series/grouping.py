"""Grouping points into buckets of time with Polars."""

from typing import TYPE_CHECKING

from enstorage.interval import Interval

if TYPE_CHECKING:
    import polars as pl


def group(points: "pl.DataFrame", interval: Interval, aggregate: str) -> "pl.DataFrame":
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
    time = pl.col("time")
    return (
        points.with_columns(time.cast(pl.Datetime("ns")).set_sorted())
        .group_by_dynamic("time", every=interval.polars)
        .agg(functions[aggregate]().cast(pl.Float64).alias("value"))
        .with_columns(time.cast(pl.Int64))
    )
