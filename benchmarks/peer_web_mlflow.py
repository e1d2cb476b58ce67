"""The work of bench_web.py beside MLflow's servers: python peer_web_mlflow.py MODELS CLIENTS SECONDS WORKERS."""

import asyncio
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.request import urlopen

import mlflow
import numpy as np
from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient
from sklearn.linear_model import LinearRegression

from web_load import HOST, measured, request_of

logging.getLogger("mlflow").setLevel(logging.ERROR)
logging.getLogger("alembic").setLevel(logging.ERROR)
MODELS, CLIENTS, SECONDS, WORKERS = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]
STEPS, LAG = 1_000, 24
API = "/api/2.0/mlflow"


def fill(uri):
    """Models with ten metrics and ten parameters, and one with a curve; gives the ids of the experiment and of that."""
    client = MlflowClient(uri)
    experiment = client.create_experiment("benchmark")
    for number in range(MODELS):
        now = int(time.time() * 1000)
        run = client.create_run(experiment)
        metrics = [Metric(f"metric{key}", (number * 31 + key * 7) % 1000 / 1000, now, 0) for key in range(10)]
        params = [Param(f"param{key}", str((number * 17 + key) % 50)) for key in range(10)]
        client.log_batch(run.info.run_id, metrics=metrics, params=params)
        client.set_terminated(run.info.run_id)
    run = client.create_run(experiment)
    client.log_batch(run.info.run_id, metrics=[Metric("loss", step / STEPS, now, step) for step in range(STEPS)])
    return experiment, run.info.run_id


class Served:
    """A server of MLflow in a process group of its own: it starts further processes."""

    def __init__(self, *words):
        with socket.socket() as free:
            free.bind((HOST, 0))
            self.port = free.getsockname()[1]
        command = [sys.executable, "-m", "mlflow", *words, "--host", HOST, "--port", str(self.port)]
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.program = subprocess.Popen(command, start_new_session=True, env={**os.environ, "PATH": path}, **quiet)

    def __enter__(self):
        for _ in range(600):
            try:
                urlopen(f"http://{HOST}:{self.port}/health").read()
            except OSError:
                time.sleep(0.2)
            else:
                return self
        raise SystemExit("The server of MLflow did not start.")

    def __exit__(self, *_):
        os.killpg(self.program.pid, signal.SIGTERM)
        self.program.wait()


def figures(port, request):
    return asyncio.run(measured(port, request, CLIENTS, SECONDS))


def main():
    result = {"version": mlflow.__version__}
    with tempfile.TemporaryDirectory() as folder:
        uri = f"sqlite:///{folder}/mlflow.db"
        began = time.perf_counter()
        experiment, with_curve = fill(uri)
        result["fill seconds"] = time.perf_counter() - began
        search = {"experiment_ids": [experiment], "max_results": 50}
        few = {"filter": "metrics.metric3 < 0.5 and params.param4 = '7'"}
        history = f"{API}/metrics/get-history?run_id={with_curve}&metric_key=loss&max_results={STEPS}"
        options = ("--backend-store-uri", uri, "--artifacts-destination", folder, "--workers", WORKERS)
        # On a busy machine a worker that starts slowly would be ended.
        options += ("--uvicorn-opts", "--timeout-worker-healthcheck 60")
        with Served("server", *options) as server:
            for name, more in (("list", {}), ("sorted", {"order_by": ["metrics.metric0 ASC"]}), ("few", few)):
                body = json.dumps(search | more).encode()
                result[name] = figures(server.port, request_of(f"{API}/runs/search", body))
            result["curve"] = figures(server.port, request_of(history))
        X = np.random.default_rng(0).normal(size=(500, LAG))
        mlflow.sklearn.save_model(LinearRegression().fit(X, X.sum(axis=1)), f"{folder}/model")
        with Served("models", "serve", "-m", f"{folder}/model", "--env-manager", "local", "-w", WORKERS) as server:
            body = json.dumps({"inputs": X[:1].tolist()}).encode()
            result["infer"] = figures(server.port, request_of("/invocations", body))
    print(json.dumps(result))


main()
