"""False alarms and found changes of the drift monitor on generated daily series, as docs/reference/monitoring.md has them.

`python benchmarks/bench_drift.py [SERIES]`: 200 series by default. Every series has a week, an autocorrelation between 0 and
0.8, and a level and spread of its own. An alarm is raised by two windows of 28 days in a row.
"""

import sys
import time
from collections.abc import Callable

import numpy as np

from enorchestrator.monitoring.drift.expected import Expected
from enorchestrator.monitoring.drift.window import judged_windows
from enorchestrator.monitoring.settings import MonitorSettings

DAY = 86_400_000_000_000
START = 1_600_000_000_000_000_000 // DAY * DAY
WINDOW = 28
Series = np.ndarray


class Generated:
    """A daily series: `course` is what comes back each week (and year), `noise` what does not."""

    def __init__(self, seed: int, days: int, *, year: bool = False) -> None:
        random = np.random.default_rng(seed)
        self.scale = float(np.exp(random.normal(1, 1)))
        self.phi = float(random.uniform(0, 0.8))
        week = random.normal(0, random.uniform(0.5, 2), 7) * self.scale
        t = np.arange(days)
        self.course = random.normal(50, 20) * self.scale + week[t % 7]
        if year:
            self.course += 3 * self.scale * np.sin(2 * np.pi * (t / 365.25 + random.uniform()))
        shocks = random.normal(size=days + 50) if seed % 2 else random.standard_t(5, days + 50) / (5 / 3) ** 0.5
        noise = np.zeros(days + 50)
        for at in range(1, days + 50):
            noise[at] = self.phi * noise[at - 1] + (1 - self.phi**2) ** 0.5 * shocks[at]
        self.noise = noise[50:] * self.scale
        self.random = random

    @property
    def values(self) -> Series:
        """Both."""
        return self.course + self.noise


def first_alarm(values: Series, train: int) -> int | None:
    """Days from the end of the train rows to the alarm; None for none."""
    settings = MonitorSettings()
    times = START + np.arange(len(values)) * DAY
    expected = Expected.learn(values[:train], times[:train], 7)
    assert expected is not None
    in_a_row = 0
    for each in judged_windows(
        expected, values[train:], times[train:], train, false_alarm=settings.false_alarm, seed=settings.seed
    ):
        in_a_row = in_a_row + 1 if each.exceeded else 0
        if in_a_row == settings.windows:
            return each.first + each.rows
    return None


def _changed(change: Callable[[Generated, int], Series]) -> Callable[[int, int, int], tuple[Series, int]]:
    def make(seed: int, days: int, train: int) -> tuple[Series, int]:
        made = Generated(seed, days)
        latest = days - train - (MonitorSettings().windows + 1) * WINDOW
        at = train + int(np.random.default_rng(seed + 10_000).integers(5, latest))
        return change(made, at), at

    return make


def _level(size: float) -> Callable[[Generated, int], Series]:
    def change(made: Generated, at: int) -> Series:
        values = made.values
        values[at:] += size * made.scale * (1 if made.random.uniform() < 0.5 else -1)
        return values

    return change


def _variance(factor: float) -> Callable[[Generated, int], Series]:
    def change(made: Generated, at: int) -> Series:
        return made.course + made.noise * np.where(np.arange(len(made.noise)) < at, 1, factor)

    return change


def _season(share: float) -> Callable[[Generated, int], Series]:
    """Another week: a part of the old one is replaced by a new one of the deviation 2."""

    def change(made: Generated, at: int) -> Series:
        t = np.arange(len(made.noise))
        other = made.random.normal(0, 2, 7)
        other = (other - other.mean()) / other.std() * 2 * made.scale
        return made.values + np.where(t < at, 0, share * other[t % 7])

    return change


def _stuck(made: Generated, at: int) -> Series:
    values = made.values
    values[at:] = values[at]
    return values


def _silent(made: Generated, at: int) -> Series:
    values = made.values
    values[at:] = np.nan
    return values


CHANGES = {
    "level by 2 deviations": _level(2),
    "level by 3 deviations": _level(3),
    "level by 4 deviations": _level(4),
    "deviation × 2": _variance(2),
    "deviation × 2.5": _variance(2.5),
    "deviation × 3": _variance(3),
    "deviation × 0.33": _variance(0.33),
    "another week, by half": _season(0.5),
    "another week": _season(1),
    "sensor stands still": _stuck,
    "sensor sends nothing": _silent,
}
#: Days of train rows, days that are watched, yearly course.
QUIET = {
    "a year of train rows, a year watched": (365, 365, False),
    "a year in all, 60 % of it train rows": (219, 146, False),
    "three years of train rows with a yearly course, a year watched": (1096, 365, True),
}


def main(series: int = 200) -> dict[str, float]:
    """Print the table, and give its figures."""
    began, found = time.process_time(), {}
    settings = MonitorSettings()
    print(f"{series} series; an alarm after {settings.windows} windows of {WINDOW} days\n")
    for name, (train, watched, year) in QUIET.items():
        alarms = sum(
            first_alarm(Generated(seed, train + watched, year=year).values, train) is not None for seed in range(series)
        )
        found[name] = alarms
        print(f"| no change: {name} | {alarms} false alarms |")
    within = settings.windows * WINDOW
    for name, change in CHANGES.items():
        hits, days = 0, []
        for seed in range(series):
            train = 365
            values, at = _changed(change)(seed, train + 365, train)
            alarm = first_alarm(values, train)
            # The first window of which all days are changed begins at most a window later.
            end = -(-(at - train) // WINDOW) * WINDOW + within
            if alarm is not None and at - train < alarm <= end:
                hits += 1
                days.append(alarm - (at - train))
        found[name] = hits / series
        print(f"| {name} | {hits / series:.1%} | {np.median(days) if days else float('nan'):.0f} days |")
    print(f"\n{time.process_time() - began:.1f} s of processor time")
    return found


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
