"""Forecasts of all pixels of a cube: `endirector.autoforecast` on their series, noted with grid and scenes."""

from typing import TYPE_CHECKING, Any

from endirector.forecaster.autoforecast import autoforecast
from endirector.forecaster.results.result import AutoForecast
from enspatial.series.panels import TAG, facts_of
from enspatial.series.pixels import pixel_table, variable_of
from enstorage import Connector, Progress, Scene
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    import xarray as xr


def forecast_pixels(
    cube: "xr.Dataset | xr.DataArray",
    horizon: int,
    *,
    time_interval: str,
    variable: str | None = None,
    name: str | None = None,
    connector: Connector | None = None,
    progress: bool | Progress = True,
    **options: Any,
) -> AutoForecast:
    """Forecast each pixel of a cube by an ensemble, with intervals.

    Args:
        cube: as `open_cube` gives it.
        horizon: number of steps ahead.
        time_interval: of a step, such as `5d`.
        variable: of the cube; None: its only one.
        name: of the project; by default the expression.
        connector: the store, that of the scenes if there are any; by default one in a temporary folder.
        progress: show a bar, or a function, see `enstorage.Progress`.
        **options: see `endirector.autoforecast`, such as `levels`, `members` or `time_limit`.

    Raises:
        InvalidInputError: no pixel was measured, or an option is wrong.
    """
    array = variable_of(cube, variable)
    table = pixel_table(array)
    if table.is_empty():
        raise InvalidInputError(
            "No pixel was measured at any time: all are masked as clouds, or lie outside the scenes. Take a longer "
            "period or "
            "scenes with fewer clouds.",
            field="scenes",
        )
    expression = str(variable or array.name)
    found = autoforecast(
        table,
        horizon,
        series="series",
        time="time",
        value="value",
        time_interval=time_interval,
        name=name or expression,
        connector=connector,
        progress=progress,
        **options,
    )
    panel = found.panel
    with panel.connector.transaction():
        panel.tags[TAG] = facts_of(array, expression)
        panel.save()
        if connector is not None:
            panel.add_scenes(Scene.get_list(array.attrs.get("scenes", []), connector=connector))
    return found
