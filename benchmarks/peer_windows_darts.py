"""The work of bench_windows.py, done by Darts without torch: python peer_windows_darts.py POINTS LAG."""

import json
import sys

import darts
import numpy as np
import pandas as pd
from darts import TimeSeries
from darts.utils.data.tabularization import create_lagged_training_data

from timing import seconds

POINTS, LAG, REPEAT = int(sys.argv[1]), int(sys.argv[2]), 3
values = np.random.default_rng(0).standard_normal(POINTS).cumsum()
times = pd.date_range("2015", periods=POINTS, freq="s")
order = np.random.default_rng(0).permutation(POINTS - LAG)


def made(kind):
    lags = list(range(-LAG, 0))
    X, y, *_ = create_lagged_training_data(series[kind], 1, 0, lags=lags, uses_static_covariates=False)
    return X, y


series = {kind: TimeSeries.from_times_and_values(times, values.astype(kind)) for kind in (np.float32, np.float64)}
result = {
    "version": darts.__version__,
    "samples as they are handed over": (whole := seconds(lambda: made(np.float64), REPEAT)),
    "float64 arrays, in order": whole,
    "float32 arrays, in order": seconds(lambda: made(np.float32), REPEAT),
    "float32 arrays, rows shuffled": seconds(lambda: [array[order] for array in made(np.float32)], REPEAT),
    "sum": float(made(np.float64)[0].sum()),
}
print(json.dumps(result))
