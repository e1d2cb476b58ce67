"""The web server under 64 clients: requests a second, and the time within which 99 of 100 are answered.

python benchmarks/bench_web.py [--models 100000] [--facts 20] [--clients 64] [--seconds 10] [--beside 2000]
"""

import argparse
import asyncio
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression

from enstorage import Connector, DataSource, Model, Project
from enstorage.adapter import Window
from peers import run_peer
from tables import Line, show
from web_data import fill
from web_load import HOST, ask, measured, request_of

V1 = "/api/v1"
LAG, STEPS = 24, 1_000
LISTS = {
    "list of 50 models": f"{V1}/models",
    "the same with 3 facts, by a fact": f"{V1}/models?facts=metric0,metric1,param0&order_by=meta.metric0",
    "the same by name, of a project": f"{V1}/models?project=3&order_by=name",
    "the same by a tag": f"{V1}/models?order_by=tags.kind",
    "the same by a tag and a fact": f"{V1}/models?order_by=tags.kind,meta.metric0",
    "the same by a text of a number": f"{V1}/models?order_by=meta.param0",
    "the same of a tag that is rare, counted": f"{V1}/models?where=tags.kind='none'&count=true".replace("'", "%27"),
    "a page far down": f"{V1}/models?order_by=id+desc&cursor=CURSOR",
    "series of a million points, 1,200 pixels": f"{V1}/data-sources/1/series",
    "a week of it": f"{V1}/data-sources/1/series?time_from=1970-06-01&time_to=1970-06-08",
}


#: Of the comparison with MLflow's server, whose answers have all facts: the names by which its figures come.
BESIDE = {
    "list": ("list of 50 models with their 20 facts", ""),
    "sorted": ("the same by a fact", "&order_by=meta.metric0"),
    "few": ("those that two facts find", "&where=meta.metric3%20%3C%200.5%20and%20meta.param4%20=%20%277%27"),
}
_FACTS = ",".join(f"{kind}{key}" for kind in ("metric", "param") for key in range(10))


def forecaster() -> int:
    """A linear model that forecasts, with a curve; gives its id."""
    source = DataSource(name="Hourly", time_interval="1h").save()
    source.write(np.arange(2_000) * 3_600 * 10**9, np.sin(np.arange(2_000.0) / 5))
    preparation = source.create_snapshot().create_preparation("drop", "standard", 0.5, 0.2, 0.3)
    model = Project(name="Served", data_source=source).save().create_research("r", preparation).create_model("linear")
    model.data_set(preparation.create_set(Window(LAG)))
    _, X, y = model.data_set().arrays("train")
    model.save_object(LinearRegression().fit(X, y))
    model.log(range(STEPS), loss=np.arange(STEPS) / STEPS)
    return model.id


