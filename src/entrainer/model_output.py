"""The output of a stored object for samples, and how it is kept as forecasts in source units."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import DataSet, Model
from enstorage.arrays.missing import unmasked
from enstorage.entity._known import note_forecast
from enstorage.errors import InvalidInputError
from enstorage.estimators.fitting import estimator_output, reason_of
from enstorage.preparation.split import Part
from entrainer.keras_internals import layers_of


@dataclass(frozen=True, eq=False)
class InSourceUnits:
    """Output that is in source units already, as that of local models; needs no inverse transform.

    Attributes:
        values: point forecasts, one row a sample, of the shape of the targets.
        quantiles: forecasts of quantiles by level, ascending, each of the same shape; empty for none.
        remarks: for series that were forecast in another way than asked, by data source id: what was done and why.
    """

    values: NDArray[np.float64]
    quantiles: Mapping[float, NDArray[np.float64]] = field(default_factory=dict)
    remarks: Mapping[int, str] = field(default_factory=dict)

    def __getitem__(self, rows: NDArray[Any]) -> "InSourceUnits":
        """The output for some of the samples."""
        quantiles = {level: values[rows] for level, values in self.quantiles.items()}
        return InSourceUnits(self.values[rows], quantiles, self.remarks)


Output = NDArray[np.float64] | InSourceUnits
"""Output in the prepared scale, or in source units."""


def is_finite(output: Output) -> bool:
    """True if all forecasts are finite numbers."""
    if not isinstance(output, InSourceUnits):
        return bool(np.isfinite(output).all())
    return all(bool(np.isfinite(values).all()) for values in (output.values, *output.quantiles.values()))


def joined(outputs: Sequence[Output]) -> Output:
    """Several outputs of one model one after the other."""
    arrays = [each for each in outputs if not isinstance(each, InSourceUnits)]
    if arrays:
        return np.concatenate(arrays)
    own = [each for each in outputs if isinstance(each, InSourceUnits)]
    return InSourceUnits(
        np.concatenate([each.values for each in own]),
        {level: np.concatenate([each.quantiles[level] for each in own]) for level in own[0].quantiles},
        {series: text for each in own for series, text in each.remarks.items()},
    )


def save_forecasts(model: Model, data_set: DataSet, prepared: Output, quantiles: Sequence[float] = ()) -> None:
    """Keep a model's output on all samples as its forecasts, part by part.

    Args:
        model: the model with this output.
        data_set: its data set.
        prepared: output in the prepared scale, one row a sample, as many values as the targets; with quantiles as many for
            each of them, those of the first target first. Or output in source units.
        quantiles: ascending, among them 0.5, which is the point forecast. Where forecasts of them cross, they are sorted
            (Chernozhukov, Fernández-Val & Galichon 2010, Quantile and probability curves without crossing).
    """
    parts = data_set.parts()
    with model.connector.transaction():
        for code in sorted(set(parts.tolist())):
            forecast = in_source_units(data_set, prepared[parts == code], np.flatnonzero(parts == code), quantiles)
            note_forecast(model.save_forecasts(Part(code).label, **forecast), "object")


def in_source_units(
    data_set: DataSet, prepared: Output, rows: NDArray[np.intp], quantiles: Sequence[float] = ()
) -> dict[str, Any]:
    """The arguments of `Model.save_forecasts` for output for some rows of a data set; see `save_forecasts`."""
    if isinstance(prepared, InSourceUnits):
        return {
            "id": data_set.targets(rows)[0],
            "values": prepared.values,
            "series": data_set.series(rows) if data_set.is_pooled else None,
            "quantiles": prepared.quantiles or None,
        }
    shape = (len(rows), *data_set.arrays(rows[:1])[2].shape[1:])  # of one row: reading all rows would scale every image
    values = by_level(prepared, shape, quantiles, lambda output: data_set.invert(output, rows), str(data_set))
    return {
        "id": data_set.targets(rows)[0],
        "values": values[0.5],
        "series": data_set.series(rows) if data_set.is_pooled else None,
        "quantiles": values if quantiles else None,
    }


def by_level(
    output: NDArray[np.float64],
    shape: tuple[int, ...],
    quantiles: Sequence[float],
    invert: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    data_set: str,
) -> dict[float, NDArray[np.float64]]:
    """A model's output in source units by the level of the quantile, sorted; 0.5 for an output without quantiles.

    Args:
        output: in the prepared scale, as many values as `shape` has for each level.
        shape: of the targets, (rows,) or (rows, …).
        quantiles: ascending; empty for none.
        invert: turns values of that shape into source units.
        data_set: name of the data set in messages.

    Raises:
        InvalidInputError: the output has another size.
    """
    if output.size != np.prod(shape) * max(1, len(quantiles)):
        raise InvalidInputError(
            f"The model gives an output of shape {output.shape}; the targets of {data_set} have shape {shape}. Use a data "
            "set with the horizon of the model."
        )
    levels = quantiles or (0.5,)
    ascending = np.sort(output.reshape(*shape, len(levels)), axis=-1)
    return {level: invert(ascending[..., number]) for number, level in enumerate(levels)}


def output_of(obj: Any, X: NDArray[Any], targets: int | None = None) -> NDArray[np.float64]:
    """The output of a Keras model, or of an estimator as `enstorage.estimators.fitting.estimator_output` gives it.

    Raises:
        InvalidInputError: it takes samples of another shape, or cannot forecast them.
    """
    if not is_keras(obj):
        return estimator_output(obj, X, targets)
    check_input(obj, X.shape)
    try:
        return unmasked(obj.predict(X, verbose=0), float)
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
