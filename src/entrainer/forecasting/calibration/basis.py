"""Residuals that an interval rests on: those of its step and series, or, where these are too few, the nearest others."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np

from entrainer.forecasting.calibration.levels import Level, rank
from entrainer.forecasting.calibration.residuals import Floats, Residuals

#: Residuals of one series stand for themselves if they are so many times as many as are needed, and there are others.
_OWN_INSTEAD_OF_ALL = 3
#: Of fewer residuals the ends jump from step to step: those of the nearest steps are taken in.
_SMOOTH = 200


class Basis(StrEnum):
    """The residuals, or the forecasts, that an interval rests on."""

    OWN = "own residuals"
    ALL_SERIES = "all series"
    NEAREST_STEPS = "nearest steps"
    NORMAL = "normal"
    QUANTILES = "own quantiles"


@dataclass(frozen=True, slots=True)
class IntervalEnds:
    """The ends of an interval.

    Attributes:
        basis: what they rest on.
        rows: number of residuals: of the step, or of all that are joined where it has too few.
        lower: what is added to the point forecast, in the units of the source; None without this end.
        upper: the same.
    """

    basis: Basis
    rows: int
    lower: float | None
    upper: float | None


@dataclass(frozen=True)
class Calibration:
    """Residuals, and the scales by which those of one series stand for those of another.

    Attributes:
        residuals: by step and series.
        scales: of each series, see `TrainValues.scale`; a series without a positive one takes no residuals of others.
        repeating: scales of series that have repeated their season exactly: they take residuals of others in these, and give
            none.
    """

    residuals: Residuals
    scales: Mapping[int, float] = field(default_factory=dict)
    repeating: Mapping[int, float] = field(default_factory=dict)

    def ends(self, series: int, step: int, levels: Iterable[Level]) -> dict[Level, IntervalEnds]:
        """The intervals of a step of a series; a wider one contains a narrower one.

        The ends are ranks of residuals, of the first of these that are enough for the level:

        1. those of the step of the series, three times as many as needed where there are others: errors from origins near
           each other go together;
        2. those of the step of all series, each divided by the scale of its series and multiplied by that of this one; the
           same with the size of the errors of a series, where series differ in it, see `sizes_of`;
        3. those of the nearest steps of the series, else of all series.

        Fewer than 200 are joined by those of the nearest steps, so that the ends do not jump from step to step: those of a
        step k are multiplied by (s / k)^g for the step s, with the exponent `growth`. Errors of near steps go together, so
        ranks are those that the residuals of the step, or the nearest that has some, ask for alone, see `rank`.

        Where none are enough, they are quantiles of a Student distribution with the root mean square of these residuals.

        Returns:
            The ends by level. Empty if there are fewer than two residuals.
        """
        found: dict[Level, IntervalEnds] = {}
        lowest, highest = np.inf, -np.inf
        for level in sorted(levels, key=lambda each: each.reach):
            chosen = self._enough(series, step, level.rows_needed)
            if chosen is None:
                continue
            lower, upper = (None if each is None else chosen.end(each) for each in (level.lower, level.upper))
            if lower is not None:
                lower = lowest = min(lowest, lower)
            if upper is not None:
                upper = highest = max(highest, upper)
            found[level] = IntervalEnds(chosen.basis, chosen.rows, lower, upper)
        return found

    @cached_property
    def growth(self) -> float:
        """The exponent g of the growth of residuals: their mean absolute value at step s is taken to grow as s^g.

        The least squares slope of the logarithms over the steps with at least nine residuals, from 0 to 1; one half, that of
        a random walk, if there are fewer than three such steps.
        """
        sizes = {step: float(np.abs(known).mean()) for step in self._steps if len(known := self._of_all(step)) >= 9}
        steps, means = (np.array(each)[np.array([*sizes.values()]) > 0] for each in ([*sizes], [*sizes.values()]))
        if len(steps) < 3:
            return 0.5
        return float(np.clip(np.polyfit(np.log(steps), np.log(means), 1)[0], 0, 1))

    def _enough(self, series: int, step: int, needed: int) -> "_Chosen | None":
        """The residuals; as many as there are for a distribution; None for fewer than two."""

        def own(step: int) -> Floats:
            return self.residuals.at(step, series)

        def of_all(step: int) -> Floats:
            return self._scaled(step, series)

        rows, of_others = len(own(step)), len(of_all(step))
        if rows >= needed * (_OWN_INSTEAD_OF_ALL if of_others > rows else 1):
            return _Chosen(Basis.OWN, self._of_nearest_steps(step, own), rows)
        if of_others >= needed:
            return _Chosen(Basis.ALL_SERIES, self._of_nearest_steps(step, of_all), of_others)
        joined = [self._of_nearest_steps(step, each, needed) for each in (own, of_all)]
        enough = next((each for each in joined if len(each) >= needed), None)
        if enough is not None:
            nearest = next(count for each in self._nearest(step) if (count := max(len(own(each)), len(of_all(each)))))
            return _Chosen(Basis.NEAREST_STEPS, enough, max(needed, min(nearest, len(enough))))
        most = max(joined, key=len)
        return _Chosen(Basis.NORMAL, most, len(most)) if len(most) >= 2 else None

    def _of_nearest_steps(self, step: int, of_step: Callable[[int], Floats], needed: int = 0) -> Floats:
        """Residuals of a step, and of as many of the nearest ones as are needed, in the size of this one; ascending."""
        collected = [np.empty(0)]
        for each in self._nearest(step):
            collected.append(of_step(each) * (step / each) ** self.growth)
            if sum(map(len, collected)) >= max(needed, _SMOOTH):
                break
        return np.sort(np.concatenate(collected))

    def _nearest(self, step: int) -> list[int]:
        return sorted(self._steps, key=lambda other: (abs(other - step), other))

    @cached_property
    def _steps(self) -> list[int]:
        return sorted(self.residuals.by_step)

    @cached_property
    def _series(self) -> set[int]:
        return {series for known in self.residuals.by_step.values() for series in known}

    @cached_property
    def _pooled(self) -> dict[int, Floats]:
        return {}

    def _scale(self, series: int) -> float:
        """The scale of a series; 1 if there is one series only, which needs none; 0 if it is not known."""
        return 1.0 if len(self._series) == 1 and series in self._series else self.scales.get(series, 0.0)

    def _of_all(self, step: int) -> Floats:
        """Residuals of a step of all series that have a scale, in units of it, ascending."""
        if step not in self._pooled:
            known = self.residuals.of_size_one(step)
            usable = [own / self._scale(series) for series, own in known.items() if self._scale(series) > 0]
            self._pooled[step] = np.sort(np.concatenate([np.empty(0), *usable]))
        return self._pooled[step]

    def _scaled(self, step: int, series: int) -> Floats:
        """Residuals of a step of all series, in the scale of this one; none if it has no scale, or is the only one."""
        scale = self.repeating.get(series, 0.0) or self._scale(series)
        if not scale > 0 or not self._series - {series}:
            return np.empty(0)
        return self._of_all(step) * scale * self.residuals.sizes.get(series, 1.0)


class _Chosen(NamedTuple):
    """Residuals that are enough.

    Attributes:
        basis: what they are.
        known: ascending, shape (rows,).
        alone: number of those that the ranks are made for.
    """

    basis: Basis
    known: Floats
    alone: int

    @property
    def rows(self) -> int:
        """Number of residuals of the step; of all where it has too few."""
        return self.alone if self.basis in (Basis.OWN, Basis.ALL_SERIES) else len(self.known)

    def end(self, quantile: float) -> float:
        """The offset of a quantile from the point forecast."""
        if self.basis is not Basis.NORMAL:
            return float(self.known[rank(len(self.known), quantile, self.alone) - 1])
        from scipy.stats import t

        return float(np.sqrt(np.mean(self.known**2)) * t.ppf(quantile, len(self.known)))
