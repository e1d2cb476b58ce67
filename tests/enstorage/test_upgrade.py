"""Stores that earlier versions wrote open in this one, once they are upgraded."""

import math
import shutil
import sqlite3
import subprocess
import sys
import sysconfig
import threading
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import select, text

import endirector
import enstorage
from enorchestrator import find_version
from enstorage import Connector, DataSnapshot, DataSource, Ensemble, Model, ModelMeta, Panel, Project
from enstorage.database.engine import for_reading, make_engine
from enstorage.database.schema import HEAD_REVISION, REVISIONS
from enstorage.database.url import parse_url
from enstorage.errors import InUseError, StoreError, UpgradeError
from enstorage.ledger import (
    Attempt,
    AuditEntry,
    Feedback,
    MonitorAlert,
    PipelineSchedule,
    Run,
    RunEvent,
    RunStep,
    StoredPolicy,
    Token,
    User,
)

KEPT = Path(__file__).parents[1] / "upgrade"
PARTS = ("test", "train", "valid")
COMMAND = str(Path(sysconfig.get_path("scripts")) / "enstorage")


@pytest.fixture(params=REVISIONS)
def old_store(request, tmp_path):
    """The folder of a store that the version with that schema wrote."""
    shutil.unpack_archive(KEPT / f"schema-{request.param}.tar.gz", tmp_path)
    return tmp_path / "store"


def upgrade(folder):
    return subprocess.run([COMMAND, "upgrade", "--store", str(folder)], capture_output=True, text=True, check=False)


@pytest.mark.others_long
def test_a_store_of_every_version_opens_whole_after_upgrade(old_store, request):
    done = upgrade(old_store)
    assert (done.returncode, done.stdout) == (0, f"The store has schema {HEAD_REVISION}.\n"), done.stderr
    connector = Connector.in_folder(old_store)
    assert enstorage.check(connector) == []
    three, five = Model.get_list()[:2]
    assert math.isnan(three.meta("loss"))
    assert five.meta("settings") == {"lag": 5, "names": ["a", "б"]}
    assert five.load_object().coef_.shape == (5,)
    assert DataSource.get(1).read("1705", "1706")[1].tolist() == [12.5]
    ensemble, *later = Ensemble.get_list()
    assert ensemble.metrics()["test"]["ensemble"]["rmse"] < 60
    assert [record.name for record in ensemble.models()] == ["lag 3", "lag 5"]
    made_here = [] if request.node.callspec.params["old_store"] >= "0006" else [f"forecasts: {part}" for part in PARTS]
    assert ensemble.claims() == {name: ["trained_on", *made_here] for name in ("lag 3", "lag 5")}
    assert ensemble.parameters in (None, {"metamodel": {"positive": True}})  # since schema 0004
    if later:  # since schema 0004
        mixture, layered, *_ = later
        weights = mixture.table().filter("fitted").select(f"weight_{three.id}", f"weight_{five.id}")
        assert weights.sum_horizontal().to_list() == pytest.approx([1.0] * 12)
        assert layered.members() == [three, mixture]
        assert "1 rows changed, the first at 1706-01-01" in layered.staleness()[0]
        endirector.Conductor(layered).verify()
    three.log(9, loss=0.5)
    assert three.curves().row(-1, named=True)["loss"] == 0.5
    for model in Model.get_list()[2:]:  # of sets of several preparations, since schema 0003
        assert len(model.data_set().preparations()) == 2
        model.data_set().verify()
    for panel in Panel.get_list():  # since schema 0005
        assert list(panel.sources()) == ["Riga", "Осло"]
        for scene in panel.scenes():  # since schema 0014
            assert (scene.item, scene.cloud_share, list(scene.bands())) == ("S2A_T32TQQ", 0.25, ["red"])
        assert panel.projects()[0].models()[0].data_set().series_ids() == list(panel.projects()[0].source_ids())
        assert DataSnapshot.find("name = 'of the audit'")[0].preparations()[0].name == "filled"
    with connector.transaction() as session:
        kinds = (Run, RunStep, Attempt, RunEvent, User, Token, StoredPolicy, AuditEntry)
        kept = [session.scalars(select(kind)).first() is not None for kind in kinds]
        waiting = session.scalars(select(RunStep).where(RunStep.waiting_for > 0)).all()
        schedules = session.scalars(select(PipelineSchedule)).all()
    assert kept == [request.node.callspec.params["old_store"] >= "0009"] * len(kinds)
    assert [each.time_zone for each in schedules] == ["Europe/Riga"] * (
        request.node.callspec.params["old_store"] >= "0010"
    )
    if request.node.callspec.params["old_store"] >= "0015":
        assert find_version("Sun").metrics == {"test": {"mae": 50.5}}
        with connector.database.reading() as session:
            assert {each.value for each in session.scalars(select(Feedback))} == {50.5}
            assert {each.proposal for each in session.scalars(select(MonitorAlert))} == {"retrain"}
    assert [step.name for step in waiting] == ["sweep"] * (request.node.callspec.params["old_store"] >= "0010")
    connector.close()


