"""Linear stack: unconstrained weights by least squares, b = Σ w_t b_t, separate for each step ahead (Breiman 1996)."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endirector.methods.base import Combination, Fitting, Floats, Method, Rows
from endirector.methods.weighted.triangle import BLOCK, triangle
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.parameters.described import check_choice


@dataclass(frozen=True)
class LinearStack(Method):
    """Weights of any sign and sum, without an intercept.

    Attributes:
        weights_per: `step`: a weight for each member and step; `member`: for each member; `quantile`: for each member,
            step and level.
    """

    name = "linear_stack"
    fit_on = OUT_OF_FOLD

    weights_per: str = "step"

    def __post_init__(self) -> None:
        check_choice(self, "weights_per", ("step", "member", "quantile"))

    @property
    def fits_quantiles(self) -> bool:
        """True if there are weights for each quantile."""
        return self.weights_per == "quantile"

    def fit(self, given: Fitting) -> Combination:
        """See `Method.fit`."""
        rows, truth = given.rows, given.truth
        if self.fits_quantiles:
            return _by_quantile(given)
        steps = np.unique(_steps(rows))
        if self.weights_per == "member" or len(steps) == 1:
            weights, rank = least_squares(rows.forecasts, truth)
            facts = {"rank": rank}
            if self.weights_per == "member":
                return Combination(predict=lambda rows: rows.forecasts @ weights, weights=weights, facts=facts)
            by_step = {int(steps[0]): weights}
            return Combination(predict=lambda rows: _predict(rows, by_step), weights=weights, facts=facts)
        found = {
            int(step): least_squares(rows.forecasts[_steps(rows) == step], truth[_steps(rows) == step])
            for step in steps
        }
        by_step = {step: weights for step, (weights, _) in found.items()}
        return Combination(
            predict=lambda rows: _predict(rows, by_step),
            step_weights=by_step,
            facts={"rank": {str(step): rank for step, (_, rank) in found.items()}},
        )


def _by_quantile(given: Fitting) -> Combination:
    """Fit weights for each level and step; the point forecast has those of the median, else those of least squares."""
    if not given.quantiles:
        raise InvalidInputError(
            "weights_per='quantile' needs a quantile level that all members forecast for the rows to fit on; there is "
            "none. Train and backtest the members with Training(quantiles=(0.1, 0.5, 0.9)), or take weights_per='step'."
        )
    steps, own = np.unique(_steps(given.rows)), _steps(given.rows)
    by_level = {
        level: {int(step): pinball_weights(forecasts[own == step], given.truth[own == step], level) for step in steps}
        for level, forecasts in given.quantiles.items()
    }
    points = by_level.get(0.5) or {
        int(step): least_squares(given.rows.forecasts[own == step], given.truth[own == step])[0] for step in steps
    }
    return Combination(
        predict=lambda rows: _predict(rows, points),
        weights=points[int(steps[0])] if len(steps) == 1 else None,
        step_weights=None if len(steps) == 1 else points,
        predict_quantile=lambda rows, level: _predict(rows, by_level[level]),
        quantile_weights=by_level,
    )


def pinball_weights(forecasts: Floats, truth: Floats, level: float) -> Floats:
    """Find the w with the least mean pinball loss of forecasts·w (Koenker & Bassett 1978, Regression quantiles).

    Args:
        forecasts: the members' forecasts of the quantile, shape (rows, members).
        truth: shape (rows,).
        level: level of the quantile, between 0 and 1.

    Returns:
        Weights, shape (members,); the solution of a linear program.
    """
    from sklearn.linear_model import QuantileRegressor

    found = QuantileRegressor(quantile=level, alpha=0.0, fit_intercept=False, solver="highs").fit(forecasts, truth)
    weights: Floats = np.asarray(found.coef_, dtype=np.float64)
    return weights


def least_squares(forecasts: Floats, truth: Floats) -> tuple[Floats, int]:
    """Find the w that minimises ‖forecasts·w − truth‖²; of several, the one with the least ‖w‖.

    Args:
        forecasts: shape (rows, members).
        truth: shape (rows,).

    Returns:
        Weights, shape (members,), and the rank of the forecasts. If the rank is below the number of members, for
        example if two members forecast the same, other weights give the same error.
    """
    root = triangle(
        np.column_stack([forecasts[start : start + BLOCK], truth[start : start + BLOCK]])
        for start in range(0, len(truth), BLOCK)
    )
    precision = np.finfo(np.float64).eps * max(forecasts.shape)
    weights, _, rank, _ = np.linalg.lstsq(root[:, :-1], root[:, -1], rcond=precision)
    return np.asarray(weights, dtype=np.float64), int(rank)


def _steps(rows: Rows) -> NDArray[np.int32]:
    return np.ones(len(rows.forecasts), dtype=np.int32) if rows.step is None else rows.step


def _predict(rows: Rows, by_step: Mapping[int, Floats]) -> Floats:
    steps, forecast = _steps(rows), np.full(len(rows.forecasts), np.nan)
    for step, weights in by_step.items():
        forecast[steps == step] = rows.forecasts[steps == step] @ weights
    unknown = sorted(set(np.unique(steps).tolist()) - set(by_step))
    if unknown:
        raise InvalidInputError(
            f"The weights were fitted on the steps {', '.join(map(str, by_step))}, but the members also forecast step "
            f"{unknown[0]}. Make out-of-fold forecasts of all steps, or take weights_per='member'."
        )
    return forecast
