"""What a rendered ensemble keeps, ready to be combined again: no model is opened."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl

from endirector.alignment.align import KEY
from endirector.combination.combine import Combined, Evidence, Recipe, combine
from endirector.combination.gather import asked_recipe, out_of_fold, recipe_of
from endirector.members.gate_inputs import longest_lag, windows_before
from endirector.members.member import living_members, require_out_of_fold
from endirector.members.quantiles import common_quantiles
from endirector.methods.base import Combination, Floats, Rows
from enstorage import Ensemble
from enstorage.entity.ensemble_members import classes_of
from enstorage.errors import CorruptError, InvalidInputError

# What is fitted again is the same where forecasts differ by less, relative to the largest.
_SAME = 1e-6


def stored_evidence(ensemble: Ensemble, recipe: Recipe | None = None) -> tuple[Evidence, Evidence | None]:
    """The targets of all parts with the forecasts of all members; and the out-of-fold ones, where it was fitted on them.

    Members stand in the order of `ensemble.alignment()["lost"]`.

    Args:
        ensemble: a rendered one.
        recipe: how they are to be combined, by default as the ensemble does: a method that sees the values before each
            target gets them, and no targets without.

    Raises:
        NotFoundError: the ensemble was not rendered.
    """
    table = ensemble.table()
    recipe = recipe or recipe_of(ensemble)
    evidence = _evidence(ensemble, table, "member_", recipe)
    assert evidence is not None  # noqa: S101 - every rendered ensemble has members
    return evidence, _evidence(ensemble, table, "out_of_fold_", recipe)


def kept_folds(ensemble: Ensemble, recipe: Recipe) -> Evidence | None:
    """The out-of-fold forecasts that the members have now, where they meet; None where they do not."""
    try:
        came = living_members(ensemble)
        require_out_of_fold(came)
        return out_of_fold(came, recipe)[1]
    except InvalidInputError:
        return None


def stored_combination(ensemble: Ensemble) -> Combination:
    """The way the rendered ensemble combines: by its stored metamodel or gate, else fitted again on what is stored.

    Raises:
        CorruptError: a metamodel that was fitted again forecasts other values than are stored, or a stored gate is damaged.
    """
    if ensemble.object_sha256 is not None:
        return recipe_of(ensemble).method.restore(ensemble.load_metamodel())
    facts = ensemble.rendered_result().fit
    if facts is not None and (found := recipe_of(ensemble).method.recall(facts)) is not None:
        return found
    evidence, folds = stored_evidence(ensemble)
    again = combine(as_rendered(ensemble), evidence, folds)
    if ensemble.metamodel is not None:
        _check_same(ensemble, evidence.keys, again.forecast)
    return again.combination


def stored_forecast(ensemble: Ensemble, keys: pl.DataFrame) -> Floats:
    """What the rendered ensemble said of these targets, shape (rows,); NaN where it said nothing."""
    stored = ensemble.table().select(*KEY, "ensemble")
    return keys.join(stored, on=KEY, how="left", maintain_order="left")["ensemble"].to_numpy()


def _check_same(ensemble: Ensemble, keys: pl.DataFrame, forecast: Floats) -> None:
    """Whether a metamodel that was fitted again forecasts what the one did that the ensemble was rendered with."""
    values = stored_forecast(ensemble, keys)
    apart, allowed = np.abs(forecast - values).max(initial=0.0), _SAME * np.abs(values).max(initial=0.0)
    if not apart <= allowed:
        raise CorruptError(
            f"The {ensemble.metamodel} of {ensemble} is not kept, but fitted again on the forecasts that are, and now it "
            f"forecasts other values than it did: they differ by up to {apart:.3g}, expected at most {allowed:.3g}. The "
            "versions of libraries differ, or it is not deterministic. Render the ensemble again."
        )


def what_if(
    ensemble: Ensemble,
    *,
    without: Sequence[str] = (),
    method: str | None = None,
    metamodel: object = None,
    parameters: Mapping[str, Any] | None = None,
    fit_on: str | None = None,
) -> Combined:
    """What the ensemble would forecast if it were made in another way; nothing is stored and no model is opened.

    Args:
        ensemble: a rendered one.
        without: names of members to leave out.
        method: another method; by default its own, with its own parameters and metamodel unless others are given.
        metamodel: of the method, as `Project.create_ensemble` takes it.
        parameters: of the method.
        fit_on: what is to be fitted on; by default what the method is made for.

    Raises:
        InvalidInputError: there is no such member or method, no member is left, or there are no out-of-fold forecasts to fit
            on.
        NotFoundError: the ensemble was not rendered.
    """
    names = list(ensemble.alignment()["lost"])
    strange = sorted(set(without) - set(names))
    chosen = [place for place, name in enumerate(names) if name not in without]
    if strange or not chosen:
        raise InvalidInputError(
            f"without={list(without)!r} leaves {len(chosen)} members of {ensemble}; expected names out of "
            f"{', '.join(names)}, and at least one member left."
        )
    recipe = as_rendered(ensemble).of_members(chosen)
    if method is not None or metamodel is not None or parameters is not None or fit_on is not None:
        if method is None:
            if parameters is None:
                # Another metamodel has not the parameters of this one.
                parameters = {
                    key: value for key, value in recipe.parameters.items() if metamodel is None or key != "metamodel"
                }
            metamodel = ensemble.metamodel if metamodel is None else metamodel
        left, classes = [names[place] for place in chosen], classes_of(ensemble.models())
        recipe = asked_recipe(method or ensemble.method, metamodel, parameters or {}, left, classes, fit_on)
    evidence, folds = stored_evidence(ensemble, recipe)
    if folds is None and recipe.wants_out_of_fold:
        came = living_members(ensemble)
        require_out_of_fold(came)
        _, folds = out_of_fold(came, recipe)
    return combine(recipe, evidence.of_members(chosen), None if folds is None else folds.of_members(chosen))


def as_rendered(ensemble: Ensemble) -> Recipe:
    """For the members that took part, with what was fitted on then, whatever the method would choose now."""
    items, recipe = ensemble.items(), recipe_of(ensemble)
    came = [place for place, item in enumerate(items) if item.dropped is None]
    recipe = recipe if len(came) == len(items) else recipe.of_members(came)
    return replace(recipe, fit_on=ensemble.rendered_result().fit_on)


def _evidence(ensemble: Ensemble, table: pl.DataFrame, prefix: str, recipe: Recipe) -> Evidence | None:
    columns = [name for name in table.columns if name.startswith(prefix)]
    if not columns:
        return None
    table = table.drop_nulls(columns)
    models = ensemble.models()
    lag, window = recipe.method.window_lag(recipe.parameters, longest_lag(models)), None
    if lag is not None:
        window, known = windows_before(table.select(KEY), models, lag)
        table, window = table.filter(known), window[known]
    keys, quantiles = table.select(KEY), {}
    if recipe.method.fits_quantiles(recipe.parameters):
        came = living_members(ensemble)
        quantiles = common_quantiles(came, keys, out_of_fold=prefix == "out_of_fold_")
    return Evidence(
        keys,
        table["part"].to_numpy(),
        table["truth"].to_numpy(),
        Rows(table.select(columns).to_numpy(), keys["step"].to_numpy(), window),
        quantiles,
    )
