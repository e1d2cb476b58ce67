"""Forecasts that were said, with their time, against the values that came."""

from typing import Any

import numpy as np
import polars as pl

from endirector.forecaster.issued.keep import ISSUED, issued_models, table_of, times_of
from enstorage import Panel
from enstorage.entity._rows import rows_of_points

HISTORY = pl.Schema(
    [
        ("issue", pl.Int64),
        ("issued_at", pl.Datetime("us", "UTC")),
        ("kind", pl.String),
        ("author", pl.String),
        ("reason", pl.String),
        ("series", pl.String),
        ("time", pl.String),
        ("step", pl.Int32),
        ("value", pl.Float64),
        ("truth", pl.Float64),
    ]
)


def history_of(panel: Panel) -> pl.DataFrame:
    """The point forecasts that were said, the oldest first, with the values that came; see `AutoForecast.history`."""
    tables = [pl.DataFrame(schema=HISTORY)]
    said = [(model, table_of(panel, model).filter(pl.col("quantile").is_null())) for model in issued_models(panel)]
    if said:
        truth = _measured(panel, pl.concat([points.select("series", "time") for _, points in said]).unique())
    for model, points in said:
        facts: dict[str, Any] = model.meta(ISSUED)
        head = {"issue": model.id, "issued_at": model.created_at, "kind": facts["kind"]}
        head |= {"author": facts.get("author"), "reason": facts.get("reason")}
        columns = [pl.lit(value, HISTORY[name]).alias(name) for name, value in head.items()]
        found = points.with_columns(columns).join(truth, on=["series", "time"], how="left", maintain_order="left")
        tables.append(found.select(HISTORY.names()))
    return pl.concat(tables)


def scores_of(history: pl.DataFrame) -> pl.DataFrame:
    """The errors of each forecast that was said; see `AutoForecast.scores`."""
    came = history.drop_nulls("truth")
    error = pl.col("value") - pl.col("truth")
    heads = ["issue", "issued_at", "kind", "author", "reason"]
    return came.group_by(heads, maintain_order=True).agg(
        pl.len().cast(pl.Int64).alias("rows"), error.abs().mean().alias("mae"), error.mean().alias("bias")
    )


def _measured(panel: Panel, asked: pl.DataFrame) -> pl.DataFrame:
    """The measured buckets of all series as they are now, from the first asked one on: `series`, `time` (label), `truth`.

    Args:
        panel: of the series.
        asked: `series`, `time` (label).
    """
    tables = [pl.DataFrame(schema={"series": pl.String, "time": pl.String, "truth": pl.Float64})]
    sources, first = panel.sources(), dict[str, int]()
    for (key, _), time in times_of(asked, sources).items():
        first[key] = min(time, first.get(key, time))
    points = panel.connector.series.read_many([source.id for source in sources.values()])
    for (key, source), (times, values) in zip(sources.items(), points, strict=True):
        if len(times):
            rows = rows_of_points(source, times, values)
            is_known = np.isfinite(rows.values) & (rows.times >= first.get(key, np.inf))
            labels = [source.label(time) for time in rows.times[is_known].tolist()]
            tables.append(pl.DataFrame({"series": key, "time": labels, "truth": rows.values[is_known]}))
    return pl.concat(tables)
