"""Splitting of the rows of a preparation into train, valid and test."""

import math
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from enstorage.errors import InvalidInputError


class Part(IntEnum):
    """A part of the rows; its number is the code that tables keep, int8."""

    TRAIN = 0
    VALID = 1
    TEST = 2

    @property
    def label(self) -> str:
        """Its name, as it is given and stored: `train`, `valid` or `test`."""
        return self.name.lower()

    @classmethod
    def of(cls, label: str) -> "Part":
        """The part with a given name.

        Raises:
            InvalidInputError: there is no such part.
        """
        return cls[check_part(label).upper()]


PARTS: Final = tuple(part.label for part in Part)
"""The names of the parts in time order."""

METHODS: Final = ("time", "random")
"""How rows are split."""


def check_part(part: str) -> str:
    """The name of a part, as given.

    Raises:
        InvalidInputError: there is no such part.
    """
    if part not in PARTS:
        raise InvalidInputError(f"There is no part {part!r}; known are {', '.join(PARTS)}.")
    return part


def rest_of(train_part: float, valid_part: float) -> float:
    """The share of the test part, without the rounding error of the subtraction."""
    try:
        return round(1 - train_part - valid_part, 12) + 0.0
    except TypeError as error:
        raise InvalidInputError(f"Parts must be numbers; received {train_part!r} and {valid_part!r}.") from error


def check_parts(train_part: float, valid_part: float, test_part: float, method: str = "time", seed: int = 0) -> None:
    """Check the shares, the method and the seed of a split, before any work is done.

    Args:
        train_part: Share of the rows to train on, above 0.
        valid_part: Share of the rows to validate on, 0 for none.
        test_part: Share of the rows to test on, 0 for none.
        method: `"time"` or `"random"`.
        seed: Seed of the random split, 0 or larger.

    Raises:
        InvalidInputError: If a share lies outside [0, 1] or is NaN, the shares do not sum to 1 within 1e-9, the
            share of the train part is 0, or the method or the seed is not valid.
    """
    shares = dict(zip(PARTS, (train_part, valid_part, test_part), strict=True))
    for name, share in shares.items():
        if not 0.0 <= share <= 1.0:
            raise InvalidInputError(
                f"{name}_part is no share of the rows. Expected a number from 0 to 1; received {share!r}. "
                "Give the three parts as fractions, such as 0.7, 0.15 and 0.15."
            )
    total = math.fsum(shares.values())
    if abs(total - 1.0) > 1e-9:
        raise InvalidInputError(
            f"The parts do not cover all rows once. Expected a sum of 1; received {train_part!r} + {valid_part!r} + "
            f"{test_part!r} = {total!r}. Change one of them."
        )
    if train_part == 0.0:
        raise InvalidInputError(
            "There is nothing to train on. Expected a train_part above 0; received 0. Lower valid_part or test_part."
        )
    if method not in METHODS:
        raise InvalidInputError(
            f"The split method is not known. Expected one of {', '.join(METHODS)}; received {method!r}. Use 'time' "
            "for series."
        )
    if seed < 0:
        raise InvalidInputError(
            f"The seed of a split is negative. Expected an integer of 0 or more; received {seed!r}. Change the seed."
        )


def split_rows(
    rows: int, train_part: float, valid_part: float, test_part: float, method: str = "time", seed: int = 0
) -> NDArray[np.int8]:
    """Assign every row to a part.

    Train gets floor(rows · train_part + 0.5) rows, valid floor(rows · valid_part + 0.5) of what is left, test the rest.
    Without a test part the rest goes to valid, without both to train.

    Args:
        rows: Number of rows, in time order.
        train_part: Share of the rows to train on, above 0.
        valid_part: Share of the rows to validate on, 0 for none.
        test_part: Share of the rows to test on, 0 for none.
        method: `"time"` splits in time order. `"random"` assigns the same numbers of rows at random, which is a leak for
            series: a model then trains on the future of its test rows.
        seed: Seed of the random split; the time split does not use it.

    Returns:
        The code of each row's `Part`, shape (rows,).

    Raises:
        InvalidInputError: As `check_parts`, and if a part with a share above 0 gets no row.
    """
    check_parts(train_part, valid_part, test_part, method, seed)
    counts = part_sizes(rows, train_part, valid_part, test_part)
    for name, share, count in zip(PARTS, (train_part, valid_part, test_part), counts, strict=True):
        if share > 0.0 and count < 1:
            raise InvalidInputError(
                f"The {name} part gets no row. Expected at least one for {name}_part {share!r}; received {rows} rows "
                f"in all. Take a longer period, enlarge {name}_part or set it to 0."
            )
    codes = np.repeat(np.arange(len(PARTS), dtype=np.int8), counts)
    return np.random.default_rng(seed).permutation(codes) if method == "random" else codes


def part_sizes(rows: int, train_part: float, valid_part: float, test_part: float) -> tuple[int, int, int]:
    """The numbers of rows of the parts, see `split_rows`; one with a share above 0 gets none where rows are too few."""
    train = rows if valid_part == test_part == 0.0 else math.floor(rows * train_part + 0.5)
    left = rows - train
    valid = left if test_part == 0.0 else min(math.floor(rows * valid_part + 0.5), left)
    return train, valid, left - valid
