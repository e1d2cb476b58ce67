"""Lists of MLflow's server over runs that its client wrote: python peer_web_mlflow.py FOLDER RUNS CLIENTS SECONDS."""

import json
import logging
import os
import socket
import subprocess
import sys
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection

import mlflow
from mlflow.entities import Metric, Param
from mlflow.tracking import MlflowClient

logging.getLogger("alembic").setLevel(logging.ERROR)
FOLDER, RUNS, CLIENTS, SECONDS = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
HOST, SEARCH = "127.0.0.1", "/api/2.0/mlflow/runs/search"
URI = f"sqlite:///{FOLDER}/mlflow.db"

client = MlflowClient(URI)
experiment = client.create_experiment("benchmark")
for number in range(RUNS):
    run = client.create_run(experiment)
    now = int(time.time() * 1000)
    client.log_batch(
        run.info.run_id,
        metrics=[Metric(f"metric{key}", (number * 31 + key * 7) % 1000 / 1000, now, 0) for key in range(10)],
        params=[Param(f"param{key}", str((number * 17 + key) % 50)) for key in range(10)],
    )

with socket.socket() as free:
    free.bind((HOST, 0))
    port = free.getsockname()[1]
command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", URI, "--host", HOST, "--port", str(port)]
quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
server = subprocess.Popen([*command, "--workers", "1"], env={**os.environ, "MLFLOW_LOGGING_LEVEL": "ERROR"}, **quiet)


def wait() -> None:
    """Until the server answers."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=5):
                return
        except OSError:
            time.sleep(0.2)
    raise SystemExit("MLflow's server did not answer within two minutes.")


def ask(connection: HTTPConnection, body: bytes) -> None:
    """One request over a connection that stays open."""
    connection.request("POST", SEARCH, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    found = json.loads(answer.read())
    if answer.status != 200 or len(found["runs"]) != 50:
        raise SystemExit(f"MLflow answered {answer.status}: {str(found)[:300]}")


def load(body: bytes) -> tuple[float, float]:
    """Requests a second of all clients together, and the 99th percentile of the time of one, in ms."""
    times: list[float] = []
    end = time.perf_counter() + SECONDS

    def one(_: int) -> None:
        connection = HTTPConnection(HOST, port, timeout=120)
        while (began := time.perf_counter()) < end:
            ask(connection, body)
            times.append(time.perf_counter() - began)

    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        list(clients.map(one, range(CLIENTS)))
    return len(times) / (time.perf_counter() - began), sorted(times)[int(len(times) * 0.99)] * 1000


try:
    wait()
    result: dict[str, object] = {"version": mlflow.__version__}
    for name, order in {"list": [], "by fact": ["metrics.metric0 ASC"]}.items():
        body = json.dumps({"experiment_ids": [experiment], "max_results": 50, "order_by": order}).encode()
        connection = HTTPConnection(HOST, port, timeout=120)
        ask(connection, body)
        began = time.perf_counter()
        for _ in range(5):
            ask(connection, body)
        alone = (time.perf_counter() - began) * 1000 / 5
        rate, slowest = load(body)
        result[name] = {"ms": alone, "requests/s": rate, "99 of 100 within ms": slowest}
finally:
    server.terminate()
print(json.dumps(result))
