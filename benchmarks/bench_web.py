"""The web server under 64 clients: requests a second, and the time within which 99 of 100 are answered.

python benchmarks/bench_web.py [--models 100000] [--facts 20] [--clients 64] [--seconds 10]
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.linear_model import LinearRegression

from enstorage import Connector, DataSource, Project
from enstorage.adapter import Window
from tables import Line, show
from web_data import fill

HOST, V1 = "127.0.0.1", "/api/v1"
LISTS = {
    "list of 50 models": f"{V1}/models",
    "the same with 3 facts, by a fact": f"{V1}/models?facts=metric0,metric1,param0&order_by=meta.metric0",
    "the same by name, of a project": f"{V1}/models?project=3&order_by=name",
    "the same by a tag": f"{V1}/models?order_by=tags.kind",
    "the same by a text of a number": f"{V1}/models?order_by=meta.param0",
    "the same of a tag that is rare, counted": f"{V1}/models?where=tags.kind='none'&count=true".replace("'", "%27"),
    "a page far down": f"{V1}/models?order_by=id+desc&cursor=CURSOR",
    "series of a million points, 1,200 pixels": f"{V1}/data-sources/1/series",
    "a week of it": f"{V1}/data-sources/1/series?time_from=1970-06-01&time_to=1970-06-08",
}


def forecaster() -> int:
    """A linear model that forecasts; gives its id."""
    source = DataSource(name="Hourly", time_interval="1h").save()
    source.write(np.arange(2_000) * 3_600 * 10**9, np.sin(np.arange(2_000.0) / 5))
    preparation = source.create_snapshot().create_preparation("drop", "standard", 0.5, 0.2, 0.3)
    model = Project(name="Served", data_source=source).save().create_research("r", preparation).create_model("linear")
    model.data_set(preparation.create_set(Window(24)))
    _, X, y = model.data_set().arrays("train")
    model.save_object(LinearRegression().fit(X, y))
    return model.id


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bytes:
    """One request over a connection that stays open; gives the body."""
    writer.write(request)
    await writer.drain()
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
    body = await reader.readexactly(length)
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise SystemExit(f"{request[:80]!r} was answered by {head[:40]!r}: {body[:300]!r}")
    return body


async def load(port: int, request: bytes, clients: int, seconds: float) -> tuple[float, float]:
    """Requests a second of so many clients together, and the 99th percentile of the time of one, in ms."""
    times: list[float] = []
    end = time.perf_counter() + seconds

    async def client() -> None:
        reader, writer = await asyncio.open_connection(HOST, port)
        while (began := time.perf_counter()) < end:
            await ask(reader, writer, request)
            times.append(time.perf_counter() - began)
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return len(times) / (time.perf_counter() - began), statistics.quantiles(times, n=100)[98] * 1000


def request_of(path: str, secret: str, body: bytes = b"") -> bytes:
    """The bytes of a request."""
    method = "POST" if body else "GET"
    lines = [
        f"{method} {path} HTTP/1.1",
        f"Host: {HOST}",
        f"Authorization: Bearer {secret}",
        f"Content-Length: {len(body)}",
    ]
    head = "\r\n".join([*lines, "", ""])
    return head.encode() + body


async def measure(port: int, secret: str, model: int, clients: int, seconds: float) -> list[Line]:
    """The lines of the table."""
    reader, writer = await asyncio.open_connection(HOST, port)
    page = await ask(reader, writer, request_of(f"{V1}/models?order_by=id+desc&limit=500", secret))
    cursor = json.loads(page)["next"]
    requests = {work: request_of(path.replace("CURSOR", cursor), secret) for work, path in LISTS.items()}
    tensors = [
        {"name": "history", "shape": [48], "datatype": "FP64", "data": np.sin(np.arange(48.0) / 5).tolist()},
        {"name": "horizon", "shape": [1], "datatype": "INT64", "data": [24]},
    ]
    body = json.dumps({"inputs": tensors}).encode()
    requests["infer 24 steps of a linear model"] = request_of(f"/v2/models/model-{model}/infer", secret, body)
    lines = []
    for work, request in requests.items():
        alone = []
        reader, writer = await asyncio.open_connection(HOST, port)  # the server closes those that were idle
        for _ in range(5):
            began = time.perf_counter()
            await ask(reader, writer, request)
            alone.append((time.perf_counter() - began) * 1000)
        goal = "< 100 ms" if "/models" in LISTS.get(work, "") else ""
        lines.append(Line(f"{work}, one client", "ms", statistics.median(alone), goal=goal))
        rate, slowest = await load(port, request, clients, seconds)
        lines += [Line(f"{work}, {clients} clients", "requests/s", rate), Line("  99 of 100 within", "ms", slowest)]
    return lines


def main() -> None:
    """Fill a store, serve it, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=100_000)
    parser.add_argument("--facts", type=int, default=20, help="of each model")
    parser.add_argument("--clients", type=int, default=64)
    parser.add_argument("--seconds", type=float, default=10, help="for each line")
    parser.add_argument("--store", type=Path, help="a folder that is filled if it is new, and kept")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.store or Path(temporary) / "store"
        is_new = not folder.exists()
        connector = Connector.in_folder(folder)
        if is_new:
            fill(connector, given.models, given.facts)
        model = forecaster()
        connector.close()
        command = [sys.executable, "-m", "enstorage", "serve", "--port", "0", "--store", str(folder)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            try:
                link = server.stdout.readline().split("http://", 1)[1].strip()
                port, secret = int(link.partition("/")[0].rpartition(":")[2]), link.partition("token=")[2]
                lines = asyncio.run(measure(port, secret, model, given.clients, given.seconds))
            finally:
                server.terminate()
    show(
        f"The web server over {given.models:,} models with {given.facts} facts each",
        lines,
        ["One process of uvicorn; the clients run on the same cores.", "The models were written by SQL."],
    )


if __name__ == "__main__":
    main()
