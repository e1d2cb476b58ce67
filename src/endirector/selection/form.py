"""`form`: chooses a method and members on out-of-fold rows, and renders the ensemble."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite, nan
from typing import Any

from endirector.alignment.align import NothingCommonError
from endirector.combination.evidence import Evidence
from endirector.combination.gather import out_of_fold
from endirector.combination.recipe import CombinationRecipe, checked_recipe
from endirector.members.gate_inputs import longest_lag, windows_before
from endirector.members.member import Member, models_in
from endirector.methods.fixed.voting import Voting
from endirector.rendering.conductor import Conductor
from endirector.selection.candidates import Candidates, candidates_of
from endirector.selection.preference import prefer_simple
from endirector.selection.scoring import METRICS, combines_quantiles
from endirector.selection.search import REFINEMENTS, CandidateSearch, Scored
from enstorage import DataSource, Ensemble, Model, Project, plugins
from enstorage.entity._trash import check_live
from enstorage.entity.ensemble_columns import METHODS
from enstorage.entity.ensemble_members import classes_of
from enstorage.entity.ensemble_search import Candidate, EnsembleSearch, Trial
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.metrics.catalogue import find_metric
from enstorage.metrics.metric import Metric, Need
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


#: So many members have a median that differs from their mean.
_MEDIAN_FROM = 3

#: The default choices; of two with equal errors the earlier one is selected.
USUAL: tuple[Choice, ...] = (
    Choice("voting"),
    Choice("voting", parameters={"average": "median"}),
    Choice("trimmed"),
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
    horizon: int | None = None,
    by: str | Mapping[str, str] | None = None,
    broad: bool = False,
    watch: Callable[[dict[str, Any]], object] | None = None,
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
        metric: `mse`, `rmse`, `mae`, `mape`, `smape`, `mase` or `rmsse`, for quantiles `wql`, `crps` or `coverage_0.8` (the
            error is the distance of the coverage from the level), for classes `log_loss`, see `docs/reference/metrics.md`.
            For quantiles only methods are tried that combine them.
        name: of the ensemble.
        folds: largest number of origins of the backtest, for candidates that have no out-of-fold forecasts.
        horizon: number of steps of that backtest, such as the one that is to be forecast; None: those of the data sets.
        by: for several series, weights that differ: `series` for each series; or by group: the name of a tag of the data
            sources, or a mapping from their ids, as text, to names of groups. They are shrunk to the weights of all series
            (`partial_pooling`) as far as earlier rows ask for, and tried besides the methods. None: the same weights for
            all.
        broad: of the means and medians prefer the one of most members, of as many the one named first in `methods`, that is
            not worse than the best one by more than two standard errors and a tenth of its error; the smallest of many
            errors is biased low, and more members are safer.
        watch: a function that gets the combinations tried so far, as JSON, after each one: `metric`, and `members`, the best
            twenty first: `name` (the method and its members), `error` and `standard_error`.
        progress: show a bar, or a function, see `enstorage.Progress`. Where it stops the search there is no ensemble;
            candidates whose backtest was finished keep their out-of-fold forecasts.

    Returns:
        The ensemble; `ensemble.tried()` is the table of trials, `ensemble.formed` the stored search.

    Raises:
        CancelledError: the progress function asked to stop.
        InvalidInputError: the metric or a method is unknown, the metric has no value on these rows, no candidate has
            out-of-fold forecasts or can be trained again to get some, they share no target at all, or an out-of-fold target
            is a test row.
    """
    chosen_metric = find_metric(metric, METRICS)
    if methods is not None and not methods:
        raise InvalidInputError("There is no method to try. Leave methods out to try the usual ones.")
    pooling = [] if by is None else [_pooling(by, project)]
    check_live([project, *(candidates or ())])
    with project.connector as connector, listening(progress) as report, connector.database.remembering():
        report("Backtesting", 0, 100)
        chosen = project.models() if candidates is None else candidates
        found = candidates_of(chosen, folds, horizon, report.within(0, 60, 100))
        selection = _selection(found, methods, pooling, chosen_metric, report.within(60, 95, 100), watch, broad=broad)
        recipe, members = selection.recipe, selection.members
        with connector.all_or_nothing(), connector.transaction():
            ensemble = Ensemble.form(
                project,
                recipe.method.name,
                recipe.metamodel,
                [member.entity for member in members],
                fit_on=OUT_OF_FOLD if recipe.method.is_fitted else None,
                name=name or f"formed: {_label(recipe)}",
                parameters=recipe.parameters,
                formed=selection.search.to_json(),
            )
            return Conductor(ensemble).render(strict=True, progress=report.within(95, 100, 100))


