"""`enstorage orchestrator …`: a process that executes runs and schedules, seen and stopped by others."""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from enorchestrator import Orchestrator, PipelineDefinition, cancel, run_pipeline, save_pipeline, submit
from enorchestrator.dispatch.owner import Owner
from enorchestrator.dispatch.read import details
from enorchestrator.service import orchestrator as service
from enorchestrator.service.presence import appear, present
from enstorage import Connector

SCENARIOS = Path(__file__).parents[1] / "scenarios"


@pytest.fixture
def store(enstorage):
    with Connector.in_folder("enstorage-data") as connector:
        yield connector
    connector.close()


@pytest.fixture
def processes():
    """Ids of processes that are killed at the end, should they be there."""
    ids = []
    yield ids
    for id in ids:
        with suppress(ProcessLookupError):
            os.kill(id, signal.SIGKILL)


def until(condition, within=60):
    end = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.05)
    return found


def waiting(tmp_path, name="go"):
    """A run of one step that waits for a file."""
    step = {"kind": "scenario_steps:until", "with": {"folder": str(tmp_path), "name": name}}
    save_pipeline(PipelineDefinition.read({"name": "waits", "steps": {"wait": step}}))
    return run_pipeline("waits")


@pytest.mark.long
def test_an_orchestrator_in_the_background_is_seen_and_stopped_when_its_work_is_done(
    enstorage, store, tmp_path, processes, monkeypatch
):
    monkeypatch.setenv("PYTHONPATH", str(SCENARIOS))
    monkeypatch.syspath_prepend(str(SCENARIOS))
    status, output, _ = enstorage("orchestrator", "status")
    assert status == 1
    assert output.startswith("Nobody executes runs of this store. Start one: enstorage orchestrator start --detach\n")
    assert enstorage("orchestrator", "stop")[1] == "No orchestrator is at work.\n"
    made, later = waiting(tmp_path), submit("check", {})
    status, output, errors = enstorage("orchestrator", "start", "--detach", "--workers", "1", "--json")
    assert status == 0, errors
    started = json.loads(output)
    processes.append(started["pid"])
    found = until(lambda: (told := json.loads(enstorage("orchestrator", "status", "--json")[1]))["children"] and told)
    until(lambda: details(made.id).attempts[0].pid)
    found = json.loads(enstorage("orchestrator", "status", "--json")[1])
    (dispatcher,) = found["dispatchers"]
    assert (dispatcher["pid"], dispatcher["program"], dispatcher["workers"]) == (started["pid"], "orchestrator", 1)
    assert (found["is_at_work"], found["queue"]["running"], found["queue"]["ready"]) == (True, 1, 1)
    (child,) = found["children"]
    assert (child["run_id"], child["step"], child["owner"]) == (made.id, "wait", dispatcher["owner"])
    assert psutil.Process(child["pid"]).status()
    status, output, _ = enstorage("orchestrator", "status")
    assert status == 0
    assert "Steps: 1 executed, 1 ready, the oldest since" in output
    stopping = subprocess.Popen([sys.executable, "-m", "enstorage", "orchestrator", "stop"], stdout=subprocess.PIPE)
    until(lambda: present(store)[0].state == "stopping")
    time.sleep(3)  # it looks once a second
    (tmp_path / "go").touch()
    assert stopping.communicate(timeout=60)[0] == b"Stopped 1 orchestrator.\n"
    assert details(made.id).run.state == "succeeded"
    assert details(later.id).run.state == "ready"  # it was drained
    assert present(store) == []
    until(lambda: not psutil.pid_exists(started["pid"]) or psutil.Process(started["pid"]).status() == "zombie")


@pytest.mark.long
def test_what_runs_after_the_grace_period_is_stopped_and_not_lost(enstorage, store, tmp_path, processes, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(SCENARIOS))
    monkeypatch.syspath_prepend(str(SCENARIOS))
    made = waiting(tmp_path)
    processes.append(json.loads(enstorage("orchestrator", "start", "--detach", "--json")[1])["pid"])
    until(lambda: details(made.id).attempts and details(made.id).attempts[0].pid)
    assert enstorage("orchestrator", "stop", "--grace", "0.2")[1] == "Stopped 1 orchestrator.\n"
    found = details(made.id)
    assert (found.run.state, found.steps[0].state, found.steps[0].infra_attempts) == ("ready", "ready", 0)


@pytest.mark.long
def test_term_stops_an_orchestrator(store, tmp_path, processes):
    process = subprocess.Popen(
        [sys.executable, "-m", "enstorage", "orchestrator", "start"], stdout=subprocess.PIPE, text=True
    )
    processes.append(process.pid)
    assert process.stdout.readline().startswith("The orchestrator is at work with 2 workers, process ")
    process.send_signal(signal.SIGTERM)
    assert process.communicate(timeout=60)[0] == "The orchestrator has stopped.\n"
    assert (process.returncode, present(store)) == (0, [])


def test_one_that_was_killed_is_lost_and_its_row_goes_with_the_next_one(enstorage, store):
    gone = Owner("elsewhere", 7, 7, 1)
    appear(store, gone, "orchestrator", 2)
    assert [each.state for each in present(store)] == ["working"]
    here = Owner.here(1)
    appear(store, Owner(here.host, here.pid, here.started - 5, 1), "serve", 2)
    assert [each.state for each in present(store)] == ["working", "lost"]
    with Orchestrator(store, workers=1):
        assert [(each.host, each.state) for each in present(store)] == [
            ("elsewhere", "working"),
            (here.host, "working"),
        ]
    assert [each.host for each in present(store)] == ["elsewhere"]


def test_an_orchestrator_that_does_not_start_says_why(enstorage, store, monkeypatch):
    monkeypatch.setenv("ENSTORAGE_DATABASE", "sqlite:///nowhere/enstorage.sqlite")
    status, _, errors = enstorage("orchestrator", "start", "--detach")
    assert (status, "There is no store in" in errors) == (1, True)
    monkeypatch.delenv("ENSTORAGE_DATABASE")
    status, _, errors = enstorage("orchestrator", "start", "--detach", "--log", "nowhere/log")
    assert (status, errors.startswith("error: The file nowhere/log cannot be written")) == (1, True)


def test_a_dispatcher_that_turns_no_more_gives_no_heartbeat(store, monkeypatch):
    monkeypatch.setattr(service, "BEAT_SECONDS", 0.05)
    monkeypatch.setattr(service, "LOOK_SECONDS", 0.02)
    with Orchestrator(store, workers=1) as orchestrator:
        first = present(store)[0].heartbeat_at
        until(lambda: present(store)[0].heartbeat_at > first)
        monkeypatch.setattr(service, "_STUCK_SECONDS", -1.0)
        time.sleep(0.2)
        still = present(store)[0].heartbeat_at
        time.sleep(0.3)
        assert present(store)[0].heartbeat_at == still
        assert not orchestrator.wait(0)


def test_a_run_is_cancelled_while_the_orchestrator_drains(store, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(SCENARIOS))
    made = waiting(tmp_path)
    orchestrator = Orchestrator(store, workers=1).start()
    until(lambda: details(made.id).attempts and details(made.id).attempts[0].pid)
    cancel(made.id)
    orchestrator.stop(30)
    assert details(made.id).run.state == "cancelled"
