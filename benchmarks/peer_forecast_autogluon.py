"""AutoGluon without pretrained models: python peer_forecast_autogluon.py KNOWN OUT SEASON HORIZON FREQUENCY SECONDS."""

import json
import logging
import resource
import sys
import tempfile
import time
import warnings

import pandas as pd
from autogluon.timeseries import TimeSeriesDataFrame, TimeSeriesPredictor, __version__

from forecast_data import QUANTILES

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
KNOWN, OUT, HORIZON, FREQUENCY, SECONDS = sys.argv[1], sys.argv[2], int(sys.argv[4]), sys.argv[5], float(sys.argv[6])
table = TimeSeriesDataFrame.from_data_frame(
    pd.read_parquet(KNOWN).rename(columns={"series": "item_id", "time": "timestamp", "value": "target"})
)
started = time.perf_counter()
with tempfile.TemporaryDirectory() as folder:
    predictor = TimeSeriesPredictor(
        prediction_length=HORIZON,
        freq=FREQUENCY,
        eval_metric="MASE",
        quantile_levels=[*QUANTILES],
        path=folder,
        verbosity=0,
    )
    predictor.fit(
        table, time_limit=SECONDS, presets="high_quality", excluded_model_types=["Chronos", "Chronos2", "Toto", "Toto2"]
    )
    forecast = predictor.predict(table).reset_index()
taken = time.perf_counter() - started
steps = forecast.groupby("item_id", sort=False).cumcount() + 1
out = pd.DataFrame({"series": forecast["item_id"], "step": steps, "point": forecast["0.5"]})
for quantile in QUANTILES:
    out[str(quantile)] = forecast[str(quantile)]
out.assign(member="AutoGluon").to_parquet(OUT)
peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 2**20
print(json.dumps({"version": __version__, "seconds": taken, "gigabytes": peak}))
