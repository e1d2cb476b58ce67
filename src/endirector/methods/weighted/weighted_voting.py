"""Weighted voting: b = Σ w_t b_t with w_t ≥ 0 and Σ w_t = 1 (Puchkov & Terekhov 2016)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from endirector.methods.base import Combination, Fitting, Floats, Method
from endirector.methods.weighted.triangle import BLOCK, triangle
from enstorage.errors import InvalidInputError
from enstorage.parameters.described import refuse

_FITTED = ("simplex", "inverse_error")
_TOLERANCE = 1e-9


@dataclass(frozen=True)
class WeightedVoting(Method):
    """Convex weights: by least squares on the simplex, by the inverse of each member's squared error, or as given.

    Attributes:
        weights: `simplex`, `inverse_error`, or a weight for each member: a list in their order, or a mapping from
            their names or positions.
    """

    name = "weighted_voting"
    combines_quantiles = True

    weights: Any = "simplex"

    def __post_init__(self) -> None:
        weights = list(self.weights.values()) if isinstance(self.weights, dict) else self.weights
        is_list = isinstance(weights, list) and all(
            type(weight) in (int, float) and math.isfinite(weight) for weight in weights
        )
        if not is_list and weights not in _FITTED:
            expected = (
                "'simplex', 'inverse_error', a list of a weight for each member, or a mapping from members to weights"
            )
            refuse(self, "weights", expected)

    @property
    def is_fitted(self) -> bool:
        """False if the weights are given."""
        return self.weights in _FITTED

    def for_members(self, members: Sequence[str]) -> Self:
        """Put given weights in the order of the members; refuse weights that are not convex."""
        if self.is_fitted:
            return self
        weights = _in_order(self.weights, members) if isinstance(self.weights, dict) else self.weights
        if len(weights) != len(members):
            raise InvalidInputError(
                f"There are {len(weights)} weights for {len(members)} members; expected one for each."
            )
        negative = [name for name, weight in zip(members, weights, strict=True) if weight < 0]
        if negative or abs(math.fsum(weights) - 1) > _TOLERANCE:
            below = f", and that of {', '.join(negative)} is below 0" if negative else ""
            raise InvalidInputError(
                f"Weights are at least 0 and sum to 1; the sum of those received is {math.fsum(weights):.12g}{below}. "
                "Divide them by their sum, or take weights='simplex', which fits them."
            )
        return replace(self, weights=[float(weight) for weight in weights])

    def of_members(self, chosen: Sequence[int]) -> Self:
        """Scale the given weights of the chosen members to sum 1; if all of them are 0, give equal weights."""
        if self.is_fitted:
            return self
        kept = [self.weights[place] for place in chosen]
        total = math.fsum(kept)
        return replace(self, weights=[weight / total if total else 1 / len(kept) for weight in kept])

    def fit(self, given: Fitting) -> Combination:
        """See `Method.fit`."""
        setting, forecasts = self.weights, given.rows.forecasts
        facts: dict[str, Any] = {}
        if setting == "simplex":
            weights, rank = simplex_least_squares(forecasts, given.truth)
            facts = {"rank": rank}
        elif setting == "inverse_error":
            weights = inverse_error(forecasts, given.truth)
        else:
            weights = np.array(setting, dtype=np.float64)
            if len(weights) != forecasts.shape[1]:
                raise InvalidInputError(
                    f"The ensemble was given {len(weights)} weights and has {forecasts.shape[1]} members now. Make a new "
                    "ensemble with a weight for each."
                )
        return Combination(predict=lambda rows: rows.forecasts @ weights, weights=weights, facts=facts)


def _in_order(given: Mapping[str, float], members: Sequence[str]) -> list[float]:
    """The weights of a mapping whose keys are the members' names or positions from 0 (in JSON: texts)."""
    keys = [name if name in given else str(position) for position, name in enumerate(members)]
    unknown = [key for key in given if key not in keys]
    missing = [name for name, key in zip(members, keys, strict=True) if key not in given]
    if unknown or missing:
        raise InvalidInputError(
            f"Weights are given by the names of the members ({', '.join(members) or 'there are none'}) or by their "
            f"positions from 0; received {', '.join(map(repr, given)) or 'none'}. Give one weight for each member."
        )
    return [given[key] for key in keys]


def inverse_error(forecasts: Floats, truth: Floats) -> Floats:
    """Weights proportional to 1 / mean squared error of each member (Bates & Granger 1969, without correlations).

    If members have no error, they share all the weight equally.

    Args:
        forecasts: shape (rows, members).
        truth: shape (rows,).

    Returns:
        Weights, shape (members,), of sum 1.
    """
    squared = np.mean((forecasts - truth[:, None]) ** 2, axis=0)
    best = squared.min()
    # best / squared is at most 1, whereas 1 / squared could overflow to infinity.
    shares = (squared == 0).astype(np.float64) if best == 0 else best / squared
    weights: Floats = shares / shares.sum()
    return weights


def simplex_least_squares(forecasts: Floats, truth: Floats) -> tuple[Floats, int]:
    """Find the w ≥ 0 with Σ w = 1 that minimises ‖forecasts·w − truth‖².

    Since Σ w = 1, the error is E·w with E = forecasts − truth, and the minimum of ‖E·w‖² over the simplex is the
    non-negative least-squares solution of [E; s·1ᵀ] v = [0; s], scaled to sum 1, for any s > 0 (Lawson & Hanson 1974).

    Args:
        forecasts: shape (rows, members).
        truth: shape (rows,).

    Returns:
        Weights, shape (members,), and the rank of the members' errors. If the rank is below the number of members, for
        example if two members forecast the same, other weights may give the same error.
    """
    from scipy.optimize import nnls

    root = triangle(
        forecasts[start : start + BLOCK] - truth[start : start + BLOCK, None] for start in range(0, len(truth), BLOCK)
    )
    root = root / (float(np.abs(root).max()) or 1.0)
    members = forecasts.shape[1]
    system = np.vstack([root, np.ones(members)])
    solution, _ = nnls(system, np.concatenate([np.zeros(len(root)), [1.0]]))
    weights: Floats = solution / solution.sum()
    return weights, int(np.linalg.matrix_rank(root))
