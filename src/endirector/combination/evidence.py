"""Evidence: the forecasts of all members for their common targets, and the truth. Needs no store and no model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.members.feature_inputs import features_at
from endirector.members.gate_inputs import smallest_offset
from endirector.members.origins import origins_of
from endirector.methods.base import Floats, Rows, TargetTimes
from enstorage import Model


@dataclass(frozen=True, slots=True)
class Evidence:
    """Forecasts of all members for common targets, and the true values.

    Attributes:
        keys: columns `series`, `id`, `step`, shape (rows, 3).
        part: of each target, 0 train, 1 valid, 2 test, shape (rows,).
        truth: in the units of the source, shape (rows,).
        rows: the inputs of a method.
        quantiles: the forecasts of quantiles by level, each of shape (rows, members); empty if members share no
            level.
    """

    keys: pl.DataFrame
    part: NDArray[np.int8]
    truth: Floats
    rows: Rows
    quantiles: Mapping[float, Floats] = field(default_factory=dict)

    def only(self, chosen: NDArray[np.bool_]) -> "Evidence":
        """Some of the targets."""
        quantiles = {level: values[chosen] for level, values in self.quantiles.items()}
        rows = self.rows.only(chosen)
        return Evidence(self.keys.filter(chosen), self.part[chosen], self.truth[chosen], rows, quantiles)

    def of_members(self, chosen: Sequence[int]) -> "Evidence":
        """The same targets with some of the members, by their places."""
        places = list(chosen)
        rows = replace(self.rows, forecasts=self.rows.forecasts[:, places])
        quantiles = {level: values[:, places] for level, values in self.quantiles.items()}
        return replace(self, rows=rows, quantiles=quantiles)


def targets_of(keys: pl.DataFrame, models: Sequence[Model]) -> TargetTimes:
    """The series and the times of targets.

    Args:
        keys: columns `series`, `id`, `step`.
        models: the members; the one with the smallest offset forecasts last, and the members are combined then.
    """
    return TargetTimes(
        keys["series"].to_numpy().astype(np.int64),
        keys["id"].to_numpy().astype(np.int64),
        origins_of(keys, smallest_offset(models)),
    )


def with_features(rows: Rows, models: Sequence[Model]) -> Rows:
    """The rows with the features of their series, from what was known at their origins; `models` are the members."""
    if rows.targets is None:
        return rows
    return replace(rows, features=features_at(rows.targets.series, rows.targets.origin, models))
