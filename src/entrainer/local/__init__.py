"""Local models: each forecasts a series from its whole history. Importing this loads no statsforecast."""

from entrainer.local.covariates.regression import CovariateRegression
from entrainer.local.histories import Histories, SeriesPlace
from entrainer.local.naive import Drift, Mean, Naive, SeasonalNaive
from entrainer.local.pooled import PooledAutoregression
from entrainer.local.pretrained import Pretrained
from entrainer.local.specification import LocalForecast, LocalSpec
from entrainer.local.statistical import Statistical

__all__ = [
    "CovariateRegression",
    "Drift",
    "Histories",
    "LocalForecast",
    "LocalSpec",
    "Mean",
    "Naive",
    "PooledAutoregression",
    "Pretrained",
    "SeasonalNaive",
    "SeriesPlace",
    "Statistical",
]
