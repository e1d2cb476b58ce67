"""`FurtherSteps`: steps behind the targets of samples, which a model forecasts from its forecasts of earlier ones."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage import DataSet
from enstorage.adapter import Window
from enstorage.adapter.base import adapter_from_json
from enstorage.adapter.samples import Prepared, Samples
from enstorage.entity._inputs import snapshots_of
from enstorage.entity.row_origins import row_origins
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import Part
from entrainer.forecasting.recursive import run_ahead

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FurtherSteps:
    """The steps 1 … horizon from the first target of each sample of a data set.

    Attributes:
        window: of the data set.
        horizon: number of steps, more than the window has.
        past: prepared values before the first target, oldest first, shape (samples, lag + offset − 1).
        times: of each step's target, shape (samples, horizon); anything behind the last row of the series.
        inside: true for targets that are rows of the series and no test rows, shape (samples, horizon).
    """

    window: Window
    horizon: int
    past: Floats
    times: NDArray[np.int64]
    inside: NDArray[np.bool_]

    @classmethod
    def of(cls, data_set: DataSet, horizon: int, samples: Samples | None = None) -> "FurtherSteps":
        """The steps of the samples of a data set, or of other samples of its preparations, see `open_samples`.

        Raises:
            InvalidInputError: the samples are no windows of one series each, or test rows do not lie behind all others.
        """
        adapter = None if data_set.data_preparation_id is None else adapter_from_json(data_set.adapter)
        if not isinstance(adapter, Window):
            what = "arrays" if adapter is None else f"the adapter {data_set.adapter['name']!r}"
            raise InvalidInputError(
                f"{data_set} has samples of {what}, whose later steps cannot be forecast from earlier ones; expected those "
                "of Window. Leave horizon out, or take a data set with that horizon."
            )
        count = len((data_set._samples if samples is None else samples).id)
        found = row_origins(data_set, np.arange(count), samples)
        snapshots = snapshots_of(data_set._inputs.preparations)
        grids = [snapshot.read()[0] for snapshot in snapshots]
        ends = np.array([_end(each, len(grid)) for each, grid in zip(found.prepared, grids, strict=True)])
        if (ends < 0).any():
            raise InvalidInputError(
                f"The test rows of {data_set} lie between others, so later steps from an origin would be test rows. Leave "
                "horizon out, or split by time."
            )
        starts = np.cumsum([0, *map(len, grids[:-1])])
        position = _joined(found.prepared, "position")
        first = np.cumsum([0, *(len(each.position) for each in found.prepared[:-1])])
        place = position[first[found.series] + found.origin] + adapter.offset
        steps = place[:, np.newaxis] + np.arange(horizon)
        inside = steps < ends[found.series][:, np.newaxis]
        offset = starts[found.series][:, np.newaxis]
        times = np.concatenate(grids)[np.where(inside, offset + steps, 0)]
        values = np.full(sum(map(len, grids)), np.nan)
        values[np.repeat(starts, [len(each.position) for each in found.prepared]) + position] = _joined(
            found.prepared, "values"
        )
        width = adapter.lag + adapter.offset - 1
        past = values[offset + place[:, np.newaxis] - width + np.arange(width)]
        return cls(adapter, horizon, past, times, inside)

    @property
    def can_start(self) -> NDArray[np.bool_]:
        """True for samples with all values before their first target that windows of later steps need, shape (samples,)."""
        return np.asarray(np.isfinite(self.past).all(axis=1))

    def forecast(
        self, predict: Callable[[NDArray[Any]], Floats], rows: NDArray[np.intp], quantiles: Sequence[float]
    ) -> Floats:
        """Point forecasts for some samples in the prepared scale, shape (rows, horizon).

        Args:
            predict: the output of the model for windows.
            rows: numbers of samples.
            quantiles: that the model was trained for; the forecast windows have the point forecasts.
        """
        if not len(rows):
            return np.empty((0, self.horizon))
        return run_ahead(predict, self.past[rows], self.window, self.horizon, quantiles)[0]


def _joined(prepared: Sequence[Prepared], name: str) -> NDArray[Any]:
    return np.concatenate([getattr(each, name) for each in prepared])


def _end(prepared: Prepared, buckets: int) -> int:
    """The number of buckets of a series before its test part; -1 where other rows lie behind test rows."""
    test = np.flatnonzero(prepared.part == Part.TEST)
    if not len(test):
        return buckets
    return int(prepared.position[test[0]]) if len(test) == len(prepared.part) - test[0] else -1
