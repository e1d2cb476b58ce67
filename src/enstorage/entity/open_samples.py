"""Samples of a data set outside its test part, with those whose last targets lie behind the end of that stretch."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.adapter.base import Adapter, adapter_from_json
from enstorage.adapter.samples import Prepared, Samples, at_targets, only_measured, rows_of, target_times
from enstorage.entity._inputs import Inputs
from enstorage.entity.data_set import DataSet
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import Part


@dataclass(frozen=True, slots=True)
class OpenSamples:
    """Samples `[id, X, y]` in time order that no test row takes part in.

    Attributes:
        samples: y is NaN where a target was not measured, or lies behind the last row that is no test row.
        times: of each step's target, shape (samples,) or (samples, horizon).
        inside: true for the targets that are no test rows; the shape of `times`.
        series: data source of each sample of a pooled set, shape (samples,); None for another set.
        inputs: preparations of the data set.
    """

    samples: Samples
    times: NDArray[np.int64]
    inside: NDArray[np.bool_]
    series: NDArray[np.int64] | None
    inputs: Inputs

    def invert(self, outputs: NDArray[np.float64], rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """Outputs for some samples, by their numbers, in source units. See `DataSet.invert`."""
        return self.inputs.invert(outputs, rows_of(self.samples, rows))


def open_samples(data_set: DataSet) -> OpenSamples | None:
    """The samples of all windows that end before the test part, also where only some of their targets do.

    A data set leaves out a window whose targets lie in two parts. Of such a window the targets before the test part
    are known too, and on a short series with a long horizon there are few others.

    Returns:
        None where the samples of the data set are all that there are: one target for each, a random split, samples that
        join several series, or no preparation.
    """
    adapter = None if data_set.data_preparation_id is None else adapter_from_json(data_set.adapter)
    if not isinstance(adapter, Adapter) or not adapter.targets_are_values:
        return None
    inputs, shape = data_set._inputs, data_set._samples.y.shape[1:]
    counts = [count for each in inputs.prepared if (count := _before_test(each)) is not None]
    if len(counts) < len(inputs.prepared) or (len(counts) > 1 and not data_set.is_pooled) or np.prod(shape) < 2:
        return None
    opened = [_padded(each, count, shape[0] - 1) for each, count in zip(inputs.prepared, counts, strict=True)]
    try:
        built = adapter.samples_of(opened, inputs.asked)
    except InvalidInputError:
        return None
    if built.target is None or built.y.shape[1:] != shape:
        return None
    samples = only_measured(built, opened, inputs.asked)
    rows_inside = [np.arange(len(each.times)) < count for each, count in zip(opened, counts, strict=True)]
    return OpenSamples(
        samples,
        times=target_times(samples, opened, inputs.asked),
        inside=np.asarray(at_targets(samples, rows_inside, inputs.asked), np.bool_),
        series=None if samples.taken_from is None else inputs.source_ids[samples.taken_from],
        inputs=inputs,
    )


def _before_test(prepared: Prepared) -> int | None:
    """The number of rows before the test part; None where a row behind its first one is in another part."""
    test = prepared.part == Part.TEST
    count = int(np.argmax(test)) if test.any() else len(test)
    return count if test[count:].all() else None


def _padded(prepared: Prepared, count: int, pads: int) -> Prepared:
    """The first rows in one part, followed by rows that were not measured, which stand for the targets behind them."""

    def longer(column: NDArray[Any], padding: Any) -> NDArray[Any]:
        return np.concatenate([column[:count], np.broadcast_to(padding, pads).astype(column.dtype)])

    def ending(column: NDArray[Any]) -> NDArray[Any]:
        first = column[:count]
        step = first[-1] - first[-2] if count > 1 else 1
        last = first[-1] if count else 0
        return longer(column, last + step * np.arange(1, pads + 1))

    measured = np.ones(len(prepared.values), np.bool_) if prepared.measured is None else prepared.measured
    return replace(
        prepared,
        times=ending(prepared.times),
        values=longer(prepared.values, 0.0),
        position=longer(prepared.position, (prepared.position[count - 1] if count else -1) + np.arange(1, pads + 1)),
        part=np.zeros(count + pads, prepared.part.dtype),
        cleaned=None if prepared.cleaned is None else longer(prepared.cleaned, 0.0),
        measured=longer(measured, False),
        from_measured=None if prepared.from_measured is None else longer(prepared.from_measured, False),
        end=int(prepared.position[-1]) + 1 if len(prepared.position) else 0,
    )
