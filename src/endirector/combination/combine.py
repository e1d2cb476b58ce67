"""Combination: fits a method to evidence and forecasts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from endirector.combination.evidence import Evidence
from endirector.combination.nearest_step import remark_on_series, remark_on_steps
from endirector.combination.recipe import CombinationRecipe
from endirector.methods.base import Combination, Floats, Method, Rows
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
        remarks: sentences on steps and series that have no rows to fit on.
    """

    combination: Combination
    metamodel: Any
    fit_on: str | None
    fitted: NDArray[np.bool_]
    forecast: Floats
    evidence: Evidence
    quantiles: Mapping[float, Floats] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


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
    quantiles = combined_quantiles(recipe.method, combination, evidence.rows, evidence.quantiles)
    remarks = () if fit_on is None else _remarks(combination, evidence.keys, source.keys.filter(fitted))
    return Combined(combination, metamodel, fit_on, fitted, forecast, evidence, quantiles, remarks)


def _remarks(combination: Combination, keys: pl.DataFrame, fitted: pl.DataFrame) -> tuple[str, ...]:
    """Remarks from the keys of all targets and of those that were fitted on."""
    by_step = combination.step_weights is not None or combination.quantile_weights is not None
    steps, known = (each["step"].to_numpy() for each in (keys, fitted))
    series, with_rows = (set(each["series"].unique().to_list()) for each in (keys, fitted))
    remarks = remark_on_steps(steps, known, by_step=by_step), remark_on_series(len(series - with_rows), len(series))
    return tuple(remark for remark in remarks if remark is not None)


def combined_quantiles(
    method: Method, combination: Combination, rows: Rows, quantiles: Mapping[float, Floats]
) -> dict[float, Floats]:
    """The quantiles, each combined from the members' forecasts of it, and sorted where they cross; shape (rows,) each."""
    if combination.predict_quantile is not None:
        combined = {
            level: combination.predict_quantile(replace(rows, forecasts=values), level)
            for level, values in quantiles.items()
        }
    elif method.combines_quantiles:
        combined = {level: combination.predict(replace(rows, forecasts=values)) for level, values in quantiles.items()}
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
