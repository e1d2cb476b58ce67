"""Scenarios of steps that the workers of Dask execute: the same promises as those of child processes."""

import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest
from catching import free_port
from scenario_graphs import FOLDER, named, states

from enorchestrator import Dispatcher, PipelineDefinition, Timing, cancel, run_pipeline, save_pipeline
from enorchestrator.dispatch.read import details
from enorchestrator.executor.dask import DaskExecutor
from enorchestrator.task.state import RunState
from enstorage.errors import StoreError

QUICK = Timing(lease_seconds=2, renew_seconds=0.3, report_seconds=0.1, pause_seconds=0.2, busy_poll_seconds=0.1)


def start(store, folder, steps):
    made = {name: {**step, "kind": f"scenario_steps:{step['kind']}"} for name, step in steps.items()}
    definition = {"name": "dask", "parameters": {"folder": {"type": "string"}}, "steps": made}
    save_pipeline(PipelineDefinition.read(definition), connector=store)
    return run_pipeline("dask", {"folder": str(folder)}, connector=store)


def wait(condition, within=240):
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def over(store, run, within=240):
    end = time.monotonic() + within
    while not RunState((found := details(run.id, connector=store)).run.state).is_final:
        assert time.monotonic() < end, [states(found), *((each.exit_reason, each.log) for each in found.attempts)]
        time.sleep(0.02)
    return found


def lines(folder):
    file = folder / "executed"
    return file.read_text().splitlines() if file.exists() else []


def stubborn(name, **settings):
    return {"kind": "stubborn", "with": {"folder": FOLDER, "name": name}, **settings}


def pid_of(store, run, step):
    """The process that executes a step, once it has begun."""
    found = None

    def begun():
        nonlocal found
        shown = details(run.id, connector=store)
        (id,) = [each.id for each in shown.steps if each.name == step]
        found = next((each.pid for each in shown.attempts if each.step_id == id and each.exit_reason is None), None)
        return found is not None

    wait(begun)
    return found


@pytest.fixture
def dask(store):
    """A dispatcher over workers of Dask on this machine."""
    with Dispatcher(store, workers=2, timing=QUICK, executor=DaskExecutor) as dispatcher:
        yield dispatcher._executor


@pytest.fixture
def cluster():
    """A scheduler and two workers as processes of their own, which can be killed and started again."""
    made = Cluster(free_port())
    made.begin()
    yield made
    made.end()


class Cluster:
    def __init__(self, port):
        self.address, self._port = f"tcp://127.0.0.1:{port}", port
        self.scheduler, self.workers = None, []

    def begin(self):
        self.scheduler = self._process("scheduler", "--port", str(self._port), "--no-dashboard")
        self.workers = [
            self._process("worker", self.address, "--nthreads", "1", "--no-dashboard", "--no-nanny") for _ in range(2)
        ]

    def kill_scheduler(self):
        self.scheduler.kill()
        self.scheduler.wait()

    def end(self):
        for each in (*self.workers, self.scheduler):
            each.kill()
            each.wait()

    @staticmethod
    def _process(what, *arguments):
        code = f"from distributed.cli.dask_{what} import main; main()"
        settings = {
            "PYTHONPATH": str(Path(__file__).parent),
            "DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0",
            "DASK_DISTRIBUTED__COMM__TIMEOUTS__CONNECT": "5s",
        }
        return subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env=os.environ | settings,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )


@contextmanager
def at_work_over(store, cluster):
    """A dispatcher over a cluster."""
    end = time.monotonic() + 60
    while True:
        try:
            executor = partial(DaskExecutor, scheduler=cluster.address)
            dispatcher = Dispatcher(store, workers=2, timing=QUICK, executor=executor)
            break
        except StoreError:
            assert time.monotonic() < end
    with dispatcher:
        yield dispatcher


@pytest.mark.long
def test_a_run_is_executed_by_workers_of_dask(store, dask, tmp_path):
    steps = {"numbers": {"kind": "numbers", "with": {"count": 5}}}
    each = {"folder": FOLDER, "number": "${each}"}
    steps["squares"] = {"kind": "square", "for_each": "${numbers.result}", "with": each}
    steps["total"] = {"kind": "total", "with": {"folder": FOLDER, "values": "${squares.result}"}}
    found = over(store, start(store, tmp_path, steps))
    assert found.run.result == {"total": {"result": 55}}
    assert Counter(lines(tmp_path)) == Counter([*(f"square {number}" for number in range(1, 6)), "total of 5"])
    assert {each.executor for each in found.attempts} == {"dask"}
    assert all(each.pid and each.started_at and each.exit_reason == "succeeded" for each in found.attempts)


