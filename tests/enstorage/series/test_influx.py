"""Points in InfluxDB 1, on the real server."""

import hashlib
import os
import shutil
import signal
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from itertools import chain, count

import numpy as np
import pytest
import urllib3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recorded_server import recorded

import servers
from enstorage import Connector, DataSource
from enstorage.errors import InvalidInputError, NotSupportedError, StoreError
from enstorage.instant import to_ns
from enstorage.interval import TimeInterval
from enstorage.series.base import AGGREGATES
from enstorage.series.choose import find_series
from enstorage.series.influx import influxql, rows
from enstorage.series.influx import server as influx_server
from enstorage.series.influx import store as influx
from enstorage.series.influx.csv import read_csv
from enstorage.series.memory import MemorySeries
from enstorage.testing import SeriesStoreContract

PAPER_NS = 1422568543702900257
HOUR = 3600 * 10**9


@pytest.fixture(scope="module")
def server():
    return servers.shared("influxdb")


@pytest.fixture
def make_database(server):
    """A function that makes an empty database and gives its name."""
    made = []

    def make():
        made.append(f"db{os.getpid()}_{time.monotonic_ns()}")
        server.create_database(made[-1])
        return made[-1]

    yield make
    for name in made:
        server.execute(f'DROP DATABASE "{name}"')


@pytest.fixture
def database(make_database):
    return make_database()


@pytest.fixture
def series(server, database):
    return find_series(server.url(database))()


@pytest.fixture
def write(server, database):
    """A function that writes lines as other programs do, such as Telegraf or curl."""

    def send(*lines):
        query = urllib.parse.urlencode({"db": database, "u": servers.USER, "p": servers.PASSWORD})
        urllib.request.urlopen(f"http://127.0.0.1:{server.port}/write?{query}", "\n".join(lines).encode()).close()

    return send


@pytest.fixture
def make_user(server):
    """A function that makes a user, with some rights on a database."""
    made = []

    def make(database, rights=None):
        made.append(f"u{time.monotonic_ns()}")
        server.execute(f"CREATE USER {made[-1]} WITH PASSWORD 'wäch/ter@1'")
        if rights:
            server.execute(f'GRANT {rights} ON "{database}" TO {made[-1]}')
        return f"influxdb://{made[-1]}:w%C3%A4ch%2Fter%401@127.0.0.1:{server.port}/{database}"

    yield make
    for name in made:
        server.execute(f"DROP USER {name}")


class TestInfluxDb(SeriesStoreContract):
    @pytest.fixture(autouse=True)
    def databases(self, server):
        self.server, self.made = server, set()
        yield
        for name in self.made:
            server.execute(f'DROP DATABASE "{name}"')

    def make_store(self, place):
        name = hashlib.sha256(str(place).encode()).hexdigest()[:12]
        self.made.add(name)  # the store makes its database
        return find_series(self.server.url(name))()


def same(points, times, values):
    assert points[0].tolist() == list(times)
    assert points[1].tobytes() == np.array(values, float).tobytes()


def append(series, source, times, values):
    series.append(source, np.array(times, np.int64), np.array(values, float))


# Lines that others write


def test_the_papers_line_sent_to_the_server_is_a_point_of_source_234(series, write):
    write(f"data_source,mysql_id=234 value=0.55 {PAPER_NS}")
    same(series.read(234), [PAPER_NS], [0.55])
    assert series.sources() == [234]


def test_the_papers_line_typed_into_the_influx_command_is_a_point_of_source_234(server, database, series):
    program = shutil.which("influx")
    if program is None:
        pytest.skip("influx IS NOT INSTALLED. Install it with: apt-get install influxdb-client")
    arguments = ["-port", str(server.port), "-username", servers.USER, "-password", servers.PASSWORD]
    arguments += ["-database", database, "-execute", f"INSERT data_source,mysql_id=234 value=0.55 {PAPER_NS}"]
    subprocess.run([program, *arguments], check=True, capture_output=True)
    same(series.read(234), [PAPER_NS], [0.55])


