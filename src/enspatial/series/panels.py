"""Panels of pixels: a data source for each, in one go, with the grid and the scenes that they come from."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from enspatial.cubes.grid import Grid
from enspatial.series.pixels import pixel_table, variable_of
from enstorage import Connector, DataSource, Panel, Scene, write_all
from enstorage.connector import bound_to
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    import polars as pl
    import xarray as xr

#: The tag of a panel with what it was made of.
TAG = "spatial"


def to_panel(
    cube: "xr.Dataset | xr.DataArray",
    *,
    name: str,
    time_interval: str,
    variable: str | None = None,
    aggregate: str = "mean",
    anchor: str | None = None,
    unit: str = "",
    connector: Connector | None = None,
) -> Panel:
    """Make a panel with a data source for each pixel that was measured at least once; all or nothing.

    What was not measured is no point: snapshots have an empty bucket there, which preparations fill and never count.

    Args:
        cube: as `open_cube` gives it.
        name: of the panel; a source is called by it and its key.
        time_interval: of each source, such as `5d`.
        variable: of the cube; None: its only one.
        aggregate: of each source, for several scenes in one bucket.
        anchor: of each source.
        unit: of the values.
        connector: the store; the current one by default.

    Raises:
        InvalidInputError: no pixel was measured.
    """
    array = variable_of(cube, variable)
    with bound_to(connector) as store:
        return panel_of(
            pixel_table(array),
            name=name,
            facts=facts_of(array, str(variable or array.name)),
            scenes=Scene.get_list(array.attrs.get("scenes", []), connector=store),
            source={"time_interval": time_interval, "aggregate": aggregate, "anchor": anchor, "unit": unit},
            connector=store,
        )


def panel_of(
    table: "pl.DataFrame",
    *,
    name: str,
    facts: dict[str, Any],
    scenes: Iterable[Scene],
    source: dict[str, Any],
    connector: Connector,
) -> Panel:
    """Make a panel from a table of `pixel_table` or `polygon_table`, and note what it was made of.

    Args:
        table: with the columns `series`, `time` and `value`.
        name: of the panel.
        facts: kept as the tag `spatial`, see `facts_of`.
        scenes: that the values come from.
        source: arguments of each `DataSource`.
        connector: the store.

    Raises:
        InvalidInputError: the table is empty.
    """
    if table.is_empty():
        raise InvalidInputError(
            "No pixel was measured at any time: all are masked as clouds, or lie outside the scenes. Take a longer "
            "period, a "
            "larger area, or scenes with fewer clouds.",
            field="scenes",
        )
    import polars as pl

    groups = table.with_columns(pl.col("time").cast(pl.Datetime("ns")).cast(pl.Int64)).partition_by(
        "series", as_dict=True, maintain_order=True
    )
    sources = {str(key): DataSource(name=f"{name} {key}", connector=connector, **source) for (key,) in groups}
    points = [(each["time"].to_numpy(), each["value"].to_numpy()) for each in groups.values()]
    panel = Panel(name=name, connector=connector)
    panel.tags[TAG] = facts
    with connector.transaction():
        panel.save()
        write_all(sources.values(), points, time_unit="ns")
        panel.add_all(sources)
        panel.add_scenes(scenes)
    return panel


def facts_of(array: "xr.DataArray", expression: str) -> dict[str, Any]:
    """The facts that a panel keeps of the cube that it was made of: its grid and its expression."""
    return {"grid": dict(array.attrs["grid"]), "expression": expression}


def grid_of(panel: Panel) -> Grid:
    """The grid of the pixels of a panel.

    Raises:
        InvalidInputError: its sources are no pixels.
    """
    known = panel.tags.get(TAG)
    if not isinstance(known, dict) or "grid" not in known:
        raise InvalidInputError(
            f"{panel} is no panel of pixels; expected one that `to_panel` or `forecast_pixels` made. Give another "
            "panel."
        )
    return Grid.from_json(known["grid"])