@dataclass(frozen=True, slots=True)
class _Selection:
    """The recipe and the members that are selected, and the search that led to them."""

    recipe: CombinationRecipe
    members: Sequence[Member]
    search: EnsembleSearch


def _selection(
    found: Candidates,
    methods: Sequence[Choice | str] | None,
    pooling: Sequence[Choice],
    metric: Metric,
    trying: Listener,
    watch: Callable[[dict[str, Any]], object] | None,
    *,
    broad: bool,
) -> _Selection:
    """The best of the trials on out-of-fold rows; without such rows a simple combination of all."""
    members = found.able or found.without_fold
    names = [member.name for member in members]
    classes = classes_of([member.entity for member in members])
    choices = (USUAL if classes is None else USUAL_OF_CLASSES) if methods is None else methods
    recipes = [_recipe(choice, names, classes) for choice in (*choices, *pooling)]
    if not found.able:
        return _without_rows(found, members, metric.name, "No candidate has a row to be judged on")
    recipes, pointwise = _of_quantiles(recipes, metric, usual=methods is None)
    try:
        evidence, recipes, untried = _common_evidence(members, recipes, usual=methods is None)
    except NothingCommonError:
        return _without_rows(found, members, metric.name, "The candidates share no out-of-fold target to be judged on")
    search = CandidateSearch(members, evidence, recipes, metric.name)
    expected = len(search.sizes()) * len(recipes) + REFINEMENTS * len(members)
    for done, _ in enumerate(search.run()):
        trying("Trying", min(done, expected), expected)
        if watch is not None:
            watch(_board(search, recipes, members, metric))
    trials = sorted((each for each in search.trials.values() if isfinite(each.error)), key=lambda trial: trial.rank)
    if not trials:
        return _without_rows(
            found, members, metric.name, "Too few out-of-fold targets are shared to judge the methods on"
        )
    preference = prefer_simple(
        trials,
        is_simple=lambda trial: len(trial.places) > 1 and not recipes[trial.order].method.is_fitted,
        blocks=search.blocks,
        broad=broad,
    )
    few = [_FEW] if not search.has_earlier_rows and any(recipe.method.is_fitted for recipe in recipes) else []
    formed = EnsembleSearch(
        metric=metric.name,
        rows=int(search.judged.sum()),
        candidates=[Candidate(member.key, member.name) for member in members],
        left_out=found.left_out,
        untried=untried | pointwise,
        trials=[_trial(each, recipes) for each in trials],
        selected=trials.index(preference.selected),
        simple=None if preference.simple is None else trials.index(preference.simple),
        comparison=preference.comparison,
        remarks=[*found.remarks, *few],
    )
    selected = preference.selected
    recipe = recipes[selected.order].of_members(selected.places)
    return _Selection(recipe, [members[place] for place in selected.places], formed)


def _board(
    search: CandidateSearch, recipes: Sequence[CombinationRecipe], members: Sequence[Member], metric: Metric
) -> dict[str, Any]:
    """The best trials until now."""
    found = sorted((each for each in search.trials.values() if isfinite(each.error)), key=lambda trial: trial.rank)
    return {
        "metric": metric.name,
        "members": [
            {
                "name": f"{_label(recipes[each.order])}: {', '.join(members[place].name for place in each.places)}",
                "error": each.error,
                "standard_error": each.standard_error if isfinite(each.standard_error) else None,
            }
            for each in found[:_MOST_SHOWN]
        ],
    }


#: Trials that are told of while the search goes on.
_MOST_SHOWN = 20

_FEW = (
    "All out-of-fold targets are of one time, so methods that fit weights could not be judged: only simple ones were."
)


