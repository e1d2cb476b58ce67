"""enspatial: satellite images in versions, cubes on a common grid, series of pixels, and forecasts as maps.

An optional package: `pip install "enstorage[spatial]"`. Public names load on first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from enspatial.area import Area
    from enspatial.catalogue.profile import CatalogueProfile
    from enspatial.catalogue.search import search_catalogue
    from enspatial.cubes.composite import composite
    from enspatial.cubes.cube import open_cube
    from enspatial.cubes.expression import Expression
    from enspatial.cubes.grid import Grid
    from enspatial.demo.generated import generated_scenes
    from enspatial.maps.forecast_map import forecast_map, to_geotiff
    from enspatial.scenes.candidate import BandFile, SceneCandidate
    from enspatial.scenes.folder import scenes_in
    from enspatial.scenes.search import find_scenes, overdue, preview
    from enspatial.scenes.store import Kept, LoadReport, keep_scene, keep_scenes
    from enspatial.series.forecast import forecast_pixels
    from enspatial.series.panels import grid_of, to_panel
    from enspatial.series.pixels import pixel_table, polygon_table
    from enspatial.splits.blocks import SpatialParts, split_blocks
    from enspatial.splits.patches import Patches, block_groups, class_map, confusion_matrix

_HOME = {
    "Area": "enspatial.area",
    "BandFile": "enspatial.scenes.candidate",
    "Expression": "enspatial.cubes.expression",
    "Grid": "enspatial.cubes.grid",
    "Patches": "enspatial.splits.patches",
    "SpatialParts": "enspatial.splits.blocks",
    "block_groups": "enspatial.splits.patches",
    "class_map": "enspatial.splits.patches",
    "confusion_matrix": "enspatial.splits.patches",
    "overdue": "enspatial.scenes.search",
    "split_blocks": "enspatial.splits.blocks",
    "Kept": "enspatial.scenes.store",
    "LoadReport": "enspatial.scenes.store",
    "SceneCandidate": "enspatial.scenes.candidate",
    "CatalogueProfile": "enspatial.catalogue.profile",
    "composite": "enspatial.cubes.composite",
    "find_scenes": "enspatial.scenes.search",
    "forecast_map": "enspatial.maps.forecast_map",
    "forecast_pixels": "enspatial.series.forecast",
    "generated_scenes": "enspatial.demo.generated",
    "grid_of": "enspatial.series.panels",
    "keep_scene": "enspatial.scenes.store",
    "keep_scenes": "enspatial.scenes.store",
    "open_cube": "enspatial.cubes.cube",
    "pixel_table": "enspatial.series.pixels",
    "polygon_table": "enspatial.series.pixels",
    "preview": "enspatial.scenes.search",
    "scenes_in": "enspatial.scenes.folder",
    "search_catalogue": "enspatial.catalogue.search",
    "to_geotiff": "enspatial.maps.forecast_map",
    "to_panel": "enspatial.series.panels",
}

__all__ = [
    "Area",
    "BandFile",
    "CatalogueProfile",
    "Expression",
    "Grid",
    "Kept",
    "LoadReport",
    "Patches",
    "SceneCandidate",
    "SpatialParts",
    "block_groups",
    "class_map",
    "composite",
    "confusion_matrix",
    "find_scenes",
    "forecast_map",
    "forecast_pixels",
    "generated_scenes",
    "grid_of",
    "keep_scene",
    "keep_scenes",
    "open_cube",
    "overdue",
    "pixel_table",
    "polygon_table",
    "preview",
    "scenes_in",
    "search_catalogue",
    "split_blocks",
    "to_geotiff",
    "to_panel",
]


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(import_module(_HOME[name]), name)
    raise AttributeError(f"module 'enspatial' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
