"""Maps of panels of pixels: what was measured and forecast, as facts, pictures and GeoTIFF."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.responses import Response

from enspatial.maps.colours import ColourScale
from enspatial.maps.forecast_map import to_geotiff
from enspatial.maps.panel_maps import MEASURED, issued_maps, measured_maps
from enspatial.routes.answers import (
    GEOTIFF_ANSWER,
    PNG_ANSWER,
    Allowed,
    RecordId,
    Store,
    geotiff_answer,
    png_answer,
)
from enspatial.series.panels import TAG, grid_of
from enstorage import Panel
from enstorage.errors import NotFoundError

if TYPE_CHECKING:
    import xarray as xr


class MapLayer(BaseModel):
    """One map: the values of all pixels at one time. Figures are of pixels with a value; null without one."""

    time: str
    layer: str
    pixels: int
    mean: float | None
    minimum: float | None
    maximum: float | None


class MapScale(BaseModel):
    """Values and their colours, such as `#16622d`; between them they are mixed."""

    at: list[float]
    colours: list[str]


class PanelMaps(BaseModel):
    """The maps of a panel.

    Layers are `measured`, and of the forecast that was issued last, by `model`, `forecast` and quantiles such as `q0.1`.
    """

    expression: str
    grid: dict[str, Any]
    bounds: list[float]
    model: int | None
    scale: MapScale
    layers: list[MapLayer]
    scenes: list[int]


def router(allowed: Allowed) -> APIRouter:
    """The router, with the permissions of the server."""
    made = APIRouter(prefix="/panels/{id}/maps", tags=["maps"])
    read, download = [Depends(allowed("read", "panel"))], [Depends(allowed("download", "panel"))]
    made.get("", response_model=PanelMaps, dependencies=read)(get_panel_maps)
    made.get("/picture", response_class=Response, responses=PNG_ANSWER, dependencies=read)(draw_panel_map)
    made.get("/file", response_class=Response, responses=GEOTIFF_ANSWER, dependencies=download)(download_panel_maps)
    return made


def get_panel_maps(store: Store, id: RecordId) -> PanelMaps:
    """List the maps of a panel of pixels: what was measured, and what was forecast last."""
    panel = Panel.get(id, connector=store)
    grid, measured, issued = grid_of(panel), measured_maps(panel), issued_maps(panel)
    shown = [*_layers(measured), *([] if issued is None else _layers(issued[1]))]
    scale = _scale(panel, measured)
    return PanelMaps(
        expression=panel.tags[TAG]["expression"],
        grid=grid.to_json(),
        bounds=list(grid.degrees),
        model=None if issued is None else issued[0].id,
        scale=MapScale(at=list(scale.at), colours=[f"#{r:02x}{g:02x}{b:02x}" for r, g, b in scale.colours]),
        layers=shown,
        scenes=[scene.id for scene in panel.scenes()],
    )


def draw_panel_map(
    store: Store,
    id: RecordId,
    time: Annotated[str, Query(description="Of the map, as the list of maps has it.")],
    layer: Annotated[str, Query(description="measured, forecast, or a quantile such as q0.1.")] = MEASURED,
) -> Response:
    """Draw a map of a panel, a point for each pixel; all maps of a panel have the same scale."""
    panel = Panel.get(id, connector=store)
    measured = measured_maps(panel)
    issued = issued_maps(panel) if layer != MEASURED else None
    maps = measured if issued is None else issued[1]
    times = _times(maps)
    if layer not in maps or time not in times:
        raise NotFoundError(f"{panel} has no map {layer!r:.40} of {time!r:.40}. List them: GET /panels/{id}/maps")
    return png_answer(_scale(panel, measured).picture(maps[layer].to_numpy()[times.index(time)]))


def download_panel_maps(
    store: Store,
    id: RecordId,
    kind: Annotated[Literal["forecast", "measured"], Query(description="Of the maps.")] = "forecast",
) -> Response:
    """Give the maps of a panel as one GeoTIFF, a band for each time and layer."""
    panel = Panel.get(id, connector=store)
    if kind == "measured":
        return geotiff_answer(to_geotiff(measured_maps(panel)), f"{panel.name} measured.tif")
    issued = issued_maps(panel)
    if issued is None:
        raise NotFoundError(
            f"{panel} has no forecast. Make one: enspatial.forecast_pixels, or the pipeline spatial-forecast."
        )
    return geotiff_answer(to_geotiff(issued[1]), f"{panel.name} forecast.tif")


def _scale(panel: Panel, measured: "xr.Dataset") -> ColourScale:
    return ColourScale.of(panel.tags[TAG]["expression"], measured[MEASURED].to_numpy())


def _times(maps: "xr.Dataset") -> list[str]:
    return [f"{str(moment)[:19]}Z" for moment in maps["time"].to_numpy()]


def _layers(maps: "xr.Dataset") -> list[MapLayer]:
    found = []
    for number, time in enumerate(_times(maps)):
        for name in maps.data_vars:
            values = maps[name].to_numpy()[number]
            known = values[np.isfinite(values)]
            figures = [float(each(known)) if known.size else None for each in (np.mean, np.min, np.max)]
            mean, minimum, maximum = figures
            found.append(
                MapLayer(time=time, layer=str(name), pixels=known.size, mean=mean, minimum=minimum, maximum=maximum)
            )
    return found
