"""`Metric`: a loss or a metric, with its unit, its direction and what it needs."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from enstorage.metrics.judged import Judged, UndefinedMetricError

RowValues = Callable[[Any, Any, Any], Any]
"""From `numpy` or `jax.numpy`, y and what was predicted, both (rows, targets), to (rows,)."""


class Unit(StrEnum):
    """The unit that the values of a metric have."""

    SOURCE = "source units"
    SQUARED = "squared source units"
    SHARE = "share"
    NONE = "none"


class Better(StrEnum):
    """The direction in which a metric gets better."""

    LOWER = "lower"
    HIGHER = "higher"
    NOMINAL = "nearer to the level"


class Need(StrEnum):
    """A requirement of a metric beside the truth and a point forecast."""

    SCALE = "scale of the train rows"
    QUANTILES = "quantiles"
    CLASSES = "classes"


@dataclass(frozen=True, slots=True)
class Metric:
    """A loss or a metric.

    Attributes:
        name: as arguments, commands and stored results have it; of a level such as 0.8 it is `coverage_0.8`.
        label: as tables and pages show it.
        unit: of its values.
        of: from measured rows, at least one, to the value; raises `UndefinedMetricError`. If `has_level`, the level is its
            second argument.
        better: its direction.
        needs: what it needs beside point forecasts.
        rows: the same for each row, if the metric is a mean over rows; networks are trained and measured by it.
        trains: whether networks can be trained on it.
        has_level: whether it is one for each level of quantiles or intervals.
        level: the level, of a metric of one.
    """

    name: str
    label: str
    unit: Unit
    of: Callable[..., float]
    better: Better = Better.LOWER
    needs: frozenset[Need] = frozenset()
    rows: RowValues | None = None
    trains: bool = False
    has_level: bool = False
    level: float | None = None

    @property
    def error_label(self) -> str:
        """The name in words of the number that `badness` gives."""
        return f"distance of {self.label} from the level" if self.better == Better.NOMINAL else self.label

    def measure(self, judged: Judged) -> float:
        """The value for the rows that were measured.

        Raises:
            UndefinedMetricError: there is none: no row was measured, what it needs is missing, or a divisor is 0.
        """
        measured = judged.measured()
        if not len(measured.truth):
            raise UndefinedMetricError("No target was measured.")
        if Need.CLASSES in self.needs and measured.classes is None:
            raise UndefinedMetricError("The forecasts are not probabilities of classes.")
        if Need.QUANTILES in self.needs and not measured.quantiles:
            raise UndefinedMetricError("No quantiles were forecast.")
        value = float(self.of(measured))
        if not np.isfinite(value) and self.unit in (Unit.SHARE, Unit.NONE):
            raise UndefinedMetricError("Its value is too large for a number, or a forecast is not finite.")
        return value

    def badness(self, value: float) -> float:
        """The number that is smaller for a better value, by which forecasts are ranked."""
        if self.better == Better.NOMINAL and self.level is not None:
            return abs(value - self.level)
        return -value if self.better == Better.HIGHER else value


def mean_of(rows: RowValues) -> Callable[[Judged], float]:
    """The mean over targets of a row metric that is a mean over the targets of a row: all are taken as one row."""

    def of(judged: Judged) -> float:
        return float(rows(np, judged.truth.reshape(1, -1), judged.forecast.reshape(1, -1))[0])

    return of


def mean_of_sums(rows: RowValues) -> Callable[[Judged], float]:
    """The mean over targets of a row metric that is a sum over the targets of a row: each is a row."""

    def of(judged: Judged) -> float:
        return float(np.mean(rows(np, judged.truth.reshape(-1, 1), judged.forecast.reshape(-1, 1))))

    return of
