"""Scenes: their bands, pictures and files, and the series of a place in them."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from enspatial.raster.preview import PIXELS
from enspatial.routes.answers import (
    GEOTIFF_ANSWER,
    PNG_ANSWER,
    Allowed,
    RecordId,
    Store,
    geotiff_answer,
    png_answer,
)
from enspatial.scenes.search import find_scenes, preview
from enspatial.series.place import area_around, place_table
from enstorage import Scene
from enstorage.errors import NotFoundError

_LARGEST = 2_048


class BandOfScene(BaseModel):
    """A band of a scene."""

    name: str
    bytes: int
    sha256: str
    raster: dict[str, Any]


class AskedPlace(BaseModel):
    """A place, and what is asked of it."""

    model_config = ConfigDict(extra="forbid")

    geometry: dict[str, Any] = Field(description="GeoJSON in degrees: a point or a polygon.")
    expression: str = Field("ndvi", max_length=1_000, description="Formula of bands, or an index such as ndvi.")
    scenes: list[Annotated[int, Field(ge=1, lt=2**63)]] | None = Field(
        None, max_length=10_000, description="Ids; by default all that meet the place."
    )
    time_from: str | None = Field(None, description="Start of the period.")
    time_to: str | None = Field(None, description="End of the period, itself excluded.")
    clouds_below: float | None = Field(None, ge=0, le=1, description="Share of clouds.")
    collection: str | None = Field(None, description="Of the scenes.")


class SeriesOfPlace(BaseModel):
    """The means of the measured pixels of a place; dates under clouds are left out."""

    expression: str
    scenes: list[int]
    time: list[str]
    value: list[float]


def router(allowed: Allowed) -> APIRouter:
    """The router, with the permissions of the server."""
    made = APIRouter(tags=["scenes"])
    read, download = [Depends(allowed("read", "scene"))], [Depends(allowed("download", "scene"))]
    made.get("/scenes/{id}/bands", response_model=list[BandOfScene], dependencies=read)(list_scene_bands)
    made.get("/scenes/{id}/bands/{name}", response_class=Response, responses=GEOTIFF_ANSWER, dependencies=download)(
        download_scene_band
    )
    made.get("/scenes/{id}/preview", response_class=Response, responses=PNG_ANSWER, dependencies=read)(preview_scene)
    made.post("/series-of-place", response_model=SeriesOfPlace, dependencies=read)(get_series_of_place)
    return made


def list_scene_bands(store: Store, id: RecordId) -> list[BandOfScene]:
    """List the bands of a scene."""
    return [
        BandOfScene(name=name, bytes=band.bytes, sha256=band.sha256, raster=band.raster)
        for name, band in Scene.get(id, connector=store).bands().items()
    ]


def download_scene_band(store: Store, id: RecordId, name: str) -> Response:
    """Give a band of a scene, as it is stored."""
    scene = Scene.get(id, connector=store)
    band = scene.bands().get(name)
    if band is None:
        raise NotFoundError(
            f"{scene} has no band {name!r:.60}; it has {', '.join(scene.bands()) or 'none'}. Choose one."
        )
    return geotiff_answer(store.objects.get(band.sha256), f"{scene.name} {name}.tif")


def preview_scene(
    store: Store,
    id: RecordId,
    bands: Annotated[str | None, Query(description="One or three, with commas between them.")] = None,
    pixels: Annotated[int, Query(ge=1, le=_LARGEST, description="Width and height at most.")] = PIXELS,
) -> Response:
    """Draw a scene: red, green and blue if it has them, else its first band in grey."""
    chosen = None if bands is None else tuple(each.strip() for each in bands.split(","))
    return png_answer(preview(Scene.get(id, connector=store), bands=chosen, pixels=pixels))


def get_series_of_place(store: Store, place: AskedPlace) -> SeriesOfPlace:
    """Give the series of a point or a polygon in the scenes, without clouds; nothing is stored."""
    area = area_around(place.geometry)
    scenes = (
        Scene.get_list(place.scenes, connector=store)
        if place.scenes is not None
        else find_scenes(
            area=area,
            time_from=place.time_from,
            time_to=place.time_to,
            clouds_below=place.clouds_below,
            collection=place.collection,
            connector=store,
        )
    )
    table = place_table(scenes, place.geometry, place.expression)
    return SeriesOfPlace(
        expression=place.expression,
        scenes=[scene.id for scene in scenes],
        time=[f"{moment.isoformat()}Z" for moment in table["time"]],
        value=table["value"].to_list(),
    )
