"""Forecasts from the end of a series as charts draw them: the values that are known, then the steps with their quantiles."""

import numpy as np
import polars as pl

from enstorage.entity._rows import rows_of_points
from enstorage.entity.data_source import DataSource
from enstorage.entity.model import Model
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.views.charts.of_records import Chart, ChartWindow, Floats, Times, thinned


def chart_of_steps_ahead(
    model: Model, window: ChartWindow, *, series: int | None = None, history: int | None = None
) -> Chart:
    """The forecasts of a model from one origin, with all quantiles, behind the values of the series as they are now.

    Args:
        model: with stored forecasts, such as the one that `autoforecast` issued.
        window: what is shown.
        series: id of the data source; by default the first one.
        history: number of rows before the first step; None for all.

    Raises:
        NotFoundError: there are no forecasts of the series.
        InvalidInputError: there are forecasts from several origins, or `history` is negative.
    """
    if history is not None and history < 0:
        raise InvalidInputError(f"history is {history}; expected 0 or more rows.", field="history")
    table = model.forecasts()
    series = int(table["series"][0]) if series is None else series
    own = table.filter(pl.col("series") == series).sort("id")
    points = own.filter(pl.col("quantile").is_null())
    source = DataSource.get(series, connector=model.connector)
    if points.is_empty():
        raise NotFoundError(f"{model} has no forecasts of {source}. Name another series.")
    if points["id"].n_unique() < points.height:
        raise InvalidInputError(
            f"{model} has forecasts of {source} from several origins; expected those of one. Draw its series, which shows "
            "one step from all of them.",
            field="id",
        )
    ahead = points["id"].to_numpy()
    known, truth = _known(source)
    before = int(np.searchsorted(known, ahead[0]))
    start = 0 if history is None else max(0, before - history)
    times = np.union1d(known[start:], ahead)
    rows = window.rows(times, source)

    def at(own_times: Times, values: Floats) -> Floats:
        placed = np.full(len(times), np.nan)
        placed[np.searchsorted(times, own_times)] = values
        return placed[rows]

    lines = {"truth": at(known[start:], truth[start:]), "forecast": at(ahead, points["value"].to_numpy())}
    quantiles = {
        level: at(each["id"].to_numpy(), each["value"].to_numpy())
        for (level,), each in own.drop_nulls("quantile")
        .sort("quantile", "id")
        .group_by("quantile", maintain_order=True)
    }
    return thinned(Chart(times[rows], lines, len(times[rows]), source, quantiles=quantiles), window)


def _known(source: DataSource) -> tuple[Times, Floats]:
    """The buckets of a series as they are now."""
    times, values = source.read()
    if not len(times):
        return times, values
    rows = rows_of_points(source, times, values)
    return rows.times, rows.values