def test_what_the_store_writes_is_the_papers_line(server, database, series):
    append(series, 234, [PAPER_NS], [0.55])
    query = urllib.parse.urlencode(
        {
            "db": database,
            "q": "SELECT * FROM data_source GROUP BY *",
            "epoch": "ns",
            "u": "enstorage",
            "p": servers.PASSWORD,
        }
    )
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/query?{query}") as answer:
        told = answer.read().decode()
    assert '"name":"data_source","tags":{"mysql_id":"234"},"columns":["time","value"]' in told
    assert f'"values":[[{PAPER_NS},0.55]]' in told


def test_lines_with_further_tags_and_fields_are_points_of_their_source(series, write):
    write(
        "data_source,host=a,mysql_id=7 value=1,load=3i 10",
        'data_source,mysql_id=7,region=north value=2,note="x,y" 20',
        "data_source,mysql_id=7 value=3 30",
        "data_source,mysql_id=7 load=9i 40",
        "data_source,mysql_id=8,host=a value=4 10",
    )
    same(series.read(7), [10, 20, 30], [1, 2, 3])
    assert series.extent(7) == (10, 30)
    same(series.aggregate(7, 0, 30, TimeInterval.parse("1h"), "sum"), [0], [3])
    assert series.sources() == [7, 8]


def test_of_lines_at_one_time_that_without_further_tags_is_the_point(series, write):
    """So writing here replaces what others wrote; among others the last in the order of tags counts."""
    write(
        "data_source,host=a,mysql_id=7 value=1 10",
        "data_source,host=b,mysql_id=7 value=2 10",
        "data_source,mysql_id=7,zone=z value=8 10",
        "data_source,host=b,mysql_id=7 value=5 20",
        "data_source,host=c,mysql_id=7 value=6 20",
    )
    same(series.read(7), [10, 20], [8, 6])
    append(series, 7, [10], [-0.0])
    same(series.read(7), [10, 20], [-0.0, 6])
    for aggregate, value in (("count", 2), ("sum", 6), ("first", -0.0), ("last", 6), ("mean", 3)):
        same(series.aggregate(7, 0, 100, TimeInterval.parse("1h"), aggregate), [0], [value])
    assert series.delete_points(7, 0, 15) == 1
    same(series.read(7), [20], [6])
    assert series.delete_points(7) == 1
    same(series.read(7), [], [])


def test_whole_numbers_that_others_wrote_into_another_shard_are_read_too(series, write):
    append(series, 7, [0], [0.5])
    write(f"data_source,mysql_id=7 value=5i {PAPER_NS}")
    same(series.read(7), [0, PAPER_NS], [0.5, 5])
    midnight = to_ns("2015-01-29")
    same(series.aggregate(7, 0, PAPER_NS + 1, TimeInterval.parse("1d"), "sum"), [0, midnight], [0.5, 5])


def test_sources_are_the_ids_that_have_points(series, write):
    write(*(f"data_source,mysql_id={text} value=1 10" for text in ("9", "10", "-1", "007", "x", "1.5", "٣", "99\\ 9")))
    write("data_source value=1 10", "other,mysql_id=77 value=1 10")
    assert series.sources() == [9, 10]
    series.delete_source(9)
    assert series.sources() == [10]


# Values and times


@pytest.fixture(scope="module")
def lasting(server):
    """A series store of the module, and numbers of sources that nothing was written to."""
    server.create_database("lasting")
    yield find_series(server.url("lasting"))(), count(1)
    server.execute("DROP DATABASE lasting")


@settings(max_examples=15, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=200))
def test_every_float_comes_back_to_the_bit(lasting, values):
    series, sources = lasting
    source = next(sources)
    append(series, source, range(len(values)), values)
    same(series.read(source), range(len(values)), values)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(influxql.EARLIEST, influxql.LATEST), min_size=1, max_size=20, unique=True))
def test_every_time_comes_back_to_the_nanosecond(lasting, times):
    series, sources = lasting
    source = next(sources)
    append(series, source, sorted(times), range(len(times)))
    same(series.read(source), sorted(times), range(len(times)))
    assert series.extent(source) == (min(times), max(times))
    assert series.delete_points(source, min(times) + 1, None) == len(times) - 1


