"""Simple forecasts to beat, kept in the store like any other model."""

from typing import Any

import numpy as np
import polars as pl

from enstorage import DataPreparation, Model, Project
from enstorage.adapter import Window
from enstorage.adapter.samples import fully_measured
from enstorage.preparation.split import Part


def make_baselines(project: Project, preparation: DataPreparation, *, season: int, order: int) -> list[Model]:
    """A seasonal naive forecast and a linear autoregression, each a model with forecasts on every part.

    Args:
        project: which gets a research of them.
        preparation: whose rows they forecast.
        season: the naive forecast is the value that many rows before.
        order: of the autoregression, fitted by least squares on train rows; one step ahead from observed values.
    """
    research = project.create_research("Baselines", preparation)
    naive = research.create_model(f"seasonal naive ({season})" if season > 1 else "naive (last value)")
    forecast_seasonal_naive(naive, preparation, season)
    autoregression = research.create_model(f"autoregression ({order})")
    _fit_autoregression(autoregression, preparation, order)
    return [naive, autoregression]


def forecast_seasonal_naive(model: Model, preparation: DataPreparation, season: int) -> None:
    """Keep for every row the last known value `season` rows before; it was trained on nothing."""
    table = preparation.table().with_columns(
        pl.col("value").fill_nan(None).forward_fill().shift(season).alias("forecast")
    )
    known = table.filter(pl.col("forecast").is_finite())
    model.meta("trained_on", [])
    for part in Part:
        rows = known.filter(pl.col("part") == part)
        if rows.height:
            model.save_forecasts(part.label, rows["time"].to_numpy(), rows["forecast"].to_numpy())


def _fit_autoregression(model: Model, preparation: DataPreparation, order: int) -> None:
    from sklearn.linear_model import LinearRegression

    import entrainer

    data_set = preparation.create_set(Window(order))
    model.data_set(data_set)
    _, X, y = data_set.arrays("train")
    X, y = X[measured := fully_measured(y)], y[measured]
    estimator: Any = LinearRegression().fit(X, y)
    model.save_object(estimator)
    model.meta("loss", float(np.mean((estimator.predict(X) - y) ** 2)))
    entrainer.predict(model)
