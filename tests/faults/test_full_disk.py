"""A disk that is full: one error that says so, nothing half-written, and everything works again once there is room."""

import resource
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from amount import KILLS
from history import History
from kept import check_kept
from operations import OPERATIONS

import enstorage
from enstorage import Connector
from enstorage.errors import StoreError

_SIZE = 12_000_000
_TRIES = 100
_SHORT = {"save", "meta, buffered", "write", "compact", "create_snapshot", "save_object", "render", "delete"}
# What frees room needs none.
NAMES = [name for name in OPERATIONS if name != "gc" and (KILLS or name in _SHORT)]


class SmallDisk:
    """A file system of its own that a file fills up."""

    most = 100_000

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "tmpfs", folder],
            capture_output=True,
            text=True,
            check=False,
        )
        if mounted.returncode:
            pytest.skip(f"NO SMALL DISK CAN BE MOUNTED, which takes the rights of root: {mounted.stderr.strip()}")

    def fill(self, left):
        """Leave room for so many bytes."""
        with (self.folder / "ballast").open("wb") as ballast:
            ballast.write(b"x" * (shutil.disk_usage(self.folder).free - left))

    def make_room(self):
        (self.folder / "ballast").unlink()

    def close(self):
        subprocess.run(["umount", "--lazy", self.folder], check=True)


class SmallFiles:
    """No file may grow beyond a size: much as with a quota, but without the rights of root."""

    most = 2000

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self._limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    def fill(self, left):
        resource.setrlimit(resource.RLIMIT_FSIZE, (left, self._limits[1]))

    def make_room(self):
        resource.setrlimit(resource.RLIMIT_FSIZE, self._limits)

    def close(self):
        self.make_room()


@pytest.fixture(params=[SmallDisk, SmallFiles])
def disk(request, tmp_path):
    made = request.param(tmp_path / "disk")
    yield made
    made.close()


def write_until_refused(disk, operation, history, connector, chance):
    """Do an operation with ever another bit of room until that is not enough; returns the error."""
    for _ in range(_TRIES):
        number = history.next()
        operation.before(number)
        history.begun.append(number)
        disk.fill(int(disk.most * chance.random() ** 3))
        try:
            with operation.around():
                operation.do(number)
            connector.recorder.flush()
        except StoreError as error:
            history.cut.add(number)
            return error
        history.done.add(number)
        disk.make_room()
    return pytest.fail(f"The disk was not full in {_TRIES} times")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_full_disk_is_told_and_costs_nothing(name, disk, filled_folder, chance, figures):
    original, staying = filled_folder
    operation, history = OPERATIONS[name], History(name)
    folder = shutil.copytree(original, disk.folder / "store")
    with Connector.in_folder(folder) as connector, figures("full disk", name, way=type(disk).__name__) as row:
        try:
            message = str(write_until_refused(disk, operation, history, connector, chance))
            assert "disk" in message
            assert "\n" not in message
            row["refused"] = message
            with Connector.in_folder(folder) as reader:
                if not (operation.gathers or operation.opens):
                    history.check()
                    # What raises an error has changed nothing.
                    assert not history.cut & operation.there(sorted(history.done)).keys()
                check_kept(reader, staying)
        finally:
            disk.make_room()
        # What was gathered is not lost: it is written once there is room.
        connector.recorder.flush()
        if operation.gathers:
            history.done |= history.cut
        history.check()
        assert enstorage.check() == []
        history.do()
        history.check()
    connector.close()
    left = [path for path in Path(folder).rglob("*") if path.parent.name == "new" and path.is_file()]
    assert left == []


def test_gc_needs_no_room(disk, filled_folder):
    folder = shutil.copytree(filled_folder[0], disk.folder / "store")
    with Connector.in_folder(folder) as connector:
        OPERATIONS["gc"].before(1)
        disk.fill(0)
        sweep = enstorage.gc(delete=True, grace=timedelta(0))
        assert sweep.bytes > 0
        disk.make_room()
        assert enstorage.gc(grace=timedelta(0)).bytes == 0
        assert enstorage.check() == []
    connector.close()
