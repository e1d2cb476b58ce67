"""Quantile voting: convex weights for each quantile by the pinball loss (Koenker & Bassett 1978)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endirector.methods.base import Combination, Fitting, Floats, Method, Rows
from endirector.methods.scale import error_scale
from endirector.methods.weighted.pinball import simplex_pinball
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.parameters.described import check_choice

#: Weights by step; None for all steps together.
_ByStep = Mapping[int | None, Floats]


@dataclass(frozen=True)
class QuantileVoting(Method):
    """Weights w ≥ 0 with Σ w = 1 for each quantile level of the members, with the least mean pinball loss.

    The point forecast has the weights with the least mean absolute error, which is the pinball loss of the median; so it
    works for members without quantiles too. The errors of each series are divided by their mean absolute size.

    Attributes:
        weights_per: `member`: the same weights for all steps; `step`: separate ones for each step. A step without fitted
            rows has the weights of the nearest step that has some.
    """

    name = "quantile_voting"
    combines_quantiles = True
    fit_on = OUT_OF_FOLD

    weights_per: str = "member"

    def __post_init__(self) -> None:
        check_choice(self, "weights_per", ("member", "step"))

    @property
    def fits_quantiles(self) -> bool:
        """True: each quantile has weights of its own."""
        return True

    def fit(self, given: Fitting) -> Combination:
        """See `Method.fit`."""
        steps, scale = _steps(given.rows), error_scale(given.rows, given.truth)

        def fitted(forecasts: Floats, level: float) -> _ByStep:
            errors = (forecasts - given.truth[:, None]) / scale[:, None]
            if self.weights_per == "member":
                return {None: simplex_pinball(errors, level)}
            return {int(step): simplex_pinball(errors[steps == step], level) for step in np.unique(steps)}

        points = fitted(given.rows.forecasts, 0.5)
        levels = {level: fitted(forecasts, level) for level, forecasts in given.quantiles.items()}

        def predict_quantile(rows: Rows, level: float) -> Floats:
            return _combined(rows, levels.get(level, points))

        return Combination(
            predict=lambda rows: _combined(rows, points),
            weights=points.get(None),
            step_weights={step: own for step, own in points.items() if step is not None} or None,
            predict_quantile=predict_quantile,
            quantile_weights={
                level: {int(step): _at(by_step, int(step)) for step in np.unique(steps)}
                for level, by_step in levels.items()
            }
            or None,
            facts={"levels": sorted(levels)},
        )


def _combined(rows: Rows, by_step: _ByStep) -> Floats:
    steps, forecast = _steps(rows), np.empty(len(rows.forecasts))
    for step in np.unique(steps):
        own = steps == step
        forecast[own] = np.einsum("rm,m->r", rows.forecasts[own], _at(by_step, int(step)))
    return forecast


def _at(by_step: _ByStep, step: int) -> Floats:
    """The weights of a step; of the nearest step with weights, the earlier of two, where it has none."""
    common = by_step.get(None)
    if common is not None:
        return common
    return by_step[min((known for known in by_step if known is not None), key=lambda known: (abs(known - step), known))]


def _steps(rows: Rows) -> NDArray[np.int32]:
    return np.ones(len(rows.forecasts), dtype=np.int32) if rows.step is None else rows.step
