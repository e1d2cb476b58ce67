"""Forecasts of every window of a series, as `predict` gives them of the samples of a data set."""

from typing import Any

import numpy as np
import polars as pl
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from enstorage import Model
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from entrainer.forecasting.asked.series import Asked, each_possible, known_series
from entrainer.forecasting.history import Known
from entrainer.forecasting.steps_ahead import SCHEMA
from entrainer.forecasting.window import sees_others, window_of
from entrainer.local.specification import LocalSpec
from entrainer.model_output import output_of


def predict_windows(model: Model, series: Asked) -> pl.DataFrame:
    """Predict each window of series whose targets lie inside their known rows. Nothing is kept.

    Args:
        model: with an object and a data set of windows.
        series: as `entrainer.forecast` takes them.

    Returns:
        Columns as of `entrainer.forecast`.

    Raises:
        InvalidInputError: no series has such a window.
    """
    if sees_others(model):
        raise InvalidInputError(
            f"{model} sees several series in one sample; series= is for models of windows of one. Leave it out, or forecast "
            "with entrainer.forecast."
        )
    obj = model.load_object()
    if isinstance(obj, LocalSpec):
        raise InvalidInputError(
            f"{model} estimates each series alone and has no windows; series= is for models of windows. Forecast the series "
            "with entrainer.forecast."
        )
    window = window_of(model)
    known = known_series(model, series, window.lag + window.offset + window.horizon - 1)
    origins = each_possible(known, lambda each: (each, _origins(model, each, window)))
    training: dict[str, Any] = model.meta("training", default={})
    levels = tuple(training.get("quantiles", ())) or (0.5,)
    X = np.concatenate(
        [sliding_window_view(each.prepared, window.lag)[rows - window.lag + 1] for each, rows in origins]
    )
    output = output_of(obj, X, window.horizon * len(levels))
    ascending = np.sort(output.reshape(len(X), window.horizon, len(levels)), axis=-1)
    tables, done = [], 0
    for each, rows in origins:
        own = ascending[done : done + len(rows)]
        done += len(rows)
        tables += [
            _table(each, rows, window, own[..., number], level if len(levels) > 1 else None)
            for number, level in enumerate(levels)
        ]
        if len(levels) > 1:
            tables.append(_table(each, rows, window, own[..., levels.index(0.5)], None))
    return pl.concat(tables).sort("series", "id", "step", "quantile", nulls_last=False, maintain_order=True)


def _origins(model: Model, known: Known, window: Window) -> NDArray[np.intp]:
    """The last row of each window of values, of those whose targets are known rows."""
    ahead = window.offset + window.horizon - 1
    last = np.arange(window.lag - 1, len(known.times) - ahead)
    whole = np.asarray(np.isfinite(sliding_window_view(known.prepared, window.lag)).all(axis=1))[: len(last)]
    if not whole.any():
        raise InvalidInputError(
            f"{known.what} has no window of {window.lag} values in a row with {ahead} rows after it, as {model} needs them. "
            "Give a series that is long enough, or one without gaps."
        )
    return last[whole]


def _table(
    known: Known, origins: NDArray[np.intp], window: Window, prepared: NDArray[np.float64], quantile: float | None
) -> pl.DataFrame:
    inverted = known.transform.invert(prepared, known.cleaned, origins)
    targets = origins[:, np.newaxis] + window.offset + np.arange(window.horizon)
    columns = {
        "series": [known.series] * targets.size,
        "id": known.times[targets].ravel(),
        "step": np.tile(np.arange(1, window.horizon + 1, dtype=np.int32), len(origins)),
        "quantile": [quantile] * targets.size,
        "value": inverted.ravel(),
    }
    return pl.DataFrame(columns, schema=SCHEMA)
