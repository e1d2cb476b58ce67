"""Metrics of forecasts beside the loss, in the prepared scale: one number for each row, computed by NumPy or by JAX."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

RowMetric = Callable[[Any, Any, Any], Any]
"""From `numpy` or `jax.numpy`, y and what was predicted, both (rows, targets), to (rows,)."""


def _accuracy(_xp: Any, y: Any, predicted: Any) -> Any:
    if y.shape[1] == 1:
        return (predicted[:, 0] > 0.5) == (y[:, 0] > 0.5)
    return predicted.argmax(axis=1) == y.argmax(axis=1)


def _log_loss(xp: Any, y: Any, predicted: Any) -> Any:
    if y.shape[1] == 1:
        y, predicted = xp.hstack([1 - y, y]), xp.hstack([1 - predicted, predicted])
    return -xp.log(xp.clip((y * predicted).sum(axis=1), 1e-15, 1))


METRICS: Mapping[str, RowMetric] = {
    "mse": lambda xp, y, predicted: xp.mean((predicted - y) ** 2, axis=1),
    "mae": lambda xp, y, predicted: xp.mean(xp.abs(predicted - y), axis=1),
    "accuracy": _accuracy,
    "log_loss": _log_loss,
}
"""By name. `accuracy` and `log_loss` are of classes: a column each, or the second of two."""


def measured(name: str, y: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """The mean of a metric over the targets that were measured; NaN if none was.

    Args:
        name: one of `METRICS`.
        y: shape (rows, …); NaN where a target was not measured.
        predicted: as many values.
    """
    rows = len(y)
    y, predicted = _measured_pairs(y.reshape(rows, -1), predicted.reshape(rows, -1))
    return float(np.mean(METRICS[name](np, y, predicted))) if len(y) else np.nan


def _measured_pairs(
    y: NDArray[np.float64], predicted: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Targets that were measured, with what was predicted for them.

    Args:
        y: shape (rows, targets); NaN where a target was not measured.
        predicted: shape (rows, targets).

    Returns:
        The rows that were measured as a whole, if there are no others with measured targets; else a row for each
        measured target.
    """
    known = ~np.isnan(y)
    some = known.any(axis=1)
    if known[some].all():
        return (y, predicted) if some.all() else (y[some], predicted[some])
    return y[known].reshape(-1, 1), predicted[known].reshape(-1, 1)
