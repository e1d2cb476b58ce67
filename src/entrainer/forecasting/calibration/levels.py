"""Levels of prediction intervals, the quantiles between which they lie, and the number of residuals that they need."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from enstorage.errors import InvalidInputError

#: IntervalEnds of an interval: both, or one, beyond which the other reaches to infinity.
Side = Literal["both", "lower", "upper"]
SIDES: tuple[Side, ...] = get_args(Side)


@dataclass(frozen=True, slots=True, order=True)
class Level:
    """The level of a prediction interval.

    Attributes:
        level: probability to contain the true value, between 0 and 1.
        side: `both` for an interval with two ends, each missed with the probability (1 − level) / 2; `lower` or `upper` for
            one with this end alone, missed with the probability 1 − level.
    """

    level: float
    side: Side = "both"

    @property
    def lower(self) -> float | None:
        """The quantile at the lower end: 0.1 for 0.8, 0.2 for one-sided 0.8; None without this end."""
        if self.side == "upper":
            return None
        return round((1 - self.level) / 2 if self.side == "both" else 1 - self.level, 12)

    @property
    def upper(self) -> float | None:
        """The quantile at the upper end: 0.9 for 0.8, 0.8 for one-sided 0.8; None without this end."""
        if self.side == "lower":
            return None
        return round((1 + self.level) / 2 if self.side == "both" else self.level, 12)

    @property
    def quantiles(self) -> tuple[float, ...]:
        """The quantiles at its ends, ascending."""
        return tuple(each for each in (self.lower, self.upper) if each is not None)

    @property
    def reach(self) -> float:
        """The quantile of the end that is further from the median, mirrored if it is the lower one: 0.9 for 0.8."""
        return max(self.quantiles[-1], round(1 - self.quantiles[0], 12))

    @property
    def rows_needed(self) -> int:
        """The smallest number of residuals that determine its ends."""
        return rows_needed(self.quantiles[0])

    def __str__(self) -> str:
        return f"{self.level:g}" if self.side == "both" else f"{self.level:g} with a {self.side} end alone"


def checked_levels(levels: Sequence[float], side: str = "both") -> tuple[Level, ...]:
    """Levels of intervals, ascending, each once.

    Raises:
        InvalidInputError: one is no number between 0 and 1, a one-sided one is below 0.5, or there is no such side.
    """
    if side not in SIDES:
        raise InvalidInputError(
            f"The side of an interval is {', '.join(SIDES[:-1])} or {SIDES[-1]}; received {side!r:.40}. Give one of them."
        )
    given = tuple(levels) if isinstance(levels, list | tuple) else (levels,)
    for level in given:
        if isinstance(level, bool) or not isinstance(level, float | np.floating) or not 0 < level < 1:
            raise InvalidInputError(
                f"The level of an interval is a number between 0 and 1, such as 0.95; received {level!r}."
            )
        if side != "both" and level < 0.5:
            raise InvalidInputError(
                f"The level of an interval with one end is from 0.5 to below 1; received {level!r}. Give a higher level, or "
                "the other side."
            )
    return tuple(sorted({Level(float(level), side) for level in given}))


def quantiles_of(levels: Iterable[Level]) -> tuple[float, ...]:
    """All quantiles at the ends of intervals, ascending, each once."""
    return tuple(sorted({quantile for level in levels for quantile in level.quantiles}))


def rank(rows: int, quantile: float, alone: int | None = None) -> int:
    """The rank of the residual that is a quantile of one more, from 1; below 1 or above `rows` if there are too few.

    Of n residuals and one more, all exchangeable, the last is at most the k-th smallest with probability ≥ k / (n + 1), and
    below it with probability ≤ k / (n + 1). So upper ends take k = ⌈(n + 1)·q⌉, and lower ends k = ⌊(n + 1)·q⌋.

    Args:
        rows: number of residuals.
        quantile: above 0 and below 1.
        alone: number n of those that are alike, where others joined them that say the same again: the share of all below an
            end is that of these, as if each stood for rows / n.
    """
    alone = rows if alone is None else alone
    place = math.ceil(_exact((alone + 1) * max(quantile, 1 - quantile) * rows / alone))
    return rows + 1 - place if quantile < 0.5 else place


def rows_needed(quantile: float) -> int:
    """The smallest number of residuals of which one has the rank of a quantile: 9 for 0.1 and 0.9, 39 for 0.975."""
    return math.ceil(_exact(1 / min(quantile, 1 - quantile))) - 1


def _exact(value: float) -> float:
    """Rounded, because in floating point 20 · 0.95 may exceed 19."""
    return round(value, 9)
