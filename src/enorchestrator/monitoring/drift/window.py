"""Windows of new values, one after the other, each judged beside the train rows."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from enorchestrator.monitoring.drift.expected import Expected, longest_run
from enorchestrator.monitoring.drift.statistics import TWO_SIDED, statistics_of

Floats = NDArray[np.float64]
#: Rows of a window by the length of the season: whole seasons, and enough values to tell anything.
_ROWS = {24: 168, 7: 28, 5: 25, 12: 12, 52: 13, 4: 8}
_FEWEST_ROWS, _MOST_ROWS = 20, 200
#: Equal values in a row that no train rows had: so many times the most of these, and at least so many.
_STUCK_TIMES, _STUCK_ROWS = 3, 6
#: Share of missing values beyond that of the train rows.
_MISSING = 0.5


@dataclass(frozen=True, slots=True)
class WindowVerdict:
    """A window of new values.

    Attributes:
        first: place of its first row among the new ones.
        rows: number of rows.
        statistics: by name the value and its limits, `{"psi": {"value": 0.4, "limit": 0.3}}`; two-sided ones have `lower`.
        exceeded: names of those beyond their limits; "sensor" for values that stand still or are missing.
    """

    first: int
    rows: int
    statistics: Mapping[str, Mapping[str, float]]
    exceeded: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The figures as JSON."""
        return {"exceeded": list(self.exceeded), **{name: dict(own) for name, own in self.statistics.items()}}


def usual_rows(season: int) -> int:
    """The number of rows of a window for series of a season."""
    return _ROWS.get(season, max(_FEWEST_ROWS, min(4 * season, _MOST_ROWS)))


def judged_windows(
    expected: Expected,
    values: Floats,
    times: NDArray[np.int64],
    first: int,
    *,
    rows: int | None = None,
    false_alarm: float = 0.01,
    seed: int = 0,
) -> Iterator[WindowVerdict]:
    """Judge the whole windows of new values, in the order of time.

    Args:
        expected: what was learnt from train rows.
        values: consecutive new rows, NaN where none was measured, shape (n,).
        times: of these, ns.
        first: number of buckets from the first train row to the first new one.
        rows: of a window; by default by the season.
        false_alarm: probability that a window without change exceeds any limit; it is shared by the statistics.
        seed: of the simulated windows.
    """
    count = rows or usual_rows(expected.season)
    rest = expected.without_course(values, times, first)
    for start in range(0, len(values) - count + 1, count):
        own, raw = rest[start : start + count], values[start : start + count]
        sensor = _sensor(raw, expected)
        known = np.isfinite(own)
        if known.sum() < count * (1 - _MISSING):
            yield WindowVerdict(start, count, {"sensor": sensor}, ("sensor",) if _is_dead(sensor) else ())
            continue
        window = np.where(known, own, np.interp(np.arange(count), np.flatnonzero(known), own[known]))
        found = statistics_of(window[np.newaxis], expected, first + start)
        limits = _limits(expected, count, (first + start) % expected.season, false_alarm, seed)
        shown: dict[str, Mapping[str, float]] = {"sensor": sensor}
        exceeded = ["sensor"] if _is_dead(sensor) else []
        for name, value in found.items():
            lower, upper = limits[name]
            figure = float(value[0])
            shown[name] = {"value": figure, "limit": upper} | ({"lower": lower} if name in TWO_SIDED else {})
            if figure > upper or (name in TWO_SIDED and figure < lower):
                exceeded.append(name)
        yield WindowVerdict(start, count, shown, tuple(exceeded))


def _limits(
    expected: Expected, rows: int, place: int, false_alarm: float, seed: int
) -> Mapping[str, tuple[float, float]]:
    """The limits of each statistic, from simulated windows in which nothing changed."""
    key = (rows * expected.season + place, false_alarm)
    if key not in expected.limits:
        simulated = expected.simulated(rows, np.random.default_rng(seed))
        found = statistics_of(simulated, expected, place)
        share = _shared(found, false_alarm)
        expected.limits[key] = {name: _ends(own, share, is_two_sided=name in TWO_SIDED) for name, own in found.items()}
    return expected.limits[key]


def _shared(simulated: Mapping[str, Floats], false_alarm: float) -> float:
    """The probability of each statistic to exceed its limit with which that of any to do so is the false alarm.

    The statistics depend on each other, so it is larger than an equal share: the smallest of their probabilities in a
    simulated window is below it as often as a false alarm is allowed.
    """
    from scipy.stats import rankdata

    each = []
    for name, own in simulated.items():
        upper = rankdata(-own, method="max") / len(own)
        each.append(2 * np.minimum(upper, rankdata(own, method="max") / len(own)) if name in TWO_SIDED else upper)
    return float(np.quantile(np.min(each, axis=0), false_alarm))


def _ends(simulated: Floats, share: float, *, is_two_sided: bool) -> tuple[float, float]:
    lower, upper = (share / 2, 1 - share / 2) if is_two_sided else (0.0, 1 - share)
    return float(np.quantile(simulated, lower)), float(np.quantile(simulated, upper))


def _sensor(values: Floats, expected: Expected) -> dict[str, float]:
    return {
        "longest_run": longest_run(values),
        "limit": max(_STUCK_ROWS, _STUCK_TIMES * expected.longest_run),
        "missing": float(1 - np.isfinite(values).mean()),
        "missing_limit": min(1.0, expected.missing + _MISSING),
    }


def _is_dead(sensor: Mapping[str, float]) -> bool:
    return sensor["longest_run"] >= sensor["limit"] or sensor["missing"] >= sensor["missing_limit"]
