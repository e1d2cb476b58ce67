"""The rows of a Delta table, read and made with Polars. A store imports it with the first points: Polars takes its time.

A row is a point or, with value null, the mark of a deleted one. `version` is that of the commit which wrote the row: it
orders rows of equal time, and unlike a clock it never goes back.
"""

from collections.abc import Sequence
from typing import Any

import deltalake
import numpy as np
import polars as pl
from numpy.typing import NDArray

from enstorage.series.base import Points
from enstorage.series.delta.scan import scan

_SCHEMA = {"source": pl.Int64, "time": pl.Int64, "value": pl.Float64, "version": pl.Int64}


def made(
    source: int | NDArray[np.int64], times: NDArray[np.int64], values: NDArray[np.float64] | None, version: int
) -> Any:
    """Rows to write, as a table of Arrow.

    Args:
        source: of all rows, or of each.
        times: of the rows.
        values: of the rows; None for marks of deleted points.
        version: of the commit that writes them.
    """
    value = pl.Series([None] * len(times), dtype=pl.Float64) if values is None else pl.Series(values)
    return pl.DataFrame(
        {"source": source, "time": times, "value": value, "version": version}, schema=_SCHEMA
    ).to_arrow()


def schema() -> Any:
    """The schema of the rows, of Arrow."""
    return pl.DataFrame(schema=_SCHEMA).to_arrow().schema


def points(
    table: deltalake.DeltaTable, source_id: int, time_from: int | None = None, time_to: int | None = None
) -> pl.DataFrame:
    """The points of a source: columns `time`, sorted, and `value`."""
    rows = _rows(table, source_id, time_from, time_to)
    found = rows.select("time", "value").collect()
    # Series are usually written once and in order, and checking that costs less than sorting.
    times = found["time"].to_numpy()
    if not (times[1:] > times[:-1]).all():
        found = _last_written(rows.select("time", "value", "version").collect(), "time")
    return found.filter(pl.col("value").is_not_null()).select("time", "value")


def points_of_many(table: deltalake.DeltaTable, source_ids: Sequence[int]) -> list[Points]:
    """The points of several sources, in their order."""
    wanted = pl.Series(source_ids, dtype=pl.Int64)
    rows = scan(table).filter(pl.col("source").is_in(wanted.implode())).collect()
    rows = _last_written(rows, "source", "time").filter(pl.col("value").is_not_null())
    sources, times, values = (rows[name].to_numpy() for name in ("source", "time", "value"))
    starts, ends = (np.searchsorted(sources, wanted.to_numpy(), side) for side in ("left", "right"))
    return [(times[start:end], values[start:end]) for start, end in zip(starts, ends, strict=True)]


def extent(table: deltalake.DeltaTable, source_id: int) -> tuple[int, int] | None:
    """The first and the last time of the points of a source; None without any."""
    time = pl.col("time")
    written = _rows(table, source_id).filter(pl.col("value").is_not_null())
    first, last = written.select(time.min().alias("first"), time.max().alias("last")).collect().row(0)
    if first is None:
        return None
    # All points are read only if the first or the last one was deleted later.
    if all(points(table, source_id, end, end + 1).height for end in (first, last)):
        return first, last
    times = points(table, source_id)["time"]
    return (times[0], times[-1]) if len(times) else None


def source_ids(table: deltalake.DeltaTable) -> list[int]:
    """The ids of the sources that have rows, sorted."""
    return sorted(scan(table).select(pl.col("source").unique()).collect()["source"].to_list())


def highest_source_id(table: deltalake.DeltaTable) -> int | None:
    """The highest id of a source that has rows, as the log of the table tells; None without rows."""
    highest: Any = pl.DataFrame(table.get_add_actions(flatten=True))["max.source"].max()
    return highest if highest is None else int(highest)


def without_older(table: deltalake.DeltaTable) -> Any:
    """The points alone, without older ones of equal time and without marks, as a table of Arrow."""
    newest = scan(table).sort("version").unique(subset=["source", "time"], keep="last")
    return newest.filter(pl.col("value").is_not_null()).sort("source", "time").collect().to_arrow()


def _rows(
    table: deltalake.DeltaTable, source_id: int, time_from: int | None = None, time_to: int | None = None
) -> pl.LazyFrame:
    rows = scan(table).filter(pl.col("source") == source_id)
    if time_from is not None:
        rows = rows.filter(pl.col("time") >= time_from)
    if time_to is not None:
        rows = rows.filter(pl.col("time") < time_to)
    return rows


def _last_written(rows: pl.DataFrame, *key: str) -> pl.DataFrame:
    """The rows sorted by key; of rows with equal keys, only the one with the latest version."""
    rows = rows.sort(*key, "version")
    is_last = pl.any_horizontal(pl.col(name) != pl.col(name).shift(-1) for name in key)
    return rows.filter(is_last.fill_null(value=True))
