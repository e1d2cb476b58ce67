"""`form`: chooses a method and members on out-of-fold rows, and makes the ensemble of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.combination.combine import Evidence, Recipe, cross_fitted, stretches_of
from endirector.combination.gather import asked_recipe, out_of_fold
from endirector.members.gate_inputs import longest_lag, windows_before
from endirector.members.member import Member, models_in
from endirector.methods.base import Floats
from endirector.methods.voting import Voting
from endirector.rendering.conductor import Conductor
from enstorage import Ensemble, Forecast, Model, Project, plugins
from enstorage.entity.ensemble import classes_of, member_names
from enstorage.entity.ensemble_columns import METHODS
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.progress import Listener, Progress, listening

METRICS = ("mse", "mae")

#: Beyond so many members not every number of the best ones is tried, but each half as large again.
_EVERY_SIZE = 12
#: How often members are left out of the best one found, or taken into it, one at a time.
_REFINEMENTS = 3


@dataclass(frozen=True, slots=True)
class Choice:
    """A way to combine that `form` tries.

    Attributes:
        method: as in `Project.create_ensemble`.
        metamodel: its class name, for methods that have one.
        parameters: of the method.
    """

    method: str
    metamodel: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


#: What is tried where nothing else is asked for; of two that do equally well the earlier one is taken.
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


@dataclass(frozen=True, slots=True)
class _Trial:
    """One thing that was tried.

    Attributes:
        order: the place of the choice among those that are tried.
        places: of the members.
        error: over all rows that are judged.
        standard_error: of that mean over the stretches.
    """

    order: int
    places: tuple[int, ...]
    error: float
    standard_error: float

    @property
    def rank(self) -> tuple[float, int, int]:
        return self.error, len(self.places), self.order


class _Search:
    """Tries choices with members on the out-of-fold rows of all candidates.

    Args:
        members: the candidates.
        evidence: where all of them meet, without windows.
        recipes: of the choices, for all candidates.
        metric: `mse` or `mae`.
    """

    def __init__(self, members: Sequence[Member], evidence: Evidence, recipes: Sequence[Recipe], metric: str) -> None:
        self._members, self._evidence, self._recipes = members, evidence, recipes
        self._power = 2 if metric == "mse" else 1
        self._stretch = stretches_of(evidence.keys)
        #: On the first stretch nothing that is fitted can be judged.
        self.judged: NDArray[np.bool_] = self._stretch > 0
        self.trials: dict[tuple[int, tuple[int, ...]], _Trial] = {}

    @cached_property
    def ranking(self) -> list[int]:
        """Places of the candidates, the best single one first."""
        alone = [self._measured(self._evidence.rows.forecasts[:, place])[0] for place in range(len(self._members))]
        return [int(place) for place in np.argsort(alone, kind="stable")]

    @cached_property
    def _lags(self) -> list[int | None]:
        return [longest_lag(member.models) for member in self._members]

    def best(self) -> _Trial:
        """The best of what was tried."""
        return min(self.trials.values(), key=lambda trial: trial.rank)

    def sizes(self) -> list[int]:
        """How many of the best candidates are tried together."""
        sizes = list(range(1, min(len(self._members), _EVERY_SIZE) + 1))
        while sizes[-1] < len(self._members):
            sizes.append(min(len(self._members), sizes[-1] * 3 // 2))
        return sizes

    def run(self) -> Iterator[None]:
        """Try; yields after each."""
        for size in self.sizes():
            for order in range(len(self._recipes) if size > 1 else 1):
                self._try(order, self.ranking[:size])
                yield
        for _ in range(_REFINEMENTS):
            found = self.best()
            for place in self.ranking:
                near = set(found.places) ^ {place}
                if near:
                    self._try(found.order, near)
                    yield
            if self.best() == found:
                return

    def _try(self, order: int, members: Iterable[int]) -> None:
        places = tuple(sorted(members))
        if (order, places) in self.trials:
            return
        recipe = self._recipes[order].of_members(places)
        evidence = self._seen_by(recipe, places)
        if evidence is not None:
            self.trials[order, places] = _Trial(order, places, *self._measured(cross_fitted(recipe, evidence)))

    def _seen_by(self, recipe: Recipe, places: Sequence[int]) -> Evidence | None:
        """What the method sees of these members; None where it wants values before the target, and there are none."""
        evidence = self._evidence.of_members(places)
        longest = max((lag for place in places if (lag := self._lags[place]) is not None), default=None)
        try:
            lag = recipe.method.window_lag(recipe.parameters, longest)
            if lag is None:
                return evidence
            models = models_in(self._members[place] for place in places)
            window, known = windows_before(evidence.keys, models, lag)
        except InvalidInputError:
            return None
        window[~known] = np.nan  # what is said to these rows is no number, and the trial the worst
        return replace(evidence, rows=replace(evidence.rows, window=window))

    def _measured(self, forecast: Floats) -> tuple[float, float]:
        """Mean loss over the judged rows, infinite where one has no number; and its standard error over the stretches."""
        loss = np.abs(forecast - self._evidence.truth)[self.judged] ** self._power
        stretch = self._stretch[self.judged]
        means = [float(loss[stretch == number].mean()) for number in np.unique(stretch)]
        spread = float(np.std(means, ddof=1) / len(means) ** 0.5) if len(means) > 1 else np.nan
        return (float(loss.mean()), spread) if np.isfinite(loss).all() else (np.inf, np.nan)


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
    """Try methods and members on out-of-fold rows, and make the best of them an ensemble, rendered.

    The candidates' out-of-fold forecasts meet; what is missing is made by `entrainer.backtest` where a candidate can be
    trained again. Each method is judged on rows that neither it nor the members were fitted on: the time of these rows is
    cut into five stretches, and each but the first is forecast by the method as fitted on those before it. Tried are the
    best candidate, the best two, and so on, by each method; then the best of all that with each candidate left out or
    taken in, as long as that helps. The ensemble that is made is fitted on all out-of-fold rows.

    The error of the best of many flatters; what is honest is the error on the test part, which decides nothing here.

    Args:
        project: whose models are combined.
        candidates: models or rendered ensembles of the project; by default all its models.
        methods: what is tried, by name or with metamodel and parameters; by default `USUAL`, or for classes
            `USUAL_OF_CLASSES` of this module.
        metric: `mse` or `mae`.
        name: of the ensemble.
        folds: of the backtest, for candidates that have no out-of-fold forecasts.
        progress: show a bar, or a function, see `enstorage.Progress`. Where it stops the search there is no ensemble;
            candidates whose backtest was finished keep their out-of-fold forecasts.

    Returns:
        The ensemble; `ensemble.tried()` is the table of what was tried, `ensemble.formed` all that is known of the search.

    Raises:
        CancelledError: the progress function asked to stop.
        InvalidInputError: the metric or a method is unknown, no candidate has or can get out-of-fold forecasts, they share
            no target, or one of those targets is a test row.
    """
    if metric not in METRICS:
        raise InvalidInputError(f"The metric is one of {', '.join(METRICS)}; received {metric!r}.")
    if methods is not None and not methods:
        raise InvalidInputError("There is no method to try. Leave methods out to try the usual ones.")
    with project.connector as connector, listening(progress) as report:
        report("Backtesting", 0, 100)
        chosen = project.models() if candidates is None else candidates
        members, left_out = _able(chosen, folds, report.within(0, 60, 100))
        names = [member.name for member in members]
        classes = classes_of([member.entity for member in members])
        choices = (USUAL if classes is None else USUAL_OF_CLASSES) if methods is None else methods
        recipes = [_recipe(choice, names, classes) for choice in choices]
        evidence, recipes, untried = _meet(members, recipes, usual=methods is None)
        search = _Search(members, evidence, recipes, metric)
        if not search.judged.any():
            raise InvalidInputError(
                f"The candidates share {len(evidence.truth)} out-of-fold targets, too few to judge anything on. Give "
                "entrainer.backtest more folds, or take a longer snapshot."
            )
        trying = report.within(60, 95, 100)
        expected = len(search.sizes()) * len(recipes) + _REFINEMENTS * len(members)
        for done, _ in enumerate(search.run()):
            trying("Trying", min(done, expected), expected)
        best = search.best()
        recipe = recipes[best.order].of_members(best.places)
        formed = {
            "metric": metric,
            "rows": int(search.judged.sum()),
            "candidates": names,
            "left_out": left_out,
            "untried": untried,
            "tried": _log(search, recipes, names),
        }
        with connector.all_or_nothing(), connector.transaction():
            ensemble = Ensemble.form(
                project,
                recipe.method.name,
                recipe.metamodel,
                [members[place].entity for place in best.places],
                fit_on=OUT_OF_FOLD if recipe.method.fits_with(recipe.parameters) else None,
                name=name or f"formed: {_told(recipe)}",
                parameters=recipe.parameters,
                formed=formed,
            )
            return Conductor(ensemble).render(strict=True, progress=report.within(95, 100, 100))


def _able(candidates: Sequence[Model | Ensemble], folds: int, report: Listener) -> tuple[list[Member], dict[str, str]]:
    """The candidates with out-of-fold forecasts, and why others have none, by name."""
    left_out = {}
    names = member_names(candidates)
    found = [Member.of(name, str(entity.id), entity) for name, entity in zip(names, candidates, strict=True)]
    _backtest([model for member in found for model in member.models], folds, report)
    able = []
    for member in found:
        if isinstance(member.entity, Ensemble) and member.entity.result is None:
            left_out[member.name] = "It was not rendered."
        elif not all(Forecast.of(model, OUT_OF_FOLD) for model in member.models):
            left_out[member.name] = "It brought no out-of-fold forecasts, and cannot be trained again."
        else:
            able.append(member)
    if not able:
        shown = ", ".join(left_out) or "(there are none)"
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


def _recipe(choice: Choice | str, names: Sequence[str], classes: int | None) -> Recipe:
    choice = Choice(choice) if isinstance(choice, str) else choice
    recipe = asked_recipe(choice.method, choice.metamodel, dict(choice.parameters), names, classes)
    return replace(recipe, fit_on=OUT_OF_FOLD if recipe.method.fits_with(recipe.parameters) else None)


def _meet(
    members: Sequence[Member], recipes: Sequence[Recipe], *, usual: bool
) -> tuple[Evidence, list[Recipe], dict[str, str]]:
    """Where all candidates meet, and which recipes can be tried there.

    Targets without the values that a method wants to see before them are left out for all methods. A usual method that
    cannot have such values for any target is not tried, and the reason is given by its name.
    """
    models = models_in(members)
    _, evidence = out_of_fold(members, Recipe(Voting(), Voting.with_defaults({})))
    usable, untried = [], {}
    for recipe in recipes:
        try:
            lag = recipe.method.window_lag(recipe.parameters, longest_lag(models))
            known = None if lag is None else windows_before(evidence.keys, models, lag)[1]
        except InvalidInputError as error:
            if not usual:
                raise
            untried[_told(recipe)] = str(error)
            continue
        evidence = evidence if known is None else evidence.only(known)
        usable.append(recipe)
    return evidence, usable, untried


def _log(search: _Search, recipes: Sequence[Recipe], names: Sequence[str]) -> list[dict[str, Any]]:
    ranked = sorted(search.trials.values(), key=lambda trial: trial.rank)
    return [
        {
            "method": recipes[trial.order].method.name,
            "metamodel": recipes[trial.order].metamodel,
            "parameters": dict(recipes[trial.order].parameters),
            "members": [names[place] for place in trial.places],
            "error": trial.error,
            "standard_error": trial.standard_error,
        }
        for trial in ranked
    ]


def _told(recipe: Recipe) -> str:
    return method_in_words(recipe.method.name, recipe.metamodel, recipe.parameters)


def method_in_words(method: str, metamodel: str | None, parameters: Mapping[str, Any]) -> str:
    """How members are combined, in a few words: `voting`, `voting (median)`, `stacking Ridge`.

    Parameters that are not as usual are told, those that are words or numbers.
    """
    is_known = method in plugins.names(METHODS)  # it may have been tried elsewhere, by a package that is not here
    usual = plugins.load(METHODS, method, "method").with_defaults({}) if is_known else {}
    own = [
        value if isinstance(value, str) else f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
        for name, value in parameters.items()
        if value != usual.get(name) and isinstance(value, str | int | float)
    ]
    named = " ".join(filter(None, (method, metamodel)))
    return f"{named} ({', '.join(own)})" if own else named
