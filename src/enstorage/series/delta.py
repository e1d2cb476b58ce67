"""Points in one Delta Lake table, written by deltalake and read by Polars. Several processes may write at once."""

import secrets
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import local
from typing import Any

import deltalake
import numpy as np
import polars as pl
from deltalake.exceptions import CommitFailedError, DeltaError
from numpy.typing import NDArray

from enstorage.errors import StoreError
from enstorage.interval import Interval
from enstorage.series.base import Points, SeriesStore
from enstorage.series.delta_scan import scan
from enstorage.series.grouping import group

# A row is a point, or with value null the trace of a deleted one. `version` is that of the commit which wrote the row: it
# orders rows of equal time, and unlike a clock it never goes back.
_SCHEMA = {"source": pl.Int64, "time": pl.Int64, "value": pl.Float64, "version": pl.Int64}

# Polars panics when a file is shorter than the log says.
_FAILURES = (DeltaError, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError)

# What the library prints of itself can be pages long.
_LONGEST_REASON = 300

# The library would retry a commit by itself, but then its version would not be the one that the rows bear.
_ONE_TRY = deltalake.CommitProperties(max_commit_retries=0)
_ATTEMPTS = 200
_LONGEST_PAUSE_SECONDS = 0.2
# Reading slows down with the number of files: 392 took 0.8 s, one took 0.04 s.
_MANY_FILES = 40


class DeltaSeries(SeriesStore):
    """A series store in a folder: `delta:FOLDER`."""

    def __init__(self, place: str) -> None:
        self._place = place
        self._local = local()
        with self._translated():
            Path(place).mkdir(parents=True, exist_ok=True)
            if not deltalake.DeltaTable.is_deltatable(place):
                deltalake.DeltaTable.create(place, schema=pl.DataFrame(schema=_SCHEMA).to_arrow().schema, mode="ignore")

    def append(self, source_id: int, times: NDArray[np.int64], values: NDArray[np.float64]) -> None:
        """See `SeriesStore.append`."""
        with self._translated():
            self._append(source_id, times, pl.Series("value", values))
            self._join_small_files()

    def read(self, source_id: int, time_from: int | None = None, time_to: int | None = None) -> Points:
        """See `SeriesStore.read`."""
        with self._translated():
            points = self._points(source_id, time_from, time_to)
        return points["time"].to_numpy(), points["value"].to_numpy()

    def aggregate(self, source_id: int, time_from: int, time_to: int, interval: Interval, aggregate: str) -> Points:
        """See `SeriesStore.aggregate`."""
        with self._translated():
            buckets = group(self._points(source_id, time_from, time_to), interval, aggregate)
        return buckets["time"].to_numpy(), buckets["value"].to_numpy()

    def extent(self, source_id: int) -> tuple[int, int] | None:
        """See `SeriesStore.extent`."""
        time = pl.col("time")
        with self._translated():
            written = self._rows(source_id).filter(pl.col("value").is_not_null())
            first, last = written.select(time.min().alias("first"), time.max().alias("last")).collect().row(0)
            if first is None:
                return None
            # Whether the outermost points were deleted since is seen at them alone; only then everything is read.
            if all(self._points(source_id, end, end + 1).height for end in (first, last)):
                return first, last
            times = self._points(source_id)["time"]
        return (times[0], times[-1]) if len(times) else None

    def delete_points(self, source_id: int, time_from: int | None = None, time_to: int | None = None) -> int:
        """See `SeriesStore.delete_points`."""
        times, _ = self.read(source_id, time_from, time_to)
        if len(times):
            with self._translated():
                self._append(source_id, times, pl.Series("value", [None] * len(times), dtype=pl.Float64))
                self._join_small_files()
        return len(times)

    def delete_source(self, source_id: int) -> None:
        """See `SeriesStore.delete_source`."""
        with self._translated():
            self._committed(lambda table: table.delete(f"source = {int(source_id)}", commit_properties=_ONE_TRY))

    def delete_leftovers(self, source_ids: Collection[int]) -> None:
        """See `SeriesStore.delete_leftovers`. New ids are mostly higher than all that were ever written to."""
        with self._translated():
            highest: Any = pl.DataFrame(self._table().get_add_actions(flatten=True))["max.source"].max()
        super().delete_leftovers([id for id in source_ids if highest is not None and id <= highest])

    def compact(self) -> None:
        """See `SeriesStore.compact`."""

        def rewrite(table: deltalake.DeltaTable) -> None:
            newest = scan(table).sort("version").unique(subset=["source", "time"], keep="last")
            rows = newest.filter(pl.col("value").is_not_null()).sort("source", "time").collect()
            deltalake.write_deltalake(table, rows.to_arrow(), mode="overwrite", commit_properties=_ONE_TRY)

        with self._translated():
            self._committed(rewrite)

    def _append(self, source_id: int, times: NDArray[np.int64], values: pl.Series) -> None:
        def write(table: deltalake.DeltaTable) -> None:
            rows = pl.DataFrame(
                {"source": source_id, "time": times, "value": values, "version": table.version() + 1}, schema=_SCHEMA
            )
            deltalake.write_deltalake(table, rows.to_arrow(), mode="append", commit_properties=_ONE_TRY)

        self._committed(write)

    def _rows(self, source_id: int, time_from: int | None = None, time_to: int | None = None) -> pl.LazyFrame:
        rows = scan(self._table()).filter(pl.col("source") == source_id)
        if time_from is not None:
            rows = rows.filter(pl.col("time") >= time_from)
        if time_to is not None:
            rows = rows.filter(pl.col("time") < time_to)
        return rows

    def _points(self, source_id: int, time_from: int | None = None, time_to: int | None = None) -> pl.DataFrame:
        """The points as they are now: columns `time`, sorted, and `value`."""
        rows = self._rows(source_id, time_from, time_to).select("time", "value", "version").collect()
        # Series are mostly written in order and once, and looking whether that is so costs less than sorting.
        if not rows["time"].is_sorted():
            rows = rows.sort("time")
        if (rows["time"].diff() == 0).any():
            rows = rows.sort("time", "version").filter(
                (pl.col("time") != pl.col("time").shift(-1)).fill_null(value=True)
            )
        return rows.filter(pl.col("value").is_not_null()).select("time", "value")

    def _join_small_files(self) -> None:
        table = self._table()
        if len(table.file_uris()) > _MANY_FILES:
            try:
                table.optimize.compact(commit_properties=_ONE_TRY)
                table.create_checkpoint()  # a new process reads this instead of every commit since the last one
            except CommitFailedError:
                return  # another process is joining them at this moment

    def _table(self) -> deltalake.DeltaTable:
        """The table as it is now. Each thread keeps its own and reads only what was committed since."""
        table: deltalake.DeltaTable | None = getattr(self._local, "table", None)
        if table is None:
            table = self._local.table = deltalake.DeltaTable(self._place)
        else:
            table.update_incremental()
        return table

    def _committed(self, write: Callable[[deltalake.DeltaTable], Any]) -> None:
        for attempt in range(_ATTEMPTS):
            try:
                write(self._table())
            except CommitFailedError:
                if attempt == _ATTEMPTS - 1:
                    raise
                pause = min(0.005 * 2**attempt, _LONGEST_PAUSE_SECONDS)
                time.sleep(pause * secrets.randbelow(1000) / 1000)
            else:
                return

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except _FAILURES as error:
            reason = " ".join(str(error).split())[:_LONGEST_REASON].rstrip(". ")
            raise StoreError(
                f"The series store {self._place} failed: {reason}. Nothing was changed. Check that the folder is there, "
                "readable and writable, and that the disk is not full."
            ) from error
