"""Scores of the forecasts of bench_forecast.py, the same for all forecasters."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from forecast_data import COLLECTIONS, QUANTILES


@dataclass(frozen=True)
class Scores:
    """Of one forecaster on one collection.

    Attributes:
        mase: of each series, by its key; NaN for a series without a scale or forecast.
        wql: weighted quantile loss over all series and steps; NaN without quantiles.
        coverage: share of values in the intervals of 80 % and 95 %.
        missing: number of series without a forecast.
    """

    mase: pd.Series
    wql: float
    coverage: tuple[float, float]
    missing: int


def scores_of(name: str, known: pd.DataFrame, after: pd.DataFrame, forecast: pd.DataFrame) -> Scores:
    """Compare forecasts with what came.

    Args:
        name: of the collection.
        known: with columns series, time, value.
        after: with columns series, step, value.
        forecast: columns series, step, point, and one for each quantile by its number as text.
    """
    season = COLLECTIONS[name].season
    scale = known.groupby("series", sort=False)["value"].apply(lambda own: _scale(own.to_numpy(), season))
    both = after.merge(forecast, on=["series", "step"], how="left", validate="one_to_one")
    error = (both["value"] - both["point"]).abs()
    mase = error.groupby(both["series"], sort=False).mean().div(scale).reindex(scale.index)
    missing = int(both.groupby("series")["point"].apply(lambda own: own.isna().any()).sum())
    if "0.5" not in both:
        return Scores(mase, float("nan"), (float("nan"), float("nan")), missing)
    truth = both["value"].to_numpy()
    losses = []
    for quantile in (q for q in QUANTILES if 0.1 <= q <= 0.9):
        over = truth - both[str(quantile)].to_numpy()
        losses.append(np.nansum(np.maximum(quantile * over, (quantile - 1) * over)))
    wql = 2 * float(np.mean(losses)) / float(np.abs(truth).sum())
    inside = [
        float(((truth >= both[low]) & (truth <= both[high])).mean())
        for low, high in (("0.1", "0.9"), ("0.025", "0.975"))
    ]
    return Scores(mase, wql, (inside[0], inside[1]), missing)


def paired(ours: pd.Series, other: pd.Series) -> tuple[float, float]:
    """Mean difference of two MASE over the series that both have, and its standard error."""
    difference = (ours - other).dropna()
    return float(difference.mean()), float(difference.std(ddof=1) / np.sqrt(len(difference)))


def _scale(values: np.ndarray, season: int) -> float:
    lag = season if len(values) > season else 1
    scale = float(np.abs(values[lag:] - values[:-lag]).mean()) if len(values) > lag else float("nan")
    return scale or float("nan")
