"""`diagnose`: the contribution of each member to a rendered ensemble, from stored forecasts, without models."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from endirector.combination.combine import combine
from endirector.combination.cross_fit import cross_fitted
from endirector.combination.evidence import Evidence
from endirector.combination.kept import as_rendered, kept_folds, stored_combination, stored_evidence, stored_forecast
from endirector.combination.recipe import CombinationRecipe
from endirector.members.member import living_members
from endirector.methods.base import Combination, Floats
from endirector.rendering.metrics import errors
from endirector.rendering.result import item_ids
from endirector.selection.diversity import convex_weights, decompose, error_correlations
from endirector.selection.pruning import LEAST_TIMES, LEVEL, ROUNDING, Together, prune
from enstorage import Ensemble
from enstorage.entity.ensemble_result import Diagnosis, PartDiagnosis, Suggestion
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import Part
from enstorage.progress import Listener, Progress, checkpoint, listening

RULE = (
    "A member is left out if the mean squared error is not larger without it, beyond noise: if the upper confidence "
    f"limit of the change is at most 0 (Diebold and Mariano 1995; one-sided, level {LEVEL} for all members together). "
    "Members are left out one after another. A method that is fitted on these rows is fitted on earlier rows only."
)


@dataclass(frozen=True, slots=True)
class _View:
    """A part that is diagnosed: its name, the members' forecasts and the truth, and the forecast of the ensemble."""

    name: str
    evidence: Evidence
    forecast: Floats


def diagnose(ensemble: Ensemble, *, progress: bool | Progress = True) -> dict[str, Any]:
    """Measure the contribution of each member, and store it. Only stored forecasts are read, and no model is opened.

    Test rows are described, but decide nothing: the suggestion is made from out-of-fold rows if all members have them,
    else from valid rows, else from train rows.

    Args:
        ensemble: a rendered ensemble. `ensemble.diagnosis()` reads the stored diagnosis until the ensemble is rendered
            again.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Returns:
        `members`: their names. `parts`: for each of `train`, `valid`, `test` and `out_of_fold` that has rows:

        - `rows`: their number;
        - `error` and `errors`: mean squared errors of the ensemble, and of the members by name, in squared units of the
          source;
        - `correlations` of the members' errors, (members, members), null where an error is constant;
        - `ambiguity`: `of`, `ensemble_error`, `member_error`, `ambiguity`; see `Ambiguity`;
        - `leave_one_out`: by name the `error` of the members combined without this one, by the same method on the same
          rows, and the `change` of the error: above 0 if the member lowers the error. Null for a single member.

        `suggestion`: `drop`, names of members to leave out; `decided_on`, `rows`; `trustworthy` and the `reason`; the
        `rule`; and by name the `changes` that decided: `change`, `standard_error`, `upper_limit`, or null.

    Raises:
        CancelledError: the progress function asked to stop; nothing was changed.
        CorruptError: the forecasts of the ensemble are not the weighted sums of its members' forecasts.
        NotFoundError: the ensemble was not rendered.
    """
    with ensemble.connector as connector, listening(progress) as report, connector.database.remembering():
        store_diagnosis(ensemble, found_of(ensemble, report))
        return ensemble.diagnosis()


def found_of(ensemble: Ensemble, report: Listener) -> Diagnosis:
    """Make the diagnosis without storing it; see `diagnose`."""
    members = living_members(ensemble)
    total = len(members) + 1
    report("Reading", 0, total)
    recipe, combination = as_rendered(ensemble), stored_combination(ensemble)
    evidence, folds = stored_evidence(ensemble, recipe)
    folds = kept_folds(ensemble, recipe) if folds is None else folds
    views = _views(ensemble, combination, evidence, folds)
    without = []
    for place, member in enumerate(members if len(members) > 1 else []):
        report(f"Without {member.name}", place, total)
        without.append(_errors_without(place, recipe, evidence, folds, views))
    report("Suggesting", len(members), total)
    ids = item_ids(members)
    parts = {view.name: _described(view, ids, combination, without) for view in views}
    found = Diagnosis(ids, parts, _suggestion(ensemble, ids, recipe, views))
    report("Diagnosed", total, total)
    return found


def _views(ensemble: Ensemble, combination: Combination, evidence: Evidence, folds: Evidence | None) -> list[_View]:
    forecast = stored_forecast(ensemble, evidence.keys)
    views = [
        _View(part.label, evidence.only(rows), forecast[rows]) for part in Part if (rows := evidence.part == part).any()
    ]
    if folds is not None:
        views.append(_View(OUT_OF_FOLD, folds, combination.predict(folds.rows)))
    return views


def _errors_without(
    place: int, recipe: CombinationRecipe, evidence: Evidence, folds: Evidence | None, views: Sequence[_View]
) -> dict[str, float]:
    """The mean squared error, by view, of the members combined without the one at that position."""
    rest = _all_but(place, evidence.rows.forecasts.shape[1])
    combined = combine(
        recipe.of_members(rest), evidence.of_members(rest), None if folds is None else folds.of_members(rest)
    )
    return {
        view.name: _mean_square(combined.combination.predict(view.evidence.of_members(rest).rows), view.evidence.truth)
        for view in views
    }


