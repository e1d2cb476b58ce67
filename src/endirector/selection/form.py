"""`form`: chooses a method and members on out-of-fold rows, and renders the ensemble."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from endirector.combination.evidence import Evidence
from endirector.combination.gather import out_of_fold
from endirector.combination.recipe import CombinationRecipe, checked_recipe
from endirector.members.gate_inputs import longest_lag, windows_before
from endirector.members.member import Member, models_in
from endirector.methods.voting import Voting
from endirector.rendering.conductor import Conductor
from endirector.selection.search import METRICS, REFINEMENTS, CandidateSearch
from enstorage import Ensemble, Forecast, Model, Project, plugins
from enstorage.entity._trash import check_live
from enstorage.entity.ensemble_columns import METHODS
from enstorage.entity.ensemble_members import classes_of, member_names
from enstorage.entity.ensemble_search import Candidate, EnsembleSearch, Trial
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.progress import Listener, Progress, listening


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to combine members that `form` tries.

    Attributes:
        method: as in `Project.create_ensemble`.
        metamodel: its class name, for methods that have one.
        parameters: of the method.
    """

    method: str
    metamodel: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


#: The default choices; of two with equal errors the earlier one is selected.
USUAL: tuple[Choice, ...] = (
    Choice("voting"),
    Choice("voting", parameters={"average": "median"}),
    Choice("weighted_voting", parameters={"weights": "inverse_error"}),
    Choice("weighted_voting"),
    Choice("greedy"),
    Choice("stacking", "Ridge"),
    Choice("linear_stack"),
    Choice("mixture_of_experts"),
)

#: The same for members that forecast probabilities of classes.
USUAL_OF_CLASSES: tuple[Choice, ...] = (
    Choice("voting"),
    Choice("weighted_voting", parameters={"weights": "inverse_error"}),
    Choice("weighted_voting"),
    Choice("greedy"),
    Choice("stacking", "LogisticRegression"),
)


def form(
    project: Project,
    candidates: Sequence[Model | Ensemble] | None = None,
    methods: Sequence[Choice | str] | None = None,
    metric: str = "mse",
    *,
    name: str | None = None,
    folds: int = 5,
    progress: bool | Progress = True,
) -> Ensemble:
    """Try methods and members on out-of-fold rows, and render an ensemble of the best ones.

    The candidates are aligned by their out-of-fold forecasts; missing ones are made by `entrainer.backtest` where a
    candidate can be trained again. Each method is judged on rows that neither it nor the members were fitted on: the time of
    these rows is cut into five stretches, and each but the first is forecast by the method as fitted on those before it.
    Tried are the best candidate, the best two, and so on, by each method; then the best of all that with each candidate left
    out or taken in, as long as that helps. The ensemble that is made is fitted on all out-of-fold rows.

    The error of the selected trial is biased low; the error on the test part, which selects nothing, is unbiased.

    Args:
        project: whose models are combined.
        candidates: models or rendered ensembles of the project; by default all its models.
        methods: candidates, by name or with metamodel and parameters; by default `USUAL`, or for classes
            `USUAL_OF_CLASSES` of this module.
        metric: `mse` or `mae`.
        name: of the ensemble.
        folds: of the backtest, for candidates that have no out-of-fold forecasts.
        progress: show a bar, or a function, see `enstorage.Progress`. Where it stops the search there is no ensemble;
            candidates whose backtest was finished keep their out-of-fold forecasts.

    Returns:
        The ensemble; `ensemble.tried()` is the table of trials, `ensemble.formed` the stored search.

    Raises:
        CancelledError: the progress function asked to stop.
        InvalidInputError: the metric or a method is unknown, no candidate has or can get out-of-fold forecasts, they share
            no target, or one of those targets is a test row.
    """
    if metric not in METRICS:
        raise InvalidInputError(f"The metric is one of {', '.join(METRICS)}; received {metric!r}.")
    if methods is not None and not methods:
        raise InvalidInputError("There is no method to try. Leave methods out to try the usual ones.")
    check_live([project, *(candidates or ())])
    with project.connector as connector, listening(progress) as report:
        report("Backtesting", 0, 100)
        chosen = project.models() if candidates is None else candidates
        members, left_out = _able(chosen, folds, report.within(0, 60, 100))
        names = [member.name for member in members]
        classes = classes_of([member.entity for member in members])
        choices = (USUAL if classes is None else USUAL_OF_CLASSES) if methods is None else methods
        recipes = [_recipe(choice, names, classes) for choice in choices]
        evidence, recipes, untried = _common_evidence(members, recipes, usual=methods is None)
        search = CandidateSearch(members, evidence, recipes, metric)
        if not search.judged.any():
            raise InvalidInputError(
                f"The candidates share {len(evidence.truth)} out-of-fold targets, too few to judge anything on. Give "
                "entrainer.backtest more folds, or take a longer snapshot."
            )
        trying = report.within(60, 95, 100)
        expected = len(search.sizes()) * len(recipes) + REFINEMENTS * len(members)
        for done, _ in enumerate(search.run()):
            trying("Trying", min(done, expected), expected)
        best = search.best()
        recipe = recipes[best.order].of_members(best.places)
        formed = EnsembleSearch(
            metric=metric,
            rows=int(search.judged.sum()),
            candidates=[Candidate(member.key, member.name) for member in members],
            left_out=left_out,
            untried=untried,
            trials=_trials(search, recipes),
        )
        with connector.all_or_nothing(), connector.transaction():
            ensemble = Ensemble.form(
                project,
                recipe.method.name,
                recipe.metamodel,
                [members[place].entity for place in best.places],
                fit_on=OUT_OF_FOLD if recipe.method.is_fitted else None,
                name=name or f"formed: {_label(recipe)}",
                parameters=recipe.parameters,
                formed=formed.to_json(),
            )
            return Conductor(ensemble).render(strict=True, progress=report.within(95, 100, 100))


