"""`NaiveScale`: the error of the seasonal naive forecast on train rows, in which MASE and RMSSE are measured."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

#: Differences below this share of the largest value are rounding errors of equal values.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True)
class NaiveScale:
    """Differences of the measured train rows of one series to those one season before.

    Attributes:
        absolute: their mean absolute value, in source units; NaN without pairs.
        squared: their mean square, in squared source units; NaN without pairs.
        season: rows between the two of a pair: the usual season, or 1 if the train rows are too few for it.
        usual: the usual season of the series.
        pairs: number of pairs.
    """

    absolute: float
    squared: float
    season: int
    usual: int
    pairs: int

    @property
    def undefined(self) -> str | None:
        """The reason why no error can be measured in it, a sentence; None if one can."""
        if not self.pairs:
            return "No two train rows that follow one another were measured, so there is no scale."
        if self.absolute == 0:
            apart = "one row" if self.season == 1 else f"{self.season} rows"
            return f"Train rows that are {apart} apart are all equal, so the scale is 0."
        return None

    @property
    def remark(self) -> str | None:
        """A sentence on a season that is not the usual one; None if it is."""
        if self.season == self.usual or not self.pairs:
            return None
        return f"The train rows are too few for the season {self.usual}; the scale is of consecutive rows."


def scale_of(values: NDArray[np.float64], position: NDArray[np.int64], season: int) -> NaiveScale:
    """Measure the scale of one series (Hyndman & Koehler 2006, Another look at measures of forecast accuracy).

    Args:
        values: of the train rows in source units, shape (rows,); NaN where a row was not measured: no pair has it.
        position: number of the bucket of each row, each once, shape (rows,).
        season: in buckets, 1 or more.
    """
    measured = np.isfinite(values)
    values, position = values[measured], position[measured]
    for lag in dict.fromkeys((season, 1)):
        _, later, earlier = np.intersect1d(position, position + lag, assume_unique=True, return_indices=True)
        if len(later):
            apart = values[later] - values[earlier]
            apart[np.abs(apart) <= _ROUNDING * np.abs(values).max()] = 0
            return NaiveScale(float(np.abs(apart).mean()), float((apart**2).mean()), lag, season, len(later))
    return NaiveScale(np.nan, np.nan, 1, season, 0)


def remarks_on(scales: Iterable[NaiveScale]) -> list[str]:
    """Sentences on series whose scale is not the usual one, or is none; each with the number of such series."""
    counts: dict[str, int] = {}
    total = 0
    for scale in scales:
        total += 1
        if text := scale.undefined or scale.remark:
            counts[text] = counts.get(text, 0) + 1
    if total == 1:
        return list(counts)
    return [f"{count} of {total} series: {text}" for text, count in counts.items()]
