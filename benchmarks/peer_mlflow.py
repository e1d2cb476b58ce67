"""The work of bench_records.py, done by MLflow: python peer_mlflow.py URI MODELS."""

import json
import logging
import statistics
import sys
import time

import mlflow
from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

logging.getLogger("mlflow").setLevel(logging.ERROR)
logging.getLogger("alembic").setLevel(logging.ERROR)
URI, MODELS = sys.argv[1], int(sys.argv[2])
STEPS, CURVES, FACTS = 1000, 10, 300


def rate(count, work):
    started = time.perf_counter()
    work()
    return count / (time.perf_counter() - started)


client = MlflowClient(URI)
experiment = client.create_experiment("benchmark")


def record(number):
    now = int(time.time() * 1000)
    run = client.create_run(experiment)
    client.log_batch(
        run.info.run_id,
        metrics=[Metric(f"metric{key}", (number * 31 + key) % 1000 / 1000, now, 0) for key in range(10)],
        params=[Param(f"param{key}", str((number * 17 + key) % 50)) for key in range(10)],
    )
    client.set_terminated(run.info.run_id)
    return run.info.run_id


first = record(-1)
result = {"version": mlflow.__version__}
result["models/s"] = rate(MODELS, lambda: [record(number) for number in range(MODELS)])
result["facts/s"] = rate(FACTS, lambda: [client.log_metric(first, f"one{key}", key / 10) for key in range(FACTS)])


def log_curves():
    for _ in range(CURVES):
        now = int(time.time() * 1000)
        run = client.create_run(experiment)
        client.log_batch(run.info.run_id, metrics=[Metric("loss", step / STEPS, now, step) for step in range(STEPS)])


result["values/s"] = rate(STEPS * CURVES, log_curves)


def search(name, query):
    times = []
    for _ in range(5):
        started = time.perf_counter()
        found = client.search_runs([experiment], query, max_results=50_000)
        times.append(time.perf_counter() - started)
    result[f"search {name} ms"], result[f"found {name}"] = statistics.median(times) * 1000, len(found)


search("few", "metrics.metric3 < 0.5 and params.param4 = '7'")
search("half", "metrics.metric3 < 0.7 and metrics.metric5 > 0.2")
print(json.dumps(result))
