"""`predict`: forecasts of a stored model on its own data set."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from enstorage import Model
from enstorage.entity.forecast import point_forecasts
from enstorage.preparation.split import Part
from entrainer.model_output import in_source_units, output_of, save_forecasts

if TYPE_CHECKING:
    import polars as pl


def predict(model: Model) -> "pl.DataFrame":
    """Predict every sample of the model's data set with its stored object, and keep the forecasts.

    Returns:
        The forecasts in the units of the source; columns as in `Model.forecasts`.

    Raises:
        NotFoundError: the model has no object or no data set.
        InvalidInputError: the object gives another number of values than the targets have.
    """
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


def _output(model: Model) -> NDArray[np.float64]:
    _, X, y = model.data_set().arrays()
    return output_of(model.load_object(), X, math.prod(y.shape[1:]))


def _quantiles(model: Model) -> Sequence[float]:
    training: dict[str, Any] = model.meta("training", default={})
    quantiles: Sequence[float] = training.get("quantiles", ())
    return quantiles
