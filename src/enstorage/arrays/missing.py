"""Masked arrays as arrays with missing values. `np.asarray` alone would return the numbers under the mask."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def unmasked(values: Any, dtype: type[float] | None = None) -> NDArray[Any]:
    """Values as an array in which masked ones are missing: NaN, NaT for times, None for texts and objects.

    Args:
        values: an array, a masked array, a sequence of numbers or of such arrays, or anything that `np.asarray` takes.
        dtype: `float`, or None for that of the values; integers of which some are masked become float64.

    Returns:
        The shape of the values. An array without a mask is not copied.
    """
    given = _as_one(values)
    if not isinstance(given, np.ma.MaskedArray):
        return np.asarray(given, dtype=dtype)
    whole, mask = given.data, np.ma.getmaskarray(given)
    if mask.any():
        kind = given.dtype.kind
        kinds: dict[str, Any] = dict.fromkeys("biu", np.float64) | dict.fromkeys("fcmM", given.dtype)
        whole = np.array(whole, dtype=kinds.get(kind, object))
        whole[mask] = np.nan if kind in "biufc" else np.array("NaT", whole.dtype) if kind in "mM" else None
    return np.asarray(whole, dtype=dtype)


def holds_masked(values: Any) -> bool:
    """True if a value is masked, in an array or in a sequence of numbers or arrays."""
    if isinstance(values, list | tuple):
        return any(holds_masked(each) for each in values if isinstance(each, np.ma.MaskedArray))
    return bool(np.ma.is_masked(values))


def _as_one(values: Any) -> Any:
    """One array of a sequence with masked values in it; anything else as it is."""
    if not isinstance(values, list | tuple) or not any(isinstance(each, np.ma.MaskedArray) for each in values):
        return values
    return np.ma.array([np.nan if each is np.ma.masked else each for each in values])