def test_the_outermost_times_of_influxdb_are_kept_and_those_beyond_refused(series):
    append(series, 1, [influxql.EARLIEST, influxql.LATEST], [1, 2])
    same(series.read(1), [influxql.EARLIEST, influxql.LATEST], [1, 2])
    same(series.aggregate(1, influxql.EARLIEST, influxql.LATEST + 1, TimeInterval.parse("1ns"), "mean"),
         [influxql.EARLIEST, influxql.LATEST], [1, 2])  # fmt: skip
    for times in ([influxql.EARLIEST - 1, 0], [0, influxql.LATEST + 1]):
        with pytest.raises(
            InvalidInputError, match=r"cannot be kept in InfluxDB; expected times from 1677-09-21T00:12:43.145"
        ):
            append(series, 1, times, [1, 2])
    assert len(series.read(1)[0]) == 2


@pytest.mark.parametrize(
    "interval", ["1ns", "7us", "11ms", "90s", "7m", "5h", "1d", "3d", "1w", "2w", "300w", "5000w", "7mo", "1q"]
)
def test_buckets_are_those_of_polars(lasting, interval):
    series, sources = lasting
    generator = np.random.default_rng(5)
    length = 10**16 if TimeInterval.parse(interval).is_calendar else TimeInterval.parse(interval).nanoseconds
    start = to_ns("1970-01-01") - 20 * min(length, 10**16)
    times = np.unique(start + generator.integers(0, 40 * min(length, 10**16), 100))
    values = generator.normal(size=len(times))
    source, memory = next(sources), MemorySeries()
    for store in (series, memory):
        append(store, source, times, values)
    for aggregate in AGGREGATES:
        arguments = source, int(times[2]), int(times[-2]), TimeInterval.parse(interval), aggregate
        (starts, found), (expected_starts, expected) = (store.aggregate(*arguments) for store in (series, memory))
        assert starts.tolist() == expected_starts.tolist()
        np.testing.assert_allclose(found, expected, 1e-12, 1e-15, err_msg=aggregate)


@pytest.mark.parametrize("zone", ["Europe/London", "America/New_York", "Asia/Kolkata", "America/Sao_Paulo"])
def test_days_of_a_zone_are_grouped_by_the_server(lasting, zone):
    series, sources = lasting
    times = np.arange(to_ns("2018-01-01"), to_ns("2018-11-30"), 5 * 3600 * 10**9)
    source, memory, days = next(sources), MemorySeries(), TimeInterval(1, "d", zone)
    assert days.is_local_days
    for store in (series, memory):
        append(store, source, times, np.arange(len(times), dtype=float))
    (starts, found), (expected_starts, expected) = (
        store.aggregate(source, int(times[2]), int(times[-2]), days, "sum") for store in (series, memory)
    )
    assert starts.tolist() == expected_starts.tolist()
    np.testing.assert_allclose(found, expected, 1e-12)


def test_a_sum_beyond_all_floats_is_infinite_as_it_is_elsewhere(series):
    append(series, 1, [0, 1], [1e308, 1e308])
    same(series.aggregate(1, 0, 10, TimeInterval.parse("1h"), "sum"), [0], [np.inf])


def test_a_write_of_several_requests_is_read_back(lasting, monkeypatch):
    monkeypatch.setattr(influx, "_BATCH_POINTS", 3000)
    series, sources = lasting
    times, values = np.arange(20_000) * HOUR, np.random.default_rng(3).normal(size=20_000)
    source = next(sources)
    append(series, source, times, values)
    same(series.read(source), times, values)
    assert series.delete_points(source, 5 * HOUR, 15_000 * HOUR) == 14_995
    assert len(series.read(source)[0]) == 5005


# Statements


NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.sampled_from(
    ['"', "'", "\\", "\\'", '\\"', "a;DROP DATABASE x", "' OR 1=1 --", "\n", "\\n", "$a", "é", '";SHOW USERS;"']
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=NAMES.filter(lambda name: not {"\0", "\r"} & set(name) and not name.isdigit()))  # 1 is a source
def test_no_name_or_text_can_leave_its_quotes(server, lasting, name):
    """A name used as the title of a column comes back as it was; a text is one value of one statement."""
    series, _ = lasting
    append(series, 10**6, [1], [1])
    statement = f"SELECT value AS {influxql.identifier(name)} FROM data_source WHERE mysql_id = '1000000'"
    (answer,) = server_results(server, statement)
    assert answer["series"][0]["columns"] == ["time", name]
    statement = f"SELECT value FROM data_source WHERE mysql_id = {influxql.literal(name)} OR mysql_id = '1000000'"
    (answer,) = server_results(server, statement)
    assert answer["series"][0]["values"] == [[1, 1]]


