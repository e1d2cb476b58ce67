"""Greedy selection: members are selected one after another, with replacement (Caruana et al. 2004, section 2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.methods.base import Combination, Fitting, Floats, Method
from endirector.methods.weighted.triangle import BLOCK
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.parameters.described import check_choice, check_size

# Losses are equal if they differ by less, relative to the smallest loss of a member: rounding must not decide.
_TIE = 1e-13

# Number of rows of one member processed at once, so that they and their running sum stay in the processor's cache.
_ROW_BLOCK = 1 << 14

# Bound on the error of a sum in single precision, relative to the sum of the absolute values of its terms: twice the
# error measured for equal terms with the simplest BLAS library, which adds one term after another.
_ROUGH = 1e-4


@dataclass(frozen=True)
class Greedy(Method):
    """The mean of the selected members; a member that was selected three times counts three times.

    Attributes:
        rounds: largest number of selections, 1 to 100,000.
        metric: `mse` or `mae`.
    """

    name = "greedy"
    combines_quantiles = True
    fit_on = OUT_OF_FOLD

    rounds: int = 100
    metric: str = "mse"

    def __post_init__(self) -> None:
        check_size(self, "rounds", most=100_000)
        check_choice(self, "metric", ("mse", "mae"))

    def fit(self, given: Fitting) -> Combination:
        """See `Method.fit`."""
        taken, losses = select(given.rows.forecasts, given.truth, self.rounds, metric=self.metric)
        weights = np.bincount(taken, minlength=given.rows.forecasts.shape[1]) / len(taken)
        facts = {"taken": taken, "losses": losses}
        return Combination(predict=lambda rows: rows.forecasts @ weights, weights=weights, facts=facts)


def select(forecasts: Floats, truth: Floats, rounds: int, *, metric: str = "mse") -> tuple[list[int], list[float]]:
    """Select members one after another, each time the one that gives the mean the smallest loss.

    Of members with equal losses the first is selected. Selections after the best round are discarded, so that the mean
    is never worse than the best single member on these rows.

    Args:
        forecasts: shape (rows, members).
        truth: shape (rows,).
        rounds: largest number of selections.
        metric: `mse` or `mae`.

    Returns:
        Positions of the selected members in order, and the loss of the mean after each selection.
    """
    if not len(truth):
        return [0], [0.0]
    losses_with = _squared(forecasts, truth) if metric == "mse" else _absolute(forecasts, truth)
    taken: list[int] = []
    losses: list[float] = []
    tie = 0.0
    for _ in range(rounds):
        candidates = losses_with(taken[-1] if taken else None, len(taken) + 1)
        tie = tie or _TIE * float(candidates.min())
        best = int(np.flatnonzero(candidates <= candidates.min() + tie)[0])
        taken.append(best)
        losses.append(float(candidates[best]))
    enough = int(np.flatnonzero(np.array(losses) <= min(losses) + tie)[0]) + 1
    return taken[:enough], losses[:enough]


#: Function from the last selected member (None at first) and the count after the next selection to the loss of the mean
#: with each member as the next one, shape (members,).
_Losses = Callable[[int | None, int], Floats]


def _squared(forecasts: Floats, truth: Floats) -> _Losses:
    """Mean squared errors from the Gram matrix of the members' errors, so that a round reads no rows."""
    members = forecasts.shape[1]
    gram = np.zeros((members, members))
    for start in range(0, len(truth), BLOCK):
        errors = forecasts[start : start + BLOCK] - truth[start : start + BLOCK, None]
        gram += errors.T @ errors
    gram /= len(truth)
    alone = gram.diagonal().copy()
    with_taken = np.zeros(members)  # sum of the Gram matrix's columns of the selected members
    of_taken = 0.0  # mean square of the summed errors of the selected members

    def losses(last: int | None, count: int) -> Floats:
        nonlocal of_taken
        if last is not None:
            of_taken += 2 * with_taken[last] + alone[last]
            np.add(with_taken, gram[last], out=with_taken)
        return np.maximum(of_taken + 2 * with_taken + alone, 0) / count**2

    return losses


def _absolute(forecasts: Floats, truth: Floats) -> _Losses:
    """Mean absolute errors, computed by member and block of rows, without allocations in a round.

    A round computes them in single precision, which halves the memory to read. Members within the rounding error of the
    best are computed again in double precision, so that rounding does not decide.
    """
    from scipy.linalg.blas import dasum, sasum

    errors = np.empty(forecasts.shape[::-1])
    rough = np.empty(errors.shape, dtype=np.float32)
    for start in range(0, len(truth), BLOCK):
        own = slice(start, start + BLOCK)
        errors[:, own] = (forecasts[own] - truth[own, None]).T
    with np.errstate(over="ignore"):  # infinite sums that could win are computed again below
        np.copyto(rough, errors, casting="same_kind")
    total: NDArray[np.float64] = np.zeros(len(truth))  # sum of the errors of the selected members
    rough_total = np.zeros(len(truth), dtype=np.float32)
    alone = np.array([dasum(own) for own in errors])
    work, rough_work = np.empty(min(_ROW_BLOCK, len(truth))), np.empty(min(_ROW_BLOCK, len(truth)), dtype=np.float32)

    def losses(last: int | None, count: int) -> Floats:
        if last is not None:
            np.add(total, errors[last], out=total)
        with np.errstate(over="ignore", invalid="ignore"):
            np.copyto(rough_total, total, casting="same_kind")
            sums = _sums(rough, rough_total, rough_work, sasum)
        slack = _ROUGH * (alone + dasum(total))
        near = np.flatnonzero(~(sums - slack > (sums + slack).min()))
        for member in near:
            sums[member] = _sums(errors[member : member + 1], total, work, dasum)[0]
        return sums / (count * len(truth))

    return losses


def _sums(errors: NDArray[Any], total: NDArray[Any], work: NDArray[Any], absolute_sum: Callable[..., float]) -> Floats:
    """Σ |error + total| over the rows for each member, shape (members,)."""
    sums = np.zeros(len(errors))
    for start in range(0, len(total), _ROW_BLOCK):
        taken = total[start : start + _ROW_BLOCK]
        block = work[: len(taken)]
        for member, own in enumerate(errors[:, start : start + _ROW_BLOCK]):
            sums[member] += absolute_sum(np.add(own, taken, out=block))
    return sums
