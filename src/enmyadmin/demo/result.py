"""The result of a demonstration: the one object behind `report.html` and `metrics.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from enmyadmin.demo.timeline import StepTime
from enstorage.errors import InvalidInputError

ENSEMBLE = "ensemble"
"""The name of the ensemble among the forecasts; no member and no baseline has it."""


@dataclass(frozen=True)
class MemberResult:
    """One member on the test part: errors in the unit of the source, its weight and the rows that the alignment dropped.

    Attributes:
        name: Name of the member, unique in the experiment.
        lag: Number of past values that it gets.
        mse: Mean squared error, unit².
        rmse: Root of `mse`, unit.
        mse_scaled: Mean squared error in the scale of the preparation.
        weight: Its coefficient in the metamodel.
        lost_rows: Number of its rows whose target is not common to all members.
    """

    name: str
    lag: int
    mse: float
    rmse: float
    mse_scaled: float
    weight: float
    lost_rows: int


@dataclass(frozen=True)
class EnsembleFigures:
    """The ensemble on the test part, and how it was made.

    Attributes:
        mse: Mean squared error, unit².
        rmse: Root of `mse`, unit.
        mse_scaled: Mean squared error in the scale of the preparation.
        intercept: What the metamodel adds to the weighted sum, unit.
        method: Method token, such as `blending`.
        metamodel: Class name of the metamodel.
        fit_on: Rows that the metamodel was fitted on: `train`, `valid` or `out_of_fold`.
        mark: Whether the members had been trained on those rows.
    """

    mse: float
    rmse: float
    mse_scaled: float
    intercept: float
    method: str
    metamodel: str
    fit_on: str
    mark: Literal["held-out", "out-of-fold", "in-sample"]


@dataclass(frozen=True)
class BaselineResult:
    """A simple forecast to beat, on the same test rows: `mse` in unit², `rmse` in unit, `mse_scaled` as prepared."""

    name: str
    mse: float
    rmse: float
    mse_scaled: float


@dataclass(frozen=True)
class SeedResult:
    """Test MSE (unit²) of every member, in the experiment's order, and of the ensemble, when trained with one seed."""

    seed: int
    member_mse: tuple[float, ...]
    ensemble_mse: float

    @property
    def below_every_member(self) -> bool:
        """True where the ensemble's MSE is below that of every member."""
        return self.ensemble_mse < min(self.member_mse)


@dataclass(frozen=True)
class ExperimentResult:
    """One experiment from source to ensemble.

    Attributes:
        title: Name of the series, for the heading.
        unit: Unit of its values.
        source: Where the data come from, in words.
        times_ns: Times of the prepared points, int64 nanoseconds since 1970 UTC, shape (n,).
        values: The points in `unit`, shape (n,).
        part: int8, 0 train, 1 valid, 2 test, shape (n,).
        members: The members.
        ensemble: The ensemble.
        baselines: Simple forecasts of the same test rows.
        test_times_ns: Times of the test targets, shape (test_rows,).
        test_truth: The targets in `unit`, shape (test_rows,).
        test_forecasts: Forecasts in `unit` of every member, every baseline and `"ensemble"`, each (test_rows,).
        filled_rows: Rows of the series that had no value and were given the last known one.
        common_rows: Target ids that all members share, over all parts.
        test_rows: Those of them in the test part.
        seconds: Duration of the whole experiment.
        seeds: Every seed that was run, the one shown first.
        lineage: (step, name, id, detail) from the source to the ensemble; equal steps follow one another.
        versions: Library to version.
        store: Path or URL of the store that keeps all of it.
        command: The command that runs the experiment again.
        timeline: The steps, if a pipeline executed them.
    """

    title: str
    unit: str
    source: str
    times_ns: NDArray[np.int64]
    values: NDArray[np.float64]
    part: NDArray[np.int8]
    members: tuple[MemberResult, ...]
    ensemble: EnsembleFigures
    baselines: tuple[BaselineResult, ...]
    test_times_ns: NDArray[np.int64]
    test_truth: NDArray[np.float64]
    test_forecasts: Mapping[str, NDArray[np.float64]]
    filled_rows: int
    common_rows: int
    test_rows: int
    seconds: float
    seeds: tuple[SeedResult, ...]
    lineage: tuple[tuple[str, str, int, str], ...]
    versions: Mapping[str, str]
    store: str
    command: str
    timeline: tuple[StepTime, ...] = ()

    def __post_init__(self) -> None:
        names = [member.name for member in self.members] + [item.name for item in self.baselines] + [ENSEMBLE]
        if not self.members or len(set(names)) < len(names):
            raise InvalidInputError(f"An experiment needs members and every name once; got {names}.")
        if set(names) != set(self.test_forecasts):
            raise InvalidInputError(f"Forecasts of {sorted(names)} were expected; got {sorted(self.test_forecasts)}.")
        if not self.seeds or any(len(seed.member_mse) != len(self.members) for seed in self.seeds):
            raise InvalidInputError(f"Every seed needs {len(self.members)} member errors, and there must be a seed.")

    @property
    def best_member(self) -> MemberResult:
        """The member with the lowest test MSE."""
        return min(self.members, key=lambda member: member.mse)

    @property
    def below_every_member(self) -> bool:
        """True where the ensemble's test MSE, for the seed shown, is below that of every member."""
        return self.ensemble.mse < self.best_member.mse

    @property
    def better_baselines(self) -> tuple[BaselineResult, ...]:
        """The baselines whose test MSE is below the ensemble's, best first."""
        better = [baseline for baseline in self.baselines if baseline.mse < self.ensemble.mse]
        return tuple(sorted(better, key=lambda baseline: baseline.mse))

    @property
    def seeds_below(self) -> int:
        """In how many of the seeds the ensemble's test MSE is below that of every member."""
        return sum(seed.below_every_member for seed in self.seeds)

    def metrics(self) -> dict[str, Any]:
        """Returns the content of `metrics.json`, as plain JSON values."""
        member_keys = ("name", "lag", "mse", "rmse", "mse_scaled", "weight", "lost_rows")
        return {
            "members": [_picked(member, member_keys) for member in self.members],
            "ensemble": _picked(self.ensemble, ("mse", "rmse", "mse_scaled", "intercept")),
            "baselines": {item.name: _picked(item, ("mse", "rmse", "mse_scaled")) for item in self.baselines},
            "common_rows": self.common_rows,
            "test_rows": self.test_rows,
            "seconds": self.seconds,
            "seeds": {"count": len(self.seeds), "below_every_member": self.seeds_below},
        }


def _picked(item: object, keys: tuple[str, ...]) -> dict[str, Any]:
    """Takes the named attributes, in this order."""
    return {key: getattr(item, key) for key in keys}
