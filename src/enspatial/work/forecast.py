"""The kinds `forecast_scenes` and `update_scenes`: forecasts of each pixel as a map, and again when scenes came."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from enorchestrator.work.kind import Arguments, PanelId, Partial, WorkKind
from enorchestrator.work.stored_file import kept
from enspatial.area import Area
from enspatial.cubes.cube import open_cube
from enspatial.cubes.expression import Expression
from enspatial.cubes.grid import Grid
from enspatial.maps.forecast_map import forecast_map, to_geotiff
from enspatial.scenes.search import find_scenes
from enspatial.series.forecast import forecast_pixels
from enspatial.series.panels import TAG, grid_of
from enspatial.series.pixels import pixel_table
from enspatial.work.load import Degrees
from enstorage import Connector, Panel, Scene
from enstorage.calendars.calendar import Calendar
from enstorage.errors import InvalidInputError
from enstorage.progress import Progress

if TYPE_CHECKING:
    from endirector.forecaster.results.result import AutoForecast


class ForecastScenesArguments(Arguments):
    """Scenes, and what is forecast of their pixels."""

    scenes: Annotated[tuple[Annotated[int, Field(ge=1)], ...], Field(description="Ids of scenes.")]
    expression: Annotated[str, Field(description="Formula of bands, or an index such as ndvi.")] = "ndvi"
    area: Annotated[
        tuple[Degrees, ...] | None, Field(description="West, south, east, north in degrees; by default all scenes.")
    ] = None
    resolution: Annotated[float | None, Field(gt=0, description="Of a pixel; by default the finest.")] = None
    horizon: Annotated[int, Field(ge=1, le=1000, description="Number of steps.")] = 6
    time_interval: Annotated[str, Field(description="Of a step, such as 5d.")] = "5d"
    levels: Annotated[
        tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(max_length=20, description="Of the intervals.")
    ] = (0.8,)
    name: Annotated[str | None, Field(max_length=255, description="Of the project.")] = None

    def subject(self) -> str:
        """The expression and the number of scenes."""
        return f"{self.expression}, {len(self.scenes)} scenes"


def _check_forecast(arguments: ForecastScenesArguments, connector: Connector) -> None:
    Expression(arguments.expression)
    Calendar.parse(arguments.time_interval)
    if arguments.area is not None:
        Area.read(arguments.area)
    Scene.get_list(arguments.scenes, connector=connector)


def _forecast(
    arguments: ForecastScenesArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    cube = open_cube(
        Scene.get_list(arguments.scenes, connector=connector),
        arguments.expression,
        area=None if arguments.area is None else Area.read(arguments.area),
        resolution=arguments.resolution,
    )
    found = forecast_pixels(
        cube,
        arguments.horizon,
        time_interval=arguments.time_interval,
        levels=arguments.levels,
        name=arguments.name,
        connector=connector,
        progress=progress,
    )
    return _told(found, connector)


def _told(found: "AutoForecast", connector: Connector) -> dict[str, Any]:
    maps = forecast_map(found.table, grid_of(found.panel))
    return {
        "panel": {"id": found.panel.id, "name": found.panel.name},
        "dates": [str(moment)[:10] for moment in maps["time"].to_numpy()],
        "pixels": len(found.panel.members()),
        "scenes": len(found.panel.scenes()),
        "remarks": list(found.remarks),
        "file": kept(to_geotiff(maps), f"forecast of {found.panel.name}.tif", "image/tiff", connector),
    }


class UpdateScenesArguments(Arguments):
    """A panel of pixels that was forecast, of which later scenes have come."""

    panel: Annotated[PanelId, Field(description="The panel.")]

    def subject(self) -> str:
        """The id of the panel."""
        return str(self.panel)


def _check_update(arguments: UpdateScenesArguments, connector: Connector) -> None:
    grid_of(Panel.get(arguments.panel, connector=connector))


def _update(
    arguments: UpdateScenesArguments, connector: Connector, progress: Progress, _partial: Partial
) -> dict[str, Any]:
    from endirector.forecaster.results.result import AutoForecast

    panel = Panel.get(arguments.panel, connector=connector)
    fresh = later_scenes(panel)
    if not fresh:
        raise InvalidInputError(
            f"No scene came after those of {panel}. Expected at least one. Load scenes first.", field="panel"
        )
    cube = open_cube(fresh, str(panel.tags[TAG]["expression"]), grid=Grid.from_json(panel.tags[TAG]["grid"]))
    rows = pixel_table(cube)
    known = set(panel.sources())
    rows = rows.filter(rows["series"].is_in(list(known)))
    panel.add_scenes(fresh)
    found = AutoForecast.open(panel)
    return _told(found if rows.is_empty() else found.update(rows, progress=progress), connector)


def later_scenes(panel: Panel) -> list[Scene]:
    """The scenes of the collections of a panel that came after its own, in time order."""
    used = panel.scenes()
    last = max((scene.time for scene in used), default=0)
    found = [
        scene
        for collection in dict.fromkeys(scene.collection for scene in used)
        for scene in find_scenes(collection=collection, connector=panel.connector)
        if scene.time > last
    ]
    return sorted(found, key=lambda scene: (scene.time, scene.id))


FORECAST_SCENES = WorkKind(
    "forecast_scenes",
    "train",
    "project",
    "Forecast scenes",
    ForecastScenesArguments,
    _forecast,
    _check_forecast,
    outputs={"panel": "panel", "file": "file"},
)
UPDATE_SCENES = WorkKind(
    "update_scenes",
    "train",
    "project",
    "Update the forecast of scenes",
    UpdateScenesArguments,
    _update,
    _check_update,
    outputs={"panel": "panel", "file": "file"},
)