@pytest.mark.others_long
def test_projects_keep_what_refers_to_them_and_their_ids_are_not_given_out_again(old_store):
    """SQLite has to make the table of projects anew, since a project may be over a panel."""
    upgrade(old_store)
    connector = Connector.in_folder(old_store)
    sun, latest = Project.get(1), Project.get_list()[-1]
    assert (sun.name, sun.data_source.name, sun.panel) == ("Sun", "Solar activity", None)
    assert [research.name for research in sun.researches()] == ["Standard data"]
    with pytest.raises(InUseError, match=r"Project\(1, 'Sun'\) is in use by Ensemble"):
        sun.delete()
    made = Project(name="new", data_source=sun.data_source).save()
    made.delete()
    assert Project(name="newer", data_source=sun.data_source).save().id == made.id + 1 == latest.id + 2
    connector.close()


@pytest.mark.others_long
def test_an_older_store_is_refused_until_it_is_upgraded_and_its_file_is_kept(old_store, request):
    revision = request.node.callspec.params["old_store"]
    if revision == HEAD_REVISION:
        Connector.in_folder(old_store).close()
        return
    before = (old_store / "enstorage.sqlite").read_bytes()
    with pytest.raises(
        UpgradeError, match=rf"has schema {revision}; .* expects {HEAD_REVISION}. Run `enstorage upgrade`"
    ):
        Connector.in_folder(old_store)
    assert (old_store / "enstorage.sqlite").read_bytes() == before
    Connector.in_folder(old_store, upgrade=True).close()
    with sqlite3.connect(old_store / f"enstorage.sqlite.schema-{revision}") as copy:
        assert copy.execute("SELECT version_num FROM alembic_version").fetchall() == [(revision,)]
        assert copy.execute("SELECT name FROM model WHERE id < 3").fetchall() == [("lag 3",), ("lag 5",)]
    copy.close()
    Connector.in_folder(old_store).close()


def test_a_store_that_somebody_else_is_writing_to_is_waited_for(old_store):
    """Before it keeps a log, SQLite would refuse at once: another process may open the same new store."""
    database = old_store / "enstorage.sqlite"
    with sqlite3.connect(database) as plain:
        plain.execute("PRAGMA journal_mode=DELETE")
    plain.close()
    writer = sqlite3.connect(database, isolation_level=None, check_same_thread=False)
    writer.execute("BEGIN IMMEDIATE")
    done = threading.Timer(0.5, lambda: writer.execute("COMMIT"))
    done.start()
    Connector.in_folder(old_store, upgrade=True).close()
    done.join()
    writer.close()


def test_upgrading_a_store_of_this_version_changes_nothing(store, tmp_path):
    store.close()
    assert upgrade(tmp_path / "store").returncode == 0
    assert not list((tmp_path / "store").glob("*.schema-*"))


def test_upgrading_what_is_not_there_is_refused(tmp_path):
    done = upgrade(tmp_path / "nothing")
    assert done.returncode == 1
    assert "There is no store" in done.stderr
    assert not (tmp_path / "nothing").exists()


OPENER = """
import sys
from enstorage import Connector, DataSource
import enstorage.series.delta.store, alembic.command
print("ready", flush=True)
sys.stdin.readline()
connector = Connector(sys.argv[1], f"delta:{sys.argv[2]}", f"file:{sys.argv[2]}", upgrade=sys.argv[3] == "upgrade")
for turn in range(5):
    DataSource(name="made at once").save()
"""


def open_at_once(url, folder, word="", count=3):
    openers = [
        subprocess.Popen(
            [sys.executable, "-c", OPENER, url, str(folder), word],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )
        for _ in range(count)
    ]  # fmt: skip
    for opener in openers:
        assert opener.stdout.readline() == "ready\n"
    for opener in openers:
        opener.stdin.write("go\n")
        opener.stdin.flush()
    said = [opener.communicate(timeout=90)[1] for opener in openers]
    assert [opener.returncode for opener in openers] == [0] * count, said


