"""`diagnose`: how a rendered ensemble lives on its members, found from what is stored, without any model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from endirector.combination.combine import Evidence, Recipe, combine, cross_fitted
from endirector.combination.kept import as_rendered, kept_folds, stored_combination, stored_evidence, stored_forecast
from endirector.methods.base import Combination, Floats
from endirector.rendering.metrics import errors
from endirector.selection.diversity import convex_weights, decompose, error_correlations
from endirector.selection.pruning import LEAST_TIMES, LEVEL, ROUNDING, Together, prune
from enstorage import Ensemble
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import PARTS
from enstorage.progress import Listener, Progress, checkpoint, listening

#: Where the worth of a member stands in the properties of its item: by part the change of the error without it.
LEAVE_ONE_OUT = "leave_one_out"

RULE = (
    "A member is left out where the mean squared error without it is not larger, beyond noise: where the upper limit of the "
    f"change is at most 0 (Diebold and Mariano 1995; one-sided, level {LEVEL} for all members together). Members are left "
    "out one after another. A method that is fitted on the rows that decide is fitted on earlier rows only."
)


@dataclass(frozen=True, slots=True)
class _View:
    """Rows that are looked at together: their name, the members' forecasts and the truth, and what the ensemble said."""

    name: str
    evidence: Evidence
    forecast: Floats


def diagnose(ensemble: Ensemble, *, progress: bool | Progress = True) -> dict[str, Any]:
    """Look at what each member is worth, and store it; nothing but what is stored is read, and no model is opened.

    Test rows are described, and decide nothing: the suggestion is made from out-of-fold rows where all members have such,
    else from valid rows, else from train rows.

    Args:
        ensemble: a rendered one. `ensemble.diagnosis()` reads what is stored in it, until it is rendered again.
        progress: show a bar, or a function, see `enstorage.Progress`.

    Returns:
        `members`: their names. `parts`: for `train`, `valid`, `test` and `out_of_fold`, where there are such rows:

        - `rows`: how many;
        - `error` and `errors`: mean squared errors of the ensemble, and of the members by name, in squared units of the
          source;
        - `correlations` of the members' errors, (members, members), null where an error is constant;
        - `ambiguity`: `of`, `ensemble_error`, `member_error`, `ambiguity`; see `Ambiguity`;
        - `leave_one_out`: by name the `error` of the ensemble that is made again without that member, by the same method
          on the same rows, and its `change`: above 0 where the member is worth something. Null for a single member.

        `suggestion`: `drop`, names of members to leave out; `decided_on`, `rows`; `trustworthy` and the `reason`; the
        `rule`; and by name the `changes` that decided: `change`, `standard_error`, `upper_limit`, or null.

    Raises:
        CancelledError: the progress function asked to stop; nothing was changed.
        CorruptError: the forecasts of the ensemble are not what its weights make of its members.
        NotFoundError: the ensemble was not rendered.
    """
    with ensemble.connector, listening(progress) as report:
        found = found_of(ensemble, report)
        store_diagnosis(ensemble, found)
    return found


def found_of(ensemble: Ensemble, report: Listener) -> dict[str, Any]:
    """The diagnosis, which is not stored yet; see `diagnose`."""
    names = list(ensemble.alignment()["lost"])
    total = len(names) + 1
    report("Reading", 0, total)
    recipe, combination = as_rendered(ensemble), stored_combination(ensemble)
    evidence, folds = stored_evidence(ensemble, recipe)
    folds = kept_folds(ensemble, recipe) if folds is None else folds
    views = _views(ensemble, combination, evidence, folds)
    without = []
    for place, name in enumerate(names if len(names) > 1 else []):
        report(f"Without {name}", place, total)
        without.append(_errors_without(place, recipe, evidence, folds, views))
    report("Which members to leave out", len(names), total)
    found = {
        "members": names,
        "parts": {view.name: _described(view, names, combination, without) for view in views},
        "suggestion": _suggestion(ensemble, recipe, views),
    }
    report("Diagnosed", total, total)
    return found


def _views(ensemble: Ensemble, combination: Combination, evidence: Evidence, folds: Evidence | None) -> list[_View]:
    forecast = stored_forecast(ensemble, evidence.keys)
    views = [
        _View(part, evidence.only(rows), forecast[rows])
        for code, part in enumerate(PARTS)
        if (rows := evidence.part == code).any()
    ]
    if folds is not None:
        views.append(_View(OUT_OF_FOLD, folds, combination.predict(folds.rows)))
    return views


def _errors_without(
    place: int, recipe: Recipe, evidence: Evidence, folds: Evidence | None, views: Sequence[_View]
) -> dict[str, float]:
    """By view the mean squared error of the ensemble that is made again without the member at that place."""
    rest = _all_but(place, evidence.rows.forecasts.shape[1])
    combined = combine(
        recipe.of_members(rest), evidence.of_members(rest), None if folds is None else folds.of_members(rest)
    )
    return {
        view.name: _mean_square(combined.combination.predict(view.evidence.of_members(rest).rows), view.evidence.truth)
        for view in views
    }


