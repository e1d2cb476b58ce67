"""`open_cube`: scenes of the store on a common grid, as an xarray dataset that Dask reads piece by piece."""

from collections import OrderedDict
from collections.abc import Sequence
from importlib import import_module
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from enspatial.area import Area
from enspatial.bands import CATEGORICAL, CLEAR, common_name
from enspatial.cubes.expression import Expression
from enspatial.cubes.grid import Grid
from enspatial.raster.reading import opened
from enspatial.scenes.checks import possible_values
from enstorage import Scene, SceneBand
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    import xarray as xr

#: Rows and columns of a piece that is in memory at once.
PIECE = 1024
#: Files that are kept in memory while their pieces are read.
_FILES_IN_MEMORY = 4


def open_cube(
    scenes: Sequence[Scene],
    expression: Expression | str | None = None,
    *,
    bands: Sequence[str] = (),
    area: Area | None = None,
    resolution: float | None = None,
    grid: Grid | None = None,
    mask: bool = True,
    clear: Sequence[int] = CLEAR,
    piece: int = PIECE,
) -> "xr.Dataset":
    """Place scenes on a common grid; nothing is read before it is asked for.

    Scenes of one moment, such as neighbouring tiles, are joined; those in another UTM zone or resolution are warped. A
    pixel is NaN where it was not measured: outside the scene, without a value, with an impossible one, or, with a
    mask, where the scene classification shows no clear ground. A scene without classification is not masked.

    Args:
        scenes: of the store, as `find_scenes` gives them.
        expression: such as `ndvi` or `(nir - red) / (nir + red)`; it is a variable of the dataset under its text.
        bands: common names of bands that are variables too.
        area: that the grid covers; None: all scenes.
        resolution: of the grid, in units of its CRS; None: the finest one.
        grid: in place of area and resolution.
        mask: whether to leave out clouds, by the band `scl`.
        clear: classes of the scene classification that are kept.
        piece: rows and columns of a piece in memory.

    Returns:
        Variables (time, y, x) of float32; `time` in UTC without zone; the attribute `grid` is `Grid.to_json()`,
        `scenes` has the ids. A ready index, such as a file with NDVI, is taken for the expression `ndvi` where a scene
        has it.

    Raises:
        InvalidInputError: there is no scene, a band is unknown or missing in all scenes, or the grid is too large.
    """
    import xarray as xr

    formula = None if expression is None else Expression.read(expression)
    named = [common_name(name) for name in bands]
    if formula is None and not named:
        raise InvalidInputError(
            "A cube has neither an expression nor bands; expected one of the two. Give ndvi, for example."
        )
    usable = [scene for scene in scenes if scene.quarantine is None]
    needed = [*dict.fromkeys([*named, *_needed(formula, usable)])]
    _refuse_unknown(needed, usable)
    placed = grid or Grid.of_scenes(usable, needed, area=area, resolution=resolution)
    moments = _by_moment(usable)
    reader = _Windows(placed, tuple(clear) if mask else None)
    layers = {name: _stacked(reader, moments, name, piece) for name in needed}
    if formula is not None:
        layers[formula.text] = layers[formula.text] if formula.text in layers else formula(layers).astype("float32")
    kept = [*named, *([] if formula is None else [formula.text])]
    import pandas as pd

    times = pd.to_datetime([time for time, _ in moments])
    found = {name: (("time", "y", "x"), layers[name]) for name in kept}
    facts = {"grid": placed.to_json(), "scenes": [scene.id for scene in usable], "crs": placed.crs}
    return xr.Dataset(found, coords={"time": times, "y": placed.y, "x": placed.x}, attrs=facts)


def _needed(formula: Expression | None, scenes: Sequence[Scene]) -> list[str]:
    """The bands of an expression; the ready index where every scene has it."""
    if formula is None:
        return []
    ready = all(formula.text in scene.bands() for scene in scenes)
    return [formula.text] if scenes and ready else [*formula.bands]


