"""Signed residuals of forecasts of rows that were not trained on, by step ahead and series."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from entrainer.forecasting.calibration.sizes import ErrorSizes

Floats = NDArray[np.float64]
ByStep = Mapping[int, Mapping[int, Floats]]


@dataclass(frozen=True, slots=True)
class Residuals:
    """Residuals, the truth minus the forecast, in the units of the source; of several series in their size at the end.

    Attributes:
        kind: of the forecasts, `held-out` or `out-of-fold`.
        by_step: for each step ahead the residuals of each series (data source id), ascending, each of shape (rows,).
        sized: the same, each divided by the size of errors that the other origins of its series tell; None: as `by_step`.
        sizes: of the errors to come of each series, see `ErrorSizes`.
    """

    kind: str
    by_step: ByStep
    sized: ByStep | None = None
    sizes: Mapping[int, float] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        kind: str,
        step: ArrayLike,
        truth: Floats,
        forecast: Floats,
        series: ArrayLike = 0,
        growth: ArrayLike = 1.0,
        sizes: ErrorSizes | None = None,
    ) -> "Residuals":
        """Residuals of forecasts; all of one shape. Rows without forecast or truth (NaN) are left out.

        Args:
            kind: of the forecasts.
            step: of each forecast, from 1.
            truth: true values.
            forecast: point forecasts.
            series: data source id of each forecast, or of all.
            growth: that residuals are multiplied by, see `TrainValues.growth`.
            sizes: of the errors of the series; None for 1.
        """
        residual = (truth - forecast) * np.asarray(growth)
        found = _by_step(residual, step, series)
        if sizes is None or not sizes.of_series:
            return cls(kind, found)
        return cls(kind, found, _by_step(residual / sizes.of_rows, step, series), sizes.of_series)

    @classmethod
    def none(cls) -> "Residuals":
        """No residuals: intervals rest on other things."""
        return cls("held-out", {})

    @classmethod
    def together(cls, each: "Sequence[Residuals]") -> "Residuals":
        """The residuals of several series, at least one."""
        found, sized = dict[int, dict[int, Floats]](), dict[int, dict[int, Floats]]()
        for own in each:
            for step in own.by_step:
                found.setdefault(step, {}).update(own.by_step[step])
                sized.setdefault(step, {}).update(own.of_size_one(step))
        sizes = {series: size for own in each for series, size in own.sizes.items()}
        return cls(each[0].kind, found, sized if sizes else None, sizes)

    def only(self, steps: Collection[int]) -> "Residuals":
        """The residuals of these steps."""
        of = {step: step for step in self.by_step if step in steps}
        return self.with_steps(of)

    def with_steps(self, of: Mapping[int, int]) -> "Residuals":
        """The residuals of some steps under other numbers, by the number."""
        by_step = {step: self.by_step[own] for step, own in of.items()}
        sized = None if self.sized is None else {step: self.sized[own] for step, own in of.items()}
        return replace(self, by_step=by_step, sized=sized)

    def and_of_other_steps(self, other: "Residuals") -> "Residuals":
        """These residuals, and others of the steps that these have none of; the kind stays."""
        return Residuals.together([self, other.only(other.by_step.keys() - self.by_step.keys())])

    def of_size_one(self, step: int) -> Mapping[int, Floats]:
        """Residuals of a step of each series, divided by the sizes of errors."""
        return (self.by_step if self.sized is None else self.sized).get(step, {})

    def at(self, step: int, series: int) -> Floats:
        """Residuals of a step of a series, ascending, shape (rows,); none is shape (0,)."""
        return self.by_step.get(step, {}).get(series, np.empty(0))

    def rows(self, step: int) -> int:
        """Number of residuals of a step, of all series."""
        return sum(map(len, self.by_step.get(step, {}).values()))


def residuals_by_step(
    horizon: int, direct: Residuals | None, direct_step: Mapping[int, int], hindcast: Residuals | None
) -> Residuals:
    """The residuals of each step 1 … horizon of a forecast, for the steps that have residuals.

    Args:
        horizon: number of steps.
        direct: residuals of forecasts made from known values only, by the steps of the models; None for none.
        direct_step: for steps forecast from known values only, the step of the models.
        hindcast: residuals by the steps of the forecast, used where `direct` has none; None for none.
    """
    if direct is None or hindcast is None:
        one = direct or hindcast or Residuals.none()
        kept = direct_step if one is direct else {step: step for step in range(1, horizon + 1)}
        return one.with_steps({step: own for step, own in kept.items() if own in one.by_step and step <= horizon})
    of_models = direct.with_steps({step: own for step, own in direct_step.items() if own in direct.by_step})
    kind = " and ".join(sorted({direct.kind, hindcast.kind}))
    return replace(of_models.and_of_other_steps(hindcast.only(range(1, horizon + 1))), kind=kind)


def _by_step(residual: Floats, step: ArrayLike, series: ArrayLike) -> dict[int, dict[int, Floats]]:
    """Residuals that are known, by step and series, ascending."""
    known = np.isfinite(residual)
    steps, sources = (np.broadcast_to(np.asarray(each), residual.shape)[known] for each in (step, series))
    order = np.lexsort((residual[known], sources, steps))
    steps, sources, residual = steps[order], sources[order], residual[known][order]
    new = np.flatnonzero((np.diff(steps) != 0) | (np.diff(sources) != 0)) + 1
    found: dict[int, dict[int, Floats]] = {}
    for rows in np.split(np.arange(len(steps)), new) if len(steps) else ():
        found.setdefault(int(steps[rows[0]]), {})[int(sources[rows[0]])] = residual[rows]
    return found