@pytest.mark.usefixtures("every_migration_is_run")
class Migrating:
    """Several processes that find a database empty, or old, do no harm to each other; nor does a killed one."""

    database: str

    @pytest.fixture
    def url(self, request, tmp_path, worker_id):
        if self.database == "sqlite":
            return f"sqlite:///{tmp_path}/enstorage.sqlite"
        import servers

        server, name = servers.shared(self.database), f"migrating_{worker_id}"
        force = (
            " WITH (FORCE)" if self.database == "postgresql" else ""
        )  # although a failed test left a connection open
        server.execute(f"DROP DATABASE IF EXISTS {name}{force}")
        server.create_database(name)
        return server.url(name)

    @pytest.mark.long
    @pytest.mark.slow
    def test_processes_that_open_an_empty_database_at_once_all_work(self, url, tmp_path):
        open_at_once(url, tmp_path)
        connector = Connector(url, f"delta:{tmp_path}", f"file:{tmp_path}")
        assert DataSource.count() == 15
        connector.close()

    @pytest.mark.long
    @pytest.mark.slow
    def test_processes_that_upgrade_at_once_all_work(self, url, tmp_path):
        migrate(url, REVISIONS[0])
        with pytest.raises(UpgradeError, match="Run `enstorage upgrade`"):
            Connector(url, f"delta:{tmp_path}", f"file:{tmp_path}")
        open_at_once(url, tmp_path, "upgrade")
        connector = Connector(url, f"delta:{tmp_path}", f"file:{tmp_path}")
        assert DataSource.count() == 16
        connector.close()

    @pytest.mark.others_long
    @pytest.mark.parametrize("table", ["model", "model_curve", "store", "data_set_input", "panel_member"])
    def test_a_migration_that_was_cut_off_anywhere_is_made_good(self, url, tmp_path, monkeypatch, table):
        """MySQL keeps each table at once, so a killed first migration leaves some of them, or those of an older version."""
        from alembic.operations import Operations

        make = Operations.create_table

        def cut(operations, name, *columns, **options):
            if name == table:
                raise KeyboardInterrupt
            return make(operations, name, *columns, **options)

        monkeypatch.setattr(Operations, "create_table", cut)
        with pytest.raises(KeyboardInterrupt):
            Connector(url, f"delta:{tmp_path}", f"file:{tmp_path}")
        monkeypatch.undo()
        connector = Connector(url, f"delta:{tmp_path}", f"file:{tmp_path}")
        assert DataSource(name="it works").save().id == 1
        connector.close()

    def test_a_database_that_somebody_else_uses_is_not_touched(self, url, tmp_path):
        engine = make_engine(parse_url(url))
        with for_reading(engine).connect() as connection:
            connection.execute(text("CREATE TABLE model (theirs INTEGER)"))
            connection.execute(text("INSERT INTO model VALUES (5)"))
            connection.commit()
        for _ in range(2):
            with pytest.raises(
                StoreError, match=r"tables of another program that are called model\. .* for enstorage alone"
            ):
                Connector(url, f"delta:{tmp_path}", f"file:{tmp_path}")
        with for_reading(engine).connect() as connection:
            assert connection.execute(text("SELECT theirs FROM model")).scalar() == 5
        engine.dispose()

    def test_the_tables_are_those_of_the_entities(self, url, tmp_path):
        from alembic.autogenerate import compare_metadata
        from alembic.migration import MigrationContext

        connector = Connector(url, f"delta:{tmp_path}", f"file:{tmp_path}")
        with for_reading(connector.database.engine).connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            assert compare_metadata(context, ModelMeta.metadata) == []
        connector.close()


class TestSqlite(Migrating):
    database = "sqlite"


class TestMariaDb(Migrating):
    database = "mariadb"


class TestPostgreSql(Migrating):
    database = "postgresql"


def migrate(url, revision):
    """Make the tables of an older version in an empty database, and keep a source in them."""
    engine = make_engine(parse_url(url))
    config = Config()
    config.set_main_option("script_location", "enstorage:database/migrations")
    with for_reading(engine).connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.execute(
            text(
                "INSERT INTO data_source (name, aggregate, unit, description, tags, created_at, updated_at) "
                "VALUES ('from before', 'mean', '', '', '{}', '2026-01-01', '2026-01-01')"
            )
        )
        connection.commit()
    engine.dispose()


def test_the_kept_stores_are_those_of_all_versions():
    assert sorted(path.name for path in KEPT.glob("*.tar.gz")) == [
        f"schema-{revision}.tar.gz" for revision in REVISIONS
    ]