def _described(
    view: _View, names: Sequence[str], combination: Combination, without: Sequence[dict[str, float]]
) -> dict[str, Any]:
    forecasts, truth = view.evidence.rows.forecasts, view.evidence.truth
    error = _mean_square(view.forecast, truth)
    weights = convex_weights(combination, view.evidence.rows)
    left_out = [_left_out(by_view[view.name], error) for by_view in without]
    return {
        "rows": len(truth),
        "error": error,
        "errors": {name: _mean_square(forecasts[:, place], truth) for place, name in enumerate(names)},
        "correlations": error_correlations(forecasts, truth),
        "ambiguity": decompose(forecasts, truth, view.forecast, weights).to_json(),
        "leave_one_out": dict(zip(names, left_out, strict=True)) if left_out else None,
    }


def _left_out(error: float, of_all: float) -> dict[str, float]:
    change = error - of_all
    return {"error": error, "change": change if abs(change) > ROUNDING * of_all else 0.0}


def _suggestion(ensemble: Ensemble, recipe: Recipe, views: Sequence[_View]) -> dict[str, Any]:
    """Which members to leave out, from rows that are no test rows."""
    by_name = {view.name: view for view in views}
    names = list(ensemble.alignment()["lost"])
    decides = next((by_name[name] for name in (OUT_OF_FOLD, "valid", "train") if name in by_name), None)
    if decides is None:
        return _told([], None, 0, {}, "There are none but test rows, and these decide nothing.")
    rows, times = len(decides.evidence.truth), decides.evidence.keys["id"].to_numpy()
    step = decides.evidence.rows.step
    try:
        drop, changes = prune(
            len(names),
            _together(recipe, decides, by_name),
            decides.evidence.truth,
            times,
            lags=0 if step is None else int(step.max()) - 1,
        )
    except ValueError as error:  # such as a metamodel that asks for more rows
        reason = f"The ensemble cannot be made again on some of these rows: {str(error).splitlines()[0]}"
        return _told([], decides.name, rows, {}, reason)
    by_member = {name: None if each is None else each.to_json() for name, each in zip(names, changes, strict=True)}
    doubt = _doubt(ensemble, decides.name)
    if len(names) == 1:
        doubt = "There is one member, which cannot be left out."
    elif None in changes:
        doubt = f"There are fewer than {LEAST_TIMES} times to tell a difference from noise by."
    return _told([names[place] for place in drop], decides.name, rows, by_member, doubt)


def _told(
    drop: list[str], decided_on: str | None, rows: int, changes: dict[str, Any], doubt: str | None
) -> dict[str, Any]:
    usual = "No member was trained on the rows that decide, and none of these is a test row."
    return {
        "drop": drop,
        "decided_on": decided_on,
        "rows": rows,
        "trustworthy": doubt is None,
        "reason": doubt or usual,
        "rule": RULE,
        "changes": changes,
    }


def _together(recipe: Recipe, decides: _View, by_name: Mapping[str, _View]) -> Together:
    """What some of the members forecast together for the rows that decide, by a fit that has not seen these rows."""
    fit_on = recipe.fit_on

    def together(places: Sequence[int]) -> Floats:
        checkpoint()
        own, evidence = recipe.of_members(places), decides.evidence.of_members(places)
        if fit_on is None or fit_on == decides.name:
            return cross_fitted(own, evidence)
        return own.fit(by_name[fit_on].evidence.of_members(places))[0].predict(evidence.rows)

    return together


def _doubt(ensemble: Ensemble, decides: str) -> str | None:
    """Why errors on the rows that decide say little; None where they can be trusted."""
    assert ensemble.result is not None  # noqa: S101 - its table was read
    if ensemble.result["leaks"]:
        return (
            "Members could see what comes after the origin of their forecasts, so no row tells how well they forecast."
        )
    same_rows = ensemble.result["fit_on"] == decides
    if same_rows and ensemble.mark() == "in-sample":
        return f"Members were trained on the {decides} rows, so those that learned them by heart look best."
    if decides == "train" and not (same_rows and ensemble.mark() == "held-out"):
        return "Members are trained on train rows, so those that learned them by heart look best."
    return None


def store_diagnosis(ensemble: Ensemble, found: dict[str, Any]) -> None:
    """Keep a diagnosis, as `Ensemble.diagnosis` reads it."""
    fresh = Ensemble.get(ensemble.id, connector=ensemble.connector)
    if fresh.data_csv_id != ensemble.data_csv_id:
        raise InvalidInputError(f"{ensemble} was rendered anew meanwhile. Read it again, and diagnose that.")
    changes = {
        name: {part: told["leave_one_out"][name]["change"] for part, told in found["parts"].items()}
        for name in (found["members"] if len(found["members"]) > 1 else [])
    }
    items = [item for item in ensemble.items() if item.dropped is None]
    with ensemble.connector.transaction():
        ensemble.result = {**(fresh.result or {}), "diagnosis": found}
        ensemble.save()
        for name, item in zip(found["members"], items, strict=True):
            item.properties = {**item.properties, LEAVE_ONE_OUT: changes.get(name)}
            item.save()


def _all_but(place: int, members: int) -> list[int]:
    return [each for each in range(members) if each != place]


def _mean_square(forecast: Floats, truth: Floats) -> float:
    return errors(truth, forecast)["mse"]
