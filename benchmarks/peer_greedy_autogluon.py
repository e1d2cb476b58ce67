"""The work of bench_ensemble.py, done by AutoGluon: python peer_greedy_autogluon.py MEMBERS ROWS ROUNDS METRIC."""

import json
import sys

import numpy as np
from autogluon.core import __version__
from autogluon.core.metrics import mean_absolute_error, mean_squared_error
from autogluon.core.models.greedy_ensemble.ensemble_selection import EnsembleSelection

from ensemble_data import forecasts_and_truth, peak_gigabytes
from timing import seconds

MEMBERS, ROWS, ROUNDS = map(int, sys.argv[1:4])
METRIC = {"mse": mean_squared_error, "mae": mean_absolute_error}[sys.argv[4]]
forecasts, truth = forecasts_and_truth(MEMBERS, ROWS)
columns = [np.ascontiguousarray(forecasts[:, member]) for member in range(MEMBERS)]
del forecasts
held = peak_gigabytes()
selection = EnsembleSelection(ensemble_size=ROUNDS, problem_type="regression", metric=METRIC)
taken = seconds(lambda: selection.fit(columns, truth))
result = {
    "version": __version__,
    "seconds": taken,
    "loss": float(selection.train_score_),
    "held": held,
    "peak": peak_gigabytes(),
}
print(json.dumps(result))
