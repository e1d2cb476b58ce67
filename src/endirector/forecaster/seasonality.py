"""Seasonality of series, tested on their values."""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

#: One-sided 90 % quantile of the normal distribution, as in the benchmarks of the M4 competition.
_CRITICAL = 1.645
#: Seasons that a series must have before the test says anything.
_FEWEST_SEASONS = 3


def is_seasonal(values: NDArray[np.float64], season: int) -> bool | None:
    """Test the autocorrelation of a series at its season, with Bartlett's variance.

    Args:
        values: in time order, shape (n,); NaN where there is no value.
        season: number of buckets in a season, at least 2.

    Returns:
        None if the series has fewer than three seasons, or does not vary.

    Source:
        Makridakis et al. (2020), The M4 Competition, test of the benchmark methods.
    """
    measured = values[np.isfinite(values)]
    if len(measured) < _FEWEST_SEASONS * season or np.ptp(measured) == 0:
        return None
    steps = np.diff(np.where(np.isfinite(values), values, np.nan))  # a trend alone correlates at every lag
    steps = np.where(np.isfinite(steps), steps - np.nanmean(steps), 0.0)
    if not steps.any():
        return None
    steps /= np.abs(steps).max()  # squares of huge steps are no finite numbers
    variance = float(steps @ steps)
    # Sums of products, since `@` starts threads, which wait for each other on a busy machine.
    correlations = np.array([float((steps[lag:] * steps[:-lag]).sum()) / variance for lag in range(1, season + 1)])
    limit = _CRITICAL * np.sqrt((1 + 2 * float((correlations[:-1] ** 2).sum())) / len(steps))
    return bool(correlations[-1] > limit)


def share_of_seasonal(series: Iterable[NDArray[np.float64]], season: int) -> tuple[int, int]:
    """Number of series with the season, and number of those that are long enough to tell."""
    found = [verdict for values in series if (verdict := is_seasonal(values, season)) is not None]
    return sum(found), len(found)
