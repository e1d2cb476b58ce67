"""Loaders of places outside of the store: what each promises, and what it refuses."""

import sqlite3
from uuid import uuid4

import polars as pl
import pytest
from sqlalchemy import create_engine, text

import servers
from enstorage.database.url import parse_url
from enstorage.errors import CorruptError, InvalidInputError, NotFoundError, StoreError
from enstorage.loaders.influx import InfluxLoader
from enstorage.loaders.objects import ObjectsLoader
from enstorage.loaders.sql import SqlLoader
from enstorage.loaders.web import HttpLoader
from enstorage.places import web
from enstorage.sources import ParquetLoader
from enstorage.testing import SourceLoaderContract
from websites import answer, packed, website

LEVELS = b"time,value\n2024-01-01,1.5\n2024-01-02,2\n2024-01-03,3\n2024-01-04,2.25\n"
QUERY = "SELECT time, level FROM levels WHERE station = 'a: north' ORDER BY time"


def connect(monkeypatch, name, url):
    monkeypatch.setenv(f"ENSTORAGE_CONNECTION_{name.upper()}", url)


def fill(execute):
    execute("CREATE TABLE levels (station VARCHAR(20), time TIMESTAMP, level DECIMAL(8, 3))")
    for day, level in enumerate((1.5, 2, 3, 2.25), start=1):
        execute(f"INSERT INTO levels VALUES ('a: north', '2024-01-0{day} 12:00:00', {level})")


def sqlite_of(folder):
    if not (path := folder / "levels.sqlite").exists():
        connection = sqlite3.connect(path)
        fill(connection.execute)
        connection.commit()
        connection.close()
    return f"sqlite:///{path}"


@pytest.fixture
def site():
    with website() as made:
        yield made


@pytest.fixture(params=["postgresql", "mariadb"])
def database(request, monkeypatch):
    """A connection to a database with a table."""
    server, name = servers.shared(request.param), f"levels_{uuid4().hex[:12]}"
    server.create_database(name)
    engine = create_engine(parse_url(server.url(name)))
    with engine.begin() as connection:
        fill(lambda statement: connection.execute(text(statement.replace(": ", r"\: "))))
    connect(monkeypatch, "grid", server.url(name))
    yield server.url(name)
    engine.dispose()


class TestParquet(SourceLoaderContract):
    def make_loader(self, place):
        for name in ("a", "b"):
            pl.DataFrame({"time": [1704067200000, 1704153600000, 1704240000000], "value": [1.5, 2, 3]}).with_columns(
                pl.col("time").cast(pl.Datetime("ms"))
            ).write_parquet(place / f"{name}.parquet")
        return ParquetLoader(str(place / "*.parquet"))


class TestSqlite(SourceLoaderContract):
    @pytest.fixture(autouse=True)
    def connected(self, monkeypatch, tmp_path):
        connect(monkeypatch, "grid", sqlite_of(tmp_path))

    def make_loader(self, place):
        return SqlLoader("grid", QUERY)


class TestSqlServer(SourceLoaderContract):
    @pytest.fixture(autouse=True)
    def connected(self, database):
        """See `database`."""

    def make_loader(self, place):
        return SqlLoader("grid", QUERY)


class TestHttp(SourceLoaderContract):
    @pytest.fixture(autouse=True)
    def connected(self, monkeypatch, site):
        site.pages["/v1/levels.csv?zone=DE"] = LEVELS
        connect(monkeypatch, "weather", f"http://user:word@{site.host}/v1")

    def make_loader(self, place):
        return HttpLoader("weather", "levels.csv?zone=DE")


class TestFolder(SourceLoaderContract):
    @pytest.fixture(autouse=True)
    def connected(self, monkeypatch, tmp_path):
        connect(monkeypatch, "inbox", f"file://{tmp_path}")
        (tmp_path / "north").mkdir()
        for name in ("a", "b"):
            (tmp_path / "north" / f"{name}.csv").write_bytes(LEVELS)

    def make_loader(self, place):
        return ObjectsLoader("inbox", "north/*.csv")


class TestBucket(SourceLoaderContract):
    @pytest.fixture(autouse=True)
    def connected(self, monkeypatch, bucket):
        import s3fs

        connect(monkeypatch, "bucket", f"s3://{bucket}")
        s3fs.S3FileSystem(skip_instance_cache=True).pipe_file(f"{bucket}/levels.csv", LEVELS)

    def make_loader(self, place):
        return ObjectsLoader("bucket", "levels.csv")


