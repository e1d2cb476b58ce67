"""The hash of samples, by which a data set checks that rebuilt samples are equal to the stored ones."""

import hashlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enstorage.adapter.samples import Samples

_ROWS_AT_ONCE = 65_536


def samples_sha256(samples: Samples, *, whole_rows: bool = False) -> str:
    """SHA-256 over id, X, y and part of all samples and, if there are several series, over the series of each sample.

    A row of X that continues the row before by one value, as windows do, is hashed by its last value only: a window matrix
    has lag times the bytes of its series. The hash depends on the values alone, not on their layout in memory.

    Args:
        samples: samples from an adapter.
        whole_rows: hash every row of X as a whole, as for data sets of the first schemas of the store.
    """
    digest = hashlib.sha256()
    for name in ("id", "X", "y", "part", "taken_from"):
        array = getattr(samples, name)
        if array is None:
            continue
        windows = name == "X" and not whole_rows and array.ndim == 2 and array.size > 0 and array.dtype.kind in "iuf"
        digest.update(f"{name}:{array.dtype.str}:{array.shape}{' as windows' if windows else ''};".encode())
        for content in _of_windows(array) if windows else _of_rows(array):
            digest.update(content.data)
    return digest.hexdigest()


def _of_rows(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    for start in range(0, len(array), _ROWS_AT_ONCE):  # a window matrix is never copied whole
        yield np.ascontiguousarray(array[start : start + _ROWS_AT_ONCE])


def _of_windows(X: NDArray[Any]) -> Iterator[NDArray[Any]]:
    """For a block of rows at a time: which rows continue the row before, their last values, and the other rows whole."""
    bits = X.view(f"u{X.dtype.itemsize}")  # compared as bytes: −0 is not 0, and NaN is NaN
    shares_memory = X.strides[0] == X.strides[1]  # then it is a view of a series and needs no comparison
    for start in range(0, len(bits), _ROWS_AT_ONCE):
        rows = bits[start : start + _ROWS_AT_ONCE]
        continues = np.zeros(len(rows), np.bool_)
        first = 1 if start == 0 else 0
        before = bits[start + first - 1 : start + len(rows) - 1]
        continues[first:] = shares_memory or (rows[first:, :-1] == before[:, 1:]).all(axis=1)
        yield continues
        yield np.ascontiguousarray(rows[continues, -1])
        yield np.ascontiguousarray(rows[~continues])
