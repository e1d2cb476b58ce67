"""Series of the M1 and M4 competitions, and cheap forecasts of them, to compare ways to combine."""

import csv
import lzma
import os
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MEMBERS = ("naive", "seasonal naive", "drift", "theta", "ridge")
FOLDER = Path(os.environ.get("ENSTORAGE_TEST_DATA", "")) / "forecast"
_LONGEST = 1000


@dataclass(frozen=True)
class Group:
    """Series of one spacing, as one panel.

    Attributes:
        name: of the group.
        season: number of values of a season; 1 for none.
        horizon: number of values to forecast.
        series: the values to learn from and those to forecast, for each series.
    """

    name: str
    season: int
    horizon: int
    series: list[tuple[Floats, Floats]]


def groups() -> list[Group]:
    """The groups of M1, and those of the series of M4 with even numbers; the others are left for a last judgement."""
    return [*_m1(), _m4("Hourly", 24), _m4("Weekly", 1)]


def _m1() -> list[Group]:
    seasons = {"YEARLY": 1, "QUARTERLY": 4, "MONTHLY": 12}
    values: dict[tuple[str, str], dict[str, list[float]]] = defaultdict(lambda: {"train": [], "test": []})
    with lzma.open(FOLDER / "m1" / "M1.csv.xz", "rt", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            values[row["period"], row["series"]][row["split"]].append(float(row["value"]))
    found = []
    for period, season in seasons.items():
        own = [
            (np.array(each["train"]), np.array(each["test"])) for (kind, _), each in values.items() if kind == period
        ]
        found.append(Group(f"M1 {period.lower()}", season, len(own[0][1]), own))
    return found


def _m4(kind: str, season: int) -> Group:
    train, test = (_rows(FOLDER / "m4" / f"{kind}-{name}.csv") for name in ("train", "test"))
    own = [(train[key][-_LONGEST:], test[key]) for key in train if int(key[1:]) % 2 == 0]
    return Group(f"M4 {kind.lower()}", season, len(own[0][1]), own)


def _rows(path: Path) -> dict[str, Floats]:
    with path.open(encoding="utf-8") as file:
        return {row[0]: np.array([float(cell) for cell in row[1:] if cell]) for row in list(csv.reader(file))[1:]}


def forecasts(values: Floats, horizon: int, season: int) -> Floats:
    """The forecasts of all members after some values, shape (horizon, members)."""
    steps = np.arange(1, horizon + 1)
    seasonal = values[-season:][(steps - 1) % season] if len(values) >= season else np.full(horizon, values[-1])
    slope = (values[-1] - values[0]) / max(len(values) - 1, 1)
    return np.column_stack(
        [
            np.full(horizon, values[-1]),
            seasonal,
            values[-1] + slope * steps,
            _theta(values, horizon, season),
            _ridge(values, horizon, season),
        ]
    )


def _theta(values: Floats, horizon: int, season: int) -> Floats:
    """Exponential smoothing and half the slope of a line, after the seasonal figures are taken away."""
    place = np.arange(len(values) + horizon) % season
    figures = np.zeros(season)
    if season > 1 and len(values) >= 2 * season:
        sums = np.cumsum(np.insert(values, 0, 0.0))
        level = (sums[season:] - sums[:-season]) / season
        middle = slice(season // 2, season // 2 + len(level))
        figures = np.bincount(place[middle], weights=values[middle] - level, minlength=season)
        figures /= np.maximum(np.bincount(place[middle], minlength=season), 1)
        figures -= figures.mean()
    plain = values - figures[place[: len(values)]]
    rates = np.linspace(0.1, 1.0, 10)
    level, errors = np.full(10, plain[0]), np.zeros(10)
    for value in plain[1:]:
        errors += (value - level) ** 2
        level = level + rates * (value - level)
    slope = np.polyfit(np.arange(len(plain)), plain, 1)[0] if len(plain) > 2 else 0.0
    return level[errors.argmin()] + slope / 2 * np.arange(1, horizon + 1) + figures[place[len(values) :]]


def _ridge(values: Floats, horizon: int, season: int) -> Floats:
    """Autoregression of changes by ridge, step after step."""
    lag = min(2 * season if season > 1 else 4, len(values) // 3)
    spread = float(np.diff(values).std()) or 1.0
    changes = np.diff(values) / spread
    if lag < 1 or len(changes) <= lag + 1:
        return np.full(horizon, values[-1])
    windows = np.lib.stride_tricks.sliding_window_view(changes[:-1], lag)
    inputs = np.column_stack([windows, np.ones(len(windows))])
    weights = np.linalg.solve(inputs.T @ inputs + np.eye(lag + 1), inputs.T @ changes[lag:])
    path = list(changes)
    for _ in range(horizon):
        path.append(float(np.clip(np.append(path[-lag:], 1.0) @ weights, -10, 10)))
    return values[-1] + spread * np.cumsum(path[len(changes) :])
