"""Conformal intervals, whose widths are residuals of held-out or out-of-fold forecasts (split conformal prediction).

Of n residuals and one more, all exchangeable, the last is at most the k-th smallest with probability ≥ k / (n + 1). So
forecast ± the ⌈(n + 1)·level⌉-th smallest absolute residual covers the truth with probability ≥ level, whatever the model
(Vovk, Gammerman & Shafer 2005, Algorithmic Learning in a Random World; Lei et al. 2018, Distribution-Free Predictive
Inference for Regression, section 2.2). Each step ahead has residuals of its own (Mondrian).
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from enstorage.errors import InvalidInputError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Calibration:
    """Absolute residuals of forecasts of rows that were not trained on.

    Attributes:
        kind: of the forecasts, `held-out` or `out-of-fold`.
        residuals: ascending, in the units of the source, by step ahead, each of shape (rows,).
    """

    kind: str
    residuals: Mapping[int, Floats]

    @classmethod
    def of(cls, kind: str, step: ArrayLike, truth: Floats, forecast: Floats) -> "Calibration":
        """Of forecasts; all of shape (rows,). Rows without forecast or truth (NaN) are left out."""
        steps, residual = np.asarray(step), np.abs(truth - forecast)
        known = np.isfinite(residual)
        return cls(kind, {int(each): np.sort(residual[known & (steps == each)]) for each in np.unique(steps[known])})

    def check(self, levels: Iterable[float]) -> None:
        """Check that each step has enough residuals for the levels.

        Raises:
            InvalidInputError: a step has too few.
        """
        for level in levels:
            needed = rows_needed(level)
            for step, known in self.residuals.items():
                if len(known) < needed:
                    raise InvalidInputError(
                        f"An interval of level {level:g} needs {needed} {self.kind} residuals; there are {len(known)} of "
                        f"step {step}. Take a lower level, at most {len(known) / (len(known) + 1):.3g}, or more rows."
                    )

    def radius(self, step: int, level: float) -> float | None:
        """The half-width of the interval of that step and level; None with too few residuals."""
        known = self.residuals.get(step)
        return None if known is None or len(known) < rows_needed(level) else float(known[_rank(len(known), level) - 1])

    def only(self, steps: Collection[int]) -> "Calibration":
        """The residuals of these steps."""
        return Calibration(self.kind, {step: known for step, known in self.residuals.items() if step in steps})

    def steps_without(self, levels: Iterable[float], horizon: int) -> list[int]:
        """The steps 1 … horizon that have too few residuals for one of the levels."""
        return [step for step in range(1, horizon + 1) if any(self.radius(step, level) is None for level in levels)]

    def with_intervals(self, points: pl.DataFrame, levels: Sequence[float]) -> pl.DataFrame:
        """Point forecasts, and after each the two quantiles of every level for which its step has enough residuals.

        Args:
            points: columns `series`, `id`, `step`, `quantile` (null) and `value`.
            levels: as `checked_levels` gives them.
        """
        tables = [points]
        for level in levels:
            radii = {step: self.radius(step, level) for step in points["step"].unique().to_list()}
            own = pl.col("step").replace_strict(radii, return_dtype=pl.Float64)
            for sign, quantile in zip((-1, 1), quantiles_of(level), strict=True):
                moved = points.with_columns(quantile=pl.lit(quantile), value=pl.col("value") + sign * own)
                tables.append(moved.drop_nulls("value"))
        return pl.concat(tables).sort("series", "id", "step", "quantile", nulls_last=False)


def by_step(
    horizon: int, direct: Calibration | None, direct_step: Mapping[int, int], hindcast: Calibration | None
) -> Calibration:
    """The residuals of each step 1 … horizon of a forecast, for the steps that have residuals.

    Args:
        horizon: how many steps.
        direct: residuals of forecasts made from known values only, by the steps of the models; None for none.
        direct_step: for steps forecast from known values only, the step of the models.
        hindcast: residuals by the steps of the forecast, used where `direct` has none; None for none.
    """
    kinds = [each.kind for each in (direct, hindcast) if each is not None]
    of_models = {} if direct is None else direct.residuals
    of_hindcast = {} if hindcast is None else hindcast.residuals
    residuals = {step: of_models.get(direct_step.get(step, 0), of_hindcast.get(step)) for step in range(1, horizon + 1)}
    kind = kinds[0] if len(set(kinds)) == 1 else "honest"
    return Calibration(kind, {step: known for step, known in residuals.items() if known is not None})


def checked_levels(levels: Sequence[float]) -> tuple[float, ...]:
    """Levels of intervals, ascending.

    Raises:
        InvalidInputError: one is no number between 0 and 1.
    """
    given = tuple(levels) if isinstance(levels, list | tuple) else (levels,)
    for level in given:
        if isinstance(level, bool) or not isinstance(level, float | np.floating) or not 0 < level < 1:
            raise InvalidInputError(
                f"The level of an interval is a number between 0 and 1, such as 0.95; received {level!r}."
            )
    return tuple(sorted({float(level) for level in given}))


def quantiles_of(level: float) -> tuple[float, float]:
    """The quantiles between which an interval of that level lies: 0.05 and 0.95 for 0.9."""
    return round((1 - level) / 2, 12), round((1 + level) / 2, 12)


def rows_needed(level: float) -> int:
    """The number of residuals that is needed so that one of them is large enough: the least n with ⌈(n + 1)·level⌉ ≤ n."""
    rows = math.ceil(_exact(level / (1 - level)))
    return rows if _rank(rows, level) <= rows else rows + 1


def _rank(rows: int, level: float) -> int:
    return math.ceil(_exact((rows + 1) * level))


def _exact(value: float) -> float:
    """Rounded, because in floating point 20 · 0.95 may exceed 19."""
    return round(value, 9)
