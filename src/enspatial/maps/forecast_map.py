"""Forecasts of pixels on their grid: the point forecast and its interval for each step."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from enspatial.cubes.grid import Grid
from enspatial.raster.cog import PROFILE
from enspatial.series.pixels import pixel_of
from enstorage.errors import InvalidInputError
from enstorage.writing import write_whole

if TYPE_CHECKING:
    import polars as pl
    import xarray as xr

#: Name of the point forecast; quantiles are called `q0.1`.
FORECAST = "forecast"


def forecast_map(table: "pl.DataFrame", grid: Grid) -> "xr.Dataset":
    """Place forecasts on their grid.

    Args:
        table: of `AutoForecast.table`: `series` (key of a pixel), `time`, `step`, `quantile`, `value`.
        grid: of the pixels, see `grid_of`.

    Returns:
        Variables (time, y, x) of float32: `forecast`, and `q0.1` and the like for each quantile. NaN for pixels
        without one.

    Raises:
        InvalidInputError: a series is no pixel of the grid.
    """
    import polars as pl
    import xarray as xr

    keys = table["series"].unique(maintain_order=True).to_list()
    places = {key: pixel_of(key) for key in keys}
    for key, place in places.items():
        if place is None or place[0] >= grid.rows or place[1] >= grid.columns:
            raise InvalidInputError(
                f"The series {key!r:.60} is no pixel of a grid of {grid.rows} × {grid.columns}; expected keys such as "
                "r3c12. Give "
                "the forecasts of the panel of this grid."
            )
    rows = np.array([place[0] for place in places.values() if place is not None])
    columns = np.array([place[1] for place in places.values() if place is not None])
    numbers = pl.DataFrame({"series": keys, "number": np.arange(len(keys))})
    times = sorted(table["time"].unique().to_list())
    layers: dict[str, Any] = {}
    for (quantile,), part in table.partition_by("quantile", as_dict=True, maintain_order=True).items():
        name = FORECAST if quantile is None else f"q{quantile:g}"
        joined = part.join(numbers, on="series")
        values = np.full((len(times), grid.rows, grid.columns), np.nan, dtype=np.float32)
        step = np.searchsorted(times, joined["time"].to_numpy())
        number = joined["number"].to_numpy()
        values[step, rows[number], columns[number]] = joined["value"].to_numpy()
        layers[name] = (("time", "y", "x"), values)
    moments = np.array([str(time).removesuffix("Z")[:19] for time in times], dtype="datetime64[ns]")
    ordered = {name: layers[name] for name in sorted(layers, key=lambda name: (name != FORECAST, name))}
    return xr.Dataset(
        ordered, coords={"time": moments, "y": grid.y, "x": grid.x}, attrs={"grid": grid.to_json(), "crs": grid.crs}
    )


def to_geotiff(maps: "xr.Dataset", path: str | os.PathLike[str] | None = None, *, overwrite: bool = False) -> bytes:
    """Maps as a Cloud-Optimized GeoTIFF, a band for each variable and time.

    The description of a band names both, such as `2020-09-15 q0.1`.

    Args:
        maps: variables (time, y, x) on a grid, as `forecast_map` and `composite` give them.
        path: a file to write, which appears complete; None: none.
        overwrite: whether an existing file is replaced.

    Returns:
        The bytes of the file. A pixel without a value is NaN, which is its nodata.
    """
    import rasterio
    from rio_cogeo.cogeo import cog_translate

    grid = Grid.from_json(maps.attrs["grid"])
    names = [str(name) for name in maps.data_vars]
    bands = [
        (f"{str(time)[:10]} {name}", maps[name].to_numpy()[index].astype(np.float32))
        for index, time in enumerate(maps["time"].to_numpy())
        for name in names
    ]
    with rasterio.MemoryFile() as plain, rasterio.MemoryFile() as made:
        with plain.open(
            driver="GTiff",
            width=grid.columns,
            height=grid.rows,
            count=len(bands),
            dtype="float32",
            crs=grid.crs,
            transform=grid.transform,
            nodata=np.nan,
        ) as dataset:
            for number, (description, values) in enumerate(bands, 1):
                dataset.write(values, number)
                dataset.set_band_description(number, description)
        with plain.open() as dataset:
            cog_translate(dataset, made.name, dict(PROFILE), in_memory=True, quiet=True, overview_resampling="nearest")
        content = bytes(made.read())
    if path is not None:
        write_whole(path, content, overwrite=overwrite)
    return content
