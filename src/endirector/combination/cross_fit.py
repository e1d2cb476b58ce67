"""Cross-fitting over time: each row is forecast by the method as fitted on earlier rows only."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.combination.combine import combined_quantiles
from endirector.combination.evidence import Evidence
from endirector.combination.recipe import CombinationRecipe
from endirector.methods.base import Combination, Floats
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
    forecast = np.full(len(folds.truth), np.nan)
    for ahead, combination in _fits(recipe, folds):
        forecast[ahead] = combination.predict(folds.only(ahead).rows)
    return forecast


def cross_fitted_quantiles(recipe: CombinationRecipe, folds: Evidence) -> dict[float, Floats]:
    """Forecast the quantiles of out-of-fold rows in the same way.

    Returns:
        By level, each as `cross_fitted`; empty for a method that does not combine quantiles.
    """
    found: dict[float, Floats] = {}
    for ahead, combination in _fits(recipe, folds):
        own = folds.only(ahead)
        for level, values in combined_quantiles(recipe.method, combination, own.rows, own.quantiles).items():
            found.setdefault(level, np.full(len(folds.truth), np.nan))[ahead] = values
    return found


def _fits(recipe: CombinationRecipe, folds: Evidence) -> Iterator[tuple[NDArray[np.bool_], Combination]]:
    """The rows to forecast, as a mask, with the method as fitted on the rows before them."""
    if recipe.resolved_fit_on(folds.part) is None:
        yield np.ones(len(folds.truth), bool), recipe.fit(folds)[0]
        return
    stretch = stretches_of(folds.keys)
    for number in range(1, STRETCHES):
        checkpoint()
        before, ahead = stretch < number, stretch == number
        if before.any() and ahead.any():
            yield ahead, recipe.fit(folds.only(before))[0]


def stretches_of(keys: pl.DataFrame) -> NDArray[np.intp]:
    """Number the stretch of time of each target, from 0, shape (rows,). All stretches have about equally many times."""
    times, number = np.unique(keys["id"].to_numpy(), return_inverse=True)
    stretch: NDArray[np.intp] = number * STRETCHES // len(times)
    return stretch
