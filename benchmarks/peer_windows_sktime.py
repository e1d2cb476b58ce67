"""The work of bench_windows.py, done by sktime: python peer_windows_sktime.py POINTS LAG.

The function has no public name; it is what `make_reduction` makes its tables by, and the fastest that sktime has.
"""

import json
import sys

import numpy as np
import pandas as pd
import sktime
from sktime.forecasting.base import ForecastingHorizon
from sktime.forecasting.compose._reduce import _sliding_window_transform

from timing import seconds

POINTS, LAG, REPEAT = int(sys.argv[1]), int(sys.argv[2]), 3
series = pd.Series(np.random.default_rng(0).standard_normal(POINTS).cumsum())
order = np.random.default_rng(0).permutation(POINTS - LAG)


def made():
    y, X = _sliding_window_transform(series, LAG, ForecastingHorizon([1], is_relative=True))
    return X, y


def shuffled():
    X, y = made()
    return X[order].astype(np.float32), y[order].astype(np.float32)


result = {
    "version": sktime.__version__,
    "samples as they are handed over": (whole := seconds(made, REPEAT)),
    "float64 arrays, in order": whole,
    "float32 arrays, in order": seconds(lambda: [array.astype(np.float32) for array in made()], REPEAT),
    "float32 arrays, rows shuffled": seconds(shuffled, REPEAT),
    "sum": float(made()[0].sum()),
}
print(json.dumps(result))
