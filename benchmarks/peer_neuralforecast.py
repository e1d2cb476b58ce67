"""The work of bench_train.py, done by neuralforecast on the CPU: python peer_neuralforecast.py FILE EPOCHS BATCH LAG….

FILE has the scaled series and where its test part begins, as JSON; each lag gives one network. The network is the nearest
that neuralforecast has: two layers of 75 units have as many weights as the 50 and 100 of the paper, and take a window value
by value where the paper's takes it at once.
"""

import json
import logging
import math
import sys
import time
import warnings
from pathlib import Path

logging.getLogger("lightning").setLevel(logging.ERROR)
logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)
warnings.filterwarnings("ignore")

import neuralforecast
import numpy as np
import pandas as pd
import torch
from neuralforecast import NeuralForecast
from neuralforecast.losses.pytorch import MSE
from neuralforecast.models import LSTM

torch.set_num_threads(1)  # the fastest for layers as small as these: two wait for each other
given = json.loads(Path(sys.argv[1]).read_text())
EPOCHS, BATCH, *LAGS = map(int, sys.argv[2:])
values, cut = np.array(given["values"]), given["cut"]
table = pd.DataFrame({"unique_id": "sunspots", "ds": np.arange(len(values)), "y": values})


def network(lag, seed):
    model = LSTM(
        h=1,
        input_size=lag,
        encoder_n_layers=2,
        encoder_hidden_size=75,
        encoder_dropout=0.2,
        decoder_layers=1,
        loss=MSE(),
        max_steps=EPOCHS * math.ceil((cut - lag) / BATCH),
        windows_batch_size=BATCH,
        scaler_type="identity",
        random_seed=seed,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    return NeuralForecast(models=[model], freq=1)


started = time.perf_counter()
for seed, lag in enumerate(LAGS):
    network(lag, seed).fit(table[:cut])
seconds = time.perf_counter() - started
errors = []
for seed, lag in enumerate(LAGS):
    forecasts = network(lag, seed).cross_validation(table, n_windows=None, test_size=len(values) - cut, step_size=1)
    errors.append(float(np.sqrt(np.mean((forecasts["LSTM"] - forecasts["y"]) ** 2))))
print(json.dumps({"version": neuralforecast.__version__, "seconds": seconds, "errors": errors}))
