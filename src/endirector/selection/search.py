"""The search of `form`: which methods and which subsets of the candidates are tried, and the error of each."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from endirector.combination.cross_fit import cross_fitted, cross_fitted_quantiles, stretches_of
from endirector.combination.evidence import Evidence, with_features
from endirector.combination.recipe import CombinationRecipe
from endirector.members.gate_inputs import longest_lag, windows_before
from endirector.members.member import Member, models_in
from endirector.methods.base import Floats
from endirector.selection.scoring import Scoring
from enstorage.errors import InvalidInputError

#: Beyond so many members not every number of the best ones is tried, but each half as large again.
_EVERY_SIZE = 12
#: Number of times that a single member is removed from the best ensemble found, or added to it.
REFINEMENTS = 3


@dataclass(frozen=True, slots=True)
class Scored:
    """A choice with some of the candidates, and its error.

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
        """The smallest is the best: by error, then fewer members, then the earlier choice."""
        return self.error, len(self.places), self.order


class CandidateSearch:
    """Tries choices with members on the out-of-fold rows of all candidates.

    Args:
        members: the candidates.
        evidence: their common out-of-fold targets, without windows.
        recipes: of the choices, for all candidates.
        metric: one of `endirector.selection.scoring.METRICS`.

    Raises:
        InvalidInputError: the metric has no value on these rows.
    """

    def __init__(
        self, members: Sequence[Member], evidence: Evidence, recipes: Sequence[CombinationRecipe], metric: str
    ) -> None:
        self._members, self._evidence, self._recipes = members, evidence, recipes
        self._scoring = Scoring(metric, members, evidence, stretches_of(evidence.keys))
        #: The first stretch has no earlier rows to fit on, so it is not judged unless it is the only one.
        self.judged: NDArray[np.bool_] = self._scoring.judged
        #: False where all targets are of one time: then only methods that fit nothing can be judged.
        self.has_earlier_rows = self._scoring.has_earlier_rows
        self.trials: dict[tuple[int, tuple[int, ...]], Scored] = {}

    @cached_property
    def ranking(self) -> list[int]:
        """Places of the candidates, the best single one first."""
        evidence = self._evidence
        alone = [
            self._scoring.error(
                evidence.rows.forecasts[:, place],
                {level: values[:, place] for level, values in evidence.quantiles.items()},
            )[0]
            for place in range(len(self._members))
        ]
        return [int(place) for place in np.argsort(alone, kind="stable")]

    @cached_property
    def _lags(self) -> list[int | None]:
        return [longest_lag(member.models) for member in self._members]

    @cached_property
    def _features(self) -> Floats | None:
        """Of the series of each target, see `Rows`."""
        return with_features(self._evidence.rows, models_in(self._members)).features

    def blocks(self, trial: Scored) -> Floats:
        """The error of a trial in each stretch of each series that has judged rows there, shape (blocks,); NaN for none."""
        recipe = self._recipes[trial.order].of_members(trial.places)
        evidence = self._seen_by(recipe, trial.places)
        assert evidence is not None  # noqa: S101 - it was tried
        return self._scoring.blocks(*self._forecast(recipe, evidence))

    def _best(self) -> Scored | None:
        """The best trial."""
        return min(self.trials.values(), key=lambda trial: trial.rank, default=None)

    def sizes(self) -> list[int]:
        """Numbers of the best candidates to try together."""
        sizes = list(range(1, min(len(self._members), _EVERY_SIZE) + 1))
        while sizes[-1] < len(self._members):
            sizes.append(min(len(self._members), sizes[-1] * 3 // 2))
        return sizes

    def run(self) -> Iterator[None]:
        """Run the trials; yields after each."""
        for size in self.sizes():
            for order in range(len(self._recipes) if size > 1 else 1):
                self._try(order, self.ranking[:size])
                yield
        for _ in range(REFINEMENTS):
            found = self._best()
            if found is None:
                return
            for place in self.ranking:
                near = set(found.places) ^ {place}
                if near:
                    self._try(found.order, near)
                    yield
            if self._best() == found:
                return

    def _try(self, order: int, members: Iterable[int]) -> None:
        places = tuple(sorted(members))
        if (order, places) in self.trials:
            return
        recipe = self._recipes[order].of_members(places)
        evidence = self._seen_by(recipe, places)
        if evidence is None:
            return
        try:
            forecast = self._forecast(recipe, evidence)
        except InvalidInputError:
            raise
        except (ValueError, np.linalg.LinAlgError):  # an estimator that needs more rows than the first stretches have
            return
        self.trials[order, places] = Scored(order, places, *self._scoring.error(*forecast))

    def _forecast(self, recipe: CombinationRecipe, evidence: Evidence) -> tuple[Floats, Mapping[float, Floats]]:
        """The point forecasts and the quantiles that are measured."""
        if self._scoring.is_of_quantiles:
            return evidence.truth, cross_fitted_quantiles(recipe, evidence)
        return cross_fitted(recipe, evidence), {}

    def _seen_by(self, recipe: CombinationRecipe, places: Sequence[int]) -> Evidence | None:
        """Evidence of these members for the method; None if it needs values before the target and there are none."""
        evidence = self._evidence.of_members(places)
        if recipe.method.sees_features:
            evidence = replace(evidence, rows=replace(evidence.rows, features=self._features))
        longest = max((lag for place in places if (lag := self._lags[place]) is not None), default=None)
        try:
            lag = recipe.method.window_lag(longest)
            if lag is None:
                return evidence
            models = models_in(self._members[place] for place in places)
            window, known = windows_before(evidence.keys, models, lag)
        except InvalidInputError:
            return None
        window[~known] = np.nan  # the forecast of these rows is NaN, and the trial the worst
        return replace(evidence, rows=replace(evidence.rows, window=window))