def server_results(server, statement):
    query = urllib.parse.urlencode(
        {"q": statement, "db": "lasting", "epoch": "ns", "u": servers.USER, "p": servers.PASSWORD}
    )
    answer = urllib3.request("GET", f"http://127.0.0.1:{server.port}/query?{query}")
    assert answer.status == 200, answer.data
    return answer.json()["results"]


@pytest.mark.parametrize("source", ["1' OR mysql_id='2", None, "x", 1.5])
def test_an_id_is_a_whole_number_and_nothing_else(series, source):
    append(series, 2, [10], [1])
    with pytest.raises((ValueError, TypeError)):
        series.delete_source(source)
    same(series.read(2), [10], [1])


# Opening


def test_a_database_that_is_not_there_is_made_if_the_user_may(server):
    name = f"made {time.monotonic_ns()} 'é\""
    url = server.url(urllib.parse.quote(name))
    try:
        append(find_series(url)(), 1, [10], [1])
        same(find_series(url)().read(1), [10], [1])  # and is taken as it is the second time
    finally:
        server.execute(f"DROP DATABASE {influxql.identifier(name)}")


def test_opening_and_errors_show_no_password(server, database):
    url = server.url(database)
    series = find_series(url)()
    assert repr(series) == f"influxdb://***@127.0.0.1:{server.port}/{database}"
    told = repr([series, series._server, series._server.place, vars(series._server)])
    assert servers.PASSWORD not in told
    assert urllib.parse.quote(servers.PASSWORD, safe="") not in told


def refusal(url, kind=StoreError, act=lambda series: None):
    """The message with which opening or an act is refused; nothing in the error shows a password."""
    with pytest.raises(kind) as caught:
        act(find_series(url)())
    error = caught.value
    while error is not None:
        assert not any(secret in f"{error!r} {error}" for secret in ("p@ss/word", "p%40ss", "wäch/ter", "SECRET"))
        error = error.__cause__
    return str(caught.value)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("influxdb://u:SECRET@host:80x/db", "its host or port cannot be read"),
        ("influxdb://u:SECRET@host:99999/db", "its host or port cannot be read"),
        ("influxdb://u:SECRET@[::1/db", "its host or port cannot be read"),
        ("influxdb://u:SECRET@:8086/db", "it names no host"),
        ("influxdb://u:SECRET@ho st/db", "it names no host"),
        ("influxdb://u:SECRET@host:8086", "it names no database"),
        ("influxdb://u:SECRET@host:8086/", "it names no database"),
        ("influxdb://u:SECRET@host:8086/db/rp", "it names no database"),
        ("influxdb://u%3Av:SECRET@host/db", "its user name holds a colon"),
        ("influxdb://u:SECRET@host/db?org=x", "it has options other than none"),
        ("influxdb://u:SECRET@host/db#x", "it has options other than none"),
        ("influxdb2://SECRET@host/db?bucket=x", "it has options other than org"),
        ("influxdb2://host/db", "it names no token"),
        ("influxdb2://u:SECRET@host/db", "it names no token"),
        ("influxdb2://SECRET%C3%A9@host/db", "its token is not ASCII text"),
    ],
)
def test_a_malformed_url_is_refused_before_anything_is_opened(url, fault):
    with pytest.raises(
        InvalidInputError, match=r"is not the URL of an InfluxDB database: .* Expected influxdb2?://"
    ) as caught:
        find_series(url)
    assert fault in str(caught.value)
    assert "SECRET" not in f"{caught.value}{caught.value.__cause__}"


