"""A whole store as one file, and a store made of it: with the same ids, in stores of any kind."""

import hashlib
import json
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
import zipfile
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression
from sqlalchemy import select

import enstorage
from enstorage import Connector, DataSnapshot, DataSource, Model, Panel, Project
from enstorage.adapter import Window
from enstorage.entity import ENTITIES, ORIGIN
from enstorage.errors import CancelledError, CorruptError, InvalidInputError, NotSupportedError

DAY = 86_400 * 10**9


def fill():
    """Something of everything, in the trash too, with points that changed and ids that are not given out any more."""
    source = DataSource(name="Load", time_interval="1d", unit="MW", description="строка").save()
    source.write(np.arange(40) * DAY, np.sin(np.arange(40.0)))
    first = source.create_snapshot("as it was")
    source.write([3 * DAY], [-0.0])
    source.delete_points(10 * DAY, 14 * DAY)
    source.create_snapshot("corrected")
    source.write([99 * DAY], [7.5])
    preparation = first.create_preparation("linear", "minmax", 0.6, 0.2, 0.2)
    data_set = preparation.create_set(Window(3))
    project = Project(name="Load", data_source=source).save()
    model = project.create_research("r", preparation).create_model("m")
    model.data_set(data_set)
    _, X, y = data_set.arrays("train")
    model.save_object(LinearRegression().fit(X, y))
    model.metas({"loss": float("nan"), "none": None, "names": ["a", "б"], "big": 2**70})
    model.log(np.arange(5), loss=np.arange(5.0))
    model.save_forecasts("test", *data_set.targets("test"))
    project.create_ensemble("voting", models=[model])
    shops = pl.DataFrame({"series": ["Riga", "Осло"] * 5, "time": np.arange(10) // 2 * DAY, "value": np.ones(10)})
    Panel.from_table(shops, name="Shops", time_interval="1d")
    project.create_ensemble("voting", models=[model], name="gone").trash()
    Project(name="last", data_source=source).save().delete()


@pytest.fixture
def filled_with():
    return fill


def rows(connector):
    """All rows of all tables of records, and the points of all sources."""
    with connector.database.reading() as session:
        found = {
            entity.__tablename__: [dict(row) for row in session.execute(select(entity.__table__)).mappings()]
            for entity in ENTITIES
        }
    for row in found["data_snapshot"]:
        row["series_version"] = row["series_version"] is not None
    points = {row["id"]: [each.tolist() for each in connector.series.read(row["id"])] for row in found["data_source"]}
    return repr([found, points])


@pytest.fixture
def backup(store, tmp_path):
    """The file of a backup of the filled store."""
    enstorage.backup_store(tmp_path / "load.backup", store)
    return tmp_path / "load.backup"


@pytest.fixture
def empty(empty_store, tmp_path):
    """An empty store in a folder."""
    folder = tmp_path / "new"
    folder.mkdir()
    shutil.copy(empty_store / "enstorage.sqlite", folder)
    with closing(sqlite3.connect(folder / "enstorage.sqlite")) as database, database:
        database.execute("UPDATE store SET uuid = ?", [uuid4().hex])  # a store of its own
    connector = Connector.in_folder(folder)
    yield connector
    connector.close()


def test_what_was_backed_up_comes_back_with_its_ids(store, backup, empty, census):
    before = rows(store)
    restored = enstorage.restore_store(backup, empty)
    assert rows(empty) == before
    assert enstorage.check(empty, notes=True) == []
    counts = census(empty)
    assert counts == census(store)
    assert (restored.objects, restored.points) == (counts["objects"], counts["points"])
    # An id that was given out is not given out again.
    assert Project(name="next", data_source=DataSource.get(1, connector=empty), connector=empty).save().id == 3


def test_versions_that_snapshots_name_can_be_read_again(backup, empty):
    enstorage.restore_store(backup, empty)
    first, second = DataSnapshot.get_list(connector=empty)
    for snapshot in (first, second):
        assert snapshot.series_version is not None
        for again, kept in zip(snapshot.read_again(), snapshot.read(), strict=True):
            np.testing.assert_array_equal(again, kept)
    assert np.signbit(second.read()[1][3])
    assert not first.check()
    enstorage.gc(empty, delete=True, grace=timedelta(0))
    assert enstorage.check(empty, notes=True) == []


def test_records_know_the_store_they_come_from(store, backup, empty):
    enstorage.restore_store(backup, empty)
    with empty.database.reading() as session:
        found = session.execute(select(ORIGIN.c.store, ORIGIN.c.id, ORIGIN.c.id_there)).all()
    assert {(there, id == id_there) for there, id, id_there in found} == {(store.database.store_id(), True)}
    assert empty.database.store_id() != store.database.store_id()


def test_a_bundle_of_the_first_store_finds_its_records_in_the_restored_one(store, backup, empty, tmp_path):
    enstorage.export_project(Project.get(1, connector=store), tmp_path / "load.enz")
    enstorage.restore_store(backup, empty)
    imported = enstorage.import_bundle(tmp_path / "load.enz", empty)
    assert (imported.new, imported.project.id) == ({}, 1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["mariadb", "postgresql"])
def test_a_backup_goes_to_another_kind_of_database_and_back(kind, store, backup, empty, empty_database, tmp_path):
    server = Connector(empty_database(kind, "backup"), "memory:", f"memory://{tmp_path.name}")
    enstorage.restore_store(backup, server)
    # A store of points without versions keeps the last state alone.
    assert rows(server) == rows(store).replace("'series_version': True", "'series_version': False")
    assert enstorage.check(server) == []
    assert Project(name="next", data_source=DataSource.get(1, connector=server), connector=server).save().id == 3
    enstorage.backup_store(tmp_path / "back.backup", server)
    enstorage.restore_store(tmp_path / "back.backup", empty)
    assert rows(empty) == rows(server)
    server.close()


def test_a_store_with_records_is_left_as_it_is(store, backup, census):
    before = census(store)
    with pytest.raises(InvalidInputError, match=r"has records already, .*into an empty store.*Nothing was changed"):
        enstorage.restore_store(backup, store)
    assert census(store) == before


def test_a_backup_beside_a_writer_is_of_one_moment(store, empty, tmp_path):
    """Each source of the writer is there with its points, and each of its facts with the one before."""
    stop = threading.Event()

    def write():
        with store:
            model, turn = Model.get(1), 0
            while not stop.is_set():
                turn += 1
                DataSource(name=f"new {turn}").write([turn], [turn + 0.5], time_unit="ns")
                model.metas({f"first {turn}": turn, f"second {turn}": turn})

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(2):
            enstorage.backup_store(tmp_path / f"{number}.backup", store)
    finally:
        stop.set()
        writer.join()
    enstorage.restore_store(tmp_path / "1.backup", empty)
    assert enstorage.check(empty) == []
    with empty:
        made = DataSource.find("name LIKE 'new %'")
        assert made
        assert all(source.read()[1].tolist() == [int(source.name.split()[1]) + 0.5] for source in made)
        facts = [key.split()[1] for key in Model.get(1).metas() if key.startswith(("first", "second"))]
        assert {facts.count(turn) for turn in facts} <= {2}


@pytest.mark.long
@pytest.mark.slow
def test_a_killed_backup_leaves_no_file_under_its_name(store, tmp_path):
    code = (
        "import os, sys, enstorage\n"
        "def die(what, done, total):\n"
        "    os.kill(os.getpid(), 9) if done >= int(sys.argv[3]) else None\n"
        "connector = enstorage.Connector.in_folder(sys.argv[1])\n"
        "enstorage.backup_store(sys.argv[2], connector, progress=die)\n"
    )
    path = tmp_path / "killed.backup"
    killed = [
        subprocess.run([sys.executable, "-c", code, tmp_path / "store", path, share], check=False).returncode
        for share in ("30", "100")
    ]
    assert killed == [-signal.SIGKILL] * 2
    assert not path.exists()
    assert enstorage.check(store) == []
    assert enstorage.backup_store(path, store).path == path


def test_a_backup_or_a_restoration_can_be_stopped(store, backup, empty, census, tmp_path):
    with pytest.raises(CancelledError):
        enstorage.backup_store(tmp_path / "stopped.backup", store, progress=lambda what, done, total: done > 50)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["load.backup", "new", "store"]
    before = census(empty)
    with pytest.raises(CancelledError):
        enstorage.restore_store(backup, empty, progress=lambda what, done, total: done > 90)
    assert census(empty) == before
    assert empty.series.sources() == []
    enstorage.restore_store(backup, empty)
    assert enstorage.check(empty) == []


def test_a_damaged_backup_is_refused_in_one_message(backup, empty, census, tmp_path):
    content, before = backup.read_bytes(), census(empty)
    with zipfile.ZipFile(backup) as archive:
        # In the middle of each member: a zip archive has bytes that say nothing, too.
        places = [
            each.header_offset + 30 + len(each.filename) + 20 + each.compress_size // 2 for each in archive.infolist()
        ]
    damages = [content[:place] for place in (0, 10, len(content) // 2, len(content) - 1)]
    damages += [content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :] for place in places]
    for damaged in damages:
        (tmp_path / "bad.backup").write_bytes(damaged)
        with pytest.raises((CorruptError, InvalidInputError), match=r"bad\.backup cannot be restored\.") as caught:
            enstorage.restore_store(tmp_path / "bad.backup", empty)
        assert "\n" not in str(caught.value)
        assert "Nothing was changed" in str(caught.value)
    assert census(empty) == before


def edited(backup, path, edit):
    """A backup whose manifest was changed."""
    with zipfile.ZipFile(backup) as given, zipfile.ZipFile(path, "w") as made:
        for info in given.infolist():
            member = given.read(info)
            if info.filename == "manifest.json":
                manifest = json.loads(member)
                edit(manifest)
                member = json.dumps(manifest).encode()
            made.writestr(info, member)
    return path


@pytest.mark.parametrize(
    ("edit", "error", "words"),
    [
        (lambda manifest: manifest.update(version=2), NotSupportedError, "made by a newer enstorage"),
        (lambda manifest: manifest.update(format="enstorage bundle"), InvalidInputError, "`enstorage backup` wrote"),
        (lambda manifest: manifest["records"].update(model=7), CorruptError, "other numbers of records"),
        (lambda manifest: manifest["points"].update({"1": 3}), CorruptError, "another number of points"),
        (lambda manifest: manifest["points"].update(x=3), InvalidInputError, "are not those of a backup"),
        (lambda manifest: manifest["members"].popitem(), CorruptError, "do not agree on their members"),
    ],
)
def test_a_manifest_that_does_not_agree_is_refused(backup, empty, tmp_path, edit, error, words):
    with pytest.raises(error, match=words):
        enstorage.restore_store(edited(backup, tmp_path / "edited.backup", edit), empty)


def test_a_bundle_is_no_backup(store, empty, tmp_path):
    enstorage.export_project(Project.get(1, connector=store), tmp_path / "load.enz")
    with pytest.raises(InvalidInputError, match="has the format 'enstorage bundle'; expected 'enstorage backup'"):
        enstorage.restore_store(tmp_path / "load.enz", empty)


def test_a_damaged_store_is_not_backed_up(store, damage, tmp_path):
    damage(Model.get(1).object_sha256)
    with pytest.raises(CorruptError, match="is damaged"):
        enstorage.backup_store(tmp_path / "bad.backup", store)
    assert not (tmp_path / "bad.backup").exists()


def test_a_file_that_is_there_is_replaced_only_when_told_to(store, backup):
    with pytest.raises(InvalidInputError, match="overwrite=True"):
        enstorage.backup_store(backup, store)
    assert enstorage.backup_store(backup, store, overwrite=True).records["model"] == 1


def test_a_backup_of_an_older_version_is_upgraded(store, empty, tmp_path):
    """As it would have been written then: its database has the tables of an older schema."""
    shutil.unpack_archive(Path(__file__).parents[2] / "upgrade" / "schema-0003.tar.gz", tmp_path / "old")
    old = tmp_path / "old" / "store" / "enstorage.sqlite"
    with closing(sqlite3.connect(old)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
    old_bytes = old.read_bytes()
    upgraded = Connector.in_folder(old.parent, upgrade=True)
    path = tmp_path / "upgraded.backup"
    enstorage.backup_store(path, upgraded)
    sha256 = hashlib.sha256(old_bytes).hexdigest()
    made = tmp_path / "older.backup"
    with zipfile.ZipFile(path) as given, zipfile.ZipFile(made, "w") as written:
        manifest = json.loads(given.read("manifest.json"))
        former = f"objects/{manifest['database']}"
        manifest["schema"], manifest["database"] = "0003", sha256
        del manifest["members"][former]
        manifest["members"][f"objects/{sha256}"] = {"bytes": len(old_bytes), "sha256": sha256}
        for info in given.infolist():
            if info.filename not in (former, "manifest.json"):
                written.writestr(info, given.read(info))
        written.writestr(f"objects/{sha256}", old_bytes)
        written.writestr("manifest.json", json.dumps(manifest))
    enstorage.restore_store(made, empty)
    assert rows(empty) == rows(upgraded)
    assert enstorage.check(empty) == []
    upgraded.close()
