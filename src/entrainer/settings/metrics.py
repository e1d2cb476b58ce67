"""Metrics of forecasts beside the loss, in the prepared scale: one number for each row, computed by NumPy or by JAX."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from enstorage.arrays.missing import unmasked
from enstorage.metrics import catalogue
from enstorage.metrics.metric import RowValues

METRICS: Mapping[str, RowValues] = {
    name: each.rows for name, each in catalogue.METRICS.items() if each.rows is not None
}
"""Those of the list of losses and metrics that are means over rows, by name.

`accuracy` and `log_loss` are of classes: a column each, or the second of two.
"""


def measured(name: str, y: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """The mean of a metric over the targets that were measured; NaN if none was.

    Args:
        name: one of `METRICS`.
        y: shape (rows, …); NaN where a target was not measured.
        predicted: as many values.
    """
    rows = len(y)
    y, predicted = _measured_pairs(unmasked(y).reshape(rows, -1), unmasked(predicted).reshape(rows, -1))
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
