"""Metrics of point forecasts: of their size, or as a share of the values."""

from typing import Any

import numpy as np

from enstorage.metrics.judged import Judged, UndefinedMetricError


def squared_error(xp: Any, y: Any, predicted: Any) -> Any:
    """The mean square over the targets of each row."""
    return xp.mean((predicted - y) ** 2, axis=1)


def absolute_error(xp: Any, y: Any, predicted: Any) -> Any:
    """The mean absolute error over the targets of each row."""
    return xp.mean(xp.abs(predicted - y), axis=1)


def huber(xp: Any, y: Any, predicted: Any) -> Any:
    """The mean over targets of e²/2 up to 1, and |e| − 1/2 beyond (Huber 1964)."""
    size = xp.abs(predicted - y)
    return xp.mean(xp.where(size <= 1, size**2 / 2, size - 0.5), axis=1)


def log_cosh(xp: Any, y: Any, predicted: Any) -> Any:
    """The mean over targets of ln cosh e."""
    size = xp.abs(predicted - y)
    return xp.mean(size + xp.log1p(xp.exp(-2 * size)) - np.log(2), axis=1)


def rmse(judged: Judged) -> float:
    """The root of the mean squared error."""
    return float(float(np.mean((judged.forecast - judged.truth) ** 2)) ** 0.5)


def mape(judged: Judged) -> float:
    """The mean of |e| / |y|.

    Raises:
        UndefinedMetricError: a true value is 0.
    """
    if zeros := int((judged.truth == 0).sum()):
        raise UndefinedMetricError(f"{zeros} of {len(judged.truth)} true values are 0, and MAPE divides by them.")
    return float(np.mean(np.abs((judged.forecast - judged.truth) / judged.truth)))


def smape(judged: Judged) -> float:
    """The mean of 2·|e| / (|y| + |f|), 0 where both are 0 (Makridakis 1993)."""
    size = np.abs(judged.truth) + np.abs(judged.forecast)
    apart = 2 * np.abs(judged.forecast - judged.truth)
    return float(np.mean(np.divide(apart, size, out=np.zeros_like(size), where=size > 0)))
