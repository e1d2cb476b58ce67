"""Scenarios of a disk that is nearly full."""

import fcntl
import os
import shutil
import tempfile
import time
from multiprocessing import forkserver
from pathlib import Path

import pytest
from scenario_graphs import FOLDER, alerts, named

from enorchestrator import Dispatcher, PipelineDefinition, Timing, run_pipeline, save_pipeline
from enorchestrator.dispatch.read import details, events
from enorchestrator.task.state import RunState

#: So much is taken and freed again; others use the disk meanwhile.
SIZE = 4_000_000_000


def start(store, folder, steps):
    made = {name: {**step, "kind": f"scenario_steps:{step['kind']}"} for name, step in steps.items()}
    definition = {"name": "disk", "parameters": {"folder": {"type": "string"}}, "steps": made}
    save_pipeline(PipelineDefinition.read(definition), connector=store)
    return run_pipeline("disk", {"folder": str(folder)}, connector=store)


def wait(condition, within=120):
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def is_over(run):
    return RunState(details(run.id).run.state).is_final


def lines(folder):
    file = folder / "executed"
    return file.read_text().splitlines() if file.exists() else []


@pytest.fixture
def reserve(tmp_path, monkeypatch):
    """Keeps half of `SIZE` free beyond what is free now, so that it takes a file of that size to be too little.

    The tests take and free space one after the other, in whichever process they are.
    """
    with (Path(tempfile.gettempdir()) / "enstorage-tests-of-low-disks").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _keep_free(tmp_path, monkeypatch)
        yield


def _keep_free(tmp_path, monkeypatch):
    free = shutil.disk_usage(tmp_path).free
    if free < 3 * SIZE:
        pytest.skip("THE DISK HAS TOO LITTLE SPACE FOR A FILE OF 4 GB")
    monkeypatch.setenv("ENSTORAGE_DISK_RESERVE_MB", str((free - SIZE / 2) / 1e6))
    # Children have the environment of the process that they are forked from, which an earlier test may have started.
    forkserver._forkserver._stop()


def take_space(path):
    """A file that takes the space, without writing it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, SIZE)
    return path


def garbage(store):
    """An object that nothing has referred to for two days."""
    path = take_space(store.objects._path("ab" * 32))
    os.utime(path, (time.time() - 172_800,) * 2)
    return path


def test_steps_wait_while_the_disk_is_low_and_what_nobody_needs_is_freed(store, tmp_path, reserve):
    freed = garbage(store)
    run = start(store, tmp_path, {"work": named("work")})
    with Dispatcher(store, workers=1, timing=Timing()):
        wait(lambda: is_over(run))
    assert not freed.exists()
    assert details(run.id).run.state == RunState.SUCCEEDED
    assert alerts(run) == []


@pytest.mark.long
def test_people_are_told_where_the_disk_stays_low_and_the_work_goes_on_when_there_is_room(store, tmp_path, reserve):
    ballast = take_space(tmp_path / "ballast")
    run = start(store, tmp_path, {"work": named("work")})
    with Dispatcher(store, workers=1):
        wait(lambda: alerts(run))
        time.sleep(1.5)
        (alert,) = alerts(run)
        assert (alert["what"], alert["severity"], alert["step"]) == ("disk_low", "error", "work")
        assert "MB of the disk are free; expected at least" in alert["detail"]
        assert (details(run.id).run.state, lines(tmp_path)) == (RunState.READY, [])
        ballast.unlink()
        wait(lambda: is_over(run))
    assert (details(run.id).run.state, lines(tmp_path)) == (RunState.SUCCEEDED, ["work"])


@pytest.mark.long
def test_objects_are_not_written_while_the_disk_is_low(store, tmp_path, reserve):
    run = start(store, tmp_path, {"writes": {"kind": "writes_an_object", "with": {"folder": FOLDER}}})
    with Dispatcher(store, workers=1):
        wait(lambda: lines(tmp_path) == ["begun"])
        ballast = take_space(tmp_path / "ballast")
        (tmp_path / "write").touch()
        wait(lambda: any(each.data.get("what") == "Waiting for free disk space" for each in events(run.id)))
        assert lines(tmp_path) == ["begun"]
        ballast.unlink()
        wait(lambda: is_over(run))
    assert (details(run.id).run.state, lines(tmp_path)) == (RunState.SUCCEEDED, ["begun", "written"])
