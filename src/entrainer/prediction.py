"""`predict`: forecasts of a stored model on its own data set."""

import sys
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from enstorage import DataSet, Model
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import PARTS

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
    _, X, _ = data_set.arrays()
    save_forecasts(model, data_set, _output(model.load_object(), X))
    return model.forecasts()


def save_forecasts(model: Model, data_set: DataSet, prepared: NDArray[np.float64]) -> None:
    """Keep a model's output on all samples as its forecasts, part by part.

    Args:
        model: the one that gave the output.
        data_set: its data set.
        prepared: output in the prepared scale, one row a sample, as many values as the targets.
    """
    shape = data_set.arrays()[2].shape
    if prepared.size != np.prod(shape):
        raise InvalidInputError(
            f"{model} gives an output of shape {prepared.shape}; the targets of {data_set} have shape {shape}. Use a data "
            "set with the horizon of the model."
        )
    output, parts = prepared.reshape(shape), data_set.parts()
    with model.connector.transaction():
        for code in sorted(set(parts.tolist())):
            part = PARTS[code]
            ids, _ = data_set.targets(part)
            model.save_forecasts(part, ids, data_set.invert(output[parts == code], part))


def _output(obj: Any, X: NDArray[Any]) -> NDArray[np.float64]:
    keras = sys.modules.get("keras")
    if keras is not None and isinstance(obj, keras.Model):
        return np.asarray(obj.predict(X, verbose=0), dtype=np.float64)
    return np.asarray(obj.predict(X), dtype=np.float64)
