"""What every test may ask for."""

import gc
import os
import shutil
import sqlite3
from collections import Counter
from itertools import chain
from pathlib import Path
from uuid import uuid4

# Before anything imports NumPy, Keras and JAX, here and in the programs that tests start. Compiling takes most of the time
# of tests that train, and their networks are small: programs are compiled quickly, and kept for the other worker and the
# next run. The arrays are small too: threads that share them wait for each other longer than they calculate.
os.environ |= {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "KERAS_BACKEND": "jax",
    "JAX_COMPILATION_CACHE_DIR": str(Path(__file__).parents[1] / ".pytest_cache" / "programs"),
    "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    "JAX_DISABLE_MOST_OPTIMIZATIONS": "true",
    "XLA_FLAGS": "--xla_cpu_use_fusion_emitters=false",
    "ENSTORAGE_STEP_MODULES": "scenario_steps",
    "ENSTORAGE_CATALOGUE_HOSTS": f"127.0.0.1:{20_000 + os.getpid() % 10_000}",  # of tests
}

import pytest
from alembic import command
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from sqlalchemy import Pool, create_engine, event, func, inspect, select, text
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite
from sqlalchemy.util import LRUCache

import servers
from enmyadmin.access import passwords
from enstorage import Connector, DataSource
from enstorage.database import engine as database_engine
from enstorage.database.database import Database
from enstorage.database.engine import for_reading
from enstorage.database.url import parse_url
from enstorage.entity import ENTITIES, KNOWN, ORIGIN, STORE
from enstorage.entity._record import Record
from solar import make_sunspots

LONG_SECONDS = 20
FAULTS = Path(__file__).parent / "faults"
SERVERS = {"mariadb", "postgresql", "influx", "s3"}
SERVER_FIXTURES = {"server", "bucket", "s3"}
STORES = ("ENSTORAGE_DATABASE", "ENSTORAGE_SERIES", "ENSTORAGE_OBJECTS")


def pytest_configure(config):
    config.started_servers = servers.open_shared_folder()  # only in the process that starts the workers


def pytest_unconfigure(config):
    if config.started_servers:
        servers.close_shared_folder()


def pytest_collection():
    """Look for garbage later: imports and thousands of tests make many objects, and all of them stay."""
    gc.disable()


def pytest_collection_finish():
    """Have the garbage collector look no more at what was made up to here."""
    gc.collect()
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items):
    """Mark the tests that need a server as `server`, and those that kill, damage and fill disks as `long`."""
    for item in items:
        if FAULTS in item.path.parents or is_another_case(item):
            item.add_marker("long")
        parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
        kinds = {getattr(item.cls, "database", None), *filter(lambda each: isinstance(each, str), parameters)}
        if kinds & SERVERS or SERVER_FIXTURES & set(item.fixturenames):
            item.add_marker("server")


def is_another_case(item):
    """True for all cases but the first of a test that is marked `others_long`."""
    marker = item.get_closest_marker("others_long")
    return marker is not None and any(
        index for name, index in item.callspec.indices.items() if name in marker.args or not marker.args
    )


def pytest_terminal_summary(terminalreporter):
    """Name the tests that should be marked `long`. A busy machine makes all of them longer, so none fails for that."""
    seconds = Counter()
    for report in chain.from_iterable(terminalreporter.stats.values()):
        if isinstance(report, pytest.TestReport) and not {"long", "server"} & set(report.keywords):
            seconds[report.nodeid] += report.duration
    longest = [(test, taken) for test, taken in seconds.most_common() if taken > LONG_SECONDS]
    if longest:
        terminalreporter.section(f"over {LONG_SECONDS} seconds without the marker long")
        for test, taken in longest:
            terminalreporter.write_line(f"{taken:6.1f}s {test}")


@pytest.fixture(autouse=True)
def no_store_from_outside(monkeypatch):
    """No test works on the store of whoever runs it, or on that of the test before."""
    for name in STORES:
        monkeypatch.delenv(name, raising=False)
    yield
    Connector._latest = None


