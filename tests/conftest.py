"""What every test may ask for."""

import os
import shutil

os.environ["KERAS_BACKEND"] = "jax"  # before anything imports Keras

from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import func, select, text

import servers
from enstorage import Connector, DataSource
from enstorage.database.database import Database
from enstorage.database.engine import for_reading
from enstorage.database.url import parse_url
from enstorage.entity import ENTITIES, ORIGIN

STORES = ("ENSTORAGE_DATABASE", "ENSTORAGE_SERIES", "ENSTORAGE_OBJECTS")


def pytest_configure(config):
    config.started_servers = servers.open_shared_folder()  # only in the process that starts the workers


def pytest_unconfigure(config):
    if config.started_servers:
        servers.close_shared_folder()


@pytest.fixture(autouse=True)
def no_store_from_outside(monkeypatch):
    """No test works on the store of whoever runs it, or on that of the test before."""
    for name in STORES:
        monkeypatch.delenv(name, raising=False)
    yield
    Connector._latest = None


@pytest.fixture(scope="session")
def empty_store(tmp_path_factory):
    """The folder of a store that nothing was written to: copying it is faster than making the tables anew."""
    folder = tmp_path_factory.mktemp("empty") / "store"
    Connector.in_folder(folder).close()
    return folder


@pytest.fixture(scope="session")
def empty_database(worker_id):
    """A function that gives the URL of a database without any records; one a purpose, emptied when it is asked for again."""
    engines = {}

    def empty(kind, purpose="test"):
        server, name = servers.shared(kind), f"{purpose}_{worker_id}"
        if (kind, name) in engines:
            clear(engines[kind, name])
        else:
            server.create_database(name)
            engines[kind, name] = Database(parse_url(server.url(name))).engine
        return server.url(name)

    yield empty
    for engine in engines.values():
        engine.dispose()


def clear(engine):
    """Delete all records, and begin their ids at 1 again."""
    tables = [entity.__tablename__ for entity in ENTITIES] + [ORIGIN.name]
    with for_reading(engine).connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text(f"TRUNCATE {', '.join(tables)} RESTART IDENTITY"))
        else:
            connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
            used = text(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = :name AND auto_increment > 1"
            )
            for table in [*connection.scalars(used, {"name": engine.url.database}), ORIGIN.name]:
                connection.execute(text(f"TRUNCATE {table}"))
            connection.execute(text("SET FOREIGN_KEY_CHECKS = 1"))
        connection.commit()


@pytest.fixture
def store(request, tmp_path, empty_store):
    """A fresh, empty store; the default one. In a folder, unless the class of the test names another kind of `database`."""
    kind = getattr(request.cls, "database", "sqlite")
    if kind == "sqlite":
        shutil.copytree(empty_store, tmp_path / "store")
        connector = Connector.in_folder(tmp_path / "store")
    else:
        url = request.getfixturevalue("empty_database")(kind)
        connector = Connector(url, f"delta:{tmp_path}/store/series", f"file:{tmp_path}/store/objects")
    yield connector
    connector.close()


def yearly(count=40):
    """Years from 1700 and a made-up solar activity: positive, periodic, never twice the same."""
    years = np.arange(count)
    times = (years - 270).astype("datetime64[Y]").astype("datetime64[ns]").astype(np.int64)
    return times, np.round(50 + 40 * np.sin(years * 2 * np.pi / 11) + 0.1 * years, 3)


@pytest.fixture
def sunspots(store):
    """A source with 40 yearly points from 1700 on."""
    source = DataSource(name="Solar activity", time_interval="1y", unit="sunspots").save()
    source.write(*yearly())
    return source


@pytest.fixture(scope="session")
def census():
    """A function that counts what a store holds: rows of every entity (trash included), points, objects.

    Equal counts before and after prove that a refused call left nothing behind.
    """

    def count(connector):
        with connector.database.reading() as session:
            counts = {entity.__name__: session.scalar(select(func.count()).select_from(entity)) for entity in ENTITIES}
            sources = session.scalars(select(DataSource.id)).all()
        counts["points"] = sum(len(connector.series.read(source)[0]) for source in sources)
        counts["objects"] = len(list(connector.objects.hashes()))
        return counts

    return count


@pytest.fixture
def damage(store):
    """A function that flips one bit of an object, or removes it, as a failing disk would."""

    def strike(sha256, remove=False):
        path = Path(store.settings.objects.removeprefix("file:")) / sha256[:2] / sha256[2:]
        if remove:
            path.unlink()
        else:
            content = bytearray(path.read_bytes())
            content[len(content) // 2] ^= 1
            path.write_bytes(content)

    return strike


@pytest.fixture(scope="session")
def test_data():
    """The folder with the real series that some tests need."""
    folder = os.environ.get("ENSTORAGE_TEST_DATA")
    if not folder:
        pytest.skip("ENSTORAGE_TEST_DATA IS NOT SET: it has to name the folder with the test data.")
    path = Path(folder)
    if not path.is_dir():
        pytest.fail(f"ENSTORAGE_TEST_DATA is {folder!r}, which is no folder.")
    return path
