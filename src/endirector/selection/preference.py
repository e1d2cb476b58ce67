"""Preference for simple combinations: means and medians, unless another one is better beyond its standard error."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from endirector.methods.base import Floats
from endirector.selection.search import Scored
from enstorage.entity.ensemble_search import PairedDifference

#: Standard errors by which a combination of many members may be worse than the best simple one, and is preferred.
MOST_ERRORS = 2
#: The same as a share of the smaller error: series move together, so the standard error over their blocks is too small.
MOST_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Preference:
    """The selected trial, and its comparison.

    Attributes:
        selected: the trial.
        best: the one with the smallest error.
        simple: the simple one with the smallest error; None if no simple one was tried.
        comparison: of `best` with `simple`; None if they are the same, or there is no simple one.
    """

    selected: Scored
    best: Scored
    simple: Scored | None
    comparison: PairedDifference | None


def prefer_simple(
    trials: Sequence[Scored],
    is_simple: Callable[[Scored], bool],
    blocks: Callable[[Scored], Floats],
    *,
    broad: bool = False,
) -> Preference:
    """Select the best simple trial, unless the best of all has an error lower by more than one standard error.

    The means of few forecasts are hard to beat on few rows (Smith & Wallis 2009, A simple explanation of the forecast
    combination puzzle), and the smallest of many errors is biased low. The difference is paired: both trials are measured
    on the same blocks, each of the rows of one stretch of time of one series, and its standard error is over these blocks.

    Args:
        trials: at least one.
        is_simple: true for a combination of several members that fits nothing.
        blocks: the error of a trial in each block, shape (blocks,); NaN where it has no value.
        broad: of the simple trials take the one of most members, of as many the one named first, whose error is not larger,
            by more than two standard errors and a tenth, than that of the best simple one; and take it unless the best of
            all is better by as much.
    """
    best = min(trials, key=lambda trial: trial.rank)
    simple = min((trial for trial in trials if is_simple(trial)), key=lambda trial: trial.rank, default=None)
    if broad and simple is not None:
        simple = _broadest(simple, [trial for trial in trials if is_simple(trial)], blocks)
    if simple is None or simple is best or not np.isfinite(simple.error):
        return Preference(best, best, simple, None)
    comparison = compared(blocks(best), blocks(simple))
    is_better = _is_far(comparison, best.error) if broad else comparison.is_clear
    return Preference(best if is_better else simple, best, simple, comparison)


def _broadest(best: Scored, simple: Sequence[Scored], blocks: Callable[[Scored], Floats]) -> Scored:
    """The simple trial of most members, of as many the first one, that is not clearly worse than the best simple one."""
    own = blocks(best)
    for trial in sorted(simple, key=lambda trial: (-len(trial.places), trial.order)):
        if trial is best or not _is_far(compared(own, blocks(trial)), best.error):
            return trial
    return best


def _is_far(comparison: PairedDifference, error: float) -> bool:
    """True if a difference is large beside its standard error and beside the smaller error."""
    return comparison.difference > max(MOST_ERRORS * comparison.standard_error, MOST_SHARE * error)


def compared(one: Floats, other: Floats) -> PairedDifference:
    """The paired difference of the errors of two trials, the second minus the first; each of shape (blocks,)."""
    difference = other - one
    difference = difference[np.isfinite(difference)]
    blocks = len(difference)
    spread = float(np.std(difference, ddof=1) / blocks**0.5) if blocks > 1 else np.nan
    return PairedDifference(float(difference.mean()) if blocks else np.nan, spread, blocks)
