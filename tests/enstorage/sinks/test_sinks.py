"""Sinks: what each promises, and what it refuses."""

import json
import sqlite3
from datetime import UTC, datetime
from uuid import uuid4

import polars as pl
import pytest
from sqlalchemy import create_engine, text

import servers
from enstorage.database.url import parse_url
from enstorage.errors import InvalidInputError, NotFoundError, StoreError
from enstorage.sinks import Delivery
from enstorage.sinks.files import FileSink
from enstorage.sinks.objects import ObjectsSink
from enstorage.sinks.sql import SqlSink
from enstorage.sinks.webhook import WebhookSink
from enstorage.testing import SinkContract
from websites import answer, website

ROWS = pl.DataFrame({"series": [1, 1], "time": ["2024-01-01", "2024-01-02"], "step": [1, 2], "value": [1.5, -2.0]})
DELIVERY = Delivery("c" * 64, "forecast")
TABLE = (
    "CREATE TABLE forecast (series BIGINT, time TIMESTAMP NULL, step INTEGER, quantile DOUBLE PRECISION, "
    "value DOUBLE PRECISION NOT NULL CHECK (value > 0))"
)
SELECT = "SELECT * FROM forecast ORDER BY time"


def connect(monkeypatch, name, url):
    monkeypatch.setenv(f"ENSTORAGE_CONNECTION_{name.upper()}", url)


@pytest.fixture
def warehouse(monkeypatch, tmp_path):
    """The path of a database of SQLite with a table."""
    path = tmp_path / "warehouse.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute(TABLE)
    connect(monkeypatch, "warehouse", f"sqlite:///{path}")
    return path


class TestFile(SinkContract):
    def make_sink(self, place):
        return FileSink(str(place / "forecast.csv"))

    def read(self, place):
        return pl.read_csv(place / "forecast.csv").to_dicts()


class TestFolder(SinkContract):
    @pytest.fixture(autouse=True)
    def connected(self, monkeypatch, tmp_path):
        connect(monkeypatch, "out", f"file://{tmp_path}")

    def make_sink(self, place):
        return ObjectsSink("out", "north/forecast.parquet")

    def read(self, place):
        assert [path.name for path in place.iterdir()] == ["north"]
        return pl.read_parquet(place / "north" / "forecast.parquet").to_dicts()


class TestBucket(SinkContract):
    @pytest.fixture(autouse=True)
    def connected(self, monkeypatch, bucket):
        connect(monkeypatch, "out", f"s3://{bucket}/north")
        self.bucket = bucket

    def make_sink(self, place):
        return ObjectsSink("out", "forecast.csv")

    def read(self, place):
        import s3fs

        files = s3fs.S3FileSystem(skip_instance_cache=True)
        assert files.find(self.bucket) == [f"{self.bucket}/north/forecast.csv"]
        return pl.read_csv(files.cat_file(f"{self.bucket}/north/forecast.csv")).to_dicts()


class TestSqlite(SinkContract):
    @pytest.fixture(autouse=True)
    def connected(self, warehouse):
        """See `warehouse`."""

    def make_sink(self, place):
        return SqlSink("warehouse", "forecast")

    def read(self, place):
        with sqlite3.connect(place / "warehouse.sqlite") as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(SELECT)]


class TestSqlServer(SinkContract):
    @pytest.fixture(autouse=True, params=["postgresql", "mariadb"])
    def connected(self, request, monkeypatch):
        server, name = servers.shared(request.param), f"warehouse_{uuid4().hex[:12]}"
        server.create_database(name)
        self.engine = create_engine(parse_url(server.url(name)))
        with self.engine.begin() as connection:
            connection.execute(text(TABLE))
        connect(monkeypatch, "warehouse", server.url(name))
        yield
        self.engine.dispose()

    def make_sink(self, place):
        return SqlSink("warehouse", "forecast")

    def read(self, place):
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(text(SELECT)).mappings()]

    def test_a_row_that_is_refused_leaves_all_as_it_was(self, tmp_path):
        sink = SqlSink("warehouse", "forecast", key=("series", "time", "step"))
        sink.write(ROWS.head(1), DELIVERY)
        with pytest.raises((InvalidInputError, StoreError), match=r"(?i)check|constraint"):
            sink.write(ROWS, DELIVERY)
        assert [row["value"] for row in self.read(tmp_path)] == [1.5]


class TestWebhook(SinkContract):
    @pytest.fixture(autouse=True)
    def connected(self, monkeypatch):
        with website() as site:
            self.site = site
            connect(monkeypatch, "hook", f"http://t0ken@{site.host}/in")
            yield

    def make_sink(self, place):
        return WebhookSink("hook", "forecasts")

    def read(self, place):
        bodies = {}
        for path, headers, body in self.site.asked:
            assert (path, headers["Authorization"]) == ("/in/forecasts", "Bearer t0ken")
            found = json.loads(body)
            assert found["key"] == headers["Idempotency-Key"]
            bodies[found["key"]] = found["rows"]
        return [row for rows in bodies.values() for row in rows]


