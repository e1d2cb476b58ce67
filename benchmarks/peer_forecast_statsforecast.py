"""Models of statsforecast and their median: python peer_forecast_statsforecast.py KNOWN OUT SEASON HORIZON.

Four models, for seasons from 24 on three: 16 hourly series were not done by AutoARIMA after 21 minutes.
"""

import json
import resource
import sys
import time
import warnings

import numpy as np
import pandas as pd
from statsforecast import StatsForecast, __version__
from statsforecast.models import AutoARIMA, AutoCES, AutoETS, DynamicOptimizedTheta, Naive

from forecast_data import QUANTILES

warnings.filterwarnings("ignore")
KNOWN, OUT, SEASON, HORIZON = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
LEVELS = sorted({round(200 * abs(quantile - 0.5), 6) for quantile in QUANTILES if quantile != 0.5})

known = pd.read_parquet(KNOWN)
numbers = known.groupby("series", sort=False).cumcount()
table = pd.DataFrame({"unique_id": known["series"], "ds": numbers, "y": known["value"]})
started = time.perf_counter()
members, taken = {}, {}
models = [AutoETS, *([AutoARIMA] if SEASON < 24 else []), DynamicOptimizedTheta, AutoCES]
for model in models:
    begun = time.perf_counter()
    engine = StatsForecast([model(season_length=SEASON, alias="m")], freq=1, n_jobs=-1, fallback_model=Naive())
    forecast = engine.forecast(df=table, h=HORIZON, level=LEVELS)
    taken[model.__name__] = time.perf_counter() - begun
    columns = {"point": forecast["m"], "0.5": forecast["m"]}
    for quantile in QUANTILES:
        if quantile != 0.5:
            level = round(200 * abs(quantile - 0.5), 6)
            side = "lo" if quantile < 0.5 else "hi"
            name = next(
                each for each in forecast if each.startswith(f"m-{side}-") and float(each.split("-")[-1]) == level
            )
            columns[str(quantile)] = forecast[name]
    steps = forecast.groupby("unique_id", sort=False).cumcount() + 1
    members[model.__name__] = pd.DataFrame({"series": forecast["unique_id"], "step": steps, **columns})
names = [*members["AutoETS"].columns[2:]]
middle = np.median([each[names].to_numpy() for each in members.values()], axis=0)
members["median"] = members["AutoETS"][["series", "step"]].join(pd.DataFrame(middle, columns=names))
pd.concat([each.assign(member=name) for name, each in members.items()]).to_parquet(OUT)
peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 2**20
print(json.dumps({"version": __version__, "seconds": time.perf_counter() - started, "each": taken, "gigabytes": peak}))