@contextmanager
def served(folder: Path) -> Iterator[tuple[int, str]]:
    """A server over a store: its port and the token that opens it."""
    command = [sys.executable, "-m", "enstorage", "serve", "--port", "0", "--store", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            link = server.stdout.readline().split("http://", 1)[1].strip()
            yield int(link.partition("/")[0].rpartition(":")[2]), link.partition("token=")[2]
        finally:
            server.terminate()


def tensor(name: str, datatype: str, values: np.ndarray) -> dict[str, object]:
    """An input of the inference protocol."""
    return {"name": name, "shape": list(values.shape), "datatype": datatype, "data": values.ravel().tolist()}


async def measure(port: int, secret: str, model: int, clients: int, seconds: float) -> list[Line]:
    """The lines of the table of very many models."""
    bearer = {"Authorization": f"Bearer {secret}"}
    reader, writer = await asyncio.open_connection(HOST, port)
    page = await ask(reader, writer, request_of(f"{V1}/models?order_by=id+desc&limit=500", **bearer))
    writer.close()
    cursor = json.loads(page)["next"]
    requests = {work: request_of(path.replace("CURSOR", cursor), **bearer) for work, path in LISTS.items()}
    history = tensor("history", "FP64", np.sin(np.arange(48.0) / 5))
    body = json.dumps({"inputs": [history, tensor("horizon", "INT64", np.array([24]))]}).encode()
    requests["infer 24 steps of a linear model"] = request_of(f"/v2/models/model-{model}/infer", body, **bearer)
    lines = []
    for work, request in requests.items():
        alone, rate, slowest = await measured(port, request, clients, seconds)
        goal = "< 100 ms" if "/models" in LISTS.get(work, "") else ""
        lines.append(Line(f"{work}, one client", "ms", alone, goal=goal))
        lines += [Line(f"{work}, {clients} clients", "requests/s", rate), Line("  99 of 100 within", "ms", slowest)]
    return lines


async def beside(port: int, secret: str, model: int, clients: int, seconds: float) -> dict[str, tuple[float, ...]]:
    """Our figures of the comparison with MLflow, by the names of its figures."""
    bearer = {"Authorization": f"Bearer {secret}"}
    requests = {name: request_of(f"{V1}/models?facts={_FACTS}{more}", **bearer) for name, (_, more) in BESIDE.items()}
    requests["curve"] = request_of(f"{V1}/models/{model}/history", **bearer)
    body = json.dumps({"inputs": [tensor("X", "FP64", np.linspace(0, 1, LAG)[None])]}).encode()
    requests["infer"] = request_of(f"/v2/models/model-{model}/infer", body, **bearer)
    return {name: await measured(port, request, clients, seconds) for name, request in requests.items()}


def compare(models: int, clients: int, seconds: float, workers: int) -> None:
    """Print the table beside MLflow's servers."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "store"
        with Connector.in_folder(folder) as connector:
            fill(connector, models, 20)
            model = forecaster()
        with served(folder) as (port, secret):
            ours = asyncio.run(beside(port, secret, model, clients, seconds))
    arguments = (str(models), str(clients), str(seconds), str(workers))
    peer = run_peer("peer_web_mlflow.py", *arguments, packages=("mlflow", "pymysql"), environment="peer_mlflow")
    works = {name: work for name, (work, _) in BESIDE.items()}
    works |= {"curve": f"a curve of {STEPS:,} steps", "infer": "one row of a linear model"}
    lines = []
    for name, work in works.items():
        for unit, what, place in (("ms", "one client", 0), ("requests/s", f"{clients} clients", 1)):
            lines.append(Line(f"{work}, {what}", unit, ours[name][place], peer[name][place]))
        lines.append(Line("  99 of 100 within", "ms", ours[name][2], peer[name][2]))
    show(
        f"The web server over {models:,} models with 20 facts each, beside MLflow {peer['version']}",
        lines,
        [
            f"Ours is one process; MLflow's server and its server of a model have {workers} each. SQLite on both sides.",
            f"MLflow's models were written by its own interface, in {peer['fill seconds']:.0f} s; ours by SQL.",
        ],
    )


def main() -> None:
    """Fill a store, serve it, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=100_000, help="0 for the comparison alone")
    parser.add_argument("--facts", type=int, default=20, help="of each model")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10, help="for each line")
    parser.add_argument("--store", type=Path, help="a folder that is filled if it is new, and kept")
    parser.add_argument("--beside", type=int, default=2_000, help="models of the comparison with MLflow; 0 for none")
    parser.add_argument("--workers", type=int, default=4, help="processes of MLflow's server; it starts 4 by itself")
    given = parser.parse_args()
    if given.models:
        alone(given)
    if given.beside:
        compare(given.beside, given.clients, given.seconds, given.workers)


def alone(given: argparse.Namespace) -> None:
    """Print the table of very many models."""
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.store or Path(temporary) / "store"
        is_new = not folder.exists()
        with Connector.in_folder(folder) as connector:
            if is_new:
                fill(connector, given.models, given.facts)
            known = [] if is_new else Model.find("name = 'linear'", limit=1)
            model = known[0].id if known else forecaster()
        with served(folder) as (port, secret):
            lines = asyncio.run(measure(port, secret, model, given.clients, given.seconds))
    show(
        f"The web server over {given.models:,} models with {given.facts} facts each",
        lines,
        ["One process of uvicorn; the clients run on the same cores.", "The models were written by SQL."],
    )


if __name__ == "__main__":
    main()
