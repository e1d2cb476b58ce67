"""Coverage of prediction intervals by step, and what the intervals of each step rest on."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from endirector.alignment.align import KEY
from endirector.reporting.language import text, word
from enstorage import Ensemble
from enstorage.preparation.split import Part
from entrainer.forecasting.calibration.coverage import FEWEST_ROWS, coverage
from entrainer.forecasting.calibration.levels import Level


@dataclass(slots=True)
class StepCoverage:
    """The coverage at one step.

    Attributes:
        step: from 1.
        basis: what its intervals rest on.
        test_rows: number of measured test rows.
        shares: by level the share of these rows inside; None without rows.
    """

    step: int
    basis: str
    test_rows: int
    shares: dict[Level, float | None] = field(default_factory=dict)

    @property
    def rows_in_words(self) -> str:
        """The number of test rows; few ones are marked."""
        rows = f"{self.test_rows}"
        return rows if self.test_rows >= FEWEST_ROWS else text("{rows}, too few to judge", rows=rows)

    @property
    def basis_in_words(self) -> str:
        """The bases in the language of the page."""
        return ", ".join(map(word, self.basis.split(", ")))


def coverage_by_step(ensemble: Ensemble) -> list[StepCoverage]:
    """The coverage on test rows, which no interval was calibrated on.

    Of intervals that `calibrate` made, also of steps that are made of forecasts; else of combined quantiles of the members.
    """
    kept = ensemble.rendered_result().intervals
    rows = _of_quantiles(ensemble) if kept is None else pl.DataFrame(kept, infer_schema_length=None)
    found: dict[int, StepCoverage] = {}
    for row in rows.iter_rows(named=True):
        own = found.setdefault(row["step"], StepCoverage(row["step"], row["basis"] or "nothing", row["test_rows"]))
        own.basis = ", ".join(dict.fromkeys([*own.basis.split(", "), *(row["basis"] or "nothing").split(", ")]))
        own.shares[Level(row["level"], row["side"])] = row["coverage"]
    return [found[step] for step in sorted(found)]


def levels_of(steps: Sequence[StepCoverage]) -> list[Level]:
    """The levels of all steps, ascending."""
    return sorted({level for each in steps for level in each.shares})


def in_words(level: Level) -> str:
    """The level as the head of a column: `80.0%`, or `≤ 90.0%` for one with an upper end alone."""
    sign = {"both": "", "lower": "≥ ", "upper": "≤ "}[level.side]
    return f"{sign}{level.level:.1%}"


def _of_quantiles(ensemble: Ensemble) -> pl.DataFrame:
    """The coverage between stored quantiles that are as far from the median."""
    quantiles = ensemble.forecasts().filter(pl.col("quantile").is_not_null())
    known = {round(each, 9) for each in quantiles["quantile"].unique().to_list()}
    levels = [Level(round(1 - 2 * low, 9)) for low in sorted(known) if low < 0.5 and round(1 - low, 9) in known]
    test = ensemble.table().filter(pl.col("part") == Part.TEST).select(*KEY, "truth")
    if not levels or not test.height:
        return pl.DataFrame()
    return coverage(quantiles, test, levels).with_columns(basis=pl.lit("quantiles of the members"))
