"""Rows that came after a forecast: their number, the errors of the forecast on them, and drift."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl

from endirector.forecaster.group import Group
from enstorage import DataSnapshot, DataSource
from enstorage.metrics.scale import scale_of
from entrainer.forecasting.calibration.levels import Level

#: Probability to name any series that has not drifted, over all series together.
FALSE_ALARM = 0.05
#: Remarks name so many series; the others are counted.
_MOST_NAMED = 8


def arrived_rows(
    sources: Mapping[str, DataSource], former: Mapping[str, DataSnapshot], newer: Mapping[str, DataSnapshot]
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows of newer snapshots that are not in the former ones.

    Args:
        sources: of the series, by key.
        former: snapshots that were forecast from, by key.
        newer: of the same series.

    Returns:
        The measured rows after the end of the former snapshot, `series`, `time` (label) and `truth` (source units). And for
        each series, in order, `series`, `new_rows`, and `corrected_rows`: rows up to that end with another value.
    """
    later, counts = [], []
    for key, snapshot in newer.items():
        times, values = snapshot.read()
        known_times, known_values = former[key].read()
        end = int(np.searchsorted(times, known_times[-1], side="right"))
        is_new = np.isfinite(values[end:])
        labels = [sources[key].label(time) for time in times[end:][is_new].tolist()]
        later.append(pl.DataFrame({"series": key, "time": labels, "truth": values[end:][is_new]}, schema=_ROWS))
        before = dict(zip(known_times.tolist(), known_values.tolist(), strict=True))
        then = np.array([before.get(time, np.nan) for time in times[:end].tolist()])
        is_same = (then == values[:end]) | (np.isnan(then) & np.isnan(values[:end]))
        counts.append((key, int(is_new.sum()), int((~is_same).sum())))
    schema = {"series": pl.String, "new_rows": pl.Int64, "corrected_rows": pl.Int64}
    return pl.concat(later), pl.DataFrame(counts, schema=schema, orient="row")


_ROWS = pl.Schema({"series": pl.String, "time": pl.String, "truth": pl.Float64})


def judged(
    table: pl.DataFrame, rows: pl.DataFrame, scales: Mapping[str, float], levels: Sequence[float]
) -> pl.DataFrame:
    """The errors of forecasts on the rows that came, and the coverage of their intervals.

    Args:
        table: the forecasts, as `AutoForecast.table`.
        rows: measured later: `series`, `time`, `truth`.
        scales: of MASE, in source units, by series; NaN where there is none.
        levels: of the intervals in the table.

    Returns:
        A row for each series with a forecast of a row that came: `series`, `judged_rows`, `mae` (source units), `mase` (null
        without a scale), for each level `inside_<level>`, the number of rows within the interval (null without one), and
        `p_value`: the probability of as few rows within the widest interval, or fewer, if each is within with the
        probability of its level (binomial, one-sided; null without one).
    """
    met = table.join(rows, on=["series", "time"], how="inner")
    point = met.filter(pl.col("quantile").is_null())
    found = point.group_by("series", maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("judged_rows"), (pl.col("value") - pl.col("truth")).abs().mean().alias("mae")
    )
    scale = pl.col("series").replace_strict(scales, default=None, return_dtype=pl.Float64)
    mase = pl.when(scale > 0).then(pl.col("mae") / scale).fill_nan(None).alias("mase")
    found = found.with_columns(mase)
    for level in levels:
        found = found.join(_inside(met, level), on="series", how="left", maintain_order="left")
    return found.with_columns(_p_value(found, max(levels, default=0)))


def with_drift(judged: pl.DataFrame) -> pl.DataFrame:
    """The table with `has_drifted`: null where it cannot be tested.

    The level of the test is divided by the number of series that are tested (Bonferroni).
    """
    tests = max(1, judged["p_value"].count())
    return judged.with_columns((pl.col("p_value") < FALSE_ALARM / tests).alias("has_drifted"))


def scales_of(groups: Iterable[Group], former: Mapping[str, DataSnapshot]) -> dict[str, float]:
    """The scale of MASE of each series, at the season of its plan, on the rows before the forecast; NaN for none."""
    found = {}
    for group in groups:
        for key in group.tier.keys:
            _, values = former[key].read()
            scale = scale_of(values, np.arange(len(values)), group.tier.plan.season)
            found[key] = scale.absolute
    return found


