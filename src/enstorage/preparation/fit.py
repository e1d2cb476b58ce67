"""Fitting of a transform on the measured train rows of a series: filled values do not move a scale."""

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError
from enstorage.preparation.transform import FittedTransform, Transform


def fit_on_measured(
    method: str, cleaned: NDArray[np.float64], measured: NDArray[np.float64], train: NDArray[np.bool_]
) -> tuple[FittedTransform, int]:
    """Fit a transform on the train rows that were measured.

    Filled rows are transformed too, but no step is fitted on them, nor on a difference that uses one.

    Args:
        method: token of the transform, such as `log+minmax`.
        cleaned: the series with its gaps filled, source units, shape (n,).
        measured: the series as it was measured, NaN or infinite where it was not, shape (n,).
        train: true for the rows of the train part, shape (n,).

    Returns:
        The fitted transform, and the number of rows it was fitted on.

    Raises:
        InvalidInputError: no train row was measured, or the transform cannot take the values, see `Transform.fit`.
    """
    rows = train & np.isfinite(measured)
    if not rows.any():
        raise InvalidInputError(
            f"None of the {int(train.sum())} train rows was measured. Expected at least one, since nothing is fitted on "
            "filled values. Take a period that begins with measured values, or a larger train part."
        )
    return Transform.parse(method).fit(cleaned, rows), int(rows.sum())
