"""Forecasts of rows that came after a version was made: from each origin, with the rows before it known."""

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from enstorage import DataSnapshot, Ensemble
from enstorage.progress import Listener

if TYPE_CHECKING:
    from enstorage import Model

#: Origins that are forecast from, the latest; each takes a few hundredths of a second.
MOST_ORIGINS = 400


def forecast_later(
    entity: "Ensemble | Model", keys: pl.DataFrame, snapshots: dict[int, DataSnapshot], report: Listener
) -> pl.DataFrame:
    """Forecast targets as if each was asked for when the rows before its origin were known.

    Args:
        entity: a rendered ensemble, or a model with an object.
        keys: `series`, `id`, `step` of the targets.
        snapshots: of each series, one that has the rows before them.
        report: told of each origin.

    Returns:
        `series`, `id`, `step`, `forecast` (source units) of those of the latest origins.
    """
    import endirector
    import entrainer

    origins = _with_origin(keys, snapshots)
    wanted = origins.select("series", "origin").unique().sort("origin", descending=True).head(MOST_ORIGINS)
    tables = []
    with entity.connector as connector, connector.database.remembering(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of intervals, which are not asked for
        for done, (series, origin) in enumerate(wanted.rows()):
            report("Forecasts of later rows", done, wanted.height)
            own = origins.filter((pl.col("series") == series) & (pl.col("origin") == origin))
            steps = int(own["step"].to_numpy().max())
            options: dict[str, Any] = {"levels": (), "snapshot": snapshots[series]}
            if isinstance(entity, Ensemble):
                table = endirector.forecast(entity, steps, origin, progress=False, **options)
            else:
                table = entrainer.forecast(entity, steps, origin, **options)
            points = table.filter(pl.col("quantile").is_null()).with_columns(pl.lit(series, pl.Int64).alias("series"))
            tables.append(own.drop("origin").join(points.select(*_KEY, "value"), on=_KEY, how="inner"))
    if not tables:
        return pl.DataFrame(schema={**keys.schema, "forecast": pl.Float64})
    return pl.concat(tables).rename({"value": "forecast"}).sort("id", "step", "series")


_KEY = ("series", "id", "step")


def _with_origin(keys: pl.DataFrame, snapshots: dict[int, DataSnapshot]) -> pl.DataFrame:
    """The keys with the first time that was not known when each was forecast."""
    parts = []
    for (series,), own in keys.group_by("series"):
        grid = snapshots[int(series)].read()[0]
        place = np.searchsorted(grid, own["id"].to_numpy()) - (own["step"].to_numpy() - 1)
        inside = place > 0
        parts.append(own.filter(inside).with_columns(pl.Series("origin", grid[place[inside]], dtype=pl.Int64)))
    return pl.concat(parts)