def remarks_on(arrived: pl.DataFrame, levels: Sequence[float]) -> list[str]:
    """Sentences on the rows that came.

    Args:
        arrived: as `AutoForecast.arrived`.
        levels: of the intervals.
    """
    new, corrected = (arrived.filter(pl.col(name) > 0) for name in ("new_rows", "corrected_rows"))
    if not new.height and not corrected.height:
        return ["No row came: every value was known."]
    found = []
    if new.height:
        found.append(f"New rows: {_named(new.select('series', 'new_rows').rows())}.")
    if corrected.height:
        found.append(f"Corrected rows: {_named(corrected.select('series', 'corrected_rows').rows())}.")
    met = arrived.filter(pl.col("judged_rows") > 0)
    if met.height:
        found.append(_errors(met, levels))
    beyond = _total(arrived, "new_rows") - _total(arrived, "judged_rows")
    if beyond:
        found.append(
            ("1 new row lies" if beyond == 1 else f"{beyond} new rows lie")
            + " beyond the former forecasts, which are not judged on them."
        )
    return found + _drift(arrived, levels)


def _total(table: pl.DataFrame, name: str) -> int:
    return int(table[name].fill_null(0).to_numpy().sum())


def _errors(met: pl.DataFrame, levels: Sequence[float]) -> str:
    scaled = met["mase"].drop_nulls().to_numpy()
    mae = met["mae"].to_numpy()
    figures = [f"MAE {mae[0]:.4g}"] if len(mae) == 1 else []
    if len(scaled):
        of = "" if len(scaled) == len(mae) == 1 else f" (mean of {len(scaled)} series)"
        figures.append(f"MASE {scaled.mean():.3g}{of}")
    elif len(mae) > 1:
        figures.append(f"MAE {np.median(mae):.4g} (median of {len(mae)} series)")
    for level in levels:
        able = met.filter(pl.col(f"inside_{level:g}").is_not_null())
        if able.height:
            inside, rows = _total(able, f"inside_{level:g}"), _total(able, "judged_rows")
            figures.append(f"{inside} of {rows} within the {level:g} interval")
    series = "1 series" if len(mae) == 1 else f"{len(mae)} series"
    return f"The former forecasts on {_total(met, 'judged_rows')} new rows of {series}: {', '.join(figures)}."


def _drift(arrived: pl.DataFrame, levels: Sequence[float]) -> list[str]:
    tested = arrived.filter(pl.col("has_drifted").is_not_null())
    if not tested.height:
        return []
    level = max(levels)
    drifted = tested.filter("has_drifted").sort("p_value")
    if not drifted.height:
        return [f"Drift: none is seen in {tested.height} series, by rows outside the {level:g} interval."]
    shown = [
        (key, f"{rows - inside} of {rows} rows outside the {level:g} interval")
        for key, rows, inside in drifted.select("series", "judged_rows", f"inside_{level:g}").rows()
    ]
    return [f"Drift: {_named(shown)}. Consider a new autoforecast, which trains the members anew."]


def _named(counts: Sequence[tuple[str, object]]) -> str:
    more = len(counts) - _MOST_NAMED
    shown = ", ".join(f"{key} {count}" for key, count in counts[:_MOST_NAMED])
    return shown + (f", and {more} more series" if more > 0 else "")


def _inside(met: pl.DataFrame, level: float) -> pl.DataFrame:
    lower, upper = Level(level).quantiles
    ends = [
        met.filter((pl.col("quantile") - end).abs() < 1e-9).select(
            "series", "time", "truth", pl.col("value").alias(name)
        )
        for end, name in ((lower, "lower"), (upper, "upper"))
    ]
    both = ends[0].join(ends[1].drop("truth"), on=["series", "time"])
    is_inside = pl.col("truth").is_between("lower", "upper")
    return both.group_by("series").agg(is_inside.sum().cast(pl.Int64).alias(f"inside_{level:g}"))


def _p_value(found: pl.DataFrame, level: float) -> pl.Series:
    from scipy.stats import binom

    if not level or not found.height:
        return pl.Series("p_value", [None] * found.height, dtype=pl.Float64)
    inside = found[f"inside_{level:g}"].cast(pl.Float64).fill_null(np.nan).to_numpy()
    p_value = np.asarray(binom.cdf(inside, found["judged_rows"].to_numpy(), level), dtype=np.float64)
    return pl.Series("p_value", p_value).fill_nan(None)
