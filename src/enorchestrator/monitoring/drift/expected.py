"""`Expected`: what windows of a series look like as long as nothing changes, learnt from its train rows."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Order of the autoregression at most.
_MOST_ORDER = 7
#: Windows that are simulated for the limits.
SIMULATED = 4000
_BURN_IN = 60
_DAY = 86_400_000_000_000
_YEAR_DAYS = 365.2425
#: A yearly course is learnt from so many years, by so many harmonics.
_FEWEST_YEARS, _HARMONICS = 2.0, 2
#: With fewer values nothing is learnt.
FEWEST_VALUES = 40


@dataclass(frozen=True, slots=True, eq=False)
class Expected:
    """A season, a yearly course and an autoregression around them.

    Attributes:
        season: number of buckets; 1 for none.
        profile: mean of each place in the season, shape (season,).
        yearly: coefficients of the harmonics of a year; empty for none.
        coefficients: of the autoregression, the latest value first, shape (order,).
        innovations: its residuals on train rows, centred, shape (n,).
        rest: train rows without season and yearly course, shape (train rows,), without NaN.
        longest_run: the most equal values in a row of the train rows.
        missing: share of the train rows without a value.
        first: place of the first train row, from which places in the season count.
    """

    season: int
    profile: Floats
    yearly: Floats
    coefficients: Floats
    innovations: Floats
    rest: Floats
    longest_run: int
    missing: float
    limits: dict[tuple[int, float], dict[str, tuple[float, float]]] = field(default_factory=dict)

    @classmethod
    def learn(cls, values: Floats, times: NDArray[np.int64], season: int) -> "Expected | None":
        """Learn from train rows; None if there are too few values, or they do not vary.

        Args:
            values: of consecutive buckets, NaN where none was measured, shape (rows,).
            times: of the buckets, ns, shape (rows,).
            season: number of buckets in a season, 1 for none.
        """
        known = np.isfinite(values)
        if known.sum() < max(FEWEST_VALUES, 2 * season) or np.ptp(values[known]) == 0:
            return None
        profile, yearly = _course(values, times, season)
        rest = values - _at(profile, yearly, np.arange(len(values)), times)
        order, coefficients = _autoregression(_filled(rest))
        innovations = _innovations(rest, coefficients)
        if len(innovations) < FEWEST_VALUES // 2 or np.ptp(innovations) == 0:
            return None
        return cls(
            season=season,
            profile=profile,
            yearly=yearly,
            coefficients=coefficients[:order],
            innovations=innovations - innovations.mean(),
            rest=np.sort(rest[np.isfinite(rest)]),
            longest_run=longest_run(values),
            missing=float(1 - known.mean()),
        )

    def without_course(self, values: Floats, times: NDArray[np.int64], first: int) -> Floats:
        """Values without season and yearly course.

        Args:
            values: of consecutive buckets, shape (rows,).
            times: of these, ns.
            first: number of buckets from the first train row to the first of these.
        """
        return values - _at(self.profile, self.yearly, first + np.arange(len(values)), times)

    def innovations_of(self, rest: Floats) -> Floats:
        """Residuals of the autoregression on values without their course; those with all values before them."""
        return _innovations(rest, self.coefficients)

    def simulated(self, rows: int, random: np.random.Generator) -> Floats:
        """Windows in which nothing changed, without their course, shape (`SIMULATED`, rows).

        Innovations are drawn from those of the train rows. The mean of the train rows was estimated from them; its error is
        the same in every row of a window.
        """
        from scipy.signal import lfilter

        drawn = random.choice(self.innovations, (SIMULATED, rows + _BURN_IN))
        paths: Floats = lfilter([1.0], np.concatenate([[1.0], -self.coefficients]), drawn, axis=1)[:, _BURN_IN:]
        gain = 1 / max(1 - self.coefficients.sum(), 0.05)
        error = gain * self.innovations.std() / len(self.rest) ** 0.5
        return paths + random.normal(0, error, (SIMULATED, 1)) + float(np.mean(self.rest))


def longest_run(values: Floats) -> int:
    """The most equal values in a row; values that are missing end a run."""
    known = np.isfinite(values)
    if not known.any():
        return 0
    same = (values[1:] == values[:-1]) & known[1:] & known[:-1]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], same.astype(np.int8), [0]])))
    return int((edges[1::2] - edges[::2]).max(initial=0)) + 1


def _course(values: Floats, times: NDArray[np.int64], season: int) -> tuple[Floats, Floats]:
    """Means of the places of a season, and the coefficients of a yearly course beside it."""
    known = np.isfinite(values)
    place = np.arange(len(values)) % season
    harmonics = _harmonics(times, season)
    columns = np.column_stack([place == each for each in range(season)]).astype(np.float64)
    design = np.column_stack([columns, harmonics]) if harmonics.size else columns
    found: Floats = np.linalg.lstsq(design[known], values[known], rcond=None)[0].astype(np.float64)
    return found[:season], found[season:]


def _harmonics(times: NDArray[np.int64], season: int) -> Floats:
    """Sines and cosines of the year; none where a year is no longer than the season, or too few years are there."""
    if len(times) < 2:
        return np.empty((len(times), 0))
    years = float(times[-1] - times[0]) / (_YEAR_DAYS * _DAY)
    bucket = float(np.median(np.diff(times))) / _DAY
    if years < _FEWEST_YEARS or season * bucket > _YEAR_DAYS / 4:
        return np.empty((len(times), 0))
    return _harmonics_at(times)


def _harmonics_at(times: NDArray[np.int64]) -> Floats:
    angle = 2 * np.pi * (times / _DAY) / _YEAR_DAYS
    return np.column_stack([wave(angle * k) for k in range(1, _HARMONICS + 1) for wave in (np.sin, np.cos)])


def _at(profile: Floats, yearly: Floats, places: NDArray[np.int64], times: NDArray[np.int64]) -> Floats:
    course = profile[places % len(profile)]
    return course + _harmonics_at(times) @ yearly if len(yearly) else course


def _filled(rest: Floats) -> Floats:
    return np.where(np.isfinite(rest), rest, 0.0)


def _autoregression(rest: Floats) -> tuple[int, Floats]:
    """The order by Akaike's criterion, and coefficients of the Yule–Walker equations, less biased towards 0."""
    from scipy.linalg import solve_toeplitz

    rows = len(rest)
    centred = rest - rest.mean()
    most = min(_MOST_ORDER, rows // 20)
    covariances = np.array([centred[lag:] @ centred[: rows - lag] / (rows - lag) for lag in range(most + 1)])
    best = (np.inf, 0, np.empty(0))
    for order in range(most + 1):
        coefficients = solve_toeplitz(covariances[:order], covariances[1 : order + 1]) if order else np.empty(0)
        variance = covariances[0] - float(coefficients @ covariances[1 : order + 1])
        if variance <= 0 or not _is_stationary(coefficients):
            continue
        best = min(best, (rows * np.log(variance) + 2 * order, order, coefficients), key=lambda each: each[0])
    return best[1], best[2]


def _is_stationary(coefficients: Floats) -> bool:
    roots = np.roots(np.concatenate([[1.0], -coefficients])) if len(coefficients) else np.empty(0)
    return bool((np.abs(roots) < 0.99).all())


def _innovations(rest: Floats, coefficients: Floats) -> Floats:
    order = len(coefficients)
    found = rest[order:].copy()
    for lag, each in enumerate(coefficients, 1):
        found -= each * rest[order - lag : len(rest) - lag]
    return found[np.isfinite(found)]
