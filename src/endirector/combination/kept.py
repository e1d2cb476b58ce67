"""Stored evidence of a rendered ensemble, for combining again without opening a model."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import polars as pl

from endirector.alignment.align import KEY
from endirector.combination.combine import combine
from endirector.combination.evidence import Evidence, targets_of, with_features
from endirector.combination.gather import out_of_fold
from endirector.combination.nearest_step import with_nearest_step
from endirector.combination.recipe import CombinationRecipe, recipe_of
from endirector.members.gate_inputs import longest_lag, windows_before
from endirector.members.member import living_members, require_out_of_fold
from endirector.members.quantiles import common_quantiles
from endirector.methods.base import Combination, Floats, Rows
from enstorage import Ensemble, Model
from enstorage.errors import CorruptError, InvalidInputError

# A refitted metamodel counts as equal if its forecasts differ by less, relative to the largest.
_SAME = 1e-6


def stored_evidence(ensemble: Ensemble, recipe: CombinationRecipe | None = None) -> tuple[Evidence, Evidence | None]:
    """Read the targets of all parts with the forecasts of all members; and the out-of-fold ones, if it was fitted on them.

    Members stand in the order of `ensemble.alignment()["lost"]`.

    Args:
        ensemble: a rendered one.
        recipe: configuration of the combination, by default that of the ensemble: for a method that uses the values before
            each target, targets without such values are left out.

    Raises:
        NotFoundError: the ensemble was not rendered.
    """
    table = ensemble.table()
    recipe = recipe or recipe_of(ensemble)
    models = ensemble.models()
    evidence = _evidence(ensemble, models, table, "member_", recipe)
    assert evidence is not None  # noqa: S101 - every rendered ensemble has members
    return evidence, _evidence(ensemble, models, table, "out_of_fold_", recipe)


def kept_folds(ensemble: Ensemble, recipe: CombinationRecipe) -> Evidence | None:
    """The common out-of-fold targets that the members have now; None where they have none."""
    try:
        members = living_members(ensemble)
        require_out_of_fold(members)
        return out_of_fold(members, recipe)[1]
    except InvalidInputError:
        return None


def stored_combination(ensemble: Ensemble) -> Combination:
    """The fitted method of the rendered ensemble: its stored metamodel or gate, else fitted again on stored evidence.

    Raises:
        CorruptError: a metamodel that was fitted again forecasts other values than are stored, or a stored gate is damaged.
    """
    if ensemble.object_sha256 is not None:
        return recipe_of(ensemble).method.restore(ensemble.load_metamodel())
    facts = ensemble.rendered_result().fit
    if facts is not None and (found := recipe_of(ensemble).method.recall(facts)) is not None:
        by_step = found.step_weights
        return found if by_step is None else with_nearest_step(found, np.array(list(by_step)))
    evidence, folds = stored_evidence(ensemble)
    again = combine(as_rendered(ensemble), evidence, folds)
    if ensemble.metamodel is not None:
        _check_same(ensemble, evidence.keys, again.forecast)
    return again.combination


def stored_forecast(ensemble: Ensemble, keys: pl.DataFrame) -> Floats:
    """The stored forecasts of the ensemble for these targets, shape (rows,); NaN where it has none."""
    stored = ensemble.table().select(*KEY, "ensemble")
    return keys.join(stored, on=KEY, how="left", maintain_order="left")["ensemble"].to_numpy()


def _check_same(ensemble: Ensemble, keys: pl.DataFrame, forecast: Floats) -> None:
    """Check that a metamodel that was fitted again forecasts the stored values."""
    values = stored_forecast(ensemble, keys)
    apart, allowed = np.abs(forecast - values).max(initial=0.0), _SAME * np.abs(values).max(initial=0.0)
    if not apart <= allowed:
        raise CorruptError(
            f"The {ensemble.metamodel} of {ensemble} is not stored but fitted again on stored forecasts, and now "
            f"forecasts other values: they differ by up to {apart:.3g}, expected at most {allowed:.3g}. The "
            "versions of libraries differ, or it is not deterministic. Render the ensemble again."
        )


def as_rendered(ensemble: Ensemble) -> CombinationRecipe:
    """The recipe for the members that took part, with the rows that were fitted on then."""
    items, recipe = ensemble.items(), recipe_of(ensemble)
    present = [place for place, item in enumerate(items) if item.dropped is None]
    recipe = recipe if len(present) == len(items) else recipe.of_members(present)
    return replace(recipe, fit_on=ensemble.rendered_result(items).fit_on)


def _evidence(
    ensemble: Ensemble, models: Sequence[Model], table: pl.DataFrame, prefix: str, recipe: CombinationRecipe
) -> Evidence | None:
    columns = [name for name in table.columns if name.startswith(prefix)]
    if not columns:
        return None
    table = table.drop_nulls(columns)
    lag, window = recipe.method.window_lag(longest_lag(models)), None
    if lag is not None:
        window, known = windows_before(table.select(KEY), models, lag)
        table, window = table.filter(known), window[known]
    keys, quantiles = table.select(KEY), {}
    if recipe.method.fits_quantiles:
        members = living_members(ensemble)
        quantiles = common_quantiles(members, keys, out_of_fold=prefix == "out_of_fold_")
    rows = Rows(table.select(columns).to_numpy(), keys["step"].to_numpy(), window, targets_of(keys, models))
    if recipe.method.sees_features:
        rows = with_features(rows, models)
    return Evidence(keys, table["part"].to_numpy(), table["truth"].to_numpy(), rows, quantiles)
