"""Greedy selection: members are taken one after another, with replacement (Caruana et al. 2004, section 2)."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.methods.base import Combination, Fitting, Floats, Method
from endirector.methods.triangle import BLOCK
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.parameters.described import check_choice, check_size

# Losses that differ by less, relative to that of the best member, are the same: rounding does not decide.
_TIE = 1e-13

# So many rows of one member are worked on at once: with those taken they stay in the cache of the processor.
_ROW_BLOCK = 1 << 14

# How far a sum in single precision may be off, relative to the sum of all that was rounded: twice what was found of equal
# errors with the simplest of BLAS libraries, which sums one after another.
_ROUGH = 1e-4


@dataclass(frozen=True)
class Greedy(Method):
    """The mean of the members that were taken; one that was taken three times counts three times.

    Attributes:
        rounds: largest number of members taken, 1 to 100,000.
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
    """The members in the order in which they are taken: each time the one with which the mean has the least loss.

    Of members that do equally well the first is taken. What was taken after the best round is given up, so that the mean is
    never worse than the best single member on these rows.

    Args:
        forecasts: shape (rows, members).
        truth: shape (rows,).
        rounds: largest number of members taken.
        metric: `mse` or `mae`.

    Returns:
        Numbers of the members, and the loss of the mean after each.
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


#: From the member that was taken last (None: none yet) and the count with a next one, to the loss with each member.
_Losses = Callable[[int | None, int], Floats]


def _squared(forecasts: Floats, truth: Floats) -> _Losses:
    """Mean squared errors from the Gram matrix of the members' errors: a round costs no look at the rows."""
    members = forecasts.shape[1]
    gram = np.zeros((members, members))
    for start in range(0, len(truth), BLOCK):
        errors = forecasts[start : start + BLOCK] - truth[start : start + BLOCK, None]
        gram += errors.T @ errors
    gram /= len(truth)
    alone = gram.diagonal().copy()
    with_taken = np.zeros(members)  # Σ over those taken of their column of the Gram matrix
    of_taken = 0.0  # squared error of the sum of those taken

    def losses(last: int | None, count: int) -> Floats:
        nonlocal of_taken
        if last is not None:
            of_taken += 2 * with_taken[last] + alone[last]
            np.add(with_taken, gram[last], out=with_taken)
        return np.maximum(of_taken + 2 * with_taken + alone, 0) / count**2

    return losses


def _absolute(forecasts: Floats, truth: Floats) -> _Losses:
    """Mean absolute errors, a member and a block of rows at a time, with nothing allocated in a round.

    In single precision, which is half of the memory to read; members that come within its rounding of the best are looked at
    again in double precision, so that it does not decide.
    """
    from scipy.linalg.blas import dasum, sasum

    errors = np.empty(forecasts.shape[::-1])
    rough = np.empty(errors.shape, dtype=np.float32)
    for start in range(0, len(truth), BLOCK):
        own = slice(start, start + BLOCK)
        errors[:, own] = (forecasts[own] - truth[own, None]).T
    with np.errstate(over="ignore"):  # an infinity is looked at again
        np.copyto(rough, errors, casting="same_kind")
    total: NDArray[np.float64] = np.zeros(len(truth))  # the sum of the errors of those taken
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
