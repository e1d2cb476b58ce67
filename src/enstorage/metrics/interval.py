"""Metrics of central prediction intervals between two quantiles."""

from collections.abc import Iterable

import numpy as np

from enstorage.metrics.judged import Floats, Judged, UndefinedMetricError

#: Levels that differ by less are the same, such as 0.1 and (1 - 0.8) / 2.
_SAME = 1e-9


def interval_levels(quantiles: Iterable[float]) -> list[float]:
    """The levels of the central intervals between quantiles, ascending: 0.8 for 0.1 and 0.9."""
    known = sorted(quantiles)
    return sorted(round(high - low, 9) for low in known for high in known if low < 0.5 and abs(low + high - 1) < _SAME)


def coverage(judged: Judged, level: float) -> float:
    """The share of the true values inside the interval, its ends included.

    Raises:
        UndefinedMetricError: no target has such an interval.
    """
    truth, low, high = _interval(judged, level)
    return float(np.mean((low <= truth) & (truth <= high)))


def width(judged: Judged, level: float) -> float:
    """The mean width of the interval.

    Raises:
        UndefinedMetricError: no target has such an interval.
    """
    _, low, high = _interval(judged, level)
    return float(np.mean(high - low))


def _interval(judged: Judged, level: float) -> tuple[Floats, Floats, Floats]:
    """Truth, lower and upper ends of the targets that have the interval."""
    low, high = (_near(judged, (1 + sign * level) / 2) for sign in (-1, 1))
    known = np.zeros(len(judged.truth), bool) if low is None or high is None else np.isfinite(low) & np.isfinite(high)
    if low is None or high is None or not known.any():
        raise UndefinedMetricError(f"No target has an interval of the level {level:g}.")
    return judged.truth[known], low[known], high[known]


def _near(judged: Judged, quantile: float) -> Floats | None:
    return next((values for each, values in judged.quantiles.items() if abs(each - quantile) < _SAME), None)
