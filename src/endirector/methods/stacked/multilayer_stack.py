"""Multilayer stack: several ways to combine, fitted on earlier origins, and a greedy choice among them on later ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.methods.base import Combination, Fitting, Floats, Method, Rows
from endirector.methods.fixed.trimmed import Trimmed
from endirector.methods.fixed.voting import Voting
from endirector.methods.scale import error_scale, series_of
from endirector.methods.weighted.greedy import select
from endirector.methods.weighted.quantile_voting import QuantileVoting
from endirector.methods.weighted.weighted_voting import WeightedVoting
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.parameters.described import check_choice, check_size, refuse

#: The stackers. All of them give a common factor of the forecasts back, so that rows may be scaled by series.
STACKERS: dict[str, Method] = {
    "mean": Voting(),
    "median": Voting(average="median"),
    "trimmed": Trimmed(),
    "inverse_error": WeightedVoting(weights="inverse_error"),
    "simplex": WeightedVoting(),
    "absolute_error": QuantileVoting(),
}


@dataclass(frozen=True)
class MultilayerStack(Method):
    """The mean of stackers that a greedy search selects, with replacement; see `STACKERS` of this module.

    The stackers are fitted on the rows of earlier times, and selected on rows whose origin is not before these; then
    they are fitted again on all rows. If no row has such an origin, the stackers are averaged, and `facts` say so. The
    errors of each series are divided by their mean absolute size.

    Attributes:
        top_share: of the times of each series, the latest ones on which stackers are selected, above 0 and below 1.
        rounds: largest number of selections, 1 to 100,000.
        metric: `mse` or `mae`, of the selection.
    """

    name = "multilayer_stack"
    combines_quantiles = True
    fit_on = OUT_OF_FOLD

    top_share: float = 0.5
    rounds: int = 50
    metric: str = "mae"

    def __post_init__(self) -> None:
        if type(self.top_share) is not float or not 0 < self.top_share < 1:
            refuse(self, "top_share", "a number above 0 and below 1")
        check_size(self, "rounds", most=100_000)
        check_choice(self, "metric", ("mse", "mae"))

    def fit(self, given: Fitting) -> Combination:
        """See `Method.fit`."""
        scale = error_scale(given.rows, given.truth)
        lower, top = _divided(given.rows, self.top_share)
        shares, facts = np.full(len(STACKERS), 1 / len(STACKERS)), {"lower_rows": int(lower.sum()), "top_rows": 0}
        if lower.any() and top.any():
            outputs = _outputs(_fitted(given, scale, lower), _scaled(given.rows.only(top), scale[top]))
            taken, _ = select(outputs, given.truth[top] / scale[top], self.rounds, metric=self.metric)
            shares, facts["top_rows"] = np.bincount(taken, minlength=len(STACKERS)) / len(taken), int(top.sum())
        fitted = _fitted(given, scale, np.ones(len(scale), dtype=bool))
        return Combination(
            predict=lambda rows: np.einsum("rs,s->r", _outputs(fitted, rows), shares),
            weights=_weights(fitted, shares),
            facts=facts | {"stackers": dict(zip(STACKERS, shares.tolist(), strict=True))},
        )


def _fitted(given: Fitting, scale: Floats, chosen: NDArray[np.bool_]) -> list[Combination]:
    """The stackers, fitted on some of the rows."""
    rows = _scaled(given.rows.only(chosen), scale[chosen])
    return [method.fit(Fitting(rows, given.truth[chosen] / scale[chosen])) for method in STACKERS.values()]


def _scaled(rows: Rows, scale: Floats) -> Rows:
    return Rows(rows.forecasts / scale[:, None], rows.step, targets=rows.targets)


def _outputs(fitted: Sequence[Combination], rows: Rows) -> Floats:
    """The forecasts of the stackers, shape (rows, stackers)."""
    return np.column_stack([combination.predict(rows) for combination in fitted])


def _weights(fitted: Sequence[Combination], shares: Floats) -> Floats | None:
    """The weights of the members, if only stackers that have some were selected."""
    total: Any = 0.0
    for combination, share in zip(fitted, shares, strict=True):
        if share and combination.weights is None:
            return None
        total = total + share * combination.weights if share and combination.weights is not None else total
    return np.asarray(total)


def _divided(rows: Rows, top_share: float) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """The rows of the stackers and those of the top layer, both of shape (rows,); some rows are in neither."""
    series = series_of(rows)
    time = np.arange(len(series)) if rows.targets is None else rows.targets.time
    origin = time - 1 if rows.targets is None else rows.targets.origin
    lower, top = np.zeros(len(series), dtype=bool), np.zeros(len(series), dtype=bool)
    for each in np.unique(series).tolist():
        own = np.flatnonzero(series == each)
        times = np.unique(time[own])
        last = times[min(max(int(len(times) * (1 - top_share)), 1), len(times)) - 1]
        lower[own], top[own] = time[own] <= last, origin[own] >= last
    return lower, top
