"""`predict`: forecasts of a stored model on its own data set."""

import math
from typing import TYPE_CHECKING, Any

from enstorage import Model
from entrainer.model_output import output_of, save_forecasts

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
    data_set = model.data_set()
    _, X, y = data_set.arrays()
    training: dict[str, Any] = model.meta("training", default={})
    output = output_of(model.load_object(), X, math.prod(y.shape[1:]))
    save_forecasts(model, data_set, output, training.get("quantiles", ()))
    return model.forecasts()
