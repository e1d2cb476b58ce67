"""Coverage of the intervals of a group, measured on rows that came after those that they were made of."""

import numpy as np
import polars as pl

from endirector.combination.cross_fit import STRETCHES, stretches_of
from endirector.forecaster.results.backtested import ENSEMBLE, Backtest
from endirector.forecasting.residuals import calibration_of, train_values
from enstorage import Ensemble
from enstorage.progress import checkpoint
from entrainer.forecasting.calibration.coverage import coverage
from entrainer.forecasting.calibration.intervals import with_intervals
from entrainer.forecasting.calibration.levels import checked_levels
from entrainer.forecasting.calibration.train_values import growth_of, residuals_of_several

#: Columns of the result.
COVERAGE = pl.Schema({"step": pl.Int32, "level": pl.Float64, "inside": pl.Int64, "rows": pl.Int64})
#: The coverage is measured on so many series, evenly taken; more say little more.
MOST_SERIES = 100


def coverage_of(backtest: Backtest, ensemble: Ensemble, levels: tuple[float, ...]) -> pl.DataFrame:
    """The coverage by step and level of the intervals of an ensemble.

    The rows are cut into stretches by the times of their targets; the intervals of each are made of the residuals of the
    stretches before it, as `endirector.forecast` makes those of the future of all of them.

    Args:
        backtest: of the group.
        ensemble: of it.
        levels: of the intervals.

    Returns:
        `step`, `level`, `inside` (rows within the interval) and `rows`; no rows without levels, or where all targets are of
        one time.
    """
    targets, forecast = backtest.targets, backtest.forecasts[ENSEMBLE]
    stretch, source, id = stretches_of(targets), targets["source"].to_numpy(), targets["id"].to_numpy()
    train = train_values(ensemble)
    step, is_known = targets["step"].to_numpy(), np.isfinite(forecast) & np.isfinite(backtest.truth)
    # The widths are those of the end of each series, so that errors are compared in its size there, as they are used.
    truth = forecast + (backtest.truth - forecast) * growth_of(train, source, id, step)
    every = np.unique(source)
    chosen = every[np.linspace(0, len(every) - 1, min(len(every), MOST_SERIES)).astype(np.intp)]
    wanted = tuple(checked_levels(levels)) if levels else ()
    none = pl.lit(None, pl.Float64).alias("quantile")
    points = targets.select(
        pl.col("source").alias("series"),
        "id",
        "step",
        none,
        pl.Series("value", forecast),
        pl.Series("truth", truth),
    )
    tables = []
    for number in range(1, STRETCHES):
        checkpoint()
        before, ahead = is_known & (stretch < number), is_known & (stretch == number) & np.isin(source, chosen)
        if not (before.any() and ahead.any() and wanted):
            continue
        residuals = residuals_of_several(
            "out-of-fold", train, source[before], id[before], step[before], backtest.truth[before], forecast[before]
        )
        calibration, floors = calibration_of(ensemble, residuals, "found")
        own = points.filter(ahead)
        tables.append(coverage(with_intervals(own.drop("truth"), calibration, wanted, floors).table, own, wanted))
    if not tables:
        return pl.DataFrame(schema=COVERAGE)
    inside = (pl.col("coverage") * pl.col("test_rows")).round().cast(pl.Int64)
    found = pl.concat(tables).with_columns(inside.alias("inside"), pl.col("test_rows").cast(pl.Int64).alias("rows"))
    return found.group_by("step", "level").agg(pl.col("inside", "rows").sum()).sort("step", "level").cast(COVERAGE)
