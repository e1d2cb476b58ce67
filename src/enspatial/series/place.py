"""The series of one place, a point or a polygon, read from scenes without storing anything."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from enspatial.area import Area, bounds_of
from enspatial.cubes.cube import open_cube
from enspatial.cubes.expression import Expression
from enspatial.cubes.grid import Grid
from enspatial.series.pixels import polygon_table
from enstorage import Scene
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    import polars as pl

#: Degrees around a point: less than a pixel of 10 m.
_MARGIN = 1e-5
#: More are read as a pipeline, which can be watched and stopped.
_MOST_VALUES = 50_000_000


def area_around(geometry: Mapping[str, Any]) -> Area:
    """The box of a GeoJSON geometry, with a margin, so that a point has one too.

    Raises:
        InvalidInputError: it cannot be read, or is out of range.
    """
    west, south, east, north = bounds_of(geometry)
    return Area(west - _MARGIN, south - _MARGIN, east + _MARGIN, north + _MARGIN)


def place_table(scenes: Sequence[Scene], geometry: Mapping[str, Any], expression: str) -> "pl.DataFrame":
    """The mean of the measured pixels of a place in each scene, where at least half of them were measured.

    Args:
        scenes: of the store.
        geometry: GeoJSON in degrees, a point or a polygon.
        expression: formula of bands, or an index such as `ndvi`.

    Returns:
        Columns `series`, `time` and `value`, see `polygon_table`.

    Raises:
        InvalidInputError: the place cannot be read, no scene meets it or has the bands, or it has too many pixels.
    """
    formula, area = Expression.read(expression), area_around(geometry)
    usable = [scene for scene in scenes if scene.quarantine is None and area.covered_by(scene.bounds)]
    if not usable:
        raise InvalidInputError(
            f"No scene meets the place {area}; expected at least one. Choose another place or period, or load scenes.",
            field="geometry",
        )
    grid = Grid.of_scenes(usable, [formula.text, *formula.bands], area=area)
    if grid.rows * grid.columns * len(usable) > _MOST_VALUES:
        raise InvalidInputError(
            f"The place has {grid.rows} × {grid.columns} pixels in {len(usable)} scenes; expected at most {_MOST_VALUES:,} "
            "values. Choose a smaller place, or make a panel of it by the pipeline spatial-forecast.",
            field="geometry",
        )
    return polygon_table(open_cube(usable, formula, grid=grid), {"place": geometry})
