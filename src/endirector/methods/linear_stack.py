"""Linear stack: unconstrained weights by least squares, b = Σ w_t b_t, by themselves for each step ahead (Breiman 1996)."""

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from endirector.methods.base import Combination, Fitting, Floats, Method, Rows
from endirector.methods.parameters import Parameter, one_of
from endirector.methods.triangle import BLOCK, triangle
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError


class LinearStack(Method):
    """Weights of any sign and sum, without an intercept: one for each member and step, or one for each member."""

    name = "linear_stack"
    fit_on = OUT_OF_FOLD
    parameters: ClassVar[Mapping[str, Parameter]] = {"weights_per": one_of("step", "member")}

    def fit(self, given: Fitting) -> Combination:
        """See `Method.fit`."""
        rows, truth = given.rows, given.truth
        steps = np.unique(_steps(rows))
        if given.parameters["weights_per"] == "member" or len(steps) == 1:
            weights, rank = least_squares(rows.forecasts, truth)
            facts = {"rank": rank}
            if given.parameters["weights_per"] == "member":
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


def least_squares(forecasts: Floats, truth: Floats) -> tuple[Floats, int]:
    """The w that minimises ‖forecasts·w − truth‖²; of several the one with the least ‖w‖.

    Args:
        forecasts: shape (rows, members).
        truth: shape (rows,).

    Returns:
        Weights, shape (members,), and the rank of the forecasts: where it is below the number of members, as for two that
        forecast the same, other weights are as good.
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
            f"The weights were fitted on the steps {', '.join(map(str, by_step))}, and the members forecast the step "
            f"{unknown[0]} too. Make out-of-fold forecasts of all steps, or take weights_per='member'."
        )
    return forecast
