"""Blocks of pixels as parts: neighbours are alike, so a random split would test on what it trained on.

Roberts et al. 2017, Cross-validation strategies for data with temporal, spatial, hierarchical, or phylogenetic
structure.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from enspatial.cubes.grid import Grid
from enstorage.errors import InvalidInputError
from enstorage.preparation.split import PARTS, check_parts

_EIGHT = tuple((row, column) for row in (-1, 0, 1) for column in (-1, 0, 1))


@dataclass(frozen=True, slots=True, eq=False)
class SpatialParts:
    """The part of each pixel.

    Attributes:
        block: number of the block of each pixel, shape (rows, columns); the group by which parts are made.
        part: 0 train, 1 valid, 2 test, shape (rows, columns); -1 for pixels that are left out.
    """

    block: NDArray[np.int64]
    part: NDArray[np.int8]

    def counts(self) -> dict[str, int]:
        """Number of pixels of each part."""
        return {name: int((self.part == number).sum()) for number, name in enumerate(PARTS)}

    def leaks(self, radius: int) -> NDArray[np.bool_]:
        """True for pixels whose patch of this radius shares a pixel with a patch of another part.

        Args:
            radius: pixels of a patch on each side of its centre.
        """
        reach = 2 * radius  # two patches share a pixel up to this distance of their centres
        found = np.zeros(self.part.shape, dtype=bool)
        if reach == 0:
            return found
        for number in range(len(PARTS)):
            own = self.part == number
            others = (self.part >= 0) & ~own
            found |= own & _within(others, reach)
        return found

    def with_gap(self, radius: int) -> "SpatialParts":
        """The same without the pixels of the train part whose patches share a pixel with those of other parts.

        Pixels of valid that share one with test are left out too.
        """
        reach, part = 2 * radius, self.part.copy()
        if reach:
            part[(part == 1) & _within(part == 2, reach)] = -1
            part[(part == 0) & _within(part > 0, reach)] = -1
        return SpatialParts(self.block, part)


def split_blocks(
    grid: Grid, size: int, train_part: float = 0.6, valid_part: float = 0.2, test_part: float = 0.2, *, seed: int = 0
) -> SpatialParts:
    """Draw square blocks of pixels for each part.

    Args:
        grid: of the pixels.
        size: rows and columns of a block; larger than the distance over which pixels are alike.
        train_part: share of the blocks.
        valid_part: the same.
        test_part: the same; the parts sum to 1.
        seed: of the order in which blocks are drawn.

    Raises:
        InvalidInputError: the parts do not sum to 1, or there are too few blocks for every part.
    """
    check_parts(train_part, valid_part, test_part, "random", seed)
    if isinstance(size, bool) or not isinstance(size, int) or size < 1:
        raise InvalidInputError(f"size is {size!r}; expected a number of pixels from 1 on. Correct it.", field="size")
    wide = -(-grid.columns // size)
    row, column = np.indices((grid.rows, grid.columns)) // size
    block = (row * wide + column).astype(np.int64)
    count = int(block.max()) + 1
    sizes = [int(np.floor(count * share + 0.5)) for share in (train_part, valid_part)]
    sizes.append(count - sum(sizes))
    shares = (train_part, valid_part, test_part)
    if any(share > 0 and number < 1 for share, number in zip(shares, sizes, strict=True)):
        raise InvalidInputError(
            f"{count} blocks of {size} × {size} pixels are too few for all parts; expected one for each at least. Make "
            "the blocks "
            "smaller.",
            field="size",
        )
    order = np.random.default_rng(seed).permutation(count)
    of_block = np.empty(count, dtype=np.int8)
    of_block[order] = np.repeat(np.arange(3, dtype=np.int8), sizes)
    return SpatialParts(block, of_block[block])


def _within(pixels: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """True for pixels with one of the given ones at most so many rows and columns away."""
    found = pixels
    for _ in range(reach):
        padded = np.pad(found, 1)
        rows, columns = found.shape
        near = [padded[1 + down : 1 + down + rows, 1 + right : 1 + right + columns] for down, right in _EIGHT]
        found = np.logical_or.reduce(near)
    return found
