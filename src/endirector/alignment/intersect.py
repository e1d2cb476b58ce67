"""Intersection: the keys that many tables share, found by direct addressing instead of joins.

The smallest table gives the axes: each of its key columns becomes an axis, on which a value has a place, by division where
the values lie on an even grid, as times do, else by binary search. The places on all axes make one number, and that is
looked up among the keys of the smallest table. So a row of another table costs a few passes over memory; and where its keys
follow each other as they do there, one comparison.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from endirector.alignment.threads import of_each

Ints = NDArray[np.signedinteger]
Places = NDArray[np.int64]
Bools = NDArray[np.bool_]

# A lookup may have so many cells for each key, and so many besides; else keys are searched in sorted order.
_CELLS_PER_KEY = 8
_CELLS_BESIDES = 1 << 20

# So many keys are worked on at once: few, to stay in the cache of the processor; not fewer, or threads wait for each other.
_BLOCK = 1 << 16


def intersect(tables: Sequence[Sequence[Ints]]) -> list[slice | NDArray[np.int32]]:
    """Find the rows of the keys that all tables share, in each table.

    Args:
        tables: of each the key columns, all of one length, shape (rows,); a key occurs at most once in a table.

    Returns:
        For each table the rows of the common keys; their order is that of the keys, column by column. A slice where they
        follow each other, else numbers, shape (common,).

    Raises:
        ValueError: a table has a key twice; the argument is its number.
    """
    smallest = min(tables, key=lambda columns: len(columns[0]))
    count = len(smallest[0])
    if not count:
        return [slice(0, 0)] * len(tables)
    order = np.lexsort(tuple(reversed(smallest)))
    index = _Index.of([column[order] for column in smallest])
    found = of_each(lambda table: index.run_in(table[1]) or index.rows_in(table[1], table[0]), enumerate(tables))
    runs = [each for each in found if isinstance(each, _Run)]
    first = max((run.first for run in runs), default=0)
    end = max(first, min((run.first + run.length for run in runs), default=count))
    scattered = [each[first:end] for each in found if not isinstance(each, _Run)]
    if not scattered:
        return [slice(run.row + first - run.first, run.row + end - run.first) for run in runs]
    common = np.ones(end - first, dtype=bool)
    for rows in scattered:
        np.logical_and(common, rows >= 0, out=common)
    shared = np.flatnonzero(common).astype(np.int32)

    def at_shared(each: _Run | NDArray[np.int32]) -> NDArray[np.int32]:
        return shared + np.int32(each.row + first - each.first) if isinstance(each, _Run) else each[first:end][shared]

    return of_each(at_shared, found)


@dataclass(frozen=True, slots=True)
class _Run:
    """Keys that follow each other in a table as they do in the base: `length` from the row `row`, there from `first` on."""

    row: int
    first: int
    length: int


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
            step = int(np.gcd.reduce(column.astype(np.int64) - least))
            count = (greatest - least) // step + 1
            if count <= _CELLS_PER_KEY * len(column):
                return cls(least, step, count, None)
        values = np.unique(column)
        return cls(least, 1, len(values), values)

    def places(self, column: Ints) -> tuple[Places, Bools]:
        """The place of each value, and whether it has one, each of shape (rows,)."""
        if self.values is not None:
            place = np.minimum(np.searchsorted(self.values, column), self.count - 1)
            return place, self.values[place] == column
        # Without a sign what is below the least wraps around to far above, and no remainder is lost by that.
        distance = (column.astype(np.int64, copy=False) - self.least).view(np.uint64)
        if self.step == 1:
            return distance.view(np.int64), distance < np.uint64(self.count)
        places = distance // np.uint64(self.step)
        has_place = places < np.uint64(self.count)
        has_place &= places * np.uint64(self.step) == distance
        return places.view(np.int64), has_place


@dataclass(frozen=True, slots=True)
class _Index:
    """Finds keys among those of one table, the base, which are sorted.

    Attributes:
        base: its key columns.
        axes: one for each of them.
        codes: one number for each key of the base, ascending; see `_codes`.
        cells: by code the row of the base, its length where it has none; None where there would be too many cells.
    """

    base: Sequence[Ints]
    axes: Sequence[_Axis]
    codes: Places
    cells: Places | None

    @classmethod
    def of(cls, base: Sequence[Ints]) -> "_Index":
        axes = [_Axis.of(column) for column in base]
        codes, _ = _codes(axes, base)
        size = math.prod(axis.count for axis in axes)
        if size > _CELLS_PER_KEY * len(codes) + _CELLS_BESIDES:
            return cls(base, axes, codes, None)
        cells = np.full(size, len(codes), dtype=np.int64)
        cells[codes] = np.arange(len(codes))
        return cls(base, axes, codes, cells)

    def run_in(self, columns: Sequence[Ints]) -> _Run | None:
        """Find the rows shared with the base if they are one contiguous run; None if a quick check cannot show that.

        The check succeeds if all key columns but one are constant, the run has the same values in both, and the values
        of the table before and after it lie outside of the range of the base.
        """
        varying = [number for number, axis in enumerate(self.axes) if axis.count > 1]
        if len(varying) != 1 or not len(columns[0]):
            return None
        base, own = self.base[varying[0]], columns[varying[0]]
        first = int(np.searchsorted(base, own[0]))
        if first == len(base):
            return None
        row = int(np.searchsorted(own, base[first]))
        length = min(len(own) - row, len(base) - first)
        if not np.array_equal(own[row : row + length], base[first : first + length]):
            return None
        outside = (own[:row] < base[0]).all() and (own[row + length :] > base[-1]).all()
        constant = all(
            (column == axis.least).all() for column, axis in zip(columns, self.axes, strict=True) if axis.count == 1
        )
        return _Run(row, first, length) if outside and constant and (base[1:] > base[:-1]).all() else None

    def rows_in(self, columns: Sequence[Ints], number: int) -> NDArray[np.int32]:
        """For each key of the base its row in the table, −1 where it is not there; shape (base rows,)."""
        rows = np.full(len(self.codes) + 1, -1, dtype=np.int32)  # the last for all keys that the base has not
        found = 0
        for start in range(0, len(columns[0]), _BLOCK):
            codes, known = _codes(self.axes, [column[start : start + _BLOCK] for column in columns])
            at = self._at(codes, known)
            rows[at] = np.arange(start, start + len(at), dtype=np.int32)
            found += int(np.count_nonzero(at < len(self.codes)))
        rows = rows[:-1]
        if np.count_nonzero(rows >= 0) < found:
            raise ValueError(number)
        return rows

    def _at(self, codes: Places, known: Bools) -> Places:
        """The row of each code in the base, the length of the base where it has none."""
        all_known = bool(known.all())
        if self.cells is None:
            at = np.minimum(np.searchsorted(self.codes, codes), len(self.codes) - 1)
            return np.where((self.codes[at] == codes) & known, at, len(self.codes))
        if all_known:
            return self.cells[codes]
        return np.where(known, self.cells[np.where(known, codes, 0)], len(self.codes))


def _codes(axes: Sequence[_Axis], columns: Sequence[Ints]) -> tuple[Places, Bools]:
    """One number for each key, ascending as the keys are, and whether its values are on the axes."""
    codes: Places | None = None
    known: Bools | None = None
    for axis, column in zip(axes, columns, strict=True):
        if axis.count == 1:  # as for one series and one step
            has_place = column == axis.least
        else:
            places, has_place = axis.places(column)
            codes = places if codes is None else codes * axis.count + places
        known = has_place if known is None else known & has_place
    assert known is not None  # noqa: S101 - a key has at least one column
    return np.zeros(len(known), dtype=np.int64) if codes is None else codes, known
