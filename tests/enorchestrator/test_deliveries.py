"""Deliveries: once for each content, also where the process is killed between the delivery and its note."""

import os
import signal
import sqlite3
import subprocess
import sys
from textwrap import dedent

import polars as pl
import pytest
from sqlalchemy import select

from enorchestrator import deliver
from enstorage.errors import InvalidInputError
from enstorage.ledger import SinkDelivery
from enstorage.sinks.files import FileSink
from enstorage.sinks.sql import SqlSink
from enstorage.sinks.webhook import WebhookSink
from websites import answer, website

ROWS = pl.DataFrame({"series": [1, 1], "time": ["2024-01-01", "2024-01-02"], "step": [1, 2], "value": [1.5, 2.0]})
KILLED = """
    import os, signal, sys
    import polars as pl
    from enorchestrator import deliver
    from enstorage import Connector
    from enstorage.sinks import sink_from_json
    import json

    sink = sink_from_json(json.loads(sys.argv[2]))
    write = type(sink).write

    def write_and_die(self, rows, delivery):
        write(self, rows, delivery)
        os.kill(os.getpid(), signal.SIGKILL)

    type(sink).write = write_and_die
    with Connector.in_folder(sys.argv[1]):
        deliver(pl.read_csv(sys.stdin.buffer), sink)
"""


@pytest.fixture
def places(tmp_path, monkeypatch):
    """A sink of each kind, with a function that gives what is there; the website keeps what it is given, once a key."""
    with sqlite3.connect(tmp_path / "warehouse.sqlite") as connection:
        connection.execute("CREATE TABLE forecast (series INTEGER, time TEXT, step INTEGER, value REAL)")
    monkeypatch.setenv("ENSTORAGE_CONNECTION_WAREHOUSE", f"sqlite:///{tmp_path / 'warehouse.sqlite'}")
    taken = {}

    def take(handler, body):
        taken.setdefault(handler.headers["Idempotency-Key"], body)
        answer(handler, 204)

    def rows():
        with sqlite3.connect(tmp_path / "warehouse.sqlite") as connection:
            return connection.execute("SELECT count(*) FROM forecast").fetchone()[0]

    with website() as site:
        site.pages["/in"] = take
        monkeypatch.setenv("ENSTORAGE_CONNECTION_HOOK", f"http://{site.host}")
        yield {
            "sql": (SqlSink("warehouse", "forecast", key=("series", "time", "step")), rows, 2),
            "file": (FileSink(str(tmp_path / "a.csv")), lambda: (tmp_path / "a.csv").read_text().count("\n"), 3),
            "webhook": (WebhookSink("hook", "in"), lambda: len(taken), 1),
        }


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sql", "file", "webhook"])
def test_a_delivery_that_was_killed_before_its_note_is_there_once(kind, places, store, tmp_path):
    import json

    sink, there, expected = places[kind]
    folder = str(tmp_path / "store")
    killed = subprocess.run(
        [sys.executable, "-c", dedent(KILLED), folder, json.dumps(sink.to_json())],
        input=ROWS.write_csv().encode(),
        env=dict(os.environ),
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert there() == expected
    with store.database.reading() as session:
        assert session.scalars(select(SinkDelivery.delivered_at)).all() == [None]
    found = deliver(ROWS, sink)
    assert (found.is_new, there()) == (True, expected)
    assert not deliver(ROWS, sink).is_new
    with store.database.reading() as session:
        (noted,) = session.scalars(select(SinkDelivery)).all()
    assert (noted.key, noted.rows, noted.delivered_at is not None) == (found.key, 2, True)


def test_a_place_is_given_what_differs_from_what_it_has(places, store, tmp_path):
    sink, _, _ = places["file"]
    other = ROWS.with_columns(value=pl.lit(7.0))
    assert [deliver(rows, sink).is_new for rows in (ROWS, ROWS, other, ROWS, ROWS)] == [True, False, True, True, False]
    assert pl.read_csv(tmp_path / "a.csv").equals(ROWS)
    with pytest.raises(InvalidInputError, match="no rows"):
        deliver(ROWS.clear(), sink)


def test_what_a_sink_refuses_is_delivered_when_it_is_mended(places, store):
    sink = SqlSink("warehouse", "later", key=("time",))
    for _ in range(2):
        with pytest.raises(InvalidInputError, match="There is no table"):
            deliver(ROWS, sink)
    with sqlite3.connect(os.environ["ENSTORAGE_CONNECTION_WAREHOUSE"].removeprefix("sqlite:///")) as connection:
        connection.execute("CREATE TABLE later (series INTEGER, time TEXT, step INTEGER, value REAL)")
    assert [deliver(ROWS, sink).is_new for _ in range(2)] == [True, False]
