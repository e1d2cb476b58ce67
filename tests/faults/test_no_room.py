"""Where nothing can be written: on a full disk, and on one that may only be read, everything is read all the same."""

import errno
import os
import shutil
import subprocess
import tempfile

import numpy as np
import pytest

import enstorage
from enstorage import Connector, DataSnapshot, DataSource, Model, Project
from enstorage.errors import EnstorageError
from enstorage.writing import temporary_folder


@pytest.fixture
def disk(tmp_path):
    """A disk of its own, of 12 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=12000000", "tmpfs", folder], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        pytest.skip(f"NO SMALL DISK CAN BE MOUNTED, which takes the rights of root: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk, free=0):
    """Leave no byte, or so many."""
    with (disk / "ballast").open("wb") as ballast:
        ballast.write(b"x" * (shutil.disk_usage(disk).free - free))
    assert shutil.disk_usage(disk).free <= free


def read_all():
    points = [source.read()[1].tolist() for source in DataSource.get_list()]
    tables = [each.read()[1].tolist() for each in DataSnapshot.get_list()]
    return repr([points, tables, Model.get(1).metas(), Model.get(1).load_object().coef_, Model.find("meta.loss < 1")])


WRITERS = {
    "database": lambda: Project.get(1).create_research("new"),
    "series": lambda: DataSource.get(1).write(
        np.arange(50_000), np.random.default_rng(1).random(50_000), time_unit="ns"
    ),
    "objects": lambda: Connector.current().objects.put(bytes(100_000)),
}


def test_on_a_full_disk_everything_is_read_and_writers_say_so(disk, filled_folder, capfd):
    folder = shutil.copytree(filled_folder[0], disk / "store")
    with Connector.in_folder(filled_folder[0]) as original:
        before = read_all()
    original.close()
    fill(disk)
    with Connector.in_folder(folder) as connector:
        assert read_all() == before
        assert enstorage.check() == []
        for place, write in WRITERS.items():
            with pytest.raises(EnstorageError, match=r"[Dd]isk is full") as caught:
                write()
            message = str(caught.value)
            assert str(folder) in message, place
            assert "What was stored before is safe" in message or "what was stored before is safe" in message
            assert "panicked" not in message
        assert read_all() == before
        (disk / "ballast").unlink()
        for write in WRITERS.values():
            write()
        assert enstorage.check() == []
    connector.close()
    assert "panicked" not in capfd.readouterr().err


FILES = {
    "backup": lambda disk: enstorage.backup_store(disk / "all.backup"),
    "bundle": lambda disk: enstorage.export_project(Project.get(1), disk / "project.enz"),
    "model": lambda disk: Model.get(1).export(disk / "model"),
}


@pytest.mark.parametrize("free", [0, 40_000])
@pytest.mark.parametrize("name", FILES)
def test_a_file_that_finds_no_room_is_told_with_its_place_and_leaves_nothing(disk, filled_folder, name, free):
    fill(disk, free)
    with Connector.in_folder(filled_folder[0]) as connector:
        if free and name == "model":  # which is small
            FILES[name](disk)
        else:
            with pytest.raises(EnstorageError, match=r"[Dd]isk is full.*before is safe") as caught:
                FILES[name](disk)
            assert str(disk) in str(caught.value)
            assert [each.name for each in disk.iterdir()] == ["ballast"]
    connector.close()


@pytest.mark.parametrize("free", [0, 40_000])
def test_a_restoration_without_room_for_temporary_files_names_their_folder(
    disk, filled_folder, tmp_path, monkeypatch, free
):
    with Connector.in_folder(filled_folder[0]) as connector:
        enstorage.backup_store(tmp_path / "all.backup")
    connector.close()
    fill(disk, free)
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    with Connector.in_folder(tmp_path / "new") as connector:
        with pytest.raises(EnstorageError, match=rf"{disk}.*disk is full.*before is safe"):
            enstorage.restore_store(tmp_path / "all.backup")
        assert (DataSource.get_list(), enstorage.check()) == ([], [])
        monkeypatch.setattr(tempfile, "tempdir", None)
        enstorage.restore_store(tmp_path / "all.backup")
    connector.close()
    assert [each.name for each in disk.iterdir()] == ["ballast"]


def test_where_no_folder_takes_temporary_files_the_message_names_the_setting(monkeypatch):
    def refuse():
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "gettempdir", refuse)
    with (
        pytest.raises(EnstorageError, match=r"No usable temporary directory.*before is safe.*TMPDIR"),
        temporary_folder(),
    ):
        pass


def test_what_a_killed_writer_left_is_read_on_a_full_disk(disk, filled_folder, zygote):
    """Its last transactions are in the log beside the database file, and nowhere else."""
    folder = shutil.copytree(filled_folder[0], disk / "store")
    with Connector.in_folder(folder) as connector:
        Project.get(1).create_research("in the log alone")
        # As if the process had been killed: the files as they are now.
        files = {name: (folder / name).read_bytes() for name in ("enstorage.sqlite", "enstorage.sqlite-wal")}
    connector.close()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "enstorage.sqlite-shm").unlink(missing_ok=True)
    fill(disk)
    with Connector.in_folder(folder) as reader:
        assert [each.name for each in Project.get(1).researches()][-1] == "in the log alone"
    reader.close()


def test_a_disk_that_may_only_be_read_is_read(filled_folder, tmp_path):
    if os.geteuid():
        pytest.skip("A DISK CAN BE MOUNTED BY ROOT ONLY")
    folder, disk = shutil.copytree(filled_folder[0], tmp_path / "store"), tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "--bind", folder, disk], capture_output=True, text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"NO DISK CAN BE MOUNTED: {mounted.stderr.strip()}")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", disk], check=True)
        with Connector.in_folder(disk) as connector:
            assert enstorage.check() == []
            with pytest.raises(EnstorageError, match=r"can only be read.*Nothing was changed") as caught:
                DataSource(name="new").save()
            assert "\n" not in str(caught.value)
        connector.close()
    finally:
        subprocess.run(["umount", disk], check=True)
