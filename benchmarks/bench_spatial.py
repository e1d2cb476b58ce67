"""60 dates of a field to a store of pixel series and back, beside xarray writing the same cube to Zarr and reading it.

    python benchmarks/bench_spatial.py [rows columns]

Both begin with the same cube in memory, and read all values of all pixels back. Seconds are of the processor, of this
process and its threads. Without Zarr the peer is left out.
"""

import sys
import tempfile
import time
import warnings
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import polars as pl

from enspatial import Grid, to_panel
from enspatial.series.pixels import pixel_table
from enstorage import Connector

DATES = 60


def cube_of(rows: int, columns: int):
    """A made-up cube with clouds on a third of the dates."""
    import pandas as pd
    import xarray as xr

    random = np.random.default_rng(0)
    values = random.random((DATES, rows, columns)).astype(np.float32)
    values[::3, : rows // 2] = np.nan
    grid = Grid("EPSG:32632", 734_880.0, 4_973_170.0, 10.0, rows, columns)
    times = pd.date_range("2020-01-04", periods=DATES, freq="5D")
    coordinates = {"time": times, "y": grid.y, "x": grid.x}
    return xr.Dataset(
        {"ndvi": (("time", "y", "x"), values)}, coords=coordinates, attrs={"grid": grid.to_json(), "scenes": []}
    )


def timed(work):
    """Processor seconds, and the result."""
    started = time.process_time()
    result = work()
    return time.process_time() - started, result


def main() -> None:
    """Print the figures."""
    rows, columns = (int(each) for each in sys.argv[1:3]) if len(sys.argv) > 2 else (50, 50)
    cube = cube_of(rows, columns)
    known = int(np.isfinite(cube["ndvi"].to_numpy()).sum())
    with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with Connector.in_folder(Path(place) / "store"):
            written, panel = timed(lambda: to_panel(cube, name="bench", time_interval="5d"))
            read, points = timed(panel.read)
            assert points.height == known == pixel_table(cube).height
            assert abs(points.select(pl.col("value").sum()).item() - float(np.nansum(cube["ndvi"].to_numpy()))) < 1
        ours = written + read
        print(f"{rows * columns} pixels, {DATES} dates, {known} values; processor seconds")
        print(f"enstorage: write {written:.2f}, read {read:.2f}, together {ours:.2f}")
        if find_spec("zarr") is None:
            print("xarray to Zarr: zarr is not installed, so there is no figure of the peer")
            return
        import xarray as xr

        plain = cube.drop_attrs()
        path = f"{place}/cube.zarr"
        written, _ = timed(lambda: plain.to_zarr(path))
        read, again = timed(lambda: xr.open_zarr(path).load())
        assert np.array_equal(again["ndvi"].to_numpy(), plain["ndvi"].to_numpy(), equal_nan=True)
        theirs = written + read
        print(f"xarray to Zarr: write {written:.2f}, read {read:.2f}, together {theirs:.2f}")
        print(f"ratio: {ours / theirs:.1f}; here each pixel is a data source, of which snapshots and models are made")


if __name__ == "__main__":
    main()
