"""Convex weights with the least mean pinball loss, by cutting planes (Kelley 1960)."""

import numpy as np

from endirector.methods.base import Floats

#: The search ends where the loss is above its lower bound by less than this share of the loss of equal weights.
_GAP = 1e-6
_MOST_CUTS = 1000


def pinball_loss(errors: Floats, level: float) -> float:
    """Mean pinball loss of forecasts of a quantile.

    Args:
        errors: forecast − truth, shape (rows,).
        level: of the quantile, between 0 and 1.
    """
    return float(np.mean(np.maximum((1 - level) * errors, -level * errors)))


def simplex_pinball(errors: Floats, level: float) -> Floats:
    """Find the w ≥ 0 with Σ w = 1 that minimises the mean pinball loss of errors·w.

    The loss is convex, so at each w a plane of its slope lies nowhere above it. A linear program finds the lowest point
    of all planes so far over the simplex; its height is a lower bound of the loss, and its place the next w. The program has
    as many rows as planes, and not as many as targets, so that it stays small.

    Args:
        errors: of the members, forecast − truth, shape (rows, members).
        level: of the quantile, between 0 and 1.

    Returns:
        Weights, shape (members,).
    """
    from scipy.optimize import linprog

    members = errors.shape[1]
    equal = np.full(members, 1 / members)
    if members == 1:
        return equal
    slopes: list[Floats] = []
    best, lowest = equal, np.inf
    allowed = _GAP * (pinball_loss(errors @ equal, level) or 1.0)
    tried = [*np.eye(members), equal]
    for _ in range(_MOST_CUTS):
        for weights in tried:
            combined = errors @ weights
            loss = pinball_loss(combined, level)
            if loss < lowest:
                best, lowest = weights, loss
            # The loss is homogeneous, so the plane of the slope g at w is g·v, without a constant.
            slopes.append(np.where(combined > 0, 1 - level, -level) @ errors / len(errors))
        found = linprog(
            np.append(np.zeros(members), 1.0),
            A_ub=np.column_stack([np.array(slopes), np.full(len(slopes), -1.0)]),
            b_ub=np.zeros(len(slopes)),
            A_eq=np.append(np.ones(members), 0.0)[np.newaxis],
            b_eq=[1.0],
            bounds=[(0, None)] * members + [(None, None)],
            method="highs",
        )
        if found.x is None or lowest - float(found.x[-1]) <= allowed:
            break
        lower = np.maximum(found.x[:-1], 0.0)
        # Half-way to the best so far the planes are near the minimum sooner than at the corners of the program.
        tried = [best + (lower / lower.sum() - best) / 2]
        if len(slopes) > 3 * members:
            tried.append(lower / lower.sum())
    return best
