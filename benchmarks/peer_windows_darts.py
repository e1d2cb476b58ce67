"""What bench_windows.py does, done by Darts without torch: python peer_windows_darts.py POINTS LAG."""

import json
import sys
import time

import darts
import numpy as np
import pandas as pd
from darts import TimeSeries
from darts.utils.data.tabularization import create_lagged_training_data

POINTS, LAG = int(sys.argv[1]), int(sys.argv[2])
values = np.random.default_rng(0).standard_normal(POINTS).cumsum()
times = pd.date_range("2015", periods=POINTS, freq="s")
order = np.random.default_rng(0).permutation(POINTS - LAG)


def median(work):
    taken = []
    for _ in range(3):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return sorted(taken)[1]


def made(kind):
    lags = list(range(-LAG, 0))
    X, y, *_ = create_lagged_training_data(series[kind], 1, 0, lags=lags, uses_static_covariates=False)
    return X, y


series = {kind: TimeSeries.from_times_and_values(times, values.astype(kind)) for kind in (np.float32, np.float64)}
result = {
    "version": darts.__version__,
    "samples as they are handed over": (whole := median(lambda: made(np.float64))),
    "float64 arrays, in order": whole,
    "float32 arrays, in order": median(lambda: made(np.float32)),
    "float32 arrays, rows shuffled": median(lambda: [array[order] for array in made(np.float32)]),
    "sum": float(made(np.float64)[0].sum()),
}
print(json.dumps(result))
