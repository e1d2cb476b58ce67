"""`Judged`: forecasts beside the truth, with all that a metric may need of them."""

from collections.abc import Container, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from enstorage.metrics.scale import NaiveScale

Floats = NDArray[np.float64]


class UndefinedMetricError(ValueError):
    """A metric has no value for these rows; its text is the reason, a sentence."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Forecasts of some targets and the truth.

    Attributes:
        truth: in source units, shape (rows,); NaN where a target was not measured: such rows do not count.
        forecast: in the same units, shape (rows,).
        series: data source id of each target, shape (rows,); None for a single series.
        scales: of each series, by its id; of a single series without id by 0.
        quantiles: forecasts by level, each of shape (rows,); NaN where a target has none.
        classes: for probabilities of classes the number of rows of a sample, which are consecutive; 1 where only the second
            of two classes is forecast; else None.
    """

    truth: Floats
    forecast: Floats
    series: NDArray[np.int64] | None = None
    scales: Mapping[int, NaiveScale] = field(default_factory=dict)
    quantiles: Mapping[float, Floats] = field(default_factory=dict)
    classes: int | None = None

    def only(self, chosen: NDArray[np.bool_] | NDArray[np.intp]) -> "Judged":
        """Some of the rows, by a mask or by their numbers."""
        return replace(
            self,
            truth=self.truth[chosen],
            forecast=self.forecast[chosen],
            series=None if self.series is None else self.series[chosen],
            quantiles={level: values[chosen] for level, values in self.quantiles.items()},
        )

    def with_levels(self, levels: Container[float]) -> "Judged":
        """The same with some levels of the quantiles."""
        return replace(self, quantiles={level: values for level, values in self.quantiles.items() if level in levels})

    def measured(self) -> "Judged":
        """The rows whose target was measured."""
        known = ~np.isnan(self.truth)
        return self if known.all() else self.only(known)

    def series_ids(self) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
        """The series, ascending, and the place among them of each row; a single series without id is 0."""
        if self.series is None:
            return np.zeros(1, np.int64), np.zeros(len(self.truth), np.intp)
        steps = np.diff(self.series)
        if (steps >= 0).all():  # as targets of ensembles are; sorting takes ten times as long
            return self.series[np.append(True, steps > 0)], np.append(0, np.cumsum(steps > 0))
        return np.unique(self.series, return_inverse=True)
