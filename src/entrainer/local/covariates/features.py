"""Features of a regression: a series and its covariates at an origin, for each step ahead."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: A second, longer season beside the usual one: weeks beside days, years beside weeks.
_LONGER = {24: 168.0, 48: 336.0, 96: 672.0, 144: 1008.0, 7: 365.25, 5: 260.9}
_HARMONICS = 3
_FEWEST_FOR_A_MEAN = 4
#: Number of features of the values, and of each covariate.
_OF_VALUES, _OF_KNOWN, _OF_PAST = 7, 4, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesInputs:
    """A series with its covariates on the same buckets.

    Attributes:
        values: known ones, finite, shape (n,).
        season: number of steps in a season, 1 for none.
        first: number of the bucket of the first value.
        scale: size of the changes of the series, above 0.
        known: covariates that are known ahead, standardised, by name, shape (at least n + horizon,) each.
        past: covariates that are known up to an origin, standardised, by name, shape (at least n,) each.
    """

    values: Floats
    season: int
    first: int
    scale: float
    known: Mapping[str, Floats]
    past: Mapping[str, Floats]

    @property
    def lead(self) -> int:
        """Number of values that the first origin to learn from has before it."""
        return max(self.season + 1, _FEWEST_FOR_A_MEAN)

    @property
    def columns(self) -> dict[str, slice]:
        """The features that are of a covariate, by its name."""
        widths = [(name, _OF_KNOWN) for name in self.known] + [(name, _OF_PAST) for name in self.past]
        ends = accumulate((width for _, width in widths), initial=_OF_VALUES)
        return {name: slice(first, first + width) for (name, width), first in zip(widths, ends, strict=False)}


def features(inputs: SeriesInputs, end: Ints, step: Ints, fitted: int) -> tuple[Floats, Floats]:
    """The features of forecasts, and the level that they start from.

    Args:
        inputs: of the series.
        end: number of values known at the origin of each, at least 1, shape (rows,).
        step: of each, from 1, shape (rows,).
        fitted: number of values that parameters are estimated from.

    Returns:
        Features of shape (rows, features), in the scale of the series, and levels of shape (rows,), in its units.
    """
    values, season = inputs.values, inputs.season
    sums = np.concatenate([[0.0], np.cumsum(values)])
    target = end + step - 1
    last, seasonal = end - 1, _season_before(target, end, season)
    width = max(season, _FEWEST_FOR_A_MEAN)
    level = _mean(sums, end - width, end)
    earlier = np.where(end > width, _mean(sums, end - 2 * width, end - width), level)
    ahead = step / max(int(step.max(initial=1)), 1)
    own = [
        (values[seasonal] - level) / inputs.scale,
        (values[np.maximum(seasonal - season, 0)] - level) / inputs.scale,
        (values[last] - level) / inputs.scale,
        (level - earlier) / inputs.scale,
    ]
    columns = [*own, *(each * ahead for each in own[2:]), ahead]
    for covariate in inputs.known.values():
        totals = np.concatenate([[0.0], np.cumsum(covariate)])
        now = covariate[target]
        columns += [
            now - covariate[seasonal],
            now - covariate[last],
            now - _mean(totals, end - width, end),
            now,
        ]
    for covariate in inputs.past.values():
        totals = np.concatenate([[0.0], np.cumsum(covariate)])
        columns += [covariate[last] - _mean(totals, end - width, end), covariate[last]]
    columns += _harmonics(inputs.first + target, season, fitted)
    return np.column_stack(columns), level


def _season_before(target: Ints, end: Ints, season: int) -> Ints:
    """The latest known index of the same place in the season, or the first one of the series."""
    seasons = -(-(target - end + 1) // season)
    return np.maximum(target - seasons * season, 0)


def _mean(sums: Floats, first: Ints, end: Ints) -> Floats:
    first, end = np.maximum(first, 0), np.maximum(end, 0)
    return np.asarray((sums[end] - sums[first]) / np.maximum(end - first, 1))


def _harmonics(number: Ints, season: int, fitted: int) -> list[Floats]:
    """Waves of the seasons that the values have twice or more: part of one would be continued as a trend."""
    found = []
    for period in (float(season), _LONGER.get(season, 1.0)):
        if fitted < 2 * period:
            continue
        for harmonic in range(1, min(_HARMONICS, int(period // 2)) + 1):
            angle = 2 * np.pi * harmonic * number / period
            found += [np.sin(angle), np.cos(angle)]
    return found
