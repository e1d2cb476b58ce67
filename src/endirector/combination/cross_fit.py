"""Cross-fitting over time: each row is forecast by the method as fitted on earlier rows only."""

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.combination.evidence import Evidence
from endirector.combination.recipe import CombinationRecipe
from endirector.methods.base import Floats
from enstorage.progress import checkpoint

#: Number of stretches of time into which out-of-fold rows are cut, to judge a method on rows that it was not fitted on.
STRETCHES = 5


def cross_fitted(recipe: CombinationRecipe, folds: Evidence) -> Floats:
    """Forecast out-of-fold rows by the method fitted on earlier rows.

    The rows are cut into stretches by the times of their targets, and each is forecast by the method as fitted on the
    stretches before it. The first has nothing before it, so it is forecast only where nothing is fitted.

    Args:
        recipe: configuration of the combination.
        folds: out-of-fold forecasts of the members.

    Returns:
        Shape (rows,), NaN in the first stretch of a method that is fitted.
    """
    if recipe.resolved_fit_on(folds.part) is None:
        return recipe.fit(folds)[0].predict(folds.rows)
    stretch = stretches_of(folds.keys)
    forecast = np.full(len(stretch), np.nan)
    for number in range(1, STRETCHES):
        checkpoint()
        before, ahead = stretch < number, stretch == number
        if before.any() and ahead.any():
            forecast[ahead] = recipe.fit(folds.only(before))[0].predict(folds.only(ahead).rows)
    return forecast


def stretches_of(keys: pl.DataFrame) -> NDArray[np.intp]:
    """Number the stretch of time of each target, from 0, shape (rows,). All stretches have about equally many times."""
    times, number = np.unique(keys["id"].to_numpy(), return_inverse=True)
    stretch: NDArray[np.intp] = number * STRETCHES // len(times)
    return stretch