@pytest.fixture(scope="session", autouse=True)
def no_wait_for_the_disk():
    """What a killed process wrote stays with the operating system: waiting for the disk guards against power cuts alone."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(os, "fsync", lambda handle: None)
        event.listen(Pool, "checkout", do_not_wait)
        yield
        event.remove(Pool, "checkout", do_not_wait)


@pytest.fixture
def wait_for_the_disk(no_wait_for_the_disk):
    """SQLite as it is set outside of tests."""
    event.remove(Pool, "checkout", do_not_wait)
    yield
    event.listen(Pool, "checkout", do_not_wait)


@pytest.fixture(scope="session", autouse=True)
def statements_compiled_once():
    """SQLAlchemy compiles the statements for each engine, and tests open thousands of stores: those on SQLite share them."""
    compiled = LRUCache(1000)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(SQLiteDialect_pysqlite, "__eq__", lambda one, other: type(one) is type(other))
        patched.setattr(SQLiteDialect_pysqlite, "__hash__", lambda one: hash(type(one)))

        def make_engine(*arguments, **options):
            engine = create_engine(*arguments, **options)
            if isinstance(engine.dialect, SQLiteDialect_pysqlite):
                engine._compiled_cache = compiled
            return engine

        patched.setattr(database_engine, "create_engine", make_engine)
        yield


@pytest.fixture(scope="session", autouse=True)
def tables_made_once():
    """To make the tables of a store in SQLite, every migration is run: it is, once, and its statements are repeated."""
    upgrade, statements = command.upgrade, []

    def upgrade_as_before(config, revision):
        connection = config.attributes["connection"]
        if (
            revision != "head"
            or connection.dialect.name != "sqlite"
            or inspect(connection).has_table("alembic_version")
        ):
            return upgrade(config, revision)
        if not statements:
            with create_engine("sqlite://").connect() as config.attributes["connection"]:
                upgrade(config, revision)
                made = config.attributes["connection"].connection.dbapi_connection
                statements.extend(each for each in made.iterdump() if each not in ("BEGIN TRANSACTION;", "COMMIT;"))
        for statement in statements:
            connection.exec_driver_sql(statement)
        connection.execute(STORE.update().values(uuid=uuid4().hex))  # each store has an identity of its own
        return None

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(command, "upgrade", upgrade_as_before)
        yield upgrade


@pytest.fixture
def every_migration_is_run(monkeypatch, tables_made_once):
    """The tables of each store are made as they are outside of tests."""
    with monkeypatch.context() as patched:
        patched.setattr(command, "upgrade", tables_made_once)
        yield


@pytest.fixture(scope="session", autouse=True)
def passwords_hashed_quickly():
    """The parameters of Argon2 are those of a library, and each hash takes a tenth of a second on purpose."""
    passwords._hasher.cache_clear()
    with pytest.MonkeyPatch.context() as patched:
        quick = PasswordHash([Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)])
        patched.setattr(PasswordHash, "recommended", lambda: quick)
        yield
    passwords._hasher.cache_clear()


@pytest.fixture(scope="session", autouse=True)
def pictures_laid_out_roughly():
    """Half of the time of a report is the exact layout of its pictures, which tests of pictures and in a browser look at."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    exactly = ConstrainedLayoutEngine.execute
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(ConstrainedLayoutEngine, "execute", lambda engine, figure: None)
        yield exactly


@pytest.fixture
def pictures_laid_out_exactly(pictures_laid_out_roughly, monkeypatch):
    """Pictures as they are outside of tests."""
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    with monkeypatch.context() as patched:
        patched.setattr(ConstrainedLayoutEngine, "execute", pictures_laid_out_roughly)
        yield


def do_not_wait(connection, record, proxy):
    """Have SQLite leave it to the operating system when it writes."""
    if "waits" not in record.info and isinstance(connection, sqlite3.Connection):
        connection.execute("PRAGMA synchronous=OFF")
        record.info["waits"] = False


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
    """Delete all records, and begin their ids at 1 again. To truncate tables takes longer: it makes their files anew."""
    tables = [table.name for table in reversed(Record.metadata.sorted_tables) if table is not STORE]
    with for_reading(engine).connect() as connection:
        if engine.dialect.name == "postgresql":
            connection.execute(text("SET LOCAL session_replication_role = replica"))  # without a look at foreign keys
            for table in tables:
                connection.execute(text(f"DELETE FROM {table}"))
            used = text("SELECT sequencename FROM pg_sequences WHERE last_value IS NOT NULL")
            for sequence in connection.scalars(used).all():
                connection.execute(text(f"ALTER SEQUENCE {sequence} RESTART"))
        else:
            connection.execute(text("SET FOREIGN_KEY_CHECKS = 0"))
            used = text(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = :name AND auto_increment > 1"
            )
            for table in (ORIGIN, KNOWN):
                connection.execute(text(f"DELETE FROM {table.name}"))
            for table in connection.scalars(used, {"name": engine.url.database}).all():
                connection.execute(text(f"DELETE FROM {table}"))
                connection.execute(text(f"ALTER TABLE {table} AUTO_INCREMENT = 1"))
            connection.execute(text("SET FOREIGN_KEY_CHECKS = 1"))
        connection.commit()


@pytest.fixture(scope="session")
def filled_once(empty_store, tmp_path_factory):
    """A function that gives the folder of a store which another function filled, once; tests work on copies."""
    folders = {}

    def filled(fill):
        if fill not in folders:
            folders[fill] = shutil.copytree(empty_store, tmp_path_factory.mktemp("filled") / "store")
            with Connector.in_folder(folders[fill]) as connector:
                fill()
            connector.close()
        return folders[fill]

    return filled


@pytest.fixture
def filled_with():
    """The function that fills the `store` of every test of a module; by default there is none."""


@pytest.fixture
def store(request, tmp_path, empty_store, filled_once, filled_with):
    """A store of its own for each test; the default one. Empty, unless the module overrides `filled_with`; in a folder,
    unless the class of the test names another kind of `database`."""
    kind = getattr(request.cls, "database", "sqlite")
    if kind == "sqlite":
        shutil.copytree(filled_once(filled_with) if filled_with else empty_store, tmp_path / "store")
        connector = Connector.in_folder(tmp_path / "store")
    else:
        url = request.getfixturevalue("empty_database")(kind)
        connector = Connector(url, f"delta:{tmp_path}/store/series", f"file:{tmp_path}/store/objects")
    yield connector
    connector.close()


@pytest.fixture
def sunspots(store):
    """A source with 40 yearly points from 1700 on."""
    return make_sunspots()


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


@pytest.fixture
def s3(monkeypatch):
    """A real server that speaks S3, which the environment names as it would for a person."""
    server = servers.shared("s3")
    for name, value in server.variables.items():
        monkeypatch.setenv(name, value)
    return server


@pytest.fixture
def bucket(s3):
    """The name of an empty bucket there."""
    name = f"enstorage-{uuid4().hex}"
    s3.create_database(name)
    return name
