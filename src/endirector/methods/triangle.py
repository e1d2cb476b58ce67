"""The triangle of a QR decomposition of many rows, block by block."""

from collections.abc import Iterable

import numpy as np

from endirector.methods.base import Floats

#: Number of rows processed at once: they stay in the cache of the processor.
BLOCK = 1 << 11


def triangle(blocks: Iterable[Floats]) -> Floats:
    """R of the QR decomposition of blocks of rows that lie one above the other.

    It has at most as many rows as columns, so what is found from it costs no look at the rows any more, and squares nothing,
    as the Gram matrix does: half of the digits of nearly equal members would be lost by that.

    Args:
        blocks: each of shape (some rows, columns), at least one.

    Returns:
        Shape (at most columns, columns); its least squares are those of all rows.
    """
    found: Floats | None = None
    for block in blocks:
        found = np.asarray(np.linalg.qr(block if found is None else np.vstack([found, block]), mode="r"))
    if found is None:
        raise ValueError("no block of rows")
    return found
