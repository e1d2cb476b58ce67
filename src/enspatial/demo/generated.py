"""Scenes that are made up, for where there are neither images nor a network; they are marked as generated."""

from functools import partial

import numpy as np
from numpy.typing import NDArray

from enspatial.bands import SCALE
from enspatial.scenes.candidate import BandFile, SceneCandidate
from enstorage.instant import to_ns

#: The collection of all of them.
GENERATED = "generated"
_CRS, _LEFT, _TOP, _SIZE = "EPSG:32632", 734_880.0, 4_973_170.0, 10.0
_CLOUDY = 0.35
_VEGETATION, _CLOUD = 4, 9
_DAYS = 5


def generated_scenes(dates: int = 60, rows: int = 7, columns: int = 25, *, seed: int = 0) -> list[SceneCandidate]:
    """Made-up scenes of a field, five days apart from 2020-01-04: red, near infrared, and classes with clouds.

    Args:
        dates: number of scenes.
        rows: pixels from north to south.
        columns: pixels from west to east.
        seed: of all that is drawn; the same seed gives the same bytes.
    """
    random = np.random.default_rng(seed)
    vigour = 0.8 + 0.2 * random.random((rows, columns))
    scenes = []
    for number in range(dates):
        season = np.exp(-(((number - dates * 0.55) / (dates * 0.2)) ** 2))
        ndvi = np.clip(0.12 + 0.6 * season * vigour + random.normal(0, 0.015, vigour.shape), -0.9, 0.9)
        cloudy = random.random() < _CLOUDY
        clouds = random.random(vigour.shape) < (0.9 if cloudy else 0.02)
        red = np.full(vigour.shape, 0.08)
        nir = red * (1 + ndvi) / (1 - ndvi)
        values = {name: np.where(clouds, 0.6, each) / SCALE for name, each in (("red", red), ("nir", nir))}
        classes = np.where(clouds, _CLOUD, _VEGETATION)
        day = np.datetime64("2020-01-04") + _DAYS * number
        bands = {
            name: BandFile(partial(geotiff, np.round(each).astype(np.uint16)), f"{name}.tif", scale=SCALE)
            for name, each in values.items()
        }
        bands["scl"] = BandFile(partial(geotiff, classes.astype(np.uint8)), "scl.tif")
        scenes.append(SceneCandidate(GENERATED, f"generated {day}", to_ns(str(day)), bands))
    return scenes


def geotiff(
    values: NDArray[np.generic],
    *,
    crs: str | None = _CRS,
    left: float = _LEFT,
    top: float = _TOP,
    size: float = _SIZE,
    nodata: float | None = 0,
) -> bytes:
    """A GeoTIFF of one band, as bytes."""
    import rasterio
    from rasterio.transform import from_origin

    with rasterio.MemoryFile() as memory:
        with memory.open(
            driver="GTiff",
            width=values.shape[1],
            height=values.shape[0],
            count=1,
            dtype=str(values.dtype),
            crs=crs,
            transform=from_origin(left, top, size, size),
            nodata=nodata,
        ) as dataset:
            dataset.write(values, 1)
        return bytes(memory.read())
