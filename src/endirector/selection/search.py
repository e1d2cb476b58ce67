"""The search of `form`: which methods and which subsets of the candidates are tried, and the error of each."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from endirector.combination.cross_fit import cross_fitted, stretches_of
from endirector.combination.evidence import Evidence
from endirector.combination.recipe import CombinationRecipe
from endirector.members.gate_inputs import longest_lag, windows_before
from endirector.members.member import Member, models_in
from endirector.methods.base import Floats
from enstorage.errors import InvalidInputError

METRICS = ("mse", "mae")

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
        metric: `mse` or `mae`.
    """

    def __init__(
        self, members: Sequence[Member], evidence: Evidence, recipes: Sequence[CombinationRecipe], metric: str
    ) -> None:
        self._members, self._evidence, self._recipes = members, evidence, recipes
        self._power = 2 if metric == "mse" else 1
        self._stretch = stretches_of(evidence.keys)
        #: The first stretch has no earlier rows to fit on, so it is not judged.
        self.judged: NDArray[np.bool_] = self._stretch > 0
        self.trials: dict[tuple[int, tuple[int, ...]], Scored] = {}

    @cached_property
    def ranking(self) -> list[int]:
        """Places of the candidates, the best single one first."""
        alone = [self._measured(self._evidence.rows.forecasts[:, place])[0] for place in range(len(self._members))]
        return [int(place) for place in np.argsort(alone, kind="stable")]

    @cached_property
    def _lags(self) -> list[int | None]:
        return [longest_lag(member.models) for member in self._members]

    def best(self) -> Scored:
        """The best trial."""
        return min(self.trials.values(), key=lambda trial: trial.rank)

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
            self.trials[order, places] = Scored(order, places, *self._measured(cross_fitted(recipe, evidence)))

    def _seen_by(self, recipe: CombinationRecipe, places: Sequence[int]) -> Evidence | None:
        """Evidence of these members for the method; None if it needs values before the target and there are none."""
        evidence = self._evidence.of_members(places)
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

    def _measured(self, forecast: Floats) -> tuple[float, float]:
        """Mean loss over the judged rows, infinite where one has no number; and its standard error over the stretches."""
        loss = np.abs(forecast - self._evidence.truth)[self.judged] ** self._power
        stretch = self._stretch[self.judged]
        means = [float(loss[stretch == number].mean()) for number in np.unique(stretch)]
        spread = float(np.std(means, ddof=1) / len(means) ** 0.5) if len(means) > 1 else np.nan
        return (float(loss.mean()), spread) if np.isfinite(loss).all() else (np.inf, np.nan)
