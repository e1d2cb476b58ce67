"""Intersection: the keys that many tables share, found by direct addressing instead of joins.

The smallest table gives the axes: each of its key columns becomes an axis, on which a value has a place, by division where
the values lie on an even grid, as times do, else by binary search. The places on all axes make one number, and that is
looked up in the keys of the smallest table. So a row of another table costs a few passes over memory.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Rows = NDArray[np.int32]

# A lookup may have so many cells for each key, and so many besides; else keys are searched in sorted order.
_CELLS_PER_KEY = 8
_CELLS_BESIDES = 1 << 20

# So many keys are worked on at once: they stay in the cache of the processor.
_BLOCK = 1 << 14


def intersect(tables: Sequence[Sequence[Ints]]) -> list[Rows]:
    """Where the keys that all tables share are in each of them.

    Args:
        tables: of each the key columns, all of one length, shape (rows,); a key occurs at most once in a table.

    Returns:
        For each table the rows of the common keys, shape (common,); their order is that of the keys, column by column.

    Raises:
        ValueError: a table has a key twice; its number is told.
    """
    smallest = min(tables, key=lambda columns: len(columns[0]))
    if not len(smallest[0]):
        return [np.zeros(0, dtype=np.int32) for _ in tables]
    order = np.lexsort(tuple(reversed(smallest)))
    base = [column[order] for column in smallest]
    index = _Index.of(base)
    places = [index.rows_in(columns, number) for number, columns in enumerate(tables)]
    common = np.ones(len(base[0]), dtype=bool)
    for place in places:
        np.logical_and(common, place >= 0, out=common)
    return [place[common] for place in places]


@dataclass(frozen=True, slots=True)
class _Axis:
    """Places of the values of one key column, from 0 to `count` − 1 in ascending order."""

    least: int
    step: int
    count: int
    values: Ints | None

    @classmethod
    def of(cls, column: Ints) -> "_Axis":
        least, greatest = int(column.min()), int(column.max())
        if least == greatest:
            return cls(least, 1, 1, None)
        if greatest - least < 1 << 63:
            step = int(np.gcd.reduce(column - least))
            count = (greatest - least) // step + 1
            if count <= _CELLS_PER_KEY * len(column):
                return cls(least, step, count, None)
        values = np.unique(column)
        return cls(least, 1, len(values), values)

    def places(self, column: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """The place of each value, and whether it has one, each of shape (rows,)."""
        if self.values is None:
            greatest = self.least + (self.count - 1) * self.step
            inside = (column >= self.least) & (column <= greatest)
            if not inside.all():
                column = np.where(inside, column, self.least)
            place = column - self.least
            if self.step > 1:
                distance, place = place, place // self.step
                inside &= place * self.step == distance
            return place, inside
        place = np.minimum(np.searchsorted(self.values, column), self.count - 1)
        return place, self.values[place] == column


@dataclass(frozen=True, slots=True)
class _Index:
    """Finds keys among those of one table, which are sorted."""

    axes: tuple[_Axis, ...]
    cells: Rows | None
    codes: Ints

    @classmethod
    def of(cls, base: Sequence[Ints]) -> "_Index":
        axes = tuple(_Axis.of(column) for column in base)
        codes, _ = _codes(axes, base)
        size = math.prod(axis.count for axis in axes)
        if size > _CELLS_PER_KEY * len(codes) + _CELLS_BESIDES:
            return cls(axes, None, codes)
        cells = np.full(size, -1, dtype=np.int32)
        cells[codes] = np.arange(len(codes), dtype=np.int32)
        return cls(axes, cells, codes)

    def rows_in(self, columns: Sequence[Ints], number: int) -> Rows:
        """For each key of the base its row in the table, −1 where it is not there; shape (base rows,)."""
        rows = np.full(len(self.codes), -1, dtype=np.int32)
        found = 0
        for start in range(0, len(columns[0]), _BLOCK):
            own = np.arange(start, min(start + _BLOCK, len(columns[0])), dtype=np.int32)
            codes, known = _codes(self.axes, [column[start : start + _BLOCK] for column in columns])
            if not known.all():
                codes, own = codes[known], own[known]
            at = self._at(codes)
            here = at >= 0
            if not here.all():
                at, own = at[here], own[here]
            rows[at] = own
            found += len(own)
        if np.count_nonzero(rows >= 0) < found:
            raise ValueError(number)
        return rows

    def _at(self, codes: Ints) -> Rows:
        """The place of each code in the base, −1 where it is not there."""
        if self.cells is not None:
            return self.cells[codes]
        at = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1).astype(np.int32)
        return np.where(self.codes[at] == codes, at, np.int32(-1))


def _codes(axes: Sequence[_Axis], columns: Sequence[Ints]) -> tuple[Ints, NDArray[np.bool_]]:
    """One number for each key, ascending as the keys are, and whether its values are on the axes."""
    codes: Ints | None = None
    known = np.ones(len(columns[0]), dtype=bool)
    for axis, column in zip(axes, columns, strict=True):
        if axis.count == 1:  # as for one series and one step
            known &= column == axis.least
            continue
        places, has_place = axis.places(column)
        known &= has_place
        codes = places if codes is None else codes * axis.count + places
    return np.zeros(len(known), dtype=np.int64) if codes is None else codes, known
