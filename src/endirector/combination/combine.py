"""Combination: fits a method to evidence and forecasts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.combination.evidence import Evidence
from endirector.combination.recipe import CombinationRecipe
from endirector.methods.base import Combination, Floats, Method
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import Part


@dataclass(frozen=True, slots=True)
class Combined:
    """A fitted method and its forecasts.

    Attributes:
        combination: as fitted.
        metamodel: the fitted estimator; None for a method without.
        fit_on: `train`, `valid` or `out_of_fold`; None where nothing was fitted.
        fitted: the rows that were fitted on, of the evidence or of the folds; shape (rows,).
        forecast: for every target of the evidence, shape (rows,).
        evidence: the targets that are forecast, with their truth, and the forecasts of the members.
        quantiles: the same for quantiles by level, ascending; none where the members or the method have none.
    """

    combination: Combination
    metamodel: Any
    fit_on: str | None
    fitted: NDArray[np.bool_]
    forecast: Floats
    evidence: Evidence
    quantiles: Mapping[float, Floats] = field(default_factory=dict)


def combine(recipe: CombinationRecipe, evidence: Evidence, folds: Evidence | None = None) -> Combined:
    """Fit the method, and combine.

    Args:
        recipe: configuration of the combination.
        evidence: the targets to forecast, and to fit on if `fit_on` is a part.
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
    if test := int((source.part[fitted] == Part.TEST).sum()):
        raise InvalidInputError(f"{test} rows to fit on are test rows. Test rows decide nothing.")
    combination, metamodel = recipe.fit(source.only(fitted))
    forecast = combination.predict(evidence.rows)
    quantiles = _quantiles(recipe.method, combination, evidence)
    return Combined(combination, metamodel, fit_on, fitted, forecast, evidence, quantiles)


def _quantiles(method: Method, combination: Combination, evidence: Evidence) -> dict[float, Floats]:
    """The quantiles, each combined from the members' forecasts of it, and sorted where they cross."""
    if combination.predict_quantile is not None:
        combined = {
            level: combination.predict_quantile(replace(evidence.rows, forecasts=values), level)
            for level, values in evidence.quantiles.items()
        }
    elif method.combines_quantiles:
        combined = {
            level: combination.predict(replace(evidence.rows, forecasts=values))
            for level, values in evidence.quantiles.items()
        }
    else:
        return {}
    if not combined:
        return {}
    ascending = np.sort(np.column_stack(list(combined.values())), axis=1)
    return {level: ascending[:, place] for place, level in enumerate(combined)}


def _rows_of(fit_on: str, part: NDArray[np.int8], method: str) -> NDArray[np.bool_]:
    rows: NDArray[np.bool_] = part == Part.of(fit_on)
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