def test_a_wrong_password_and_an_unknown_user_are_told(server, database):
    right = server.url(database)
    for url in (
        right.replace("%3A1@", "%3A2@"),
        right.replace("enstorage:", "nobody:"),
        right.replace("enstorage:", ":"),
    ):
        message = refusal(url)
        assert "or the password is wrong or unknown" in message
        assert "@ as %40" in message
    message = refusal(f"influxdb://127.0.0.1:{server.port}/{database}")
    assert "a request without user and password is wrong or unknown" in message


def test_a_user_who_may_not_is_told_who_can_help(make_user, database):
    url = make_user(database, "READ")
    user = url[11:].partition(":")[0]
    message = refusal(url, act=lambda series: append(series, 1, [1], [1]))
    assert f"the user '{user}' may not do that" in message
    assert f'GRANT ALL ON "{database}" TO "{user}"' in message
    assert find_series(url)().read(1)[0].tolist() == []
    message = refusal(url, act=lambda series: series.delete_source(1))
    assert "may not do that" in message
    message = refusal(make_user(database, "WRITE"), act=lambda series: series.read(1))
    assert "requires READ" in message


def test_a_user_who_may_not_make_the_database_gets_the_statements_for_the_administrator(make_user):
    message = refusal(make_user("not_there"))
    assert "sees no database 'not_there' and may not make one" in message
    assert 'Let an administrator run: CREATE DATABASE "not_there"' in message
    assert 'GRANT ALL ON "not_there" TO "u' in message


def test_a_database_that_was_dropped_meanwhile_is_told(server, make_database):
    database = make_database()
    series = find_series(server.url(database))()
    server.execute(f'DROP DATABASE "{database}"')
    for act in (lambda: append(series, 1, [1], [1]), lambda: series.read(1), lambda: series.extent(1)):
        with pytest.raises(StoreError, match=rf"there is no database '{database}' .*Make it with: CREATE DATABASE"):
            act()


def test_a_field_of_another_type_is_told(write, server, database):
    write("data_source,mysql_id=7 value=5i 10")
    message = refusal(server.url(database), act=lambda series: append(series, 7, [20], [1.5]))
    assert "the field 'value' is already there with another type" in message
    assert "write floats there (5 rather than 5i)" in message


def test_points_older_than_the_database_keeps_are_told(server, database):
    server.execute(f'ALTER RETENTION POLICY autogen ON "{database}" DURATION 1d SHARD DURATION 1h')
    message = refusal(server.url(database), act=lambda series: append(series, 7, [20], [1.5]))
    assert f'ALTER RETENTION POLICY "autogen" ON "{database}" DURATION INF' in message


def test_a_server_that_is_not_there_is_told_at_once(monkeypatch):
    started = time.monotonic()
    message = refusal(f"influxdb://u:SECRET@127.0.0.1:{servers.free_port()}/db")
    assert "the server cannot be reached. Check that it runs, and host and port in the URL" in message
    assert "influxdb://***@" in message
    message = refusal("influxdb://u:SECRET@no-such-host.invalid/db")
    assert "the host is not known. Correct it in the URL" in message
    assert time.monotonic() - started < 3


def test_what_is_not_influxdb_is_told():
    with recorded((200, {"Content-Type": "text/html"}, "<html><h1>SECRET</h1></html>")) as other:
        message = refusal(f"influxdb://u:SECRET@127.0.0.1:{other.port}/db")
    assert "what answers there is not InfluxDB (status 200, an HTML page)" in message
    assert "8086" in message
    with recorded((204, {"X-Influxdb-Version": "1.6.7"}, ""), (200, {}, "hello SECRET")) as other:
        assert "is not InfluxDB (hello ***)" in refusal(f"influxdb://u:SECRET@127.0.0.1:{other.port}/db")
    with recorded((302, {"Location": "http://elsewhere.invalid/", "X-Influxdb-Version": "1.6.7"}, "")) as other:
        message = refusal(f"influxdb://u:SECRET@127.0.0.1:{other.port}/db")
        assert "the server redirects to another address" in message
        assert len(other.requests) == 2


def test_a_server_without_tls_is_told():
    with recorded((204, {"X-Influxdb-Version": "1.6.7"}, "")) as other:
        assert "does not speak TLS" in refusal(f"influxdb+https://u:SECRET@127.0.0.1:{other.port}/db")


