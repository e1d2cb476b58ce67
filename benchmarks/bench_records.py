"""Recording and finding models: beside MLflow, and beside the bare driver of the database.

python benchmarks/bench_records.py [--models 2000] [--many 100000] [--database sqlite|mariadb]
"""

import argparse
import json
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import numpy as np

from enstorage import Connector, DataSource, Model, Project, Research, save_all
from peers import run_peer
from tables import Line, show
from timing import seconds

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
import servers

STEPS, CURVES, FACTS = 1000, 10, 300
QUERIES = {"few": "meta.metric3 < 0.5 and meta.param4 = '7'", "half": "meta.metric3 < 0.7 and meta.metric5 > 0.2"}


def facts(number: int, count: int = 20) -> dict[str, float | str]:
    """Ten metrics and ten parameters, as the peer's; and more metrics where more facts are asked for."""
    metrics = {f"metric{key}": (number * 31 + key) % 1000 / 1000 for key in range(10)}
    more = {f"metric{key}": (number * 31 + key) % 1000 / 1000 for key in range(10, count - 10)}
    return metrics | {f"param{key}": str((number * 17 + key) % 50) for key in range(10)} | more


def ours(connector: Connector, models: int, many: int, count: int) -> dict[str, float]:
    """Our figures on one database."""
    research = Project(name="p", data_source=DataSource(name="s")).create_research("r")
    record(research, -1)
    result = {"models/s": models / seconds(lambda: [record(research, number) for number in range(models)])}
    model = Model.get(1)
    result["facts/s"] = FACTS / seconds(lambda: [model.meta(f"one{key}", key / 10) for key in range(FACTS)])
    steps, losses = np.arange(STEPS), np.arange(STEPS) / STEPS

    def log_curves(count: int = CURVES) -> None:
        for _ in range(count):
            research.create_model("curve").log(steps, loss=losses)
        connector.recorder.flush()

    def log_steps() -> None:
        for _ in range(CURVES):
            logged = research.create_model("curve")
            for step in range(STEPS):
                logged.log(step, loss=step / STEPS)
        connector.recorder.flush()

    log_curves(1)  # the first one imports Arrow; the peer has written by log_batch before, too
    result["values/s"] = STEPS * CURVES / seconds(log_curves)
    result["values/s one by one"] = STEPS * CURVES / seconds(log_steps)
    for name, query in QUERIES.items():
        result[f"found {name}"] = len(Model.find(query))
        result[f"search {name} ms"] = seconds(partial(Model.find, query), 9) * 1000
    extra = many - Model.count()
    result["bulk models/s"] = extra / seconds(lambda: record_bulk(connector, research, models, models + extra, count))
    result["search many ms"] = seconds(lambda: Model.find(QUERIES["few"], limit=200), 9) * 1000
    return result


def record(research: Research, number: int) -> None:
    """A model with twenty facts, in one transaction."""
    with research.connector.transaction():
        research.create_model(f"model {number}").metas(facts(number))


def record_bulk(connector: Connector, research: Research, first: int, last: int, count: int = 20) -> None:
    """Many models with so many facts each."""
    for start in range(first, last, 2000):
        numbers = range(start, min(start + 2000, last))
        models = save_all(Model(research=research, name=f"model {number}") for number in numbers)
        with connector.buffered():
            for number, model in zip(numbers, models, strict=True):
                model.metas(facts(number, count))


