"""Diversity of the errors of members, and its effect on the error of their ensemble."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from endirector.methods.base import Combination, Floats, Rows
from enstorage.errors import CorruptError

_TOLERANCE = 1e-9
_DECIMALS = 6  # of correlations


@dataclass(frozen=True, slots=True)
class Ambiguity:
    """The ambiguity decomposition: ensemble error = member error − ambiguity (Krogh & Vedelsby 1995, equation 6).

    Attributes:
        of: `ensemble` if it is a convex combination of its members; else `equal mean`: the plain mean is decomposed.
        ensemble_error: mean squared error of the decomposed combination, in squared units of the source.
        member_error: weighted mean of the members' mean squared errors.
        ambiguity: weighted mean of the squared distances of members from the combination, which lowers its error.
    """

    of: str
    ensemble_error: float
    member_error: float
    ambiguity: float

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)


def error_correlations(forecasts: Floats, truth: Floats) -> list[list[float | None]]:
    """Pearson correlations of the members' errors.

    Args:
        forecasts: shape (rows, members).
        truth: shape (rows,).

    Returns:
        Shape (members, members), to six decimals; None where an error is constant, so that it has no correlation.
    """
    errors = forecasts - truth[:, None]
    centred = errors - errors.mean(axis=0)
    length = np.sqrt((centred**2).sum(axis=0))
    # Rounding makes a constant error vary a little.
    rounding = 8 * np.finfo(np.float64).eps * (np.abs(forecasts).max(axis=0) + np.abs(truth).max())
    constant = length <= rounding * len(truth) ** 0.5
    centred /= np.where(constant, 1.0, length)
    found = np.clip(centred.T @ centred, -1, 1).round(_DECIMALS) + 0.0  # no −0
    np.fill_diagonal(found, 1.0)
    return [
        [None if constant[one] or constant[other] else float(found[one, other]) for other in range(len(constant))]
        for one in range(len(constant))
    ]


def convex_weights(combination: Combination, rows: Rows) -> Floats | None:
    """The weights if they are at least 0 and sum to 1, (members,), or (rows, members) by row; else None."""
    if combination.row_weights is not None:
        weights = combination.row_weights(rows)
    elif combination.weights is not None and combination.intercept is None:
        weights = combination.weights
    else:
        return None
    is_convex = (weights >= 0).all() and (np.abs(weights.sum(axis=-1) - 1) <= _TOLERANCE).all()
    return weights if is_convex else None


def decompose(forecasts: Floats, truth: Floats, combined: Floats, weights: Floats | None) -> Ambiguity:
    """Compute the decomposition on some rows, and check it to a relative 1e-9.

    Args:
        forecasts: of the members, shape (rows, members).
        truth: shape (rows,).
        combined: forecasts of the ensemble, shape (rows,).
        weights: convex weights, (members,) or (rows, members); None to decompose the plain mean instead.

    Raises:
        CorruptError: it does not hold, so the forecasts are not the weighted sums of the members' forecasts.
    """
    members = forecasts.shape[1]
    equal = np.full(members, 1 / members)
    shares = equal if weights is None else weights / weights.sum(axis=-1, keepdims=True)
    errors = forecasts - truth[:, None]
    mean = (shares * errors).sum(axis=1)
    ensemble_error = float(np.mean(mean**2 if weights is None else (combined - truth) ** 2))
    member_error = float(np.mean((shares * errors**2).sum(axis=1)))
    ambiguity = float(np.mean((shares * (errors - mean[:, None]) ** 2).sum(axis=1)))
    # Sums of large numbers, and weights whose sum is only nearly 1, lose the last digits.
    lost = float(np.abs(forecasts).max()) * (
        4 * members * np.finfo(np.float64).eps
        + (0.0 if weights is None else float(np.abs(weights.sum(axis=-1) - 1).max()))
    )
    allowed = _TOLERANCE * (member_error + ambiguity) + 2 * ensemble_error**0.5 * lost + lost**2
    if abs(ensemble_error - (member_error - ambiguity)) > allowed:
        raise CorruptError(
            f"The error of the ensemble is {ensemble_error:.12g}, but the mean error of its members, {member_error:.12g}, "
            f"less their ambiguity is {member_error - ambiguity:.12g}: its forecasts are not the weighted sums of its "
            "members' forecasts. Run `enstorage check`, and render it again."
        )
    return Ambiguity("ensemble" if weights is not None else "equal mean", ensemble_error, member_error, ambiguity)