def _described(
    view: _View, ids: Sequence[int], combination: Combination, without: Sequence[dict[str, float]]
) -> PartDiagnosis:
    forecasts, truth = view.evidence.rows.forecasts, view.evidence.truth
    error = _mean_square(view.forecast, truth)
    weights = convex_weights(combination, view.evidence.rows)
    left_out = [_left_out(by_view[view.name], error) for by_view in without]
    return PartDiagnosis(
        rows=len(truth),
        error=error,
        errors={id: _mean_square(forecasts[:, place], truth) for place, id in enumerate(ids)},
        correlations=error_correlations(forecasts, truth),
        ambiguity=decompose(forecasts, truth, view.forecast, weights).to_json(),
        leave_one_out=dict(zip(ids, left_out, strict=True)) if left_out else None,
    )


def _left_out(error: float, of_all: float) -> dict[str, float]:
    change = error - of_all
    return {"error": error, "change": change if abs(change) > ROUNDING * of_all else 0.0}


def _suggestion(
    ensemble: Ensemble, ids: Sequence[int], recipe: CombinationRecipe, views: Sequence[_View]
) -> Suggestion:
    """Members to leave out, chosen on rows outside the test part."""
    by_name = {view.name: view for view in views}
    decides = next((by_name[name] for name in (OUT_OF_FOLD, "valid", "train") if name in by_name), None)
    if decides is None:
        return Suggestion([], None, 0, False, "There are only test rows. Test rows decide nothing.", RULE, {})
    rows, times = len(decides.evidence.truth), decides.evidence.keys["id"].to_numpy()
    step = decides.evidence.rows.step
    try:
        drop, changes = prune(
            len(ids),
            _together(recipe, decides, by_name),
            decides.evidence.truth,
            times,
            lags=0 if step is None else int(step.max()) - 1,
        )
    except ValueError as error:  # for example, a metamodel needs more rows
        reason = f"The ensemble cannot be made again on some of these rows: {str(error).splitlines()[0]}"
        return Suggestion([], decides.name, rows, False, reason, RULE, {})
    doubt = _doubt(ensemble, decides.name)
    if len(ids) == 1:
        doubt = "There is one member, which cannot be left out."
    elif None in changes:
        doubt = f"There are fewer than {LEAST_TIMES} times, too few to distinguish a difference from noise."
    return Suggestion(
        drop=[ids[place] for place in drop],
        decided_on=decides.name,
        rows=rows,
        trustworthy=doubt is None,
        reason=doubt or "No member was trained on the rows that decide, and none of these is a test row.",
        rule=RULE,
        changes={id: None if each is None else each.to_json() for id, each in zip(ids, changes, strict=True)},
    )


def _together(recipe: CombinationRecipe, decides: _View, by_name: Mapping[str, _View]) -> Together:
    """Make the function that combines some members on the deciding rows, by a fit on earlier or other rows."""
    fit_on = recipe.fit_on

    def together(places: Sequence[int]) -> Floats:
        checkpoint()
        own, evidence = recipe.of_members(places), decides.evidence.of_members(places)
        if fit_on is None or fit_on == decides.name:
            return cross_fitted(own, evidence)
        return own.fit(by_name[fit_on].evidence.of_members(places))[0].predict(evidence.rows)

    return together


def _doubt(ensemble: Ensemble, decides: str) -> str | None:
    """The reason why errors on the deciding rows cannot be trusted; None if they can."""
    result = ensemble.rendered_result()
    if result.leaks:
        return (
            "Members could use data from after the origin of their forecasts, so no row shows how well they forecast."
        )
    same_rows = result.fit_on == decides
    if same_rows and result.mark == "in-sample":
        return f"Members were trained on the {decides} rows, so members that overfit have the smallest errors."
    if decides == "train" and not (same_rows and result.mark == "held-out"):
        return "Members are trained on train rows, so members that overfit have the smallest errors."
    return None


def store_diagnosis(ensemble: Ensemble, found: Diagnosis) -> None:
    """Store a diagnosis, as `Ensemble.diagnosis` reads it."""
    fresh = Ensemble.get(ensemble.id, connector=ensemble.connector)
    if fresh.data_csv_id != ensemble.data_csv_id:
        raise InvalidInputError(f"{ensemble} was rendered again meanwhile. Read it again, and diagnose the new result.")
    result = replace(fresh.rendered_result(), diagnosis=found)
    with ensemble.connector.transaction():
        ensemble.result = result.to_json()
        ensemble.save()
        for item in ensemble.items():
            if item.id in found.members:
                item.keep_result(replace(item.rendered_result(), leave_one_out=_changes(found, item.id)), anew=False)
                item.save()


def _changes(found: Diagnosis, id: int) -> dict[str, float] | None:
    """The change of the error without the member, by part; None for a single member."""
    changes = {
        part: own.leave_one_out[id]["change"] for part, own in found.parts.items() if own.leave_one_out is not None
    }
    return changes or None


def _all_but(place: int, members: int) -> list[int]:
    return [each for each in range(members) if each != place]


def _mean_square(forecast: Floats, truth: Floats) -> float:
    return errors(truth, forecast)["mse"]