def test_each_content_may_have_a_file_of_its_own(tmp_path):
    FileSink(str(tmp_path / "forecast {key}.csv")).write(ROWS, DELIVERY)
    assert [path.name for path in tmp_path.iterdir()] == [f"forecast {'c' * 12}.csv"]


def test_columns_of_a_table_may_have_other_names(warehouse):
    sink = SqlSink("warehouse", "forecast", key=("time",), columns={"time": "time", "value": "value"})
    for rows in (ROWS.head(1), ROWS.head(1).with_columns(value=4.0)):
        sink.write(rows, DELIVERY)
    with sqlite3.connect(warehouse) as connection:
        assert connection.execute("SELECT time, value FROM forecast").fetchall() == [
            ("2024-01-01 00:00:00.000000", 4.0)
        ]


@pytest.mark.parametrize(
    "label", ["2024-03-31T00:00:00+01:00", "2024-04-01T00:00:00+02:00", "2024-04-01T00:00:00-04:00"]
)
def test_a_column_of_dates_gets_the_local_date(warehouse, label):
    with sqlite3.connect(warehouse) as connection:
        connection.execute("CREATE TABLE days (day DATE, at TIMESTAMP, value REAL)")
    sink = SqlSink("warehouse", "days", key=("day",), columns={"day": "time", "at": "time", "value": "value"})
    sink.write(ROWS.head(1).with_columns(time=pl.lit(label)), DELIVERY)
    with sqlite3.connect(warehouse) as connection:
        day, at = connection.execute("SELECT day, at FROM days").fetchone()
    assert day == label[:10]
    assert at[:19] == datetime.fromisoformat(label).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"table": "no_such_table"}, "There is no table 'no_such_table'.*series, time, step, value"),
        ({"table": "forecast; DROP TABLE forecast"}, "There is no table"),
        ({"key": ("time", "quantile")}, "key time, quantile among them"),
        ({"columns": {"at": "time"}}, "Expected the columns at in the table"),
        ({"columns": {"time": "no such column"}}, "has the columns"),
        ({}, "refuses the rows: .*None was written"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_and_stays(given, message, warehouse):
    SqlSink("warehouse", "forecast", key=("time", "step")).write(ROWS.head(1), DELIVERY)
    with pytest.raises(InvalidInputError, match=message):
        SqlSink(**{"connection": "warehouse", "table": "forecast", "key": ("time", "step")} | given).write(
            ROWS, DELIVERY
        )
    with sqlite3.connect(warehouse) as connection:
        assert connection.execute("SELECT count(*), sum(value) FROM forecast").fetchone() == (1, 1.5)


@pytest.mark.parametrize(
    ("status", "error"), [(401, InvalidInputError), (404, NotFoundError), (422, InvalidInputError), (503, StoreError)]
)
def test_a_website_that_refuses_is_told_without_its_secret(status, error, monkeypatch):
    with website() as site:
        site.pages["/forecasts"] = lambda handler, body: answer(handler, status, body=b"no")
        connect(monkeypatch, "hook", f"http://user:s3cr3tword@{site.host}")
        with pytest.raises(error, match=str(status)) as found:
            WebhookSink("hook", "forecasts").write(ROWS, DELIVERY)
        assert "s3cr3tword" not in f"{found.value}{found.value.__cause__}"


@pytest.mark.parametrize(
    "make",
    [
        lambda: FileSink("forecast.xlsx"),
        lambda: FileSink(""),
        lambda: ObjectsSink("out", "../forecast.csv"),
        lambda: ObjectsSink("https://user:word@example.org", "forecast.csv"),
        lambda: SqlSink("warehouse", "forecast", key=()),
        lambda: SqlSink("warehouse", ""),
        lambda: WebhookSink("hook", 3),
    ],
)
def test_parameters_that_cannot_be_are_refused(make):
    with pytest.raises(InvalidInputError):
        make()


def test_rows_that_the_key_does_not_tell_apart_are_refused(warehouse):
    sink = SqlSink("warehouse", "forecast", key=("at",), columns={"at": "time", "value": "value"})
    with sqlite3.connect(warehouse) as connection:
        connection.execute("ALTER TABLE forecast RENAME COLUMN time TO at")
    twice = pl.concat([ROWS.head(1), ROWS.head(1).with_columns(value=4.0), ROWS.tail(1).with_columns(value=1.0)])
    with pytest.raises(
        InvalidInputError, match="key at does not tell the rows apart: 2 of 3 share theirs, such as at 2024"
    ):
        sink.write(twice, DELIVERY)
    with sqlite3.connect(warehouse) as connection:
        assert connection.execute("SELECT count(*) FROM forecast").fetchone() == (0,)
