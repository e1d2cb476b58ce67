"""Errors of forecasts."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def errors(truth: Floats, forecast: Floats) -> dict[str, float]:
    """Mean squared error, its root and mean absolute error.

    Args:
        truth: shape (rows,), finite.
        forecast: shape (rows,), finite, in the same units.

    Returns:
        `mse` (squared units), `rmse` and `mae` (units), all NaN without rows.
    """
    if not len(truth):
        return {"mse": np.nan, "rmse": np.nan, "mae": np.nan}
    difference = forecast - truth
    mse = float(np.mean(difference**2))
    return {"mse": mse, "rmse": mse**0.5, "mae": float(np.mean(np.abs(difference)))}