def bare_sqlite(models: int, many: int) -> dict[str, float]:
    """The same rows by the driver alone: one table of models, one of facts with its index; each commit as durable."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "bare.sqlite", isolation_level=None)
        connection.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE model (id INTEGER PRIMARY KEY, name TEXT);"
            "CREATE TABLE fact (id INTEGER PRIMARY KEY, model_id INTEGER, key TEXT, value TEXT, number REAL,"
            " UNIQUE (model_id, key)); CREATE INDEX by_key ON fact (key, number, value, model_id);"
        )
        insert = "INSERT INTO fact (model_id, key, value, number) VALUES (?, ?, ?, ?)"

        def write(numbers: range) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("INSERT INTO model VALUES (?, ?)", ((each, f"model {each}") for each in numbers))
            rows = ((each, key, json.dumps(value), value if isinstance(value, float) else None)
                    for each in numbers for key, value in facts(each).items())  # fmt: skip
            connection.executemany(insert, rows)
            connection.execute("COMMIT")

        def fact(key: int) -> None:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(insert, (0, f"one{key}", str(key / 10), key / 10))
            connection.execute("COMMIT")

        result = {"models/s": models / seconds(lambda: [write(range(each, each + 1)) for each in range(models)])}
        result["facts/s"] = FACTS / seconds(lambda: [fact(key) for key in range(FACTS)])
        chunks = [range(start, min(start + 2000, many)) for start in range(models, many, 2000)]
        result["bulk models/s"] = (many - models) / seconds(lambda: [write(chunk) for chunk in chunks])
        find = (
            "SELECT m.* FROM model m"
            " WHERE EXISTS (SELECT 1 FROM fact WHERE model_id = m.id AND key = 'metric3' AND number < 0.5)"
            " AND EXISTS (SELECT 1 FROM fact WHERE model_id = m.id AND key = 'param4' AND value = '\"7\"')"
            " ORDER BY id LIMIT 200"
        )
        result["search many ms"] = seconds(lambda: connection.execute(find).fetchall(), 9) * 1000
        connection.close()
    return result


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[tuple[Connector, str]]:
    """Our connector, and the URI of an empty database of the same kind for the peer."""
    if kind == "sqlite":
        connector = Connector.in_folder(folder / "ours")
        yield connector, f"sqlite:///{folder}/mlflow.db"
        connector.close()
        return
    server = servers.KINDS[kind](folder / "server").start()
    try:
        for name in ("ours", "theirs"):
            server.create_database(name)
        connector = Connector(server.url("ours"), f"delta:{folder}/series", f"file:{folder}/objects")
        yield connector, server.url("theirs").replace("mariadb://", "mysql+pymysql://")
        connector.close()
    finally:
        server.stop()


def main() -> None:
    """Run both sides and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", type=int, default=2000, help="recorded one by one by both sides, then searched")
    parser.add_argument(
        "--many", type=int, default=100_000, help="models in the store for the second search, ours alone"
    )
    parser.add_argument("--facts", type=int, default=20, help="of each of the many models")
    parser.add_argument("--database", choices=["sqlite", "mariadb"], default="sqlite")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, opened(given.database, Path(folder)) as (connector, uri):
        peer = run_peer("peer_mlflow.py", uri, str(given.models), packages=("mlflow", "pymysql"))
        mine = ours(connector, given.models, given.many, given.facts)
    bare = bare_sqlite(given.models, given.many) if given.database == "sqlite" and given.facts == 20 else {}
    for name, query in QUERIES.items():
        if mine[f"found {name}"] != peer[f"found {name}"]:
            raise SystemExit(f"The two sides found different models by {query}.")

    def line(work: str, unit: str, key: str, goal: str = "", peer_key: str | None = None) -> Line:
        return Line(work, unit, mine[key], peer.get(peer_key or key), bare.get(key), goal)

    lines = [
        line("record a model with 20 facts, one by one", "models/s", "models/s", "≥ 5 ×"),
        line(f"in bulk, with {given.facts} facts", "models/s", "bulk models/s", "≥ 20 ×", "models/s"),
        line("one fact", "facts/s", "facts/s", "≥ 5 ×"),
        line(f"a curve of {STEPS:,} steps at once", "values/s", "values/s", "≥ 30 ×"),
        line("the same step by step", "values/s", "values/s one by one", "", "values/s"),
        *(
            line(
                f"find {mine[f'found {name}']} by two facts among {given.models:,}", "ms", f"search {name} ms", "≥ 20 ×"
            )
            for name in QUERIES
        ),
        line(f"find 200 by two facts among {given.many:,}", "ms", "search many ms", "< 100 ms"),
    ]
    show(
        f"Records on {given.database}, beside MLflow {peer['version']}",
        lines,
        [
            "SQLite: ours WAL, synchronous=FULL; MLflow as it comes, rollback journal, synchronous=FULL. MariaDB: both "
            "innodb_flush_log_at_trx_commit=1.",
            "The runs that MLflow finds include their facts; our models do not.",
            "MLflow records by create_run + log_batch + set_terminated, a curve by one log_batch of 1,000.",
            "Bare: sqlite3 with two tables and the same index, WAL, synchronous=FULL, in transactions of the same size.",
        ],
    )


if __name__ == "__main__":
    main()
