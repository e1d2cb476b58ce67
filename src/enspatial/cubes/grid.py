"""`Grid`: square pixels in one coordinate reference system."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from enspatial.area import Area, Bounds
from enstorage import Scene
from enstorage.errors import InvalidInputError

#: A larger grid is refused: its area or resolution is a mistake.
MOST_PIXELS = 400_000_000


@dataclass(frozen=True, slots=True)
class Grid:
    """Pixels of one size, from the north-west on.

    Attributes:
        crs: such as `EPSG:32632`.
        left: western edge, in units of the CRS.
        top: northern edge.
        resolution: width and height of a pixel.
        rows: number of pixels from north to south.
        columns: number of pixels from west to east.
    """

    crs: str
    left: float
    top: float
    resolution: float
    rows: int
    columns: int

    def __post_init__(self) -> None:
        if not self.resolution > 0 or not 0 < self.rows * self.columns <= MOST_PIXELS:
            raise InvalidInputError(
                f"The grid has {self.rows} × {self.columns} pixels of {self.resolution:g}; expected 1 to "
                f"{MOST_PIXELS:,} pixels of "
                "a size above 0. Take another area or resolution.",
                field="resolution",
            )

    @classmethod
    def of_scenes(
        cls, scenes: Sequence[Scene], bands: Sequence[str], *, area: Area | None = None, resolution: float | None = None
    ) -> Self:
        """The common grid of scenes: the CRS of most of them, the finest resolution, the area or all of it.

        Args:
            scenes: with bands.
            bands: by which the resolution is found; classes, which are coarser, do not count where there are others.
            area: that it covers; None: all scenes.
            resolution: in units of the CRS; None: the finest one.

        Raises:
            InvalidInputError: there is no scene, none has the bands, or none meets the area.
        """
        rasters: list[Mapping[str, Any]] = []
        if area is not None and not any(area.covered_by(scene.bounds) for scene in scenes):
            raise InvalidInputError(
                f"No scene meets the area {area}. Expected one that covers some of it. Choose another area, or load "
                "scenes.",
                field="area",
            )
        for scene in scenes:
            there = scene.bands()
            rasters += [there[name].raster for name in bands if name in there]
        if not rasters:
            raise InvalidInputError(
                f"There is no scene with {', '.join(bands)}; expected at least one. Load scenes with these bands.",
                field="bands",
            )
        systems = [str(raster["crs"]) for raster in rasters]
        crs = max(dict.fromkeys(systems), key=systems.count)
        own = [raster for raster in rasters if raster["crs"] == crs]
        finest = min(own, key=lambda raster: abs(raster["transform"][0]))
        size = resolution or abs(float(finest["transform"][0]))
        if area is None:
            edges = [_edges(raster) for raster in own] + [
                _projected(_edges(raster), raster["crs"], crs) for raster in rasters if raster["crs"] != crs
            ]
        else:
            edges = [_projected(part, "EPSG:4326", crs) for part in area.parts]
        left, bottom = min(edge[0] for edge in edges), min(edge[1] for edge in edges)
        right, top = max(edge[2] for edge in edges), max(edge[3] for edge in edges)
        # On the pixels of the finest raster, so that values are copied and not interpolated.
        x0, y0 = float(finest["transform"][2]), float(finest["transform"][5])
        first = np.floor(round((left - x0) / size, 6))
        above = np.floor(round((y0 - top) / size, 6))
        columns = int(np.ceil(round((right - x0) / size, 6)) - first)
        rows = int(np.ceil(round((y0 - bottom) / size, 6)) - above)
        return cls(crs, x0 + float(first) * size, y0 - float(above) * size, size, rows, columns)

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Self:
        """The grid of its JSON.

        Raises:
            InvalidInputError: it is none.
        """
        try:
            return cls(**value)
        except TypeError as error:
            raise InvalidInputError(f"{str(value)[:80]} is no grid: {error}.") from error

    def to_json(self) -> dict[str, Any]:
        """The grid as JSON."""
        return {name: getattr(self, name) for name in self.__slots__}

    @property
    def x(self) -> NDArray[np.float64]:
        """The centres of the columns, in units of the CRS."""
        return np.asarray(self.left + self.resolution * (np.arange(self.columns) + 0.5), dtype=np.float64)

    @property
    def y(self) -> NDArray[np.float64]:
        """The centres of the rows, from north to south."""
        return np.asarray(self.top - self.resolution * (np.arange(self.rows) + 0.5), dtype=np.float64)

    @property
    def transform(self) -> Any:
        """The affine transform of rasterio."""
        from rasterio.transform import Affine

        return Affine(self.resolution, 0, self.left, 0, -self.resolution, self.top)

    @property
    def edges(self) -> Bounds:
        """Left, bottom, right and top, in units of the CRS."""
        right, bottom = self.left + self.resolution * self.columns, self.top - self.resolution * self.rows
        return self.left, bottom, right, self.top

    @property
    def degrees(self) -> Bounds:
        """West, south, east and north of the box around it, in degrees."""
        return _projected(self.edges, self.crs, "EPSG:4326")


def _edges(raster: Mapping[str, Any]) -> Bounds:
    (rows, columns), transform = raster["shape"], raster["transform"]
    left, top = transform[2], transform[5]
    return left, top + transform[4] * rows, left + transform[0] * columns, top


def _projected(edges: Bounds, source: str, target: str) -> Bounds:
    from rasterio.errors import RasterioError
    from rasterio.warp import transform_bounds

    try:
        left, bottom, right, top = transform_bounds(source, target, *edges)
    except RasterioError as error:
        raise InvalidInputError(
            f"The area cannot be placed on a grid of {target}: {error}. Choose an area near the scenes.", field="area"
        ) from error
    if not all(np.isfinite((left, bottom, right, top))):
        raise InvalidInputError(
            f"The area has no place on a grid of {target}. Expected one near the scenes. Choose another.", field="area"
        )
    return left, bottom, right, top