class TlsInfluxDb(servers.InfluxDb):
    def environment(self):
        files = {"CERTIFICATE": "certificate.pem", "PRIVATE_KEY": "key.pem"}
        settings = {f"INFLUXDB_HTTP_HTTPS_{name}": str(self.folder / file) for name, file in files.items()}
        authentication = {"INFLUXDB_HTTP_AUTH_ENABLED": "false"}
        return {**super().environment(), **authentication, **settings, "INFLUXDB_HTTP_HTTPS_ENABLED": "true"}

    def answers(self):
        return self._connects()

    def add_user(self):
        """Nobody has to be named."""


@pytest.mark.slow
def test_tls_takes_certificates_that_are_trusted_only(tmp_path, monkeypatch):
    if shutil.which("openssl") is None:
        pytest.skip("openssl IS NOT INSTALLED. Install it with: apt-get install openssl")
    options = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=DNS:localhost"
    files = ["-keyout", tmp_path / "key.pem", "-out", tmp_path / "certificate.pem"]
    subprocess.run(["openssl", *options.split(), *files], check=True, capture_output=True)
    server = TlsInfluxDb(tmp_path).start()
    try:
        url = f"influxdb+https://localhost:{server.port}/db"
        assert "its certificate is not trusted" in refusal(url)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        append(find_series(url)(), 1, [10], [0.5])
        same(find_series(url)().read(1), [10], [0.5])
        assert "what answers there is not InfluxDB" in refusal(url.replace("+https", ""))
    finally:
        server.stop(signal.SIGKILL)


@pytest.mark.parametrize("version", ["0.9.6", "1.2.4"])
def test_a_server_that_is_too_old_is_told(version):
    with recorded((204, {"X-Influxdb-Version": version}, "")) as old:
        message = refusal(f"influxdb://u:SECRET@127.0.0.1:{old.port}/db")
    assert f"the server is InfluxDB {version}; expected 1.3 or later. Upgrade it." in message


# Servers that go away


OPENING = [(204, {"X-Influxdb-Version": "1.8.10"}, ""), (200, {}, '{"results":[{"series":[{"values":[["db"]]}]}]}')]


def test_a_server_that_says_it_is_not_ready_is_asked_again():
    busy = (503, {}, "no time")
    with recorded(*OPENING, busy, busy, (204, {}, "")) as server:
        append(find_series(f"influxdb://127.0.0.1:{server.port}/db")(), 1, [10], [0.5])
    assert [request.body for request in server.requests[2:]] == [b"data_source,mysql_id=1 value=0.5 10\n"] * 3


def test_a_server_that_stays_away_is_told_after_a_while(monkeypatch):
    monkeypatch.setattr(influx_server, "_PATIENCE_SECONDS", 0.3)
    with recorded(*OPENING, (503, {}, "no time")) as server:
        series = find_series(f"influxdb://127.0.0.1:{server.port}/db")()
        with pytest.raises(StoreError, match=r"the server is not ready \(no time\). Try again later"):
            series.read(1)
    series = find_series(f"influxdb://127.0.0.1:{server.port}/db")
    with pytest.raises(StoreError, match="the server cannot be reached"):
        series()


def test_a_server_that_does_not_answer_in_time_is_not_asked_again(monkeypatch):
    monkeypatch.setenv("ENSTORAGE_WAIT_SECONDS", "0.2")
    with recorded(*OPENING, (204, {}, lambda connection: time.sleep(0.5))) as server:
        series = find_series(f"influxdb://127.0.0.1:{server.port}/db")()
        with pytest.raises(StoreError, match="took too long; whether it executed the request is unknown"):
            append(series, 1, [10], [0.5])
        assert len(server.requests) == 3


def test_an_answer_that_was_cut_is_asked_for_again():
    whole = "name,tags,time,value\ndata_source,,10,0.5\n\nname,tags,name\ndatabases,,db\n"
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1d\r\nname,tags,time,value\ndata_sou"
    cut = (200, {}, lambda connection: connection.write(start))
    with recorded(*OPENING, cut, cut, (200, {}, whole)) as server:
        same(find_series(f"influxdb://127.0.0.1:{server.port}/db")().read(1), [10], [0.5])
    assert len(server.requests) == 5


