"""The points of a source as they were in the versions that snapshots name, and as they are, in one table of changes."""

from collections.abc import Iterator, Mapping

import numpy as np
import polars as pl
from numpy.typing import NDArray

from enstorage.errors import CorruptError
from enstorage.objects.table import from_parquet, to_parquet
from enstorage.series.base import Points, SeriesStore

#: A change: the version after it, None for the present; a time, and its value, None where the point is gone.
SCHEMA = {"version": pl.Int64, "time": pl.Int64, "value": pl.Float64}

_NONE: Points = np.empty(0, np.int64), np.empty(0, np.float64)


def to_history(states: Mapping[int | None, Points]) -> bytes:
    """The changes from no points to each state in turn, as Parquet; the states in the order of their versions."""
    before, changes = _NONE, []
    for version, after in states.items():
        times, values = after
        place = np.searchsorted(before[0], times)
        known = np.zeros(len(times), bool)
        inside = place < len(before[0])
        known[inside] = (before[0][place[inside]] == times[inside]) & _same(before[1][place[inside]], values[inside])
        gone = np.setdiff1d(before[0], times, assume_unique=True)
        changes += [
            _changes(version, times[~known], pl.Series(values[~known], dtype=pl.Float64)),
            _changes(version, gone, pl.Series([None] * len(gone), dtype=pl.Float64)),
        ]
        before = after
    return to_parquet(pl.concat(changes) if changes else pl.DataFrame(schema=SCHEMA))


def from_history(content: bytes) -> Iterator[tuple[int | None, Points]]:
    """The states in turn, each with its version; the last one is the present.

    Raises:
        CorruptError: the bytes are no such table.
    """
    table = from_parquet(content)
    if dict(table.schema) != SCHEMA or table["time"].null_count() or not table["value"].is_finite().all():
        raise CorruptError("A table of points is not as a backup has it.")
    state = pl.DataFrame(schema={"time": pl.Int64, "value": pl.Float64})
    numbers = table["version"].unique().sort(nulls_last=True).to_list()
    for number in [*(each for each in numbers if each is not None), None]:
        change = table.filter(pl.col("version").eq_missing(number)).select("time", "value")
        kept = state.join(change, on="time", how="anti")
        state = pl.concat([kept, change.drop_nulls("value")]).sort("time")
        yield number, (state["time"].to_numpy(), state["value"].to_numpy())


def replace_points(series: SeriesStore, states: Mapping[int, Points]) -> None:
    """Have the sources, by their ids, hold these points and no others."""
    before = dict(zip(states, series.read_many(list(states)), strict=True))
    written = []
    for source_id, (times, values) in states.items():
        there, there_values = before[source_id]
        for first, last in _runs(~np.isin(there, times)):
            series.delete_points(source_id, int(there[first]), int(there[last]) + 1)
        place = np.searchsorted(there, times)
        known = np.zeros(len(times), bool)
        inside = place < len(there)
        known[inside] = (there[place[inside]] == times[inside]) & _same(there_values[place[inside]], values[inside])
        if not known.all():
            written.append((source_id, times[~known], values[~known]))
    if written:
        series.append_many(written)


def _changes(version: int | None, times: NDArray[np.int64], values: pl.Series) -> pl.DataFrame:
    number = pl.Series([version] * len(times), dtype=pl.Int64)
    return pl.DataFrame({"version": number, "time": pl.Series(times, dtype=pl.Int64), "value": values})


def _same(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.bool_]:
    # By their bits, so that -0.0 stays what it is.
    same: NDArray[np.bool_] = np.ascontiguousarray(one).view(np.int64) == np.ascontiguousarray(other).view(np.int64)
    return same


def _runs(mask: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """The first and last positions of each run of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], mask, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), (edges[1::2] - 1).tolist(), strict=True)