@pytest.mark.long
def test_what_workers_of_dask_execute_is_cancelled_hard_and_bounded_in_time(store, dask, tmp_path):
    run = start(store, tmp_path, {"holds": {"kind": "holds_the_interpreter", "with": {"folder": FOLDER}}})
    wait(lambda: lines(tmp_path) == ["holds"])
    pid = pid_of(store, run, "holds")
    began = time.monotonic()
    cancel(run.id, connector=store)
    found = over(store, run)
    assert time.monotonic() - began < 3
    assert found.run.state == RunState.CANCELLED
    assert not psutil.pid_exists(pid)
    found = over(store, start(store, tmp_path, {"slow": stubborn("never", timeout_seconds=0.5), "beside": named("b")}))
    assert states(found) == {"slow": "failed", "beside": "succeeded"}
    assert found.run.error["detail"] == "The work took more than 0.5 seconds, its limit, and was stopped."


@pytest.mark.long
def test_a_worker_of_dask_that_is_killed_is_an_attempt_of_the_machine_and_its_neighbour_goes_on(store, dask, tmp_path):
    run = start(store, tmp_path, {"first": stubborn("one"), "second": stubborn("two")})
    wait(lambda: sorted(lines(tmp_path)) == ["begun one", "begun two"])
    child = psutil.Process(pid_of(store, run, "first"))
    (worker,) = [each for each in worker_processes() if child in each.children(recursive=True)]
    worker.kill()
    wait(lambda: lines(tmp_path).count("begun one") == 2)
    assert not child.is_running()
    for name in ("one", "two"):
        (tmp_path / name).touch()
    found = over(store, run)
    assert found.run.state == RunState.SUCCEEDED
    assert [(each.user_attempts, each.infra_attempts) for each in found.steps] == [(0, 1), (0, 0)]
    assert Counter(lines(tmp_path)) == {"begun one": 2, "end of one": 1, "begun two": 1, "end of two": 1}


def worker_processes():
    """The workers of Dask that this process has started."""
    return [each for each in psutil.Process().children() if "spawn_main" in " ".join(each.cmdline())]


@pytest.mark.long
def test_a_scheduler_of_dask_that_is_killed_is_survived_and_nothing_finished_is_repeated(store, cluster, tmp_path):
    with at_work_over(store, cluster):
        chain = {
            f"step_{number}": named(f"step_{number}", *[f"step_{number - 1}"] * (number > 0)) for number in range(5)
        }
        run = start(
            store, tmp_path, chain | {"held": {**stubborn("held"), "needs": ["step_4"]}, "end": named("end", "held")}
        )
        wait(lambda: "begun held" in lines(tmp_path))
        cluster.kill_scheduler()
        wait(lambda: details(run.id, connector=store).steps[5].infra_attempts == 1)
        cluster.end()
        cluster.begin()
        wait(lambda: lines(tmp_path).count("begun held") == 2)
        (tmp_path / "held").touch()
        found = over(store, run)
    assert found.run.state == RunState.SUCCEEDED
    counts = Counter(lines(tmp_path))
    assert (counts.pop("begun held"), counts.pop("end of held")) == (2, 1)
    assert set(counts.values()) == {1}
    assert [each.exit_reason for each in found.attempts if each.step_id == found.steps[5].id] == ["lost", "succeeded"]


@pytest.mark.long
def test_a_worker_that_is_killed_while_it_starts_is_replaced(store, dask, tmp_path):
    wait(lambda: dask.children() == 1)
    first = set(worker_processes())
    run = start(store, tmp_path, {"one": stubborn("one"), "two": stubborn("two")})
    wait(lambda: len(worker_processes()) == 2)
    (second,) = set(worker_processes()) - first
    second.kill()
    wait(lambda: set(lines(tmp_path)) == {"begun one", "begun two"})  # both at once
    for name in ("one", "two"):
        (tmp_path / name).touch()
    assert over(store, run).run.state == RunState.SUCCEEDED


@pytest.mark.long
def test_what_dask_calls_twice_is_executed_once(store, tmp_path):
    """Dask executes a finished task again when its worker is lost: the claim has been used."""
    from claims import claimed
    from enorchestrator.task.child.body import run_step_once

    start(store, tmp_path, {"once": named("once")})
    (claim,) = claimed(store)
    run_step_once(store.settings, claim, False, QUICK, lambda: None)
    with pytest.raises(StoreError, match="had begun before"):
        run_step_once(store.settings, claim, False, QUICK, lambda: None)
    assert lines(tmp_path) == ["once"]


def test_a_scheduler_that_does_not_answer_is_an_error_that_says_so(store, monkeypatch):
    monkeypatch.setattr("enorchestrator.executor.dask._CONNECT_SECONDS", 0.3)
    with pytest.raises(StoreError, match=r"The scheduler of Dask tcp://127.0.0.1:1 does not answer"):
        Dispatcher(store, executor=partial(DaskExecutor, scheduler="tcp://127.0.0.1:1"))
