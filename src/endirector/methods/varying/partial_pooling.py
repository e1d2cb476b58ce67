"""Partial pooling: weights of each series, shrunk to the weights of all series as far as the evidence asks for."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from endirector.methods.base import Combination, Fitting, Floats, Method, Rows
from endirector.methods.scale import error_scale, series_of
from endirector.methods.weighted.weighted_voting import inverse_error, simplex_least_squares
from enstorage.entity.forecast import OUT_OF_FOLD
from enstorage.parameters.described import check_choice, refuse

#: Numbers of rows k that are tried; after them comes the common weight alone.
ROWS = (0.0, 4.0, 16.0, 64.0, 256.0, 1024.0)
_LARGEST = float(2**53)  # stands for no weights of series at all

_Weigh = Callable[[Floats], Floats]


@dataclass(frozen=True)
class PartialPooling(Method):
    """Convex weights (n w_own + k w_common) / (n + k), n the number of fitted rows of the series or group.

    k is chosen by cross-fitting over time: weights that are fitted to the earlier half of the times of each series combine
    the later half. Series that were not fitted have the common weights. The errors of each series are divided by their mean
    absolute size, so that no series decides for the others.

    Attributes:
        weights: `simplex` or `inverse_error`, see `weighted_voting`.
        groups: a group for each series: a mapping from ids of data sources, as text, to names. The weights are then by group
            instead of by series; a series without a group has the common weights. None for no groups.
    """

    name = "partial_pooling"
    combines_quantiles = True
    fit_on = OUT_OF_FOLD

    weights: str = "simplex"
    groups: Any = None

    def __post_init__(self) -> None:
        check_choice(self, "weights", ("inverse_error", "simplex"))
        is_mapping = isinstance(self.groups, Mapping) and all(
            isinstance(key, str) and key.lstrip("-").isdigit() and isinstance(value, str)
            for key, value in self.groups.items()
        )
        if self.groups is not None and not (is_mapping and self.groups):
            refuse(
                self,
                "groups",
                "a mapping from ids of data sources, as text, to names of groups, such as {'7': 'north'}",
            )

    def fit(self, given: Fitting) -> Combination:
        """See `Method.fit`."""
        unit = self._units(given.rows)
        errors = (given.rows.forecasts - given.truth[:, None]) / error_scale(given.rows, given.truth)[:, None]
        k, tried = self._rows_of_common(errors, unit, given.rows)
        common, own = self._fitted(errors, unit)
        count = {each: int((unit == each).sum()) for each in own}
        shrunk = {each: _shrunk(weights, common, count[each], k) for each, weights in own.items()}

        def weights_of(rows: Rows) -> Floats:
            return _by_unit(self._units(rows), shrunk, common)

        facts: dict[str, Any] = {
            "k": None if k == _LARGEST else k,
            "tried": tried,
            "common_weights": common.tolist(),
            "weights": {self._label(each): weights.tolist() for each, weights in shrunk.items()},
        }
        return Combination(
            predict=lambda rows: np.einsum("rm,rm->r", weights_of(rows), rows.forecasts),
            weights=common if k == _LARGEST else None,
            row_weights=weights_of,
            facts=facts,
        )

    def _fitted(self, errors: Floats, unit: NDArray[np.int64]) -> tuple[Floats, dict[int, Floats]]:
        """The common weights, and those of each unit."""
        weigh: _Weigh = _inverse if self.weights == "inverse_error" else _simplex
        return weigh(errors), {each: weigh(errors[unit == each]) for each in np.unique(unit).tolist() if each >= 0}

    def _rows_of_common(self, errors: Floats, unit: NDArray[np.int64], rows: Rows) -> tuple[float, dict[str, float]]:
        """The number of rows that the common weights count for, and the error of each that was tried."""
        early = _earlier_half(rows)
        if early.all() or not early.any():
            return _LARGEST, {}
        common, own = self._fitted(errors[early], unit[early])
        number, place = np.unique(unit[early], return_counts=True)
        count = dict(zip(number.tolist(), place.tolist(), strict=True))
        tried = {}
        for k in (_LARGEST, *ROWS):
            shrunk = {each: _shrunk(weights, common, count[each], k) for each, weights in own.items()}
            combined = np.einsum("rm,rm->r", _by_unit(unit[~early], shrunk, common), errors[~early])
            tried[k] = float(np.abs(combined).mean())
        best = min(tried, key=lambda k: (tried[k], -k))
        return best, {"common" if k == _LARGEST else f"{k:g}": loss for k, loss in tried.items()}

    def _units(self, rows: Rows) -> NDArray[np.int64]:
        """Number of the unit of each row: of its series, or of the place of its group; −1 for none."""
        series = series_of(rows)
        if self.groups is None:
            return series
        place = {name: number for number, name in enumerate(sorted(set(self.groups.values())))}
        distinct, at = np.unique(series, return_inverse=True)
        numbers = [place.get(self.groups.get(str(each)), -1) for each in distinct.tolist()]
        return np.array(numbers, dtype=np.int64)[at]

    def _label(self, unit: int) -> str:
        return str(unit) if self.groups is None else sorted(set(self.groups.values()))[unit]


def _inverse(errors: Floats) -> Floats:
    return inverse_error(errors, np.zeros(len(errors)))


def _simplex(errors: Floats) -> Floats:
    return simplex_least_squares(errors, np.zeros(len(errors)))[0]


def _shrunk(own: Floats, common: Floats, rows: int, k: float) -> Floats:
    return common if k == _LARGEST else (rows * own + k * common) / (rows + k)


def _by_unit(unit: NDArray[np.int64], weights: Mapping[int, Floats], common: Floats) -> Floats:
    """The weights of each row, shape (rows, members)."""
    distinct, place = np.unique(unit, return_inverse=True)
    return np.array([weights.get(each, common) for each in distinct.tolist()]).reshape(len(distinct), -1)[place]


def _earlier_half(rows: Rows) -> NDArray[np.bool_]:
    """Mask of the rows in the earlier half of the times of their series, shape (rows,)."""
    series = series_of(rows)
    time = np.arange(len(series)) if rows.targets is None else rows.targets.time
    early = np.zeros(len(series), dtype=bool)
    for each in np.unique(series).tolist():
        own = series == each
        times = np.unique(time[own])
        early[own] = time[own] <= times[(len(times) - 1) // 2]
    return early
