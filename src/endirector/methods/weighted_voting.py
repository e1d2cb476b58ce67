"""Weighted voting: b = Σ w_t b_t with w_t ≥ 0 and Σ w_t = 1 (Puchkov & Terekhov 2016)."""

from typing import Any

import numpy as np

from endirector.methods.base import Combination, Floats, Method


class WeightedVoting(Method):
    """Convex weights by least squares on the simplex."""

    name = "weighted_voting"

    def fit(self, forecasts: Floats, truth: Floats, metamodel: Any) -> Combination:  # noqa: ARG002
        """See `Method.fit`."""
        weights = simplex_least_squares(forecasts, truth)
        return Combination(predict=lambda rows: rows @ weights, weights=weights)


def simplex_least_squares(forecasts: Floats, truth: Floats) -> Floats:
    """The w ≥ 0 with Σ w = 1 that minimises ‖forecasts·w − truth‖².

    Since Σ w = 1, the error is E·w with E = forecasts − truth, and the minimum of ‖E·w‖² over the simplex is the
    non-negative least-squares solution of [E; s·1ᵀ] v = [0; s], scaled to sum 1, for any s > 0 (Lawson & Hanson 1974).

    Args:
        forecasts: shape (rows, members).
        truth: shape (rows,).

    Returns:
        Weights, shape (members,).
    """
    from scipy.optimize import nnls

    errors = forecasts - truth[:, None]
    scale = float(np.abs(errors).max()) or 1.0
    # The Gram matrix's root has as many rows as members: the cost no longer depends on the number of rows.
    root = np.linalg.qr(errors / scale, mode="r")
    members = forecasts.shape[1]
    system = np.vstack([root, np.ones(members)])
    solution, _ = nnls(system, np.concatenate([np.zeros(len(root)), [1.0]]))
    weights: Floats = solution / solution.sum()
    return weights
