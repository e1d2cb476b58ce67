"""Rehearsing: forecasts over several steps from many origins in the past, as they would have been made then."""

from functools import partial
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from enstorage import DataPreparation, DataSource, Model
from enstorage.entity.targets import parts_trained_on
from enstorage.preparation.split import Part
from enstorage.progress import checkpoint
from entrainer.forecasting.history import known_rows
from entrainer.forecasting.local import local_hindcasts
from entrainer.forecasting.recursive import run_ahead
from entrainer.forecasting.window import window_of, windows_of
from entrainer.local.specification import LocalSpec
from entrainer.model_output import output_of

Floats = NDArray[np.float64]
Times = NDArray[np.int64]


def hindcast_values(
    model: Model,
    origins: Times,
    horizon: int,
    series: DataSource | int | None = None,
    preparation: DataPreparation | None = None,
) -> Floats:
    """The forecasts of the model from each origin, with the rows before it known, for the steps from it on.

    Args:
        model: as `entrainer.forecast` takes it.
        origins: the first time to forecast of each, ns, shape (origins,).
        horizon: how many steps.
        series: the data source, or its id; None where there is one only.
        preparation: that of the series, if it has been read.

    Returns:
        In the units of the source, shape (origins, horizon); NaN from origins that have no whole window before them.
    """
    checkpoint()
    window, preparation = windows_of(model, series) if preparation is None else (window_of(model), preparation)
    known, obj = known_rows(preparation), model.load_object()
    if isinstance(obj, LocalSpec):
        return local_hindcasts(obj, preparation, known, origins, horizon)
    width = window.lag + window.offset - 1
    forecasts = np.full((len(origins), horizon), np.nan)
    last = np.searchsorted(known.times, origins) - 1
    fits = last >= width - 1
    if not fits.any():
        return forecasts
    past = sliding_window_view(known.prepared, width)[last[fits] - width + 1]
    whole = np.isfinite(past).all(axis=1)
    fits[fits] = whole
    if whole.any():
        training: dict[str, Any] = model.meta("training", default={})
        predict = partial(output_of, obj, targets=window.horizon)
        points, _ = run_ahead(predict, past[whole], window, horizon, training.get("quantiles", ()))
        forecasts[fits] = known.transform.invert(points.reshape(-1, horizon), known.cleaned, last[fits])
    return forecasts


def true_steps(preparation: DataPreparation, origins: Times, times: Times, truth: Floats, horizon: int) -> Floats:
    """The true values of the steps from each origin on, for rows whose truth may be used.

    Args:
        preparation: of the series.
        origins: times of rows of it, shape (origins,).
        times: of the rows whose truth may be used, ascending, at least one, shape (rows,).
        truth: of these rows, shape (rows,).
        horizon: how many steps.

    Returns:
        Shape (origins, horizon), NaN for steps outside these rows.
    """
    grid = preparation.data_snapshot.read()[0]
    place = np.searchsorted(grid, origins)[:, np.newaxis] + np.arange(horizon)
    targets = grid[np.minimum(place, len(grid) - 1)]
    found = np.minimum(np.searchsorted(times, targets), len(times) - 1)
    return np.where((times[found] == targets) & (place < len(grid)), truth[found], np.nan)


def held_out_rows(model: Model, preparation: DataPreparation) -> tuple[Times, Floats]:
    """Times and values of the valid rows that were measured.

    There are none if the model was trained on valid rows, or could see what follows.
    """
    table = preparation.table().with_columns(truth=preparation.truth())
    if Part.VALID.label in parts_trained_on(model) or preparation.state["leaks"]:
        table = table.clear()
    rows = table.filter(table["part"] == Part.VALID).drop_nulls("truth").drop_nans("truth")
    return rows["time"].to_numpy(), rows["truth"].to_numpy()