def test_a_proxy_that_takes_small_pieces_only_gets_small_pieces():
    large = (413, {}, "<html>too large</html>")
    with recorded(*OPENING, large, (204, {}, ""), large, (204, {}, "")) as server:
        append(find_series(f"influxdb://127.0.0.1:{server.port}/db")(), 1, [1, 2, 3, 4], [1, 2, 3, 4])
    bodies = [request.body.count(b"\n") for request in server.requests[2:]]
    assert bodies == [4, 2, 2, 1, 1]
    with (
        recorded(*OPENING, large) as server,
        pytest.raises(StoreError, match=r"request is too large .*Raise max-body-size"),
    ):
        append(find_series(f"influxdb://127.0.0.1:{server.port}/db")(), 1, [1, 2], [1, 2])


def test_what_goes_over_a_network_is_packed(monkeypatch):
    monkeypatch.setattr(influx_server.InfluxPlace, "is_local", False)
    with recorded(*OPENING, (204, {}, "")) as server:
        append(find_series(f"influxdb://127.0.0.1:{server.port}/db")(), 1, range(1000), range(1000))
    assert server.requests[2].headers["content-encoding"] == "gzip"
    assert server.requests[2].body.endswith(b"data_source,mysql_id=1 value=999.0 999\n")
    assert server.requests[2].parameters == {"db": "db", "precision": "ns", "consistency": "all"}


def test_a_write_that_fails_later_says_how_much_was_written(monkeypatch):
    monkeypatch.setattr(influx, "_BATCH_POINTS", 2)
    with recorded(*OPENING, (204, {}, ""), (400, {}, '{"error":"no"}')) as server:
        series = find_series(f"influxdb://127.0.0.1:{server.port}/db")()
        with pytest.raises(
            StoreError, match="first 2 of 5 points had been written before; writing all of them again does no harm"
        ):
            append(series, 1, range(5), range(5))


@pytest.fixture(scope="module")
def own_server(tmp_path_factory):
    """A server that may be stopped."""
    server = servers.InfluxDb(tmp_path_factory.mktemp("influxdb")).start()
    yield server
    server.stop(signal.SIGKILL)


class LimitedInfluxDb(servers.InfluxDb):
    def environment(self):
        limits = {"QUERY_TIMEOUT": "1s", "MAX_SELECT_BUCKETS": "50000"}
        return {**super().environment(), **{f"INFLUXDB_COORDINATOR_{name}": value for name, value in limits.items()}}


@pytest.mark.long
def test_an_answer_that_the_server_breaks_off_is_no_shorter_answer(tmp_path, monkeypatch):
    """The server says 200, ends the answer as it should and tells nothing: that is how it breaks off."""
    server = LimitedInfluxDb(tmp_path).start()
    try:
        series = find_series(server.url("limited"))()
        append(series, 1, range(300_000), range(300_000))
        with pytest.raises(StoreError, match=r"reached a limit \(max-select-buckets .*Raise it in its configuration"):
            series.aggregate(1, 0, 300_000, TimeInterval.parse("1ns"), "mean")

        def read_slowly(pieces, **options):
            beginning = next(pieces, b"")
            time.sleep(1.5)
            return read_csv(chain([beginning], pieces), **options)

        monkeypatch.setattr(rows, "read_csv", read_slowly)
        with pytest.raises(StoreError, match=r"the server aborted its response after \d+ rows. .*query-timeout"):
            series.read(1)
    finally:
        server.stop(signal.SIGKILL)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_restarted_amid_many_writes_and_reads_loses_nothing(own_server, number):
    series = find_series(own_server.url(f"restarted{int(number)}"))()
    append(series, 2, range(5000), range(5000))
    written, read, enough = [], [], threading.Event()

    def write():
        for turn in count():
            append(series, 1, np.arange(turn * 100, turn * 100 + 100), np.full(100, float(turn)))
            written.append(turn)
            if enough.is_set():
                return

    def look():
        while not enough.is_set():
            grouped = series.aggregate(2, 0, 5000, TimeInterval.parse("5us"), "count")
            read.append((len(series.read(2)[0]), series.extent(2), grouped[1].tolist()))

    workers = [threading.Thread(target=work) for work in (write, look)]
    for worker in workers:
        worker.start()
    for turns in (10, 20):
        while len(written) < turns and all(worker.is_alive() for worker in workers):
            time.sleep(0.002)
        own_server.stop(number)
        time.sleep(0.3)
        own_server.start()
    enough.set()
    for worker in workers:
        worker.join(30)
    times, values = series.read(1)
    assert times.tolist() == list(range(len(written) * 100))
    assert values.tolist() == [float(turn) for turn in written for _ in range(100)]
    assert len(written) > 20
    assert all(each == (5000, (0, 4999), [5000.0]) for each in read)


