"""`predict`: forecasts of a stored model on its own data set."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from enstorage import Model
from enstorage.entity.forecast import point_forecasts
from enstorage.preparation.split import Part
from entrainer.forecasting.asked.series import Asked
from entrainer.local.rows import forecast_rows
from entrainer.local.specification import LocalSpec
from entrainer.model_output import Output, in_source_units, output_of, save_forecasts

if TYPE_CHECKING:
    import polars as pl


def predict(model: Model, *, series: Asked = None) -> "pl.DataFrame":
    """Predict every sample of the model's data set with its stored object, and keep the forecasts.

    Args:
        model: a stored one.
        series: for a model of windows of many series, others than those of its data set: every window of them is predicted
            instead, and nothing is kept. See `entrainer.forecast`. The transform of a series that the model was not trained
            on is fitted on all measured rows of it, also on those that are predicted.

    Returns:
        The forecasts in the units of the source; columns as in `Model.forecasts`, for `series` as of `entrainer.forecast`.

    Raises:
        NotFoundError: the model has no object or no data set.
        InvalidInputError: the object gives another number of values than the targets have; or a series is too short or
            cannot be prepared like those of the data set.
    """
    if series is not None:
        from entrainer.forecasting.past_windows import predict_windows

        return predict_windows(model, series)
    save_forecasts(model, model.data_set(), _output(model), _quantiles(model))
    return model.forecasts()


def recompute(model: Model) -> "pl.DataFrame":
    """Predict as `predict` does, and keep nothing; point forecasts only.

    Returns:
        Columns as in `Model.forecasts`, sorted by id, step and series.

    Raises:
        NotFoundError: the model has no object or no data set.
        InvalidInputError: the object gives another number of values than the targets have.
    """
    import polars as pl

    data_set, output, tables = model.data_set(), _output(model), []
    parts = data_set.parts()
    for code in sorted(set(parts.tolist())):
        rows = np.flatnonzero(parts == code)
        forecast = in_source_units(data_set, output[rows], rows, _quantiles(model))
        series = forecast["series"]
        if series is None:  # one for all samples; those from arrays have none of their own
            (series,) = data_set.series_ids() or model.research.project.source_ids()
        table = point_forecasts(series, forecast["id"], forecast["values"])
        tables.append(table.select(pl.lit(Part(code).label).alias("part"), pl.all()))
    return pl.concat(tables).sort("id", "step", "series", maintain_order=True)


def _output(model: Model) -> Output:
    data_set, obj = model.data_set(), model.load_object()
    if isinstance(obj, LocalSpec):
        return forecast_rows(obj, data_set, np.arange(data_set.rows), _quantiles(model))
    _, X, y = data_set.arrays()
    return output_of(obj, X, math.prod(y.shape[1:]))


def _quantiles(model: Model) -> Sequence[float]:
    training: dict[str, Any] = model.meta("training", default={})
    quantiles: Sequence[float] = training.get("quantiles", ())
    return quantiles
