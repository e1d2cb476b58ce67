"""The triangular factor R of a QR decomposition of many rows, computed block by block."""

from collections.abc import Iterable

import numpy as np

from endirector.methods.base import Floats

#: Number of rows processed at once, so that they stay in the cache of the processor.
BLOCK = 1 << 11


def triangle(blocks: Iterable[Floats]) -> Floats:
    """Compute R of the QR decomposition of all blocks, stacked one above the other.

    R has at most as many rows as columns, so a solution from R does not read all rows again. Unlike the Gram matrix,
    R does not square the values, by which half of the digits would be lost if members are nearly equal.

    Args:
        blocks: each of shape (some rows, columns), at least one.

    Returns:
        R, shape (at most columns, columns); least squares on R and on all rows have the same solution.
    """
    found: Floats | None = None
    for block in blocks:
        found = np.asarray(np.linalg.qr(block if found is None else np.vstack([found, block]), mode="r"))
    if found is None:
        raise ValueError("no block of rows")
    return found
