"""Maps of a panel of pixels: what was measured, and what was forecast last."""

from typing import TYPE_CHECKING

import polars as pl

from endirector.forecaster.issued.keep import issued_models, table_of
from enspatial.maps.forecast_map import FORECAST, forecast_map
from enspatial.series.panels import grid_of
from enstorage import Model, Panel
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    import xarray as xr

MEASURED = "measured"


def measured_maps(panel: Panel) -> "xr.Dataset":
    """The values of the pixels of a panel as they are now: the variable `measured` (time, y, x), NaN under clouds.

    Raises:
        InvalidInputError: its sources are no pixels, or have no points.
    """
    grid, points = grid_of(panel), panel.read()
    if points.is_empty():
        raise InvalidInputError(f"The sources of {panel} have no points; expected values of pixels. Load scenes.")
    moment = pl.from_epoch("time", "ns").dt.strftime("%Y-%m-%dT%H:%M:%S")
    rows = points.select(pl.col("key").alias("series"), moment, "value", pl.lit(None, pl.Float64).alias("quantile"))
    return forecast_map(rows, grid).rename({FORECAST: MEASURED})


def issued_maps(panel: Panel) -> "tuple[Model, xr.Dataset] | None":
    """The forecast of a panel that was issued last, with its model; None if there is none.

    Raises:
        InvalidInputError: its sources are no pixels.
    """
    grid, models = grid_of(panel), issued_models(panel)
    return (models[-1], forecast_map(table_of(panel, models[-1]), grid)) if models else None
