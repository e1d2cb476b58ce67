"""Metrics of quantile forecasts."""

import numpy as np

from enstorage.metrics.judged import Floats, Judged, UndefinedMetricError


def pinball(judged: Judged, level: float) -> float:
    """The mean of max(q·e, (q − 1)·e), e = truth − forecast, at one level (Koenker & Bassett 1978).

    Raises:
        UndefinedMetricError: the level was not forecast for every target.
    """
    return float(_pinball(judged.truth, _of_all(judged, level), level).mean())


def wql(judged: Judged) -> float:
    """The weighted quantile loss: 2 · Σ pinball / Σ |y|, a mean over the levels (Salinas et al. 2020, DeepAR).

    Raises:
        UndefinedMetricError: every true value is 0, or a level was not forecast for every target.
    """
    total = float(np.abs(judged.truth).sum())
    if total == 0:
        raise UndefinedMetricError("Every true value is 0, and WQL divides by their sum.")
    return float(2 * np.mean([_loss(judged, level).sum() for level in judged.quantiles]) / total)


def crps(judged: Judged) -> float:
    """The continuous ranked probability score by its quantiles: twice the mean pinball loss over levels.

    The more levels, evenly spread, the nearer it is to the integral (Gneiting & Ranjan 2011).

    Raises:
        UndefinedMetricError: a level was not forecast for every target.
    """
    return float(2 * np.mean([_loss(judged, level).mean() for level in judged.quantiles]))


def crps_of_samples(truth: Floats, samples: Floats) -> float:
    """The continuous ranked probability score of the empirical distribution of samples (Gneiting & Raftery 2007).

    Args:
        truth: shape (rows,); NaN where a target was not measured: such rows do not count.
        samples: shape (rows, samples), in the same units.

    Raises:
        UndefinedMetricError: no target was measured.
    """
    known = ~np.isnan(truth)
    if not known.any():
        raise UndefinedMetricError("No target was measured.")
    ascending = np.sort(samples[known], axis=1)
    count = ascending.shape[1]
    # The mean distance of all pairs, by their order: sample k is the larger of k pairs and the smaller of count - 1 - k.
    distance = ascending @ (2 * np.arange(count) - count + 1) / count**2
    return float(np.mean(np.abs(ascending - truth[known, None]).mean(axis=1) - distance))


def _loss(judged: Judged, level: float) -> Floats:
    return _pinball(judged.truth, _of_all(judged, level), level)


def _pinball(truth: Floats, forecast: Floats, level: float) -> Floats:
    error = truth - forecast
    return np.maximum(level * error, (level - 1) * error)


def _of_all(judged: Judged, level: float) -> Floats:
    values = judged.quantiles.get(level)
    if values is None:
        known = ", ".join(f"{each:g}" for each in sorted(judged.quantiles))
        raise UndefinedMetricError(f"The quantile {level:g} was not forecast; forecast were {known}.")
    if missing := int(np.isnan(values).sum()):
        raise UndefinedMetricError(f"{missing} of {len(values)} targets have no forecast of the quantile {level:g}.")
    return values
