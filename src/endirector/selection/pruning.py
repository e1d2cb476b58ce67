"""Pruning: members without which the error of the ensemble is not larger, beyond noise."""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.methods.base import Floats

LEVEL = 0.05
LEAST_TIMES = 10

#: Differences of squared errors that are smaller, relative to their mean, count as 0: they are rounding errors.
ROUNDING = 1e-12

#: From the places of some members to their joint forecast, shape (rows,); NaN where nothing is known.
Together = Callable[[Sequence[int]], Floats]


@dataclass(frozen=True, slots=True)
class Change:
    """Change of a mean squared error.

    Attributes:
        change: difference to it, in squared units of the source.
        standard_error: of that.
        upper_limit: upper confidence limit of the true change, at the level of the test.
    """

    change: float
    standard_error: float
    upper_limit: float

    def to_json(self) -> dict[str, Any]:
        """The attributes by name."""
        return asdict(self)


def compare_errors(
    before: Floats, after: Floats, truth: Floats, times: NDArray[np.int64], *, lags: int, tests: int
) -> Change | None:
    """Test if forecasts are better than others: the test of Diebold & Mariano (1995) on squared errors.

    Differences of all rows of one time are added up, since they are not independent; the variance of the sums over time is
    that of Newey & West (1987), with weights of Bartlett up to `lags`, or to the third root of the number of times if that
    is more. The level of all tests together is 0.05 (Bonferroni).

    Args:
        before: forecasts, shape (rows,).
        after: others, shape (rows,).
        truth: shape (rows,).
        times: of the targets, ns, shape (rows,).
        lags: least number of lags at which differences are correlated: the longest horizon less 1.
        tests: number of such tests made together.

    Returns:
        The change of the error from `before` to `after`; None where fewer than ten times are known.
    """
    from scipy.special import stdtrit

    known = np.isfinite(before) & np.isfinite(after)
    differences = (after[known] - truth[known]) ** 2 - (before[known] - truth[known]) ** 2
    differences[np.abs(differences) <= ROUNDING * np.mean((before[known] - truth[known]) ** 2)] = 0.0
    _, place, counts = np.unique(times[known], return_inverse=True, return_counts=True)
    if len(counts) < LEAST_TIMES:
        return None
    change = float(differences.mean())
    sums = np.bincount(place, weights=differences) - change * counts
    lags = min(max(lags, math.floor(math.cbrt(len(sums)))), len(sums) - 1)
    variance = float(sums @ sums)
    for lag in range(1, lags + 1):
        variance += 2 * (1 - lag / (lags + 1)) * float(sums[lag:] @ sums[:-lag])
    standard_error = math.sqrt(max(variance, 0.0)) / len(differences)
    quantile = float(stdtrit(len(sums) - 1, 1 - LEVEL / tests))
    return Change(change, standard_error, change + quantile * standard_error)


def prune(
    members: int, together: Together, truth: Floats, times: NDArray[np.int64], *, lags: int
) -> tuple[list[int], list[Change | None]]:
    """Find members without which the error is not larger, beyond noise.

    Members are left out one after another, the most harmful first, as long as the upper limit of the change is not above 0:
    so of two that forecast the same one stays.

    Args:
        members: number of members.
        together: the joint forecast of some of them.
        truth: shape (rows,).
        times: of the targets, ns, shape (rows,).
        lags: see `compare_errors`.

    Returns:
        Places of members to leave out; and of each member the change of the error without it alone, None where too few
        times are known.
    """
    everybody = list(range(members))
    if members == 1:
        return [], [None]
    now = together(everybody)

    def change(before: Floats, after: Floats) -> Change | None:
        return compare_errors(before, after, truth, times, lags=lags, tests=members)

    alone = [change(now, together([each for each in everybody if each != place])) for place in everybody]
    candidates = [(found.change, -place) for place, found in enumerate(alone) if found and found.upper_limit <= 0]
    out: list[int] = []
    for _, negative in sorted(candidates):
        rest = [each for each in everybody if each not in (*out, -negative)]
        if not rest:
            break
        without = together(rest)
        found = change(now, without)
        if found is not None and found.upper_limit <= 0:
            out.append(-negative)
            now = without
    return sorted(out), alone
