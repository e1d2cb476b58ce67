"""Prediction intervals as rows of quantiles beside point forecasts, each with its basis."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

import polars as pl

from entrainer.forecasting.calibration.basis import Basis, Calibration, IntervalEnds
from entrainer.forecasting.calibration.levels import Level

_TARGET = ["series", "id", "step"]


@dataclass(frozen=True, slots=True)
class PredictionIntervals:
    """Point forecasts with the quantiles at the ends of their intervals.

    Attributes:
        table: columns `series`, `id`, `step`, `quantile` (null for the point forecast), `value` and `basis` (null for the
            point forecast).
        missing: the steps that have no interval for one of the levels.
        raised: for each series the number of ends that were below its floor, and were raised to it.
        repeating: series that have repeated their season exactly, and have intervals of the errors of others.
    """

    table: pl.DataFrame
    missing: list[int]
    raised: dict[int, int]
    repeating: list[int] = field(default_factory=list)

    def of_few(self, levels: Sequence[Level]) -> list[int]:
        """The series with a step whose residuals are too few for one of the levels."""
        from_residuals = pl.col("basis").is_not_null() & ~pl.col("basis").is_in([Basis.NORMAL, Basis.QUANTILES])
        ends = self.table.group_by("series", "step").agg(from_residuals.sum().alias("ends"))
        expected = len({quantile for level in levels for quantile in level.quantiles})
        return ends.filter(pl.col("ends") < expected)["series"].unique().sort().to_list()

    def outside(self) -> pl.DataFrame:
        """The point forecasts, `series`, `id`, `step`, that lie outside of an interval with all ends above its floor."""
        below = pl.col("quantile") < 0.5
        ends = (
            self.table.drop_nulls("quantile")
            .group_by(_TARGET)
            .agg(
                pl.col("value").filter(below).max().alias("lower"), pl.col("value").filter(~below).min().alias("upper")
            )
        )
        points = self.table.filter(pl.col("quantile").is_null(), ~pl.col("series").is_in([*self.raised]))
        is_outside = (pl.col("value") < pl.col("lower")) | (pl.col("value") > pl.col("upper"))
        return points.join(ends, on=_TARGET, how="inner").filter(is_outside).select(_TARGET).sort(_TARGET)

    def remarks(self, who: str, floors: Mapping[int, float]) -> list[str]:
        """Remarks in sentences: steps without an interval, bases other than own residuals, raised ends, and bias."""
        found = []
        if self.missing:
            found.append(
                f"The forecast of {who} has no interval for {_in_words(self.missing)}: there are fewer than two residuals "
                "of rows that were not trained on. Prepare the data with a larger valid part, or call entrainer.backtest."
            )
        based = self.table.drop_nulls("basis")
        for (basis,), rows in based.group_by("basis", maintain_order=True):
            if basis == Basis.OWN:
                continue
            steps = sorted(rows["step"].unique().to_list())
            quantiles = sorted(rows["quantile"].unique().to_list())
            some = (
                f"The quantiles {', '.join(f'{each:g}' for each in quantiles)} of "
                if len(quantiles) < based["quantile"].n_unique()
                else "Intervals of "
            )
            found.append(f"{some}{who} for {_in_words(steps)} rest on {_MEANING[Basis(basis)]}: {_REASON}")
        for floor in dict.fromkeys(floors[series] for series in self.raised):
            counts = [count for series, count in self.raised.items() if floors[series] == floor]
            where = f" in {len(counts)} series" if len(counts) > 1 else ""
            ends = "1 end of an interval" if counts == [1] else f"{sum(counts)} ends of intervals"
            found.append(
                f"{ends} of {who}{where} {'was' if counts == [1] else 'were'} raised to {floor:g}, since no lower value is "
                f"possible or was measured in the train part.{ADVICE_ON_FLOOR}"
            )
        biased = self.outside()
        if biased.height:
            count = biased["series"].n_unique()
            where = f" in {count} series" if count > 1 else ""
            found.append(
                f"The forecast of {who} lies outside of its interval for {_in_words(sorted(set(biased['step'])))}{where}: "
                "nearly all of its earlier errors there had the same sign. The interval is corrected for this bias, the "
                "forecast is not."
            )
        if self.repeating:
            whose = "1 series has" if len(self.repeating) == 1 else f"{len(self.repeating)} series have"
            found.append(
                f"{whose} repeated the season exactly: the intervals are as wide as those of a series like the most regular "
                "one of the others."
            )
        return found


#: What helps where models were trained by hand; `autoforecast` takes as many origins as there are.
ADVICE = " More valid rows, or more folds of entrainer.backtest, give some."
ADVICE_ON_FLOOR = " Give floor=None for intervals that may reach below."
_REASON = f"their step has too few residuals of its own.{ADVICE}"
_MEANING = {
    Basis.ALL_SERIES: "the residuals of all series, scaled",
    Basis.NEAREST_STEPS: "the residuals of the nearest steps, widened as they grow",
    Basis.NORMAL: "a Student distribution with the size of the few residuals",
    Basis.QUANTILES: "the quantiles that the model forecasts",
}


def with_intervals(
    points: pl.DataFrame,
    calibration: Calibration,
    levels: Sequence[Level],
    floors: Mapping[int, float],
    own: pl.DataFrame | None = None,
) -> PredictionIntervals:
    """The point forecasts, and after each the quantiles at the ends of its intervals.

    Args:
        points: columns `series`, `id`, `step`, `quantile` (null) and `value`.
        calibration: the residuals.
        levels: of the intervals.
        floors: for some series the value that no end is below.
        own: quantiles that the model forecasts itself, columns as of points; they stand in where all residuals are too few.
    """
    said = _offsets(points, own)
    points = points.select(*_TARGET, "quantile", "value")
    pairs = points.select("series", "step").unique(maintain_order=True).rows()
    rows, missing = [], set()
    for series, step in pairs:
        found = calibration.ends(series, step, levels)
        found |= _own_ends(said.get((series, step), {}), found, levels)
        if len(found) < len(levels):
            missing.add(step)
        offsets = {
            quantile: (offset, str(own.basis))
            for level, own in found.items()
            for quantile, offset in ((level.lower, own.lower), (level.upper, own.upper))
            if quantile is not None
        }
        rows += [(series, step, quantile, offset, basis) for quantile, (offset, basis) in offsets.items()]
    schema = {"series": pl.Int64, "step": pl.Int32, "quantile": pl.Float64, "offset": pl.Float64, "basis": pl.String}
    ends = pl.DataFrame(rows, schema=schema, orient="row")
    bare = points.drop("quantile").join(ends, on=["series", "step"], how="inner")
    floor = pl.col("series").replace_strict(dict(floors), default=None, return_dtype=pl.Float64)
    moved = bare.with_columns(value=pl.col("value") + pl.col("offset"), floor=floor)
    below = moved.filter(pl.col("value") < pl.col("floor"))
    raised = dict(below.group_by("series", maintain_order=True).len().rows())
    moved = moved.with_columns(value=pl.max_horizontal("value", "floor"))
    columns = [*_TARGET, "quantile", "value", "basis"]
    both = pl.concat([points.with_columns(basis=pl.lit(None, pl.String)).select(columns), moved.select(columns)])
    of_others = {series for series, _, _, _, basis in rows if basis == Basis.ALL_SERIES}
    repeating = sorted(calibration.repeating.keys() & of_others)
    return PredictionIntervals(both.sort(*_TARGET, "quantile", nulls_last=False), sorted(missing), raised, repeating)


def _offsets(points: pl.DataFrame, own: pl.DataFrame | None) -> dict[tuple[int, int], dict[float, float]]:
    """The quantiles of a model less its point forecasts, by series and step; there is one forecast of each."""
    if own is None:
        return {}
    joined = own.join(points.select(*_TARGET, pl.col("value").alias("point")), on=_TARGET, how="inner")
    found: dict[tuple[int, int], dict[float, float]] = {}
    for series, step, quantile, offset in joined.select(
        "series", "step", pl.col("quantile").round(12), pl.col("value") - pl.col("point")
    ).rows():
        found.setdefault((series, step), {})[quantile] = offset
    return found


def _own_ends(
    said: Mapping[float, float], found: Mapping[Level, IntervalEnds], levels: Sequence[Level]
) -> dict[Level, IntervalEnds]:
    """The intervals between quantiles of the model, nested, for levels without enough residuals."""
    rest = [level for level in levels if level not in found or found[level].basis is Basis.NORMAL]
    enough = [own for level, own in found.items() if level not in rest]
    lowest = min((own.lower for own in enough if own.lower is not None), default=inf)
    highest = max((own.upper for own in enough if own.upper is not None), default=-inf)
    chosen = {}
    for level in sorted(rest, key=lambda each: each.reach):
        if not all(quantile in said for quantile in level.quantiles):
            continue
        lower, upper = (None if each is None else said[each] for each in (level.lower, level.upper))
        if lower is not None:
            lower = lowest = min(lowest, lower)
        if upper is not None:
            upper = highest = max(highest, upper)
        chosen[level] = IntervalEnds(Basis.QUANTILES, 0, lower, upper)
    return chosen


def _in_words(steps: Sequence[int]) -> str:
    if len(steps) == 1:
        return f"step {steps[0]}"
    if steps[-1] - steps[0] == len(steps) - 1:
        return f"the steps {steps[0]} to {steps[-1]}"
    shown = ", ".join(map(str, steps[:8])) + (", …" if len(steps) > 8 else "")
    return f"the {len(steps)} steps {shown}"
