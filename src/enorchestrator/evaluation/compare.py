"""Comparison of two forecasters on the same targets: a paired test of their mean losses."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Floats = NDArray[np.float64]
#: With fewer times the test says nothing.
FEWEST_TIMES = 10


@dataclass(frozen=True, slots=True)
class PairedComparison:
    """The losses of a challenger and a champion on targets that both had never seen.

    Attributes:
        metric: "mse", "rmse" or "mae".
        rows: number of targets.
        times: number of times; the targets of a time are one value of the test.
        challenger: its error.
        champion: its error.
        statistic: of the test; negative where the challenger is better. None without one.
        p_value: two-sided; None without a test.
        verdict: "better", "worse" (by the level), "tie", or "unknown" where there are too few times.
    """

    metric: str
    rows: int
    times: int
    challenger: float | None
    champion: float | None
    statistic: float | None
    p_value: float | None
    verdict: Literal["better", "worse", "tie", "unknown"]

    def to_json(self) -> dict[str, Any]:
        """The same as JSON."""
        return asdict(self)


def compared(rows: pl.DataFrame, metric: str, level: float) -> PairedComparison:
    """Test whether two forecasters have the same expected loss.

    The test is that of Diebold and Mariano (1995) with the correction of Harvey, Leybourne and Newbold (1997). The losses of
    the targets of one time, of several series or steps, are averaged first, since they depend on each other; the variance
    allows for dependence over the longest step (Bartlett weights).

    Args:
        rows: `id`, `step`, `truth`, `challenger`, `champion`, one for each target.
        metric: "mse" and "rmse" compare squared errors, "mae" absolute ones.
        level: of the test, two-sided.
    """
    from dieboldmariano import ZeroVarianceException, dm_test

    own, other = (losses(rows["truth"], rows[name], metric) for name in ("challenger", "champion"))
    by_time = (
        pl.DataFrame({"id": rows["id"], "own": own, "other": other}).group_by("id").agg(pl.all().mean()).sort("id")
    )
    times, errors = by_time.height, (_error(own, metric), _error(other, metric))
    if times < FEWEST_TIMES:
        return PairedComparison(metric, rows.height, times, *errors, None, None, "unknown")
    step = min(int(rows["step"].to_numpy().max()), times // 3)
    try:
        statistic, p_value = dm_test(
            [0.0] * times,
            by_time["own"].to_list(),
            by_time["other"].to_list(),
            loss=lambda _, loss: loss,
            h=step,
            variance_estimator="bartlett",
        )
    except ZeroVarianceException:  # the losses differ by the same everywhere, as those of equal forecasts do
        difference = float(by_time["own"].to_numpy().mean() - by_time["other"].to_numpy().mean())
        verdict: Literal["better", "worse", "tie"] = (
            "tie" if not difference else "better" if difference < 0 else "worse"
        )
        return PairedComparison(metric, rows.height, times, *errors, None, None, verdict)
    is_clear = p_value < level
    found: Literal["better", "worse", "tie"] = "tie" if not is_clear else "better" if statistic < 0 else "worse"
    return PairedComparison(metric, rows.height, times, *errors, float(statistic), float(p_value), found)


def losses(truth: pl.Series, forecast: pl.Series, metric: str) -> Floats:
    """The loss of each row: absolute, or squared."""
    error: Floats = forecast.to_numpy() - truth.to_numpy()
    return np.abs(error) if metric == "mae" else error**2


def _error(own: Floats, metric: str) -> float | None:
    if not len(own):
        return None
    mean = float(own.mean())
    return mean**0.5 if metric == "rmse" else mean
