"""`autoforecast` for bench_forecast.py: python ours_forecast.py KNOWN OUT HORIZON INTERVAL SECONDS."""

import json
import resource
import sys
import time

import polars as pl

import endirector
from enstorage import __version__
from forecast_data import QUANTILES

KNOWN, OUT, HORIZON, INTERVAL, SECONDS = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]
levels = sorted({round(2 * abs(quantile - 0.5), 6) for quantile in QUANTILES if quantile != 0.5})
started = time.perf_counter()
forecast = endirector.autoforecast(
    pl.read_parquet(KNOWN),
    HORIZON,
    series="series",
    time="time",
    value="value",
    time_interval=INTERVAL,
    levels=levels,
    time_limit=None if SECONDS == "none" else float(SECONDS),
    progress=False,
)
taken = time.perf_counter() - started
table = forecast.table.to_pandas()
points = table[table["quantile"].isna()][["series", "step", "value"]].rename(columns={"value": "point"})
wide = table.dropna(subset="quantile").pivot_table(index=["series", "step"], columns="quantile", values="value")
wide.columns = [f"{quantile:g}" for quantile in wide.columns]
out = points.merge(wide.reset_index(), on=["series", "step"], how="left")
out["0.5"] = out["point"]
out.assign(member="enstorage").to_parquet(OUT)
peak = sum(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 2**20
print(json.dumps({"version": __version__, "seconds": taken, "gigabytes": peak, "remarks": forecast.remarks}))
