"""The work of bench_windows.py, done by Keras on TensorFlow: python peer_windows_keras.py POINTS LAG.

The other form of its data sets, for Grain, keeps every window as an array and took five times as long a window.
"""

import json
import os
import sys
import time

os.environ["KERAS_BACKEND"], os.environ["TF_CPP_MIN_LOG_LEVEL"] = "tensorflow", "3"

import keras
import numpy as np

POINTS, LAG, BATCH = int(sys.argv[1]), int(sys.argv[2]), 128
WINDOWS = POINTS - LAG
ITERATED = min(WINDOWS, 400 * BATCH)
values = np.random.default_rng(0).standard_normal(POINTS).cumsum()


def made(kind, shuffle=False):
    series = values.astype(kind)
    started = time.perf_counter()
    data_set = keras.utils.timeseries_dataset_from_array(
        series[:-1], series[LAG:], LAG, batch_size=BATCH, shuffle=shuffle, seed=0
    )
    return data_set, time.perf_counter() - started


def iterated(kind, shuffle=False):
    """Seconds for all windows as arrays."""
    data_set, making = made(kind, shuffle)
    X, y = np.empty((ITERATED, LAG), kind), np.empty(ITERATED, kind)
    done = 0
    started = time.perf_counter()
    for rows, targets in data_set:
        count = min(len(targets), ITERATED - done)
        X[done : done + count], y[done : done + count] = rows[:count], targets[:count]
        done += count
        if done == ITERATED:
            break
    return making + (time.perf_counter() - started) * WINDOWS / ITERATED, X


in_order, X = iterated(np.float64)
expected = np.lib.stride_tricks.sliding_window_view(values[:-1], LAG)
result = {
    "version": keras.__version__,
    "iterated": ITERATED,
    "samples as they are handed over": sorted(made(np.float64)[1] for _ in range(3))[1],
    "float64 arrays, in order": in_order,
    "float32 arrays, in order": iterated(np.float32)[0],
    "float32 arrays, rows shuffled": iterated(np.float32, shuffle=True)[0],
    "sum": float(X.sum() + expected[ITERATED:].sum()),
}
print(json.dumps(result))
