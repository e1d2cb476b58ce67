"""Coverage: the share of true values inside their intervals, by step and level."""

from collections.abc import Sequence

import polars as pl

from entrainer.forecasting.calibration.levels import Level

_TARGET = ["series", "id", "step"]
#: With fewer rows the coverage of a step says little: at 20 rows the standard error of 80 % is 9 points.
FEWEST_ROWS = 20
_ROUNDING = 1e-12


def coverage(quantiles: pl.DataFrame, truth: pl.DataFrame, levels: Sequence[Level]) -> pl.DataFrame:
    """The coverage of intervals by step, of the rows whose truth was measured.

    Args:
        quantiles: columns `series`, `id`, `step`, `quantile` and `value`.
        truth: columns `series`, `id`, `step` and `truth` (NaN or null: not measured), of rows that calibrated nothing.
        levels: of the intervals.

    Returns:
        Columns `step`, `level`, `side`, `coverage`, `test_rows`; no row for a step without rows.
    """
    known = truth.filter(pl.col("truth").is_finite()).select(*_TARGET, "truth")
    tables = []
    for level in levels:
        own, inside = known, pl.lit(value=True)
        for end, name, sign in ((level.lower, "lower", 1), (level.upper, "upper", -1)):
            if end is None:
                continue
            ends = quantiles.filter((pl.col("quantile") - end).abs() < 1e-9)
            own = own.join(ends.select(*_TARGET, pl.col("value").alias(name)), on=_TARGET, how="inner")
            slack = _ROUNDING * pl.max_horizontal(pl.col(name).abs(), pl.col("truth").abs())
            inside = inside & (sign * (pl.col("truth") - pl.col(name)) >= -slack)
        names = {"level": pl.lit(level.level), "side": pl.lit(level.side)}
        tables.append(own.group_by("step").agg(coverage=inside.mean(), test_rows=pl.len()).with_columns(**names))
    columns = ["step", "level", "side", "coverage", "test_rows"]
    return pl.concat(tables).select(columns).sort("step", "level", "side")
