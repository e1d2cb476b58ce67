"""`what_if`: the forecasts of a rendered ensemble with another combination."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from endirector.combination.combine import Combined, combine
from endirector.combination.gather import out_of_fold
from endirector.combination.kept import as_rendered, stored_evidence
from endirector.combination.recipe import checked_recipe
from endirector.members.member import living_members, require_out_of_fold
from enstorage import Ensemble
from enstorage.entity.ensemble_members import classes_of
from enstorage.errors import InvalidInputError


def what_if(
    ensemble: Ensemble,
    *,
    without: Sequence[str] = (),
    method: str | None = None,
    metamodel: object = None,
    parameters: Mapping[str, Any] | None = None,
    fit_on: str | None = None,
) -> Combined:
    """Combine the stored forecasts of an ensemble in another way; nothing is stored and no model is opened.

    Args:
        ensemble: a rendered one.
        without: names of members to leave out.
        method: another method; by default its own, with its own parameters and metamodel unless others are given.
        metamodel: of the method, as `Project.create_ensemble` takes it.
        parameters: of the method.
        fit_on: the rows to fit on; by default those that the method is made for.

    Raises:
        InvalidInputError: there is no such member or method, no member is left, or there are no out-of-fold forecasts to fit
            on.
        NotFoundError: the ensemble was not rendered.
    """
    with ensemble.connector.database.remembering():
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
                    # Another metamodel has other parameters.
                    parameters = {
                        key: value
                        for key, value in recipe.parameters.items()
                        if metamodel is None or key != "metamodel"
                    }
                metamodel = ensemble.metamodel if metamodel is None else metamodel
            left, classes = [names[place] for place in chosen], classes_of(ensemble.models())
            given_recipe = checked_recipe(method or ensemble.method, metamodel, parameters or {}, left, classes, fit_on)
            recipe = replace(given_recipe, most_jobs=recipe.most_jobs)
        evidence, folds = stored_evidence(ensemble, recipe)
        if folds is None and recipe.wants_out_of_fold:
            members = living_members(ensemble)
            require_out_of_fold(members)
            _, folds = out_of_fold(members, recipe)
        return combine(recipe, evidence.of_members(chosen), None if folds is None else folds.of_members(chosen))
