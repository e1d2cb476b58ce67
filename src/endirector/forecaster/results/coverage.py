"""Coverage of the intervals of a group, measured on rows that came after those that they were made of."""

from dataclasses import dataclass

import numpy as np
import polars as pl

from endirector.combination.cross_fit import STRETCHES, stretches_of
from endirector.forecaster.results.backtested import ENSEMBLE, Backtest
from endirector.forecasting.residuals import calibration_of, train_values
from enstorage import Ensemble
from enstorage.metrics.judged import Judged, UndefinedMetricError
from enstorage.metrics.quantile import wql
from enstorage.progress import checkpoint
from entrainer.forecasting.calibration.coverage import coverage
from entrainer.forecasting.calibration.intervals import with_intervals
from entrainer.forecasting.calibration.levels import Level, checked_levels
from entrainer.forecasting.calibration.train_values import growth_of, residuals_of_several

#: Columns of the result.
COVERAGE = pl.Schema({"step": pl.Int32, "level": pl.Float64, "inside": pl.Int64, "rows": pl.Int64})
#: The coverage is measured on so many series, evenly taken; more say little more.
MOST_SERIES = 100


@dataclass(frozen=True, slots=True)
class TriedIntervals:
    """Intervals of rows in the past, each made of errors before its stretch of time, and what came.

    Attributes:
        points: `series`, `id`, `step`, `quantile` (null), `value` and `truth` of each row, in the size of the series at its
            end.
        table: the same with the quantiles at the ends of the intervals, without the truth.
        levels: of the intervals.
    """

    points: pl.DataFrame
    table: pl.DataFrame
    levels: tuple[Level, ...]

    def coverage(self) -> pl.DataFrame:
        """`step`, `level`, `inside` (rows within the interval) and `rows`."""
        found = coverage(self.table, self.points, self.levels)
        inside = (pl.col("coverage") * pl.col("test_rows")).round().cast(pl.Int64)
        counted = found.with_columns(inside.alias("inside"), pl.col("test_rows").cast(pl.Int64).alias("rows"))
        return (
            counted.group_by("step", "level").agg(pl.col("inside", "rows").sum()).sort("step", "level").cast(COVERAGE)
        )

    def scores(self) -> dict[str, float | None]:
        """The weighted quantile loss `wql` of the ends, and for each level the share within, such as `coverage_0.8`."""
        counted = self.coverage().group_by("level").agg(pl.col("inside", "rows").sum())
        shares = {level: inside / rows for level, inside, rows in counted.rows() if rows}
        found: dict[str, float | None] = {name_of(level.level): shares.get(level.level) for level in self.levels}
        key = ["series", "id", "step"]
        wide = self.table.drop_nulls("quantile").pivot("quantile", index=key, values="value")
        both = self.points.drop("quantile").join(wide, on=key, how="inner").drop_nulls()
        quantiles = {float(name): both[name].to_numpy() for name in wide.columns if name not in key}
        try:
            loss = wql(Judged(both["truth"].to_numpy(), both["value"].to_numpy(), quantiles=quantiles).measured())
        except UndefinedMetricError:
            loss = None
        return {"wql": loss, **found}


def name_of(level: float) -> str:
    """The name of the coverage of a level, as metrics have it."""
    return f"coverage_{level:g}"


def tried_intervals(backtest: Backtest, ensemble: Ensemble, levels: tuple[float, ...]) -> TriedIntervals | None:
    """The intervals of an ensemble, tried on the rows of a backtest.

    The rows are cut into stretches by the times of their targets; the intervals of each are made of the residuals of the
    stretches before it, as `endirector.forecast` makes those of the future of all of them.

    Args:
        backtest: of the group.
        ensemble: of it.
        levels: of the intervals.

    Returns:
        None without levels, or where all targets are of one time.
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
    tables, rows = [], []
    for number in range(1, STRETCHES):
        checkpoint()
        before, ahead = is_known & (stretch < number), is_known & (stretch == number) & np.isin(source, chosen)
        if not (before.any() and ahead.any() and wanted):
            continue
        residuals = residuals_of_several(
            "out-of-fold", train, source[before], id[before], step[before], backtest.truth[before], forecast[before]
        )
        calibration, floors = calibration_of(ensemble, residuals, "found")
        rows.append(points.filter(ahead))
        tables.append(with_intervals(rows[-1].drop("truth"), calibration, wanted, floors).table)
    return TriedIntervals(pl.concat(rows), pl.concat(tables), wanted) if tables else None