@pytest.mark.slow
def test_a_request_is_kept_whole_or_not_at_all_when_the_server_is_killed(own_server, monkeypatch):
    """Of the points that lie in one shard, as the docstring says; without asking again, which would complete it."""
    url = own_server.url("killed")
    find_series(url)()
    monkeypatch.setattr(influx_server, "_PATIENCE_SECONDS", 0)

    def work(source):
        try:
            append(find_series(url)(), source, range(30_000), range(30_000))
        except StoreError:
            return

    for turn, delay in enumerate((0.05, 0.15, 0.3)):
        sources = (2 * turn, 2 * turn + 1)
        workers = [threading.Thread(target=work, args=(source,)) for source in sources]
        for worker in workers:
            worker.start()
        time.sleep(delay)
        own_server.stop(signal.SIGKILL)
        for worker in workers:
            worker.join(30)
        own_server.start()
        assert {len(find_series(url)().read(source)[0]) for source in sources} <= {0, 30_000}


# Whose the points are


def test_the_first_database_that_claims_the_points_has_them(server, database, series):
    series.claim("a" * 32)
    series.claim("a" * 32)
    other = find_series(server.url(database))()
    with pytest.raises(
        StoreError, match=f"belongs to the database with the id {'a' * 32}; this one has the id strange"
    ):
        other.claim('strange, "quoted" = \\ one')
    other.claim("a" * 32)
    assert series.sources() == []


def test_of_many_databases_that_claim_the_points_at_once_one_gets_them(server, database):
    stores = [find_series(server.url(database))() for _ in range(6)]
    won = []

    def claim(number):
        try:
            stores[number].claim(f"store{number}")
        except StoreError:
            return
        won.append(number)

    workers = [threading.Thread(target=claim, args=(number,)) for number in range(len(stores))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(won) == 1


# With entities


def test_lines_that_were_there_before_their_source_are_its_points(server, database, write, tmp_path):
    write(f"data_source,mysql_id=1 value=0.55 {to_ns('2024-01-01')}")
    places = [f"sqlite:///{tmp_path}/enstorage.sqlite", server.url(database), f"file:{tmp_path}/objects"]
    with Connector(*places) as connector:
        source = DataSource(name="Load").save()
        assert source.read()[1].tolist() == [0.55]
        assert source.write(["2024-01-02"], [1.5]) == 1
        assert source.read()[1].tolist() == [0.55, 1.5]
    connector.close()


def test_a_source_lives_in_influxdb(server, database, write, tmp_path):
    url = server.url(database)
    with Connector(f"sqlite:///{tmp_path}/enstorage.sqlite", url, f"file:{tmp_path}/objects") as connector:
        assert servers.PASSWORD not in repr(connector)
        source = DataSource(name="Load", time_interval="1h")
        assert source.write(["2024-01-01T00:10", "2024-01-01T00:20", "2024-01-01T02:00"], [1.0, 2.0, 5.0]) == 3
        write(f"data_source,mysql_id={source.id},host=a value=9 {to_ns('2024-01-01T01:30')}")
        assert source.read(interval="1h")[1].tolist() == [1.5, 9, 5]
        snapshot = source.create_snapshot()
        assert snapshot.read()[1].tolist() == [1.5, 9, 5]
        with pytest.raises(NotSupportedError, match="keeps no versions"):
            connector.series.read(source.id, version=3)
        assert source.delete_points("2024-01-01T01:00") == 2
        snapshot.delete()
        source.delete()
        assert connector.series.sources() == []