def _able(
    candidates: Sequence[Model | Ensemble], folds: int, report: Listener
) -> tuple[list[Member], list[tuple[Candidate, str]]]:
    """The candidates with out-of-fold forecasts; and the others, each with the reason why it has none."""
    left_out = []
    names = member_names(candidates)
    found = [Member.of(name, entity) for name, entity in zip(names, candidates, strict=True)]
    _backtest([model for member in found for model in member.models], folds, report)
    able = []
    for member in found:
        if isinstance(member.entity, Ensemble) and member.entity.result is None:
            left_out.append((Candidate(member.key, member.name), "It was not rendered."))
        elif not all(Forecast.of(model, OUT_OF_FOLD) for model in member.models):
            reason = "It has no out-of-fold forecasts, and cannot be trained again."
            left_out.append((Candidate(member.key, member.name), reason))
        else:
            able.append(member)
    if not able:
        shown = ", ".join(each.name for each, _ in left_out) or "(there are none)"
        raise InvalidInputError(
            f"None of the candidates {shown} has out-of-fold forecasts, or can be trained again to get some, so there is "
            "nothing to choose on. Make them with entrainer.backtest, or keep your own with "
            "model.save_forecasts('out_of_fold', id, values)."
        )
    return able, left_out


def _backtest(models: Sequence[Model], folds: int, report: Listener) -> None:
    """Make the out-of-fold forecasts of the models that have none and can be trained again, as they were trained."""
    missing = {model.id: model for model in models if not Forecast.of(model, OUT_OF_FOLD)}
    again = [model for model in missing.values() if model.data_set_id is not None and _can_be_trained(model)]
    if again:
        from entrainer import Training, backtest

        facts = [model.metas() for model in again]
        trainings = [Training.from_json(own["training"]) if "training" in own else Training() for own in facts]
        backtest(again, trainings, seeds=[own.get("seed", 0) for own in facts], folds=folds, progress=report)


def _can_be_trained(model: Model) -> bool:
    """By its specification, as `entrainer.fit` did it, or as the estimator that it has as object."""
    was_trained = model.network is not None and {"training", "seed"} <= model.metas().keys()
    return was_trained or model.object_format == "skops"


def _recipe(choice: Choice | str, names: Sequence[str], classes: int | None) -> CombinationRecipe:
    choice = Choice(choice) if isinstance(choice, str) else choice
    recipe = checked_recipe(choice.method, choice.metamodel, dict(choice.parameters), names, classes)
    return replace(recipe, fit_on=OUT_OF_FOLD if recipe.method.is_fitted else None)


def _common_evidence(
    members: Sequence[Member], recipes: Sequence[CombinationRecipe], *, usual: bool
) -> tuple[Evidence, list[CombinationRecipe], dict[str, str]]:
    """The common out-of-fold targets of all candidates, and the recipes that can be tried on them.

    Targets without the values that a method wants to see before them are left out for all methods. A usual method that
    cannot have such values for any target is not tried, and the reason is given by its name.
    """
    models = models_in(members)
    _, evidence = out_of_fold(members, CombinationRecipe(Voting()))
    usable, untried = [], {}
    for recipe in recipes:
        try:
            lag = recipe.method.window_lag(longest_lag(models))
            known = None if lag is None else windows_before(evidence.keys, models, lag)[1]
        except InvalidInputError as error:
            if not usual:
                raise
            untried[_label(recipe)] = str(error)
            continue
        evidence = evidence if known is None else evidence.only(known)
        usable.append(recipe)
    return evidence, usable, untried


def _trials(search: CandidateSearch, recipes: Sequence[CombinationRecipe]) -> list[Trial]:
    """All trials, the best first."""
    return [
        Trial(
            method=recipes[trial.order].method.name,
            metamodel=recipes[trial.order].metamodel,
            parameters=dict(recipes[trial.order].parameters),
            members=trial.places,
            error=trial.error,
            standard_error=trial.standard_error,
        )
        for trial in sorted(search.trials.values(), key=lambda trial: trial.rank)
    ]


def _label(recipe: CombinationRecipe) -> str:
    return method_in_words(recipe.method.name, recipe.metamodel, recipe.parameters)


def method_in_words(method: str, metamodel: str | None, parameters: Mapping[str, Any]) -> str:
    """Name of a combination in a few words: `voting`, `voting (median)`, `stacking Ridge`.

    Parameters that differ from the defaults are named, if they are words or numbers.
    """
    is_known = method in plugins.names(METHODS)  # it may have been tried elsewhere, by a package that is not here
    usual = plugins.load(METHODS, method).defaults() if is_known else {}
    own = [
        value if isinstance(value, str) else f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in parameters.items()
        if value != usual.get(name) and isinstance(value, str | int | float)
    ]
    named = " ".join(filter(None, (method, metamodel)))
    return f"{named} ({', '.join(own)})" if own else named
