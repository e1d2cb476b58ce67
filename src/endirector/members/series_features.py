"""Features of a series: numbers without unit that say of which kind it is (Hyndman, Wang & Laptev 2015)."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: The features, in the order of `series_features`.
NAMES = (
    "log_length",
    "trend_strength",
    "seasonal_strength",
    "trend_direction",
    "autocorrelation",
    "autocorrelation_ten",
    "autocorrelation_of_changes",
    "autocorrelation_at_season",
    "spectral_entropy",
    "lumpiness",
    "stability",
    "crossings",
    "zeros",
    "noise",
    "last_level",
)

#: Only so many of the latest values are looked at: kinds of series change, and long ones take time.
MOST_VALUES = 1000
_LEAST_VALUES = 4


def series_features(values: Floats, season: int = 1) -> Floats:
    """Compute the features of one series from the values that are known.

    Args:
        values: in time order, in any unit, shape (values,); NaN for those that were not measured.
        season: number of values of a season; 1 for none.

    Returns:
        Shape (len(NAMES),), without NaN; of fewer than four values, or equal ones, all but the length are 0.
    """
    found = np.zeros(len(NAMES))
    known = np.asarray(values, dtype=np.float64)
    known = known[np.isfinite(known)]
    found[0] = np.log1p(len(known))
    known = known[-MOST_VALUES:]
    spread = float(known.std()) if len(known) >= _LEAST_VALUES else 0.0
    if not spread > 1e-12 * float(np.abs(known).max(initial=0.0)):
        return found
    scaled = (known - known.mean()) / spread
    trend, seasonal = _trend_and_season(scaled, season)
    rest = scaled - trend - seasonal
    own = _autocorrelations(scaled, max(10, season))
    blocks = _blocks(scaled, season if season > 1 else 10)
    changes = np.diff(scaled)
    found[1:] = (
        _strength(rest, rest + trend),
        _strength(rest, rest + seasonal),
        np.corrcoef(np.arange(len(scaled)), scaled)[0, 1],
        own[0],
        float((own[:10] ** 2).sum()),
        _autocorrelations(changes, 1)[0],
        own[season - 1] if season > 1 else 0.0,
        _entropy(scaled),
        float(blocks.var(axis=1).var()),
        float(blocks.mean(axis=1).var()),
        float(np.mean(np.diff(scaled > np.median(scaled)) != 0)),
        float(np.mean(known == 0)),
        float(np.log1p(changes.std())),
        float(np.clip(trend[-1], -3, 3)),
    )
    return found


def _trend_and_season(values: Floats, season: int) -> tuple[Floats, Floats]:
    """A moving average over a season, or a tenth of the values, and the means of what is left by place of the season."""
    width = season if 1 < season <= len(values) // 2 else max(3, len(values) // 10)
    padded = np.pad(values, (width // 2, width - 1 - width // 2), mode="edge")
    sums = np.cumsum(np.insert(padded, 0, 0.0))
    trend = (sums[width:] - sums[:-width]) / width
    if not 1 < season <= len(values) // 2:
        return trend, np.zeros(len(values))
    place = np.arange(len(values)) % season
    means = np.bincount(place, weights=values - trend) / np.bincount(place)
    return trend, (means - means.mean())[place]


def _strength(rest: Floats, with_part: Floats) -> float:
    """1 − Var(rest) / Var(rest + part), at least 0."""
    whole = float(with_part.var())
    return max(0.0, 1 - float(rest.var()) / whole) if whole > 0 else 0.0


def _autocorrelations(values: Floats, lags: int) -> Floats:
    """At the lags 1 … lags, shape (lags,); 0 where the series is too short."""
    found = np.zeros(lags)
    centred = values - values.mean()
    power = float(centred @ centred)
    for lag in range(1, min(lags, len(values) - 2) + 1) if power > 0 else ():
        found[lag - 1] = float(centred[lag:] @ centred[:-lag]) / power
    return found


def _blocks(values: Floats, width: int) -> Floats:
    """The values cut into blocks of a width, or into two, shape (blocks, width)."""
    width = width if len(values) >= 2 * width else len(values) // 2
    count = len(values) // width
    return values[len(values) - count * width :].reshape(count, width)


def _entropy(values: Floats) -> float:
    """Shannon entropy of the periodogram, from 0 for one wave to 1 for noise."""
    power = np.abs(np.fft.rfft(values - values.mean())[1:]) ** 2
    share = power / power.sum() if power.sum() > 0 else np.full(len(power), 1 / max(len(power), 1))
    share = share[share > 0]
    return float(-(share * np.log(share)).sum() / np.log(len(power))) if len(power) > 1 else 0.0
