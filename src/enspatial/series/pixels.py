"""Pixels and polygons of a cube as series: only what was measured."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from enspatial.cubes.grid import Grid
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    import polars as pl
    import xarray as xr

#: Of `pixel_table`: key of a pixel, by its row and column on the grid.
_KEY = "r{}c{}"


def pixel_key(row: int, column: int) -> str:
    """The key of the series of a pixel."""
    return _KEY.format(row, column)


def pixel_of(key: str) -> tuple[int, int] | None:
    """The row and column of the key of a pixel; None for another key, such as that of a polygon."""
    row, _, column = key.removeprefix("r").partition("c")
    is_pixel = key.startswith("r") and row.isdecimal() and column.isdecimal()
    return (int(row), int(column)) if is_pixel else None


def variable_of(cube: "xr.Dataset | xr.DataArray", name: str | None = None) -> "xr.DataArray":
    """The variable of a cube with a name, or its only one.

    Raises:
        InvalidInputError: there is none, or there are several.
    """
    import xarray as xr

    if isinstance(cube, xr.DataArray):
        return cube
    names = [str(each) for each in cube.data_vars]
    if name is None and len(names) == 1:
        name = names[0]
    if name not in names:
        raise InvalidInputError(
            f"The cube has the variables {', '.join(names) or 'none'}; expected "
            f"{'one of them' if name is None else repr(name)}. "
            "Name one.",
            field="variable",
        )
    found = cube[name]
    return found.assign_attrs(cube.attrs)


def pixel_table(cube: "xr.Dataset | xr.DataArray", variable: str | None = None) -> "pl.DataFrame":
    """The measured values of each pixel as a long table, pixel after pixel, in time order.

    Returns:
        Columns `series` (key, see `pixel_of`), `time` (datetime) and `value`; no row for what was not measured.
    """
    import polars as pl

    array = variable_of(cube, variable)
    values = array.transpose("y", "x", "time").to_numpy()
    row, column, moment = np.nonzero(np.isfinite(values))
    pixels = row * values.shape[1] + column
    keys = np.array(
        [_KEY.format(*divmod(number, values.shape[1])) for number in range(values.shape[0] * values.shape[1])]
    )
    times = array["time"].to_numpy().astype("datetime64[ns]")
    return pl.DataFrame(
        {"series": keys[pixels], "time": times[moment], "value": values[row, column, moment].astype(np.float64)}
    )


def polygon_table(
    cube: "xr.Dataset | xr.DataArray",
    polygons: Mapping[str, Mapping[str, Any]],
    variable: str | None = None,
    *,
    measured: float = 0.5,
) -> "pl.DataFrame":
    """The mean of the measured pixels of each polygon as a long table.

    Args:
        cube: as `open_cube` gives it.
        polygons: GeoJSON geometries in degrees by the keys of their series, such as fields by their numbers.
        variable: of the cube; None: its only one.
        measured: least share of pixels of a polygon that must be measured; a date with fewer has no value.

    Returns:
        As `pixel_table`, with the keys of the polygons.

    Raises:
        InvalidInputError: a polygon has no pixel of the grid, or cannot be read.
    """
    import polars as pl

    array = variable_of(cube, variable)
    values = array.transpose("time", "y", "x").to_numpy()
    times = array["time"].to_numpy().astype("datetime64[ns]")
    tables = []
    for key, geometry in polygons.items():
        inside = values[:, pixels_in(geometry, Grid.from_json(array.attrs["grid"]), key)]
        known = np.isfinite(inside)
        enough = known.mean(axis=1) >= max(measured, 1e-9)
        sums = np.where(known, inside, 0).sum(axis=1)
        means = sums[enough] / known.sum(axis=1)[enough]
        tables.append(
            pl.DataFrame({"series": [key] * int(enough.sum()), "time": times[enough], "value": means.astype(float)})
        )
    return pl.concat(tables)


def pixels_in(geometry: Mapping[str, Any], grid: Grid, key: str = "") -> NDArray[np.bool_]:
    """True for the pixels whose centre lies in a polygon, GeoJSON in degrees; shape (rows, columns).

    Raises:
        InvalidInputError: it has no pixel of the grid, or cannot be read.
    """
    from rasterio.features import rasterize
    from rasterio.warp import transform_geom

    try:
        placed = transform_geom("EPSG:4326", grid.crs, dict(geometry))
        found = rasterize([(placed, 1)], out_shape=(grid.rows, grid.columns), transform=grid.transform, dtype="uint8")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InvalidInputError(
            f"The polygon {key!r:.60} cannot be read: {error}. Expected a GeoJSON geometry. Correct it.",
            field="polygons",
        ) from error
    if not found.any():
        raise InvalidInputError(
            f"The polygon {key!r:.60} has no pixel of the grid, which covers "
            f"{', '.join(f'{edge:g}' for edge in grid.edges)} of "
            f"{grid.crs}. Choose another polygon, or a grid that covers it.",
            field="polygons",
        )
    return np.asarray(found, dtype=bool)
