"""A series store: one file of two columns for each source."""

from functools import partial
from pathlib import Path

import numpy as np
import polars as pl

from enstorage.errors import InvalidInputError
from enstorage.places.claim import check_claim
from enstorage.series.base import SeriesStore, refuse_version
from enstorage.series.grouping import group
from enstorage.writing import write_whole


class ColumnSeries(SeriesStore):
    """`columns:FOLDER`."""

    @classmethod
    def parse(cls, url):
        folder = url.partition(":")[2]
        if not folder:
            raise InvalidInputError("The URL of columns names no folder; expected columns:FOLDER. Add it.")
        return partial(cls, Path(folder))

    def __init__(self, folder):
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def claim(self, store_id):
        owner = self._folder / "owner"
        if not owner.exists():
            write_whole(owner, store_id.encode(), overwrite=True)
        check_claim(f"The series store {self}", owner.read_text(), store_id)

    def append(self, source_id, times, values):
        points = dict(zip(*self.read(source_id), strict=True)) | dict(zip(times, values, strict=True))
        self._keep(source_id, sorted(points), [points[time] for time in sorted(points)])

    def read(self, source_id, time_from=None, time_to=None, *, version=None):
        refuse_version(self, version)
        path = self._path(source_id)
        table = pl.read_parquet(path) if path.exists() else pl.DataFrame(schema={"time": pl.Int64, "value": pl.Float64})
        if time_from is not None:
            table = table.filter(pl.col("time") >= time_from)
        if time_to is not None:
            table = table.filter(pl.col("time") < time_to)
        return table["time"].to_numpy(), table["value"].to_numpy()

    def aggregate(self, source_id, time_from, time_to, interval, aggregate, *, version=None):
        times, values = self.read(source_id, time_from, time_to, version=version)
        buckets = group(pl.DataFrame({"time": times, "value": values}), interval, aggregate)
        return buckets["time"].to_numpy(), buckets["value"].to_numpy()

    def extent(self, source_id, *, version=None):
        times, _ = self.read(source_id, version=version)
        return (int(times[0]), int(times[-1])) if len(times) else None

    def sources(self):
        return sorted(int(path.stem) for path in self._folder.glob("*.parquet"))

    def delete_points(self, source_id, time_from=None, time_to=None):
        times, values = self.read(source_id)
        kept = ~np.isin(times, self.read(source_id, time_from, time_to)[0])
        self._keep(source_id, times[kept], values[kept])
        return int((~kept).sum())

    def delete_source(self, source_id):
        self._path(source_id).unlink(missing_ok=True)

    def compact(self):
        """Nothing that was replaced is kept."""

    def _keep(self, source_id, times, values):
        table = pl.DataFrame({"time": times, "value": values}, schema={"time": pl.Int64, "value": pl.Float64})
        unfinished = self._folder / f"{source_id}.unfinished"
        table.write_parquet(unfinished)
        unfinished.replace(self._path(source_id))

    def _path(self, source_id):
        return self._folder / f"{source_id}.parquet"

    def __repr__(self):
        return f"columns:{self._folder}"