def _refuse_unknown(bands: Sequence[str], scenes: Sequence[Scene]) -> None:
    there = dict.fromkeys(name for scene in scenes for name in scene.bands())
    missing = [name for name in bands if name not in there]
    if missing or not scenes:
        raise InvalidInputError(
            f"No scene has the band {', '.join(missing) or 'that is asked for'}; there are "
            f"{', '.join(there) or 'no scenes'}. "
            "Choose one of them, or load scenes with it.",
            field="bands",
        )


def _by_moment(scenes: Sequence[Scene]) -> list[tuple[int, list[Scene]]]:
    """Scenes of one day and CRS-independent moment together: tiles of one pass are seconds apart."""
    found: dict[int, list[Scene]] = {}
    times: dict[int, int] = {}
    for scene in sorted(scenes, key=lambda each: (each.time, each.id)):
        day = scene.time // (86_400 * 10**9)
        found.setdefault(day, []).append(scene)
        times.setdefault(day, scene.time)
    return [(times[day], each) for day, each in found.items()]


def _stacked(reader: "_Windows", moments: list[tuple[int, list[Scene]]], band: str, piece: int) -> Any:
    """The band as a Dask array (time, y, x)."""
    from dask.delayed import delayed

    da: Any = import_module("dask.array")

    grid = reader.grid
    layers = []
    for _, scenes in moments:
        sources = [(scene.bands().get(band), scene.bands().get("scl")) for scene in scenes]
        rows = []
        for top in range(0, grid.rows, piece):
            height = min(piece, grid.rows - top)
            row = []
            for left in range(0, grid.columns, piece):
                width = min(piece, grid.columns - left)
                window = (top, left, height, width)
                part = delayed(reader.read, pure=False)(band, sources, window)
                row.append(da.from_delayed(part, (height, width), dtype=np.float32))
            rows.append(row)
        layers.append(da.block(rows))
    return da.stack(layers)


class _Windows:
    """Reads windows of the grid from stored bands.

    Args:
        grid: of the cube.
        clear: classes that are kept; None for no mask.
    """

    def __init__(self, grid: Grid, clear: tuple[int, ...] | None) -> None:
        self.grid = grid
        self._clear = clear
        self._files: OrderedDict[str, bytes] = OrderedDict()
        self._lock = Lock()

    def read(
        self, band: str, sources: Sequence[tuple[SceneBand | None, SceneBand | None]], window: tuple[int, int, int, int]
    ) -> NDArray[np.float32]:
        """The first measured value of the scenes for each pixel of a window."""
        found = np.full(window[2:], np.nan, dtype=np.float32)
        for source, classes in sources:
            if source is None:
                continue
            values = self._values(source, band, window)
            if self._clear is not None and classes is not None and band != "scl":
                seen = self._values(classes, "scl", window)
                values = np.where(np.isin(seen, self._clear), values, np.nan)
            found = np.where(np.isnan(found), values, found)
        return found.astype(np.float32)

    def _values(self, source: SceneBand, band: str, window: tuple[int, int, int, int]) -> NDArray[np.float64]:
        from rasterio.enums import Resampling
        from rasterio.vrt import WarpedVRT
        from rasterio.windows import Window

        top, left, height, width = window
        resampling = Resampling.nearest if band in CATEGORICAL else Resampling.bilinear
        with (
            opened(self._content(source), f"The band {band} of scene {source.scene_id}") as dataset,
            WarpedVRT(
                dataset,
                crs=self.grid.crs,
                transform=self.grid.transform,
                width=self.grid.columns,
                height=self.grid.rows,
                resampling=resampling,
                dtype="float64",
                nodata=np.nan,
                src_nodata=dataset.nodata,
            ) as warped,
        ):
            values: NDArray[np.float64] = warped.read(1, window=Window(left, top, width, height))
        values = values * source.raster.get("scale", 1.0) + source.raster.get("offset", 0.0)
        possible = possible_values(band)
        return (
            values if possible is None else np.where((values >= possible[0]) & (values <= possible[1]), values, np.nan)
        )

    def _content(self, source: SceneBand) -> bytes:
        with self._lock:
            content = self._files.pop(source.sha256, None)
        if content is None:
            content = source.connector.objects.get(source.sha256)
        with self._lock:
            self._files[source.sha256] = content
            while len(self._files) > _FILES_IN_MEMORY:
                self._files.popitem(last=False)
        return content
