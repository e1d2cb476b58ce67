"""No call waits without an end: not for a server that says nothing, and not where memory is short."""

import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

import pytest

from enstorage import Connector
from enstorage.errors import InvalidInputError, StoreError
from enstorage.settings import wait_seconds


@pytest.fixture
def silent():
    """The port of a server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        kept = []

        def accept():
            with suppress(OSError):
                while True:
                    kept.append(server.accept()[0])

        threading.Thread(target=accept, daemon=True).start()
        yield server.getsockname()[1]
        server.close()
        for each in kept:
            each.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "places",
    [
        ["mariadb://user:pw@127.0.0.1:{port}/db", "memory:", "memory://waits"],
        ["postgresql://user:pw@127.0.0.1:{port}/db", "memory:", "memory://waits"],
        ["sqlite://", "influxdb://user:pw@127.0.0.1:{port}/db", "memory://waits"],
        ["sqlite://", "memory:", "s3://bucket/x?endpoint_url=http://127.0.0.1:{port}&key=k&secret=secretsecret"],
    ],
    ids=["mariadb", "postgresql", "influxdb", "s3"],
)
def test_a_server_that_accepts_and_does_not_answer_is_given_up(silent, monkeypatch, places):
    monkeypatch.setenv("ENSTORAGE_WAIT_SECONDS", "2")
    started = time.monotonic()
    with pytest.raises(StoreError) as caught:
        Connector(*(place.format(port=silent) for place in places))
    assert time.monotonic() - started < 25
    assert "\n" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mariadb", "postgresql"])
def test_a_statement_that_takes_too_long_is_given_up(kind, filled_store, monkeypatch):
    monkeypatch.setenv("ENSTORAGE_WAIT_SECONDS", "1")
    connector = Connector(*filled_store(kind)[0])
    started = time.monotonic()
    with pytest.raises(StoreError), connector.database.reading() as session:
        session.connection().exec_driver_sql("SELECT SLEEP(20)" if kind == "mariadb" else "SELECT pg_sleep(20)")
    assert time.monotonic() - started < 10
    with connector.database.reading() as session:
        assert session.connection().exec_driver_sql("SELECT 1").scalar() == 1
    connector.close()


@pytest.mark.parametrize("given", ["0", "-1", "soon", "nan"])
def test_a_wait_is_a_number_of_seconds(monkeypatch, given):
    monkeypatch.setenv("ENSTORAGE_WAIT_SECONDS", given)
    with pytest.raises(InvalidInputError, match=r"ENSTORAGE_WAIT_SECONDS is .*such as 120"):
        wait_seconds()


_WRITE = """
import resource, sys
limited = lambda: resource.setrlimit(resource.RLIMIT_AS, (10**9, 10**9))
limited() if sys.argv[2] == "first" else None
from enstorage import Connector, DataSource, errors
try:
    connector = Connector.in_folder(sys.argv[1])
    source = DataSource(name="x")
    limited()  # by then the libraries have reserved more, so that hardly anything can be asked for
    source.write([1, 2], [1.0, 2.0], time_unit="ns")
except errors.StoreError as error:
    print(error)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="OTHER SYSTEMS HAVE NO SUCH LIMIT")
@pytest.mark.parametrize("when", ["first", "then"])
def test_writing_with_too_little_address_space_ends_at_once(tmp_path, when):
    done = subprocess.run(
        [sys.executable, "-c", _WRITE, tmp_path / "store", when], capture_output=True, text=True, timeout=90, check=True
    )
    assert "may use 1000 MB of address space" in done.stdout
    assert "Nothing was changed" in done.stdout
    assert done.stderr == ""
