"""Scale of the errors of each series, so that series of large values do not decide for the others."""

import numpy as np
from numpy.typing import NDArray

from endirector.methods.base import Floats, Rows


def series_of(rows: Rows) -> NDArray[np.int64]:
    """The id of the data source of each row, shape (rows,); 0 for all if it is not known."""
    return np.zeros(len(rows.forecasts), dtype=np.int64) if rows.targets is None else rows.targets.series


def error_scale(rows: Rows, truth: Floats) -> Floats:
    """The mean absolute error of all members over the rows of the same series, shape (rows,); 1 where that is 0.

    Args:
        rows: those that are fitted on.
        truth: shape (rows,).
    """
    _, place = np.unique(series_of(rows), return_inverse=True)
    error = np.abs(rows.forecasts - truth[:, None]).mean(axis=1)
    mean = np.bincount(place, weights=error) / np.bincount(place)
    mean[mean == 0] = 1.0
    scale: Floats = mean[place]
    return scale
