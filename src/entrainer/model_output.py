"""The output of a stored object for samples, and how it is kept as forecasts in source units."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import DataSet, Model
from enstorage.entity._known import note_forecast
from enstorage.errors import InvalidInputError
from enstorage.estimators.fitting import estimator_output
from enstorage.preparation.split import Part


def save_forecasts(
    model: Model, data_set: DataSet, prepared: NDArray[np.float64], quantiles: Sequence[float] = ()
) -> None:
    """Keep a model's output on all samples as its forecasts, part by part.

    Args:
        model: the one that gave the output.
        data_set: its data set.
        prepared: output in the prepared scale, one row a sample, as many values as the targets; with quantiles as many for
            each of them, those of the first target first.
        quantiles: ascending, among them 0.5, which is the point forecast. Where forecasts of them cross, they are sorted
            (Chernozhukov, Fernández-Val & Galichon 2010, Quantile and probability curves without crossing).
    """
    parts = data_set.parts()
    with model.connector.transaction():
        for code in sorted(set(parts.tolist())):
            told = in_source_units(data_set, prepared[parts == code], np.flatnonzero(parts == code), quantiles)
            note_forecast(model.save_forecasts(Part(code).label, **told), "object")


def in_source_units(
    data_set: DataSet, prepared: NDArray[np.float64], rows: NDArray[np.intp], quantiles: Sequence[float] = ()
) -> dict[str, Any]:
    """The arguments of `Model.save_forecasts` for output for some rows of a data set; see `save_forecasts`."""
    shape = (len(rows), *data_set.arrays(rows[:1])[2].shape[1:])  # of one row: images would all be scaled for it
    if prepared.size != np.prod(shape) * max(1, len(quantiles)):
        raise InvalidInputError(
            f"The model gives an output of shape {prepared.shape}; the targets of {data_set} have shape {shape}. Use a data "
            "set with the horizon of the model."
        )
    levels = quantiles or (0.5,)
    ascending = np.sort(prepared.reshape(*shape, len(levels)), axis=-1)
    values = {level: data_set.invert(ascending[..., number], rows) for number, level in enumerate(levels)}
    return {
        "id": data_set.targets(rows)[0],
        "values": values[0.5],
        "series": data_set.series(rows) if data_set.is_pooled else None,
        "quantiles": values if quantiles else None,
    }


def output_of(obj: Any, X: NDArray[Any], targets: int | None = None) -> NDArray[np.float64]:
    """The output of a Keras model, or of an estimator as `enstorage.estimators.fitting.estimator_output` gives it."""
    if is_keras(obj):
        return np.asarray(obj.predict(X, verbose=0), dtype=np.float64)
    return estimator_output(obj, X, targets)


def is_keras(obj: Any) -> bool:
    """True for a Keras model; imports nothing."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(obj, keras.Model)
