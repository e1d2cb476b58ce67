"""The output of a stored object for samples, and how it is kept as forecasts in source units."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import DataSet, Model
from enstorage.entity._known import note_forecast
from enstorage.errors import InvalidInputError
from enstorage.estimators.fitting import estimator_output, reason_of
from enstorage.preparation.split import Part
from entrainer.keras_internals import layers_of


def save_forecasts(
    model: Model, data_set: DataSet, prepared: NDArray[np.float64], quantiles: Sequence[float] = ()
) -> None:
    """Keep a model's output on all samples as its forecasts, part by part.

    Args:
        model: the model with this output.
        data_set: its data set.
        prepared: output in the prepared scale, one row a sample, as many values as the targets; with quantiles as many for
            each of them, those of the first target first.
        quantiles: ascending, among them 0.5, which is the point forecast. Where forecasts of them cross, they are sorted
            (Chernozhukov, Fernández-Val & Galichon 2010, Quantile and probability curves without crossing).
    """
    parts = data_set.parts()
    with model.connector.transaction():
        for code in sorted(set(parts.tolist())):
            forecast = in_source_units(data_set, prepared[parts == code], np.flatnonzero(parts == code), quantiles)
            note_forecast(model.save_forecasts(Part(code).label, **forecast), "object")


def in_source_units(
    data_set: DataSet, prepared: NDArray[np.float64], rows: NDArray[np.intp], quantiles: Sequence[float] = ()
) -> dict[str, Any]:
    """The arguments of `Model.save_forecasts` for output for some rows of a data set; see `save_forecasts`."""
    shape = (len(rows), *data_set.arrays(rows[:1])[2].shape[1:])  # of one row: reading all rows would scale every image
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
    """The output of a Keras model, or of an estimator as `enstorage.estimators.fitting.estimator_output` gives it.

    Raises:
        InvalidInputError: it takes samples of another shape, or cannot forecast them.
    """
    if not is_keras(obj):
        return estimator_output(obj, X, targets)
    check_input(obj, X.shape)
    try:
        return np.asarray(obj.predict(X, verbose=0), dtype=np.float64)
    except Exception as error:  # Keras fails with errors of every kind
        raise InvalidInputError(
            f"The Keras model cannot be used for samples of shape {X.shape}: {reason_of(error)}"
        ) from error


def check_input(model: Any, shape: Sequence[int]) -> None:
    """Refuse a Keras model that does not take samples of a shape, or whose output depends on the samples before.

    Args:
        model: with or without known inputs.
        shape: of the samples, (rows, …).

    Raises:
        InvalidInputError: it has several inputs, or one of another shape, takes a fixed number of samples, or keeps a state.
    """
    inputs = getattr(model, "inputs", None) or []
    taken = [tuple(each.shape) for each in inputs]
    if len(taken) > 1:
        raise InvalidInputError(
            f"The Keras model has {len(taken)} inputs, of shapes {', '.join(map(str, taken))}; the samples are one array of "
            f"shape {tuple(shape)}. Expected a model of one input, such as one with Branches' columns side by side."
        )
    keeping = [layer.name for layer in layers_of(model) if getattr(layer, "stateful", False)]
    if keeping or (taken and taken[0][0] is not None):
        what = f"keeps a state in the layer {keeping[0]!r}" if keeping else f"takes {taken[0][0]} samples at once"
        raise InvalidInputError(
            f"The Keras model {what}, so a forecast would depend on the samples beside it; the samples have shape "
            f"{tuple(shape)}. Expected a model without state for any number of samples (stateful=False, no batch_size)."
        )
    if taken and not _takes(taken[0][1:], tuple(shape[1:])):
        raise InvalidInputError(
            f"The Keras model takes samples of shape {taken[0]}; the samples have shape {tuple(shape)}. Use a data set with "
            "the lag that it was made for."
        )


def _takes(wanted: tuple[int | None, ...], given: tuple[int, ...]) -> bool:
    """True if samples fit an input; Keras adds a last axis of length 1, or leaves it out."""
    if len(wanted) == len(given) + 1 and wanted[-1] == 1:
        given = (*given, 1)
    elif len(given) == len(wanted) + 1 and given[-1] == 1:
        given = given[:-1]
    return len(wanted) == len(given) and all(want in (None, size) for want, size in zip(wanted, given, strict=True))


def is_keras(obj: Any) -> bool:
    """True for a Keras model; imports nothing."""
    keras = sys.modules.get("keras")
    return keras is not None and isinstance(obj, keras.Model)
