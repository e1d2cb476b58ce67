"""Online aggregation: weights that move with time, each time by the errors that were known until then."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.methods.base import Combination, Fitting, Floats, Method, Rows, TargetTimes
from endirector.methods.varying.aggregation import (
    Aggregation,
    Bernstein,
    Exponential,
    FixedShare,
    PolynomialPotential,
)
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.parameters.described import check_choice, check_rate

_RULES = ("exponential", "fixed_share", "ml_poly", "boa")
_METRICS = ("mse", "mae")
_SERIES = ("all", "series")


@dataclass(frozen=True)
class Online(Method):
    """Convex weights that begin equal and move after each time of the fitted rows.

    A row is combined by the weights of its origin: a target enters only after its own time has come, so a forecast of
    step k never sees the k − 1 targets before its own. Rows after the fitted ones, such as test rows and forecasts ahead,
    have the last weights.

    Attributes:
        rule: `exponential`, `fixed_share`, `ml_poly` or `boa`, see `endirector.methods.varying.aggregation`.
        metric: `mse` or `mae`, the loss whose regrets move the weights.
        share: spread over all members each time by `fixed_share`, at least 0 and below 1; not used by the other rules.
        weights_per: `all`: one course of weights for all series, moved by the mean over the series of each time; `series`: a
            course of its own for each series.
    """

    name = "online"
    combines_quantiles = True
    fit_on = OUT_OF_FOLD

    rule: str = "boa"
    metric: str = "mse"
    share: float = 0.01
    weights_per: str = "all"

    def __post_init__(self) -> None:
        check_choice(self, "rule", _RULES)
        check_choice(self, "metric", _METRICS)
        check_rate(self, "share")
        check_choice(self, "weights_per", _SERIES)

    def fit(self, given: Fitting) -> Combination:
        """See `Method.fit`."""
        rows, members = given.rows, given.rows.forecasts.shape[1]
        targets, group = _targets(rows), self._groups(rows)
        scaled = _scaled(rows, given.truth, targets)
        courses = {}
        for each in np.unique(group).tolist():
            own = group == each
            errors = scaled[own]
            courses[each] = replay(lambda: self._aggregation(members), errors, targets.only(own), self.metric)
        equal = Course(np.zeros(0, dtype=np.int64), np.full((1, members), 1 / members))

        def weights_of(rows: Rows) -> Floats:
            group, origin = self._groups(rows), _origin(rows)
            weights = np.empty(rows.forecasts.shape)
            for each in np.unique(group).tolist():
                weights[group == each] = courses.get(each, equal).at(origin[group == each])
            return weights

        facts: dict[str, Any] = {"updates": sum(len(course.times) for course in courses.values())}
        if self.weights_per == "series":
            facts["series"] = len(courses)
            facts["last_weights"] = {str(each): course.weights[-1].tolist() for each, course in courses.items()}
        return Combination(
            predict=lambda rows: np.einsum("rm,rm->r", weights_of(rows), rows.forecasts),
            weights=courses[0].weights[-1] if self.weights_per == "all" and 0 in courses else None,
            row_weights=weights_of,
            facts=facts,
        )

    def _aggregation(self, members: int) -> Aggregation:
        made: dict[str, Callable[[], Aggregation]] = {
            "exponential": lambda: Exponential(members),
            "fixed_share": lambda: FixedShare(members, self.share),
            "ml_poly": lambda: PolynomialPotential(members),
            "boa": lambda: Bernstein(members),
        }
        return made[self.rule]()

    def _groups(self, rows: Rows) -> NDArray[np.int64]:
        """Number of the course of each row, shape (rows,)."""
        if self.weights_per == "all" or rows.targets is None:
            return np.zeros(len(rows.forecasts), dtype=np.int64)
        return rows.targets.series


@dataclass(frozen=True, slots=True)
class Course:
    """Weights over time.

    Attributes:
        times: int64 ns, ascending, after each of which the weights moved, shape (times,).
        weights: before the first of them and after each, shape (times + 1, members).
    """

    times: NDArray[np.int64]
    weights: Floats

    def at(self, origin: NDArray[np.int64]) -> Floats:
        """The weights of forecasts with these origins, (rows,) → (rows, members)."""
        return self.weights[np.searchsorted(self.times, origin, side="right")]


def replay(make: Callable[[], Aggregation], errors: Floats, targets: TargetTimes, metric: str) -> Course:
    """Move weights through time.

    Args:
        make: function that makes an aggregation with equal weights.
        errors: of the members, forecast − truth, in a common scale, shape (rows, members).
        targets: series, times and origins of the rows.
        metric: `mse` or `mae`.
    """
    aggregation = make()
    order = np.argsort(targets.time, kind="stable")
    errors, origin = errors[order], targets.origin[order]
    times, first = np.unique(targets.time[order], return_index=True)
    weights = np.empty((len(times) + 1, errors.shape[1]))
    weights[0] = aggregation.weights
    # The weights by which each row was forecast; no row can know its own time.
    used = np.minimum(np.searchsorted(times, origin, side="right"), np.searchsorted(times, targets.time[order]))
    for number, (start, end) in enumerate(zip(first, [*first[1:], len(order)], strict=True)):
        own = errors[start:end]
        combined = np.einsum("rm,rm->r", weights[used[start:end]], own)
        slope = 2 * combined if metric == "mse" else np.sign(combined)
        aggregation.update((slope[:, None] * (combined[:, None] - own)).mean(axis=0))
        weights[number + 1] = aggregation.weights
    return Course(times, weights)


def _targets(rows: Rows) -> TargetTimes:
    if rows.targets is not None:
        return rows.targets
    place = np.arange(len(rows.forecasts), dtype=np.int64)
    return TargetTimes(np.zeros(len(place), dtype=np.int64), place, place - 1)


def _origin(rows: Rows) -> NDArray[np.int64]:
    """Origins of rows to combine; where they are not known the rows come after all fitted ones."""
    if rows.targets is not None:
        return rows.targets.origin
    return np.full(len(rows.forecasts), np.iinfo(np.int64).max)


def _scaled(rows: Rows, truth: Floats, targets: TargetTimes) -> Floats:
    """The errors of the members, divided by the mean absolute error in their series at their time and before."""
    errors = rows.forecasts - truth[:, None]
    size = np.abs(errors).mean(axis=1)
    scale = np.ones(len(truth))
    for each in np.unique(targets.series).tolist():
        own = np.flatnonzero(targets.series == each)
        _, place = np.unique(targets.time[own], return_inverse=True)
        total = np.cumsum(np.bincount(place, weights=size[own]))
        count = np.cumsum(np.bincount(place))
        scale[own] = (total / count)[place]
    scale[scale == 0] = 1.0
    scaled: Floats = errors / scale[:, None]
    return scaled