class TestInflux(SourceLoaderContract):
    @pytest.fixture(autouse=True, params=["influx"])
    def connected(self, request, monkeypatch):
        server, name = servers.shared("influxdb"), f"plant_{uuid4().hex[:12]}"
        server.create_database(name)
        connect(monkeypatch, "plant", server.url(name))
        lines = [
            f"levels,station={station},site=a level={day} {1704067200_000000000 + day * 86_400_000_000_000}"
            for station in ("north\\ bank", "it's")
            for day in range(4)
        ]
        from enstorage.series.influx.place import InfluxPlace
        from enstorage.series.influx.server import InfluxServer

        InfluxServer(InfluxPlace.parse(server.url(name))).write("\n".join(lines).encode())
        yield
        server.execute(f'DROP DATABASE "{name}"')

    def make_loader(self, place):
        return InfluxLoader("plant", "levels", "level", "station", {"site": "a"})

    def test_points_that_differ_in_another_tag_are_refused(self):
        with pytest.raises(InvalidInputError, match=r"several points at 2024-01-01.* by `by`"):
            list(InfluxLoader("plant", "levels", "level").load())

    def test_a_database_that_is_not_there_is_not_made(self, monkeypatch):
        server = servers.shared("influxdb")
        connect(monkeypatch, "other", server.url("no_such_database"))
        with pytest.raises(StoreError, match="no_such_database"):
            list(InfluxLoader("other", "levels", "level").load())
        assert "no_such_database" not in str(server.execute("SHOW DATABASES"))


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM levels",
        "SELECT 1; DROP TABLE levels",
        "DROP TABLE levels",
        "WITH gone AS (DELETE FROM levels RETURNING *) SELECT * FROM gone",
        "",
        3,
    ],
)
def test_a_query_that_writes_is_refused(query, monkeypatch, tmp_path):
    connect(monkeypatch, "grid", sqlite_of(tmp_path))
    with pytest.raises(InvalidInputError, match=r"only read|refuses the query"):
        list(SqlLoader("grid", query).load())
    with sqlite3.connect(tmp_path / "levels.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM levels").fetchone() == (4,)


@pytest.mark.parametrize(
    "query",
    [
        "WITH gone AS (DELETE FROM levels RETURNING *) SELECT * FROM gone",
        "SELECT nextval('numbers') AS time, 1 AS value",
        "SELECT time, level FROM levels FOR UPDATE",
        "SELECT * FROM no_such_table",
    ],
)
def test_a_server_is_asked_in_a_transaction_that_writes_nothing(query, database):
    engine = create_engine(parse_url(database))
    with engine.begin() as connection:
        if "nextval" in query:
            connection.execute(text("CREATE SEQUENCE numbers"))
    if "FOR UPDATE" in query and engine.dialect.name != "postgresql":
        return
    with pytest.raises(InvalidInputError, match="refuses the query"):
        list(SqlLoader("grid", query).load())
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM levels")) == 4
    engine.dispose()


def test_wrong_credentials_are_told_without_them(database, monkeypatch, site):
    connect(monkeypatch, "grid", parse_url(database).set(password="s3cr3tword").render_as_string(hide_password=False))
    with pytest.raises(StoreError) as found:
        list(SqlLoader("grid", QUERY).load())
    site.pages["/levels.csv"] = lambda handler: answer(handler, 401)
    connect(monkeypatch, "weather", f"http://user:s3cr3tword@{site.host}")
    with pytest.raises(InvalidInputError, match="refuses the credentials") as refused:
        list(HttpLoader("weather", "levels.csv").load())
    assert "s3cr3tword" not in f"{found.value}{found.value.__cause__}{refused.value}{refused.value.__cause__}"


def short(handler):
    answer(handler, 200, {"Content-Length": "9999"}, LEVELS)
    handler.close_connection = True


def endless(handler):
    handler.send_response(200)
    handler.end_headers()
    try:
        while True:
            handler.wfile.write(b"2024-01-01,1\n" * 10_000)
    except OSError:
        pass


