"""The statistics of a window: PSI, Kolmogorov–Smirnov, Wasserstein, spread and season; of many windows at once."""

import numpy as np
from numpy.typing import NDArray

from enorchestrator.monitoring.drift.expected import Expected

Floats = NDArray[np.float64]
_BINS = 10
#: A count of 0 in a bin would make the index infinite.
_PRIOR = 0.5
#: Values beyond so many deviations count as these: a spike is no drift.
_MOST_DEVIATIONS = 5.0
#: Statistics that may be too small as well.
TWO_SIDED = frozenset({"spread"})


def statistics_of(windows: Floats, expected: Expected, first: int) -> dict[str, Floats]:
    """The statistics of windows without season and yearly course, each of shape (windows,).

    Args:
        windows: shape (windows, rows), without NaN.
        expected: what was learnt from train rows.
        first: number of buckets from the first train row to the first row of the windows.

    Returns:
        - `psi`: population stability index over the deciles of the train rows.
        - `ks`: Kolmogorov–Smirnov distance.
        - `wasserstein`: distance in standard deviations of the train rows.
        - `spread`: logarithm of the mean absolute innovation, relative to that of the train rows; negative where the series
          is quieter.
        - `season`: the mean squared difference of the means of the places in the season from those of the train rows, in
          variances; only where a window has two whole seasons.
        - `pattern`: the same of the innovations, in which slow swings do not hide a season; only where there are some beside
          the values themselves.
    """
    centre, scale = float(np.median(expected.rest)), float(expected.rest.std())
    limit = _MOST_DEVIATIONS * scale
    ordered = np.sort(np.clip(windows, centre - limit, centre + limit), axis=1)
    found = {
        "psi": _psi(ordered, expected.rest),
        "ks": _ks(ordered, expected.rest),
        "wasserstein": _wasserstein(ordered, np.clip(expected.rest, centre - limit, centre + limit)) / scale,
        "spread": _spread(windows, expected),
    }
    order, season = len(expected.coefficients), expected.season
    if season > 1 and windows.shape[1] >= 2 * season:
        found["season"] = _season(windows, season, first, scale)
    if season > 1 and order and windows.shape[1] - order >= 2 * season:
        deviation = float(expected.innovations.std())
        found["pattern"] = _season(_innovations(windows, expected), season, first + order, deviation)
    return found


def _psi(ordered: Floats, train: Floats) -> Floats:
    edges = np.quantile(train, np.linspace(0, 1, _BINS + 1)[1:-1])
    rows = ordered.shape[1]
    below = np.stack([(ordered <= edge).sum(axis=1) for edge in edges], axis=1)
    counts = np.diff(
        np.concatenate([np.zeros((len(ordered), 1)), below, np.full((len(ordered), 1), rows)], axis=1), axis=1
    )
    of_train = np.diff(np.concatenate([[0], np.searchsorted(train, edges, side="right"), [len(train)]]))
    share = (counts + _PRIOR) / (rows + _BINS * _PRIOR)
    wanted = (of_train + _PRIOR) / (len(train) + _BINS * _PRIOR)
    found: Floats = ((share - wanted) * np.log(share / wanted)).sum(axis=1)
    return found


def _ks(ordered: Floats, train: Floats) -> Floats:
    """The largest distance of the two empirical distributions; it is reached beside a value of the window."""
    rows, known = ordered.shape[1], len(train)
    up_to = np.searchsorted(train, ordered, side="right") / known
    before = np.searchsorted(train, ordered, side="left") / known
    steps = np.arange(1, rows + 1) / rows
    found: Floats = np.maximum(np.abs(steps - up_to), np.abs(before - (steps - 1 / rows))).max(axis=1)
    return found


def _wasserstein(ordered: Floats, train: Floats) -> Floats:
    """The area between the two quantile functions; that of the train rows is taken in the middle of fine steps."""
    rows = ordered.shape[1]
    fine = 8
    quantiles = np.quantile(train, (np.arange(rows * fine) + 0.5) / (rows * fine)).reshape(rows, fine)
    found: Floats = np.abs(ordered[:, :, np.newaxis] - quantiles).mean(axis=(1, 2))
    return found


def _innovations(windows: Floats, expected: Expected) -> Floats:
    """The residuals of the autoregression, of all rows of a window but the first ones that it needs."""
    order, centred = len(expected.coefficients), windows - expected.rest.mean()
    found: Floats = centred[:, order:].copy()
    for lag, each in enumerate(expected.coefficients, 1):
        found -= each * centred[:, order - lag : windows.shape[1] - lag]
    return found


def _spread(windows: Floats, expected: Expected) -> Floats:
    typical = float(np.abs(expected.innovations).mean())
    size = np.minimum(np.abs(_innovations(windows, expected)), _MOST_DEVIATIONS * typical).mean(axis=1)
    found: Floats = np.log(np.maximum(size, 1e-9 * typical) / typical)
    return found


def _season(values: Floats, season: int, first: int, scale: float) -> Floats:
    place = (first + np.arange(values.shape[1])) % season
    centred = values - values.mean(axis=1, keepdims=True)
    means = np.stack([centred[:, place == each].mean(axis=1) for each in range(season)], axis=1)
    found: Floats = (means**2).mean(axis=1) / scale**2
    return found
