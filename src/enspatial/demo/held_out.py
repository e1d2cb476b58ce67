"""Forecasts of dates that were held out, beside naive ones, on the same pixels and dates."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from enstorage.calendars.calendar import Calendar

#: The last date with so many measured pixels ends the dates that are judged.
_MEASURED = 0.5
#: The share of pixels and dates that the interval is to cover.
LEVEL = 0.8
ENSEMBLE = "ensemble"


@dataclass(frozen=True, slots=True)
class HeldOut:
    """The judgement on dates that no forecast had seen.

    Attributes:
        start: the first bucket that was held out, ns.
        errors: by name, the ensemble first: `mae` and `rmse`.
        covered: share of judged values within the interval.
        values: number of judged values; clouds are none.
        dates: number of buckets with a judged value.
        table: a row for each judged value: `series`, `time`, `truth`, `forecast`, `lower`, `upper`.
    """

    start: int
    errors: dict[str, dict[str, float]]
    covered: float
    values: int
    dates: int
    table: pl.DataFrame

    def to_json(self) -> dict[str, Any]:
        """The judgement as JSON, without the rows."""
        return {
            "errors": self.errors,
            "interval": LEVEL,
            "covered": self.covered,
            "values": self.values,
            "dates": self.dates,
        }


def split(table: pl.DataFrame, calendar: Calendar, horizon: int, pixels: int) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Cut a table of pixels before the last `horizon` buckets up to the last date that was well seen.

    Returns:
        The rows before the cut, those from it on, and the cut in ns.
    """
    buckets = with_buckets(table, calendar)
    seen = buckets.group_by("bucket").agg(pl.col("series").n_unique() / pixels).filter(pl.col("series") >= _MEASURED)
    last = int(seen["bucket"].max() or buckets["bucket"].max())  # type: ignore[arg-type] # an integer
    start = last - (horizon - 1) * calendar.nanoseconds
    before = pl.from_epoch(pl.lit(start), "ns")
    return table.filter(pl.col("time") < before), table.filter(pl.col("time") >= before), start


def with_buckets(table: pl.DataFrame, calendar: Calendar) -> pl.DataFrame:
    """The mean of each pixel in each bucket: `series`, `bucket` (ns), `value`."""
    times = table["time"].cast(pl.Datetime("ns")).cast(pl.Int64).to_numpy()
    found = table.with_columns(bucket=pl.Series(calendar.floor(times)))
    return found.group_by("series", "bucket", maintain_order=True).agg(pl.col("value").mean())


def judge(forecasts: pl.DataFrame, known: pl.DataFrame, later: pl.DataFrame, calendar: Calendar, start: int) -> HeldOut:
    """Compare forecasts with what was measured, beside the last value and the mean of each pixel.

    Args:
        forecasts: of `AutoForecast.table`.
        known: rows before the cut.
        later: rows after it.
        calendar: of the buckets.
        start: the cut.
    """
    lower, upper = (1 - LEVEL) / 2, 1 - (1 - LEVEL) / 2
    wide = forecasts.with_columns(
        bucket=pl.col("time").str.to_datetime(time_unit="ns", time_zone="UTC").cast(pl.Int64),
        kind=pl.when(pl.col("quantile").is_null())
        .then(pl.lit("forecast"))
        .when((pl.col("quantile") - lower).abs() < 1e-9)
        .then(pl.lit("lower"))
        .when((pl.col("quantile") - upper).abs() < 1e-9)
        .then(pl.lit("upper")),
    ).pivot("kind", index=["series", "bucket"], values="value", aggregate_function="first")
    naive = (
        with_buckets(known, calendar)
        .sort("series", "bucket")
        .group_by("series")
        .agg(pl.col("value").last().alias("last value"), pl.col("value").mean().alias("mean of the pixel"))
    )
    met = with_buckets(later, calendar).rename({"value": "truth"}).join(wide, on=["series", "bucket"])
    met = met.join(naive, on="series").filter(pl.col("forecast").is_not_null()).sort("series", "bucket")
    truth = met["truth"].to_numpy()
    errors = {}
    for name, column in (
        (ENSEMBLE, "forecast"),
        ("last value", "last value"),
        ("mean of the pixel", "mean of the pixel"),
    ):
        difference = met[column].to_numpy() - truth
        errors[name] = {
            "mae": float(np.abs(difference).mean()) if len(truth) else float("nan"),
            "rmse": float(np.sqrt((difference**2).mean())) if len(truth) else float("nan"),
        }
    inside = (met["lower"].to_numpy() <= truth) & (truth <= met["upper"].to_numpy())
    return HeldOut(
        start=start,
        errors=errors,
        covered=float(inside.mean()) if len(truth) else float("nan"),
        values=len(truth),
        dates=met["bucket"].n_unique(),
        table=met.rename({"bucket": "time"}).select("series", "time", "truth", "forecast", "lower", "upper"),
    )
