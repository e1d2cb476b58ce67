"""Scenarios of processes that come and go: with the work, and with the time for which a machine is lent."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import psutil
import pytest
from scenario_graphs import FOLDER, named

from enorchestrator import Dispatcher, PipelineDefinition, Timing, run_pipeline, save_pipeline
from enorchestrator.dispatch.read import details
from enorchestrator.executor.dask import DaskExecutor
from enorchestrator.executor.local import LocalExecutor
from enorchestrator.task.state import RunState

QUICK = Timing(idle_seconds=0.8, report_seconds=0.1)


def start(store, folder, steps):
    made = {name: {**step, "kind": f"scenario_steps:{step['kind']}"} for name, step in steps.items()}
    definition = {"name": "scaled", "parameters": {"folder": {"type": "string"}}, "steps": made}
    save_pipeline(PipelineDefinition.read(definition), connector=store)
    return run_pipeline("scaled", {"folder": str(folder)}, connector=store)


def wait(condition, within=120):
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def state(store, run):
    return RunState(details(run.id, connector=store).run.state)


def lines(folder):
    file = folder / "executed"
    return file.read_text().splitlines() if file.exists() else []


def stubborn(name, *needs):
    return {"kind": "stubborn", "with": {"folder": FOLDER, "name": name}, "needs": list(needs)}


@pytest.mark.parametrize("executor", [LocalExecutor, pytest.param(DaskExecutor, marks=pytest.mark.long)])
def test_processes_are_started_for_a_backlog_and_ended_without_work_and_nothing_is_lost(store, tmp_path, executor):
    names = [f"step-{number}" for number in range(9)]
    with Dispatcher(store, workers=3, timing=QUICK, executor=executor) as dispatcher:
        port = dispatcher._executor
        wait(lambda: port.children() == 1)
        run = start(store, tmp_path, {name: stubborn(name) for name in names})
        wait(lambda: len(lines(tmp_path)) == 3)  # three at once, of nine
        time.sleep(0.5)
        assert (port.children(), len(lines(tmp_path)), port.capacity()) == (3, 3, 0)
        for name in names:
            (tmp_path / name).touch()
        wait(lambda: state(store, run).is_final)
        wait(lambda: port.children() == 1)
        again = start(store, tmp_path, {"after": named("after")})
        wait(lambda: state(store, again).is_final)
    assert [state(store, each) for each in (run, again)] == [RunState.SUCCEEDED, RunState.SUCCEEDED]
    done = [f"{what} {name}" for name in names for what in ("begun", "end of")]
    assert Counter(lines(tmp_path)) == Counter([*done, "after"])
    assert {each.fence for each in details(run.id, connector=store).attempts} == {1}


@pytest.fixture
def lent(store):
    """A function that starts an orchestrator on a machine that is lent for some seconds."""
    started = []

    def begin(wall_time, grace):
        command = [sys.executable, "-m", "enstorage", "orchestrator", "start", "--workers", "1", "--json"]
        bounds = ["--wall-time", str(wall_time), "--grace", str(grace)]
        settings = dict(zip(("DATABASE", "SERIES", "OBJECTS"), store.settings, strict=True))
        process = subprocess.Popen(
            [*command, *bounds],
            stdout=subprocess.PIPE,
            env=os.environ
            | {f"ENSTORAGE_{name}": url for name, url in settings.items()}
            | {"PYTHONPATH": str(Path(__file__).parent)},
            start_new_session=True,
        )
        started.append(process)
        assert process.stdout.readline() == b"{\n"  # it is at work
        return process

    yield begin
    for each in started:
        if each.poll() is None:
            os.killpg(each.pid, signal.SIGKILL)
        each.wait()
        each.stdout.close()


@pytest.mark.long
def test_an_orchestrator_near_its_last_second_claims_nothing_more_and_lets_end_what_runs(store, tmp_path, lent):
    began = time.monotonic()
    process = lent(wall_time=145, grace=120)
    near_its_end = time.monotonic() + 25
    run = start(store, tmp_path, {"held": stubborn("held"), "next": named("next", "held")})
    wait(lambda: lines(tmp_path) == ["begun held"], within=20)
    time.sleep(near_its_end - time.monotonic())
    (tmp_path / "held").touch()
    assert process.wait(60) == 0
    assert time.monotonic() - began < 140  # before it would be killed
    assert lines(tmp_path) == ["begun held", "end of held"]
    with Dispatcher(store, workers=1, timing=QUICK):
        wait(lambda: state(store, run).is_final)
    assert state(store, run) == RunState.SUCCEEDED
    assert lines(tmp_path) == ["begun held", "end of held", "next"]


@pytest.mark.long
@pytest.mark.parametrize("is_killed", [False, True], ids=["stopped", "killed"])
def test_what_an_orchestrator_executes_when_its_time_is_over_is_executed_by_the_next_one(
    store, tmp_path, lent, is_killed
):
    process = lent(*((3600, 10) if is_killed else (0.4, 0.2)))
    run = start(store, tmp_path, {"held": stubborn("held")})
    if is_killed:
        wait(lambda: (tried := details(run.id, connector=store).attempts) and tried[0].pid)
        os.kill(process.pid, signal.SIGKILL)
    process.wait(60)
    wait(
        lambda: not any(each.pid and psutil.pid_exists(each.pid) for each in details(run.id, connector=store).attempts)
    )
    begun = len(lines(tmp_path))
    (tmp_path / "held").touch()
    with Dispatcher(store, workers=1, timing=QUICK):
        wait(lambda: state(store, run).is_final)
    found = details(run.id, connector=store)
    assert (found.run.state, found.steps[0].infra_attempts) == ("succeeded", int(is_killed))
    assert Counter(lines(tmp_path)) == Counter({"begun held": begun + 1, "end of held": 1})
