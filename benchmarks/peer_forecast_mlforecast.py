"""Gradient boosting of mlforecast: python peer_forecast_mlforecast.py KNOWN OUT SEASON HORIZON."""

import json
import resource
import sys
import time
import warnings

import lightgbm as lgb
import pandas as pd
from mlforecast import MLForecast, __version__
from mlforecast.target_transforms import Differences, LocalStandardScaler
from mlforecast.utils import PredictionIntervals

from forecast_data import QUANTILES

warnings.filterwarnings("ignore")
KNOWN, OUT, SEASON, HORIZON = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
LEVELS = sorted({round(200 * abs(quantile - 0.5), 6) for quantile in QUANTILES if quantile != 0.5})

known = pd.read_parquet(KNOWN)
numbers = known.groupby("series", sort=False).cumcount()
table = pd.DataFrame({"unique_id": known["series"], "ds": numbers, "y": known["value"]})
shortest = int(table.groupby("unique_id").size().min())
lags = [lag for lag in sorted({1, 2, 3, SEASON, SEASON + 1}) if lag < shortest - 2]
started = time.perf_counter()
engine = MLForecast(
    models={"m": lgb.LGBMRegressor(verbosity=-1, random_state=0)},
    freq=1,
    lags=lags,
    target_transforms=[Differences([1]), LocalStandardScaler()],
)
windows = min(4, (shortest - max(lags) - 3) // HORIZON)
intervals = PredictionIntervals(n_windows=windows, h=HORIZON) if windows >= 2 else None
engine.fit(table, prediction_intervals=intervals)
forecast = engine.predict(HORIZON, level=LEVELS if intervals else None)
columns = {"point": forecast["m"]}
if intervals:
    columns["0.5"] = forecast["m"]
    for quantile in QUANTILES:
        if quantile != 0.5:
            level = round(200 * abs(quantile - 0.5), 6)
            side = "lo" if quantile < 0.5 else "hi"
            name = next(
                each for each in forecast if each.startswith(f"m-{side}-") and float(each.split("-")[-1]) == level
            )
            columns[str(quantile)] = forecast[name]
steps = forecast.groupby("unique_id", sort=False).cumcount() + 1
out = pd.DataFrame({"series": forecast["unique_id"], "step": steps, **columns, "member": "LightGBM"})
out.to_parquet(OUT)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
print(json.dumps({"version": __version__, "seconds": time.perf_counter() - started, "gigabytes": peak}))