@pytest.mark.parametrize(
    ("page", "error", "message"),
    [
        (short, CorruptError, "came in part"),
        (endless, InvalidInputError, "more than 100,000 bytes"),
        (packed(b"2024-01-01,1\n" * 100_000), InvalidInputError, "more than 100,000 bytes"),
        (lambda handler: answer(handler, 200, {"Content-Length": "200000"}), InvalidInputError, "more than 100,000"),
        (
            lambda handler: answer(handler, 302, {"Location": "http://127.0.0.1:1/x"}),
            InvalidInputError,
            "no connection",
        ),
        (lambda handler: answer(handler, 302, {"Location": "file:///etc/passwd"}), InvalidInputError, "no connection"),
        (lambda handler: answer(handler, 302, {"Location": "/levels.csv"}), InvalidInputError, "redirects more than 5"),
        (lambda handler: answer(handler, 503), StoreError, "failed with status 503"),
        (lambda handler: answer(handler, 404), NotFoundError, "nothing at"),
        (lambda handler: answer(handler, 200, {}, b'{"data": 1}'), InvalidInputError, "no list of objects"),
    ],
)
def test_a_website_that_lies_or_leads_away_is_refused(page, error, message, site, monkeypatch):
    monkeypatch.setenv("ENSTORAGE_MAX_FILE_BYTES", "100000")
    connect(monkeypatch, "weather", f"http://{site.host}")
    site.pages["/levels.csv"] = page
    with pytest.raises(error, match=message):
        list(HttpLoader("weather", "levels.csv").load())


def test_a_redirect_goes_to_the_host_of_another_connection_without_credentials(site, monkeypatch):
    with website() as other:
        site.pages["/levels.csv"] = lambda handler: answer(handler, 302, {"Location": f"http://{other.host}/data.json"})
        other.pages["/data.json"] = (
            b'{"items": [{"time": "2024-01-01", "value": 1}, {"time": "2024-01-02", "value": 2.5}]}'
        )
        connect(monkeypatch, "weather", f"http://t0ken@{site.host}")
        connect(monkeypatch, "files", f"http://{other.host}")
        (found,) = HttpLoader("weather", "levels.csv", records="items").load()
        assert found.values.tolist() == [1, 2.5]
        assert site.asked[0][1]["Authorization"] == "Bearer t0ken"
        assert "Authorization" not in other.asked[0][1]


def test_a_redirect_from_a_public_host_into_a_private_network_is_refused(site, monkeypatch):
    """A name that is looked up twice could lead elsewhere the second time: it is looked up once for each request."""
    asked = []

    def addresses(host, port=None):
        asked.append(host)
        return ["93.184.215.14"] if asked.count(host) == 1 else ["127.0.0.1"]

    monkeypatch.setattr(web, "addresses_of", addresses)
    connect(monkeypatch, "weather", f"http://weather.example.org:{site.host.partition(':')[2]}")
    with pytest.raises(InvalidInputError, match="private network"):
        list(HttpLoader("weather", "levels.csv").load())
    assert not site.asked


@pytest.mark.parametrize(
    "path", ["../etc/passwd", "/etc/passwd", "a/../../b", "%2e%2e/b", "a\\b", "", ".", "a//b", "s3://b/c", "a\0b"]
)
def test_a_path_leads_nowhere_else(path, monkeypatch, tmp_path):
    connect(monkeypatch, "inbox", f"file://{tmp_path}")
    with pytest.raises(InvalidInputError, match="path"):
        ObjectsLoader("inbox", path)


def test_a_link_that_leads_out_of_the_folder_is_refused(monkeypatch, tmp_path):
    (tmp_path / "inbox").mkdir()
    (tmp_path / "secret.csv").write_bytes(LEVELS)
    (tmp_path / "inbox" / "a.csv").symlink_to(tmp_path / "secret.csv")
    connect(monkeypatch, "inbox", f"file://{tmp_path / 'inbox'}")
    with pytest.raises(InvalidInputError, match="leads out"):
        list(ObjectsLoader("inbox", "a.csv").load())
    with pytest.raises(NotFoundError, match="matches"):
        list(ObjectsLoader("inbox", "*.csv").load())


def test_a_connection_that_is_not_set_or_of_another_kind_is_told(monkeypatch, tmp_path):
    connect(monkeypatch, "inbox", f"file://{tmp_path}")
    with pytest.raises(NotFoundError, match=r"known are .*inbox"):
        list(SqlLoader("grid", QUERY).load())
    with pytest.raises(InvalidInputError, match="begins with"):
        list(SqlLoader("inbox", QUERY).load())
    with pytest.raises(InvalidInputError, match="no name of small letters") as found:
        HttpLoader("https://user:s3cr3tword@example.org")
    assert "s3cr3tword" not in str(found.value)
