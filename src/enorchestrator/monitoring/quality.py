"""Quality: the errors of issued forecasts on truths that came later, beside the errors at the release."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from enorchestrator.monitoring.settings import MonitorSettings

Floats = NDArray[np.float64]
_DRAWN = 2_000
#: Rows at the release from which its spread can be told.
_FEWEST_ROWS = 20


@dataclass(frozen=True, slots=True)
class QualityWindow:
    """Consecutive issued forecasts of a series whose truths are known.

    Attributes:
        time_from: first target, ns.
        time_to: right after the last one, ns.
        rows: their number.
        error: mean absolute error, in source units.
        released: that of the test rows at the release.
        limit: the largest one without a finding.
    """

    time_from: int
    time_to: int
    rows: int
    error: float
    released: float
    limit: float

    @property
    def is_exceeded(self) -> bool:
        """True for errors beyond the limit."""
        return self.error > self.limit


def quality_windows(judged: pl.DataFrame, released: pl.DataFrame, settings: MonitorSettings) -> Iterator[QualityWindow]:
    """The whole windows of one series, in the order of time.

    Args:
        judged: `id`, `step`, `truth`, `forecast` of issued forecasts whose truth is known.
        released: the same of the test rows at the release.
        settings: rows of a window, the tolerance, the probability of a false alarm.
    """
    losses = np.abs((released["truth"] - released["forecast"]).to_numpy())
    if not len(losses):
        return
    limit = limit_of(losses, settings)
    ordered = judged.sort("id", "step")
    errors, ids = np.abs((ordered["truth"] - ordered["forecast"]).to_numpy()), ordered["id"].to_numpy()
    for start in range(0, len(errors) - settings.truths + 1, settings.truths):
        own = slice(start, start + settings.truths)
        first, last = int(ids[own][0]), int(ids[own][-1])
        yield QualityWindow(first, last + 1, settings.truths, float(errors[own].mean()), float(losses.mean()), limit)


def limit_of(losses: Floats, settings: MonitorSettings) -> float:
    """The largest mean of a window: by blocks that are drawn from the losses at the release, and by the tolerance.

    Blocks keep the dependence of neighbours (moving block bootstrap, Künsch 1989).
    """
    mean, rows = float(losses.mean()), settings.truths
    if len(losses) < _FEWEST_ROWS:
        return mean * (1 + max(settings.tolerance, 1.0))
    length = min(max(2, round(len(losses) ** (1 / 3))), rows)
    blocks = -(-rows // length)
    starts = np.random.default_rng(settings.seed).integers(0, len(losses) - length + 1, (_DRAWN, blocks))
    drawn = losses[(starts[:, :, np.newaxis] + np.arange(length)).reshape(_DRAWN, -1)[:, :rows]]
    # The mean at the release was estimated too.
    spread = float(losses.std(ddof=1)) / len(losses) ** 0.5
    clear = float(np.quantile(drawn.mean(axis=1), 1 - settings.false_alarm)) + spread
    return float(max(clear, mean * (1 + settings.tolerance)))
