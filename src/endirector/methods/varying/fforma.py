"""FFORMA: weights by features of a series, learned over all series of a panel (Montero-Manso et al. 2020)."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.members.series_features import NAMES
from endirector.methods.base import Combination, Fitting, Floats, Method, Rows
from endirector.methods.scale import error_scale, series_of
from endirector.methods.varying.boosted_gate import BoostedGate, boosted
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.errors import InvalidInputError
from enstorage.parameters.described import check_size

_FOLDS = 5


@dataclass(frozen=True)
class Fforma(Method):
    """Weights w(x) = softmax(gate(x)), with x the features of the series at the origin of each row.

    The gate is a sum of boosted trees, as in the paper, fitted to the mean absolute error of the combination in place of
    the weighted mean of the members' errors, since errors of members may cancel out. The errors of each series are divided
    by their mean absolute size. The number of trees is chosen by cross-fitting: a gate that is fitted to four fifths of the
    series combines the others. If no number is better than none, which gives equal weights, by a standard error over the
    series, the weights are equal, and `facts` say so.

    Attributes:
        least_series: with fewer series the weights are equal, at least 2.
        rounds: largest number of trees, 1 to 1,000.
    """

    name = "fforma"
    combines_quantiles = True
    fit_on = OUT_OF_FOLD
    sees_features = True

    least_series: int = 20
    rounds: int = 150

    def __post_init__(self) -> None:
        check_size(self, "least_series", least=2)
        check_size(self, "rounds", most=1000)

    def fit(self, given: Fitting) -> Combination:
        """See `Method.fit`."""
        features, members = _features(given.rows), given.rows.forecasts.shape[1]
        known = np.isfinite(features).all(axis=1)
        series = series_of(given.rows)[known]
        count = len(np.unique(series))
        if count < self.least_series:
            reason = f"Features of {count} series are known; a gate is learned from at least {self.least_series}."
            return self.recall({"gate": BoostedGate((), members).to_json(), "reason": reason})
        scale = error_scale(given.rows, given.truth)[:, None]
        errors = ((given.rows.forecasts - given.truth[:, None]) / scale)[known]
        panel = _Panel.of(features[known], errors, series)
        losses = _held_out_losses(panel, self.rounds)
        trees = _enough(losses)
        gate = BoostedGate(tuple(islice(boosted(panel.features, errors, panel.unit), trees)), members)
        means = losses.mean(axis=0)
        facts: dict[str, Any] = {
            "gate": gate.to_json(),
            "features": list(NAMES),
            "series": count,
            "trees": trees,
            "held_out_error": {"equal": float(means[0]), "gate": float(means[1:].min())},
        }
        if not trees:
            facts["reason"] = (
                "No gate was better than equal weights by a standard error on series that it had not seen."
            )
        return self.recall(facts)

    def recall(self, facts: Mapping[str, Any]) -> Combination:
        """See `Method.recall`."""
        gate = BoostedGate.from_json(facts["gate"])
        equal = np.full(gate.members, 1 / gate.members)

        def weights_of(rows: Rows) -> Floats:
            features, weights = _features(rows), np.tile(equal, (len(rows.forecasts), 1))
            known = np.isfinite(features).all(axis=1)
            weights[known] = gate.weights(features[known])
            return weights

        return Combination(
            predict=lambda rows: np.einsum("rm,rm->r", weights_of(rows), rows.forecasts),
            weights=None if gate.trees else equal,
            row_weights=weights_of,
            facts=facts,
        )


@dataclass(frozen=True, slots=True)
class _Panel:
    """Errors of the members by unit, which is a series at one origin, or whatever has the same features.

    Attributes:
        features: of each unit, shape (units, features).
        series: number of the series of each unit, from 0, shape (units,).
        errors: shape (rows, members).
        unit: of each row, shape (rows,).
    """

    features: Floats
    series: NDArray[np.intp]
    errors: Floats
    unit: NDArray[np.intp]

    @classmethod
    def of(cls, features: Floats, errors: Floats, series: NDArray[np.int64]) -> "_Panel":
        _, number = np.unique(series, return_inverse=True)
        keyed = np.column_stack([number, features])
        _, first, unit = np.unique(keyed, axis=0, return_index=True, return_inverse=True)
        return cls(features[first], number[first], errors, unit.ravel())


def _held_out_losses(panel: _Panel, rounds: int) -> Floats:
    """Mean absolute errors of each series by gates that did not see it, with 0 … rounds trees, (series, rounds + 1)."""
    of_row = panel.series[panel.unit]
    count = np.bincount(of_row)
    losses = np.zeros((len(count), rounds + 1))
    for fold in range(min(_FOLDS, len(count))):
        own, held = panel.series % _FOLDS != fold, of_row % _FOLDS == fold
        place = np.cumsum(own) - 1
        trees = boosted(panel.features[own], panel.errors[~held], place[panel.unit[~held]])
        scores = np.zeros((len(panel.features), panel.errors.shape[1]))
        for number in range(rounds + 1):
            weights = np.exp(scores - scores.max(axis=1, keepdims=True))
            weights /= weights.sum(axis=1, keepdims=True)
            combined = np.abs(np.einsum("rm,rm->r", weights[panel.unit[held]], panel.errors[held]))
            losses[:, number] += np.bincount(of_row[held], weights=combined, minlength=len(count))
            if number < rounds:
                scores += next(trees).score(panel.features)
    return losses / count[:, None]


def _enough(losses: Floats) -> int:
    """The number of trees with the smallest error; 0 unless that is better than none by a standard error."""
    best = int(losses.mean(axis=0).argmin())
    gain = losses[:, 0] - losses[:, best]
    return best if gain.mean() > gain.std(ddof=1) / len(gain) ** 0.5 else 0


def _features(rows: Rows) -> Floats:
    if rows.features is None:
        raise InvalidInputError("FFORMA needs the features of the series of each row, and the rows have none.")
    return rows.features
