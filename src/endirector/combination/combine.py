"""Combining: a method is fitted to forecasts that meet at common targets. Needs no store and no model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.members.leakage import TEST
from endirector.methods.base import Combination, Fitting, Floats, Method, Rows
from endirector.methods.metamodel import make_metamodel
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import PARTS
from enstorage.progress import checkpoint

#: Into so many stretches of time out-of-fold rows are cut, to judge a method on rows that it was not fitted on.
STRETCHES = 5


@dataclass(frozen=True, slots=True)
class Evidence:
    """What all members forecast for common targets, and what happened.

    Attributes:
        keys: columns `series`, `id`, `step`, shape (rows, 3).
        part: of each target, 0 train, 1 valid, 2 test, shape (rows,).
        truth: in the units of the source, shape (rows,).
        rows: the forecasts, as a method sees them.
        quantiles: the forecasts of quantiles by level, each of shape (rows, members); none where members have none in
            common.
    """

    keys: pl.DataFrame
    part: NDArray[np.int8]
    truth: Floats
    rows: Rows
    quantiles: Mapping[float, Floats] = field(default_factory=dict)

    def only(self, chosen: NDArray[np.bool_]) -> "Evidence":
        """Some of the targets."""
        quantiles = {level: values[chosen] for level, values in self.quantiles.items()}
        rows = self.rows.only(chosen)
        return Evidence(self.keys.filter(chosen), self.part[chosen], self.truth[chosen], rows, quantiles)

    def of_members(self, chosen: Sequence[int]) -> "Evidence":
        """The same targets with some of the members, by their places."""
        places = list(chosen)
        rows = replace(self.rows, forecasts=self.rows.forecasts[:, places])
        quantiles = {level: values[:, places] for level, values in self.quantiles.items()}
        return replace(self, rows=rows, quantiles=quantiles)


@dataclass(frozen=True, slots=True)
class Recipe:
    """How members are combined: all that an ensemble says of it.

    Attributes:
        method: how.
        parameters: a value for each parameter of the method.
        metamodel: class name of the estimator; None for a method without.
        fit_on: what it is to be fitted on; None leaves that to the method.
    """

    method: Method
    parameters: Mapping[str, Any]
    metamodel: str | None = None
    fit_on: str | None = None

    @property
    def wants_out_of_fold(self) -> bool:
        """Whether it is fitted on out-of-fold forecasts."""
        return self._fits and (self.fit_on or self.method.fit_on) == OUT_OF_FOLD

    @property
    def _fits(self) -> bool:
        return self.method.fits_with(self.parameters)

    def of_members(self, chosen: Sequence[int]) -> "Recipe":
        """The same for some of the members, by their places: weights that were given keep their proportions."""
        return replace(self, parameters=self.method.of_members(self.parameters, chosen))

    def resolved_fit_on(self, part: NDArray[np.int8]) -> str | None:
        """What it is fitted on where targets are of these parts; None where nothing is fitted."""
        if not self._fits:
            return None
        usual = "valid" if (part == PARTS.index("valid")).any() else "train"
        return self.fit_on or self.method.fit_on or usual

    def fit(self, evidence: Evidence) -> "tuple[Combination, Any]":
        """The combination fitted on all of these targets, and the metamodel."""
        metamodel = None if self.metamodel is None else make_metamodel(self.metamodel, self.parameters.get("metamodel"))
        given = Fitting(evidence.rows, evidence.truth, self.parameters, metamodel, evidence.quantiles)
        return self.method.fit(given), metamodel


@dataclass(frozen=True, slots=True)
class Combined:
    """What came of it.

    Attributes:
        combination: as fitted.
        metamodel: the fitted estimator; None for a method without.
        fit_on: what was fitted on; None for nothing.
        fitted: which targets of what was fitted on took part: of the evidence, or of the folds; shape (rows,).
        forecast: for every target of the evidence, shape (rows,).
        quantiles: the same for quantiles by level, ascending; none where the members or the method have none.
    """

    combination: Combination
    metamodel: Any
    fit_on: str | None
    fitted: NDArray[np.bool_]
    forecast: Floats
    quantiles: Mapping[float, Floats] = field(default_factory=dict)


def combine(recipe: Recipe, evidence: Evidence, folds: Evidence | None = None) -> Combined:
    """Fit the method, and combine.

    Args:
        recipe: how.
        evidence: the targets to forecast, and to fit on where that is a part.
        folds: out-of-fold forecasts, for a recipe that is fitted on them.

    Raises:
        InvalidInputError: there is no row to fit on, or a test row would be.
    """
    fit_on = recipe.resolved_fit_on(evidence.part)
    source, fitted = evidence, np.zeros(len(evidence.truth), dtype=bool)
    if fit_on == OUT_OF_FOLD:
        if folds is None:
            raise InvalidInputError(
                f"The method {recipe.method.name!r} is to be fitted on out-of-fold forecasts, and there are none. Make them "
                "with entrainer.backtest(ensemble.models()), or choose fit_on 'train' or 'valid'."
            )
        source, fitted = folds, np.ones(len(folds.truth), dtype=bool)
    elif fit_on is not None:
        fitted = _rows_of(fit_on, evidence.part, recipe.method.name)
    if test := int((source.part[fitted] == TEST).sum()):
        raise InvalidInputError(f"{test} rows to fit on are test rows. Test rows decide nothing.")
    combination, metamodel = recipe.fit(source.only(fitted))
    forecast = combination.predict(evidence.rows)
    return Combined(combination, metamodel, fit_on, fitted, forecast, _quantiles(recipe.method, combination, evidence))


def _quantiles(method: Method, combination: Combination, evidence: Evidence) -> dict[float, Floats]:
    """Each quantile is combined of the members' forecasts of it; where what comes of it crosses, it is sorted."""
    if combination.predict_quantile is not None:
        said = {
            level: combination.predict_quantile(replace(evidence.rows, forecasts=values), level)
            for level, values in evidence.quantiles.items()
        }
    elif method.combines_quantiles:
        said = {
            level: combination.predict(replace(evidence.rows, forecasts=values))
            for level, values in evidence.quantiles.items()
        }
    else:
        return {}
    if not said:
        return {}
    ascending = np.sort(np.column_stack(list(said.values())), axis=1)
    return {level: ascending[:, place] for place, level in enumerate(said)}


def _rows_of(fit_on: str, part: NDArray[np.int8], method: str) -> NDArray[np.bool_]:
    rows: NDArray[np.bool_] = part == PARTS.index(fit_on)
    if fit_on == "test":
        raise InvalidInputError(
            f"The method {method!r} is to be fitted on 'test'; expected train or valid. Test rows decide nothing."
        )
    if not rows.any():
        raise InvalidInputError(
            f"The method {method!r} is to be fitted on the part {fit_on!r}, in which the members share no target. Choose "
            "another fit_on, or prepare the data with such a part."
        )
    return rows


def cross_fitted(recipe: Recipe, folds: Evidence) -> Floats:
    """What the method says to out-of-fold rows that it was not fitted on.

    The rows are cut into stretches by the times of their targets, and each is forecast by the method as fitted on the
    stretches before it. The first has nothing before it, so it is forecast only where nothing is fitted.

    Args:
        recipe: how.
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
    """In which stretch of time each target lies, from 0, shape (rows,): of each about as many times are in the keys."""
    times, number = np.unique(keys["id"].to_numpy(), return_inverse=True)
    stretch: NDArray[np.intp] = number * STRETCHES // len(times)
    return stretch