def _without_rows(found: Candidates, members: Sequence[Member], metric: str, reason: str) -> _Selection:
    """The median of the members, or the mean of two or of classes: nothing is known of them that could be chosen on."""
    is_mean = len(members) < _MEDIAN_FROM or classes_of([member.entity for member in members]) is not None
    recipe = CombinationRecipe(Voting() if is_mean else Voting("median"))
    trial = Trial(recipe.method.name, None, dict(recipe.parameters), range(len(members)), nan, nan)
    taken = {member.key for member in members}
    search = EnsembleSearch(
        metric=metric,
        rows=0,
        candidates=[Candidate(member.key, member.name) for member in members],
        left_out=[(each, why) for each, why in found.left_out if each.key not in taken],
        untried={},
        trials=[trial],
        remarks=[
            *found.remarks,
            f"{reason}: the ensemble is the {'mean' if is_mean else 'median'} of all, and nothing was chosen or fitted.",
        ],
    )
    return _Selection(recipe, members, search)


def _pooling(by: str | Mapping[str, str], project: Project) -> Choice:
    """The choice of weights by series or by group.

    Raises:
        InvalidInputError: `by` is neither `series`, nor a tag of data sources of the project, nor a mapping.
    """
    if by == "series":
        return Choice("partial_pooling")
    groups = _by_tag(by, project) if isinstance(by, str) else by
    if not isinstance(groups, Mapping) or not groups:
        raise InvalidInputError(
            "by is 'series', the name of a tag of the data sources, or a group for each series, such as "
            f"{{'7': 'north', '8': 'south'}} by ids of data sources; received {by!r:.80}."
        )
    return Choice("partial_pooling", parameters={"groups": {str(source): group for source, group in groups.items()}})


def _by_tag(tag: str, project: Project) -> dict[str, str]:
    """The groups of data sources by the value of a tag; those without it have the common weights."""
    sources = DataSource.get_list(project.source_ids(), connector=project.connector)
    groups = {str(source.id): str(source.tags[tag]) for source in sources if tag in source.tags}
    if not groups:
        known = sorted({each for source in sources for each in source.tags})
        raise InvalidInputError(
            f"No data source of {project} has the tag {tag!r:.60}; they have {', '.join(known)[:200] or 'none'}. Set it, "
            "source.tags = {…}, or give a group for each series."
        )
    return groups


def _recipe(choice: Choice | str, names: Sequence[str], classes: int | None) -> CombinationRecipe:
    choice = Choice(choice) if isinstance(choice, str) else choice
    recipe = checked_recipe(choice.method, choice.metamodel, dict(choice.parameters), names, classes)
    return replace(recipe, fit_on=OUT_OF_FOLD if recipe.method.is_fitted else None)


def _of_quantiles(
    recipes: Sequence[CombinationRecipe], metric: Metric, *, usual: bool
) -> tuple[list[CombinationRecipe], dict[str, str]]:
    """The recipes that have a value by the metric; of the usual ones that have none the reason, by name."""
    if Need.QUANTILES not in metric.needs:
        return list(recipes), {}
    unable = {_label(each): "It does not combine quantiles." for each in recipes if not combines_quantiles(each)}
    if unable and not usual:
        raise InvalidInputError(
            f"{metric.label} is of quantiles, which {', '.join(unable)} does not combine. Choose other methods, such as "
            "voting, or a metric of point forecasts."
        )
    return [each for each in recipes if combines_quantiles(each)], unable


def _common_evidence(
    members: Sequence[Member], recipes: Sequence[CombinationRecipe], *, usual: bool
) -> tuple[Evidence, list[CombinationRecipe], dict[str, str]]:
    """The common out-of-fold targets of all candidates, and the recipes that can be tried on them.

    Targets without the values that a method wants to see before them are left out for all methods. A usual method that
    cannot have such values for any target is not tried, and the reason is given by its name.

    Raises:
        NothingCommonError: the candidates share no out-of-fold target.
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
        if known is not None and not known.any():
            untried[_label(recipe)] = "No out-of-fold target has the values before it that the method uses."
            continue
        evidence = evidence if known is None else evidence.only(known)
        usable.append(recipe)
    return evidence, usable, untried


def _trial(trial: Scored, recipes: Sequence[CombinationRecipe]) -> Trial:
    recipe = recipes[trial.order]
    return Trial(
        method=recipe.method.name,
        metamodel=recipe.metamodel,
        parameters=dict(recipe.parameters),
        members=trial.places,
        error=trial.error,
        standard_error=trial.standard_error,
    )


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
