"""Long work from its submission to its result, through kills of the child, of the dispatcher and of both."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import psutil
import pytest

from enorchestrator import Dispatcher, Limits, cancel, events, submit
from enorchestrator.dispatch.read import details
from enstorage import Connector, DataSource, Ensemble, Model, Project
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError, NotSupportedError
from entrainer.networks import TLFN, Estimator
from solar import yearly

ENDLESS = {"models": [3], "training": {"epochs": 50_000_000}}


def fill():
    source = DataSource(name="Sun", time_interval="1y").save()
    source.write(*yearly(60))
    preparation = source.create_snapshot().create_preparation("drop", "minmax", 0.5, 0.2, 0.3)
    data_sets = [preparation.create_set(Window(lag)) for lag in (2, 3)]
    project = Project(name="Sun", data_source=source).save()
    research = project.create_research("Members", preparation)
    for number, (network, data_set) in enumerate(
        [(Estimator("Ridge"), data_sets[0]), (Estimator("Ridge"), data_sets[1]), (TLFN(hidden=(3,)), data_sets[0])], 1
    ):
        research.create_model(f"model {number}", network).data_set(data_set)
    project.create_ensemble("voting", models=Model.get_list([1, 2]), name="Both")


@pytest.fixture
def filled_with():
    return fill


def wait_until(condition, within=60):
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def child_of(run):
    """The process id of the child that executes a run, once there is one."""
    wait_until(lambda: details(run.id).attempts and details(run.id).attempts[-1].pid is not None)
    return details(run.id).attempts[-1].pid


def kinds_of(run):
    return [event.kind for event in events(run.id)]


@pytest.mark.long
def test_models_are_trained_and_an_ensemble_is_rendered(dispatcher, over):
    fitted = over(submit("fit", {"models": [1, 2, 3], "training": {"epochs": 40}, "seeds": 7}, created_by="ada")).run
    assert (fitted.state, fitted.title) == ("succeeded", "Fit models 1, 2, 3")
    assert fitted.result["models"][2] == {
        "id": 3,
        "name": "model 3",
        "loss": Model.get(3).meta("loss"),
        "epochs": 40,
        "stopped": None,
        "seconds": Model.get(3).meta("seconds"),
    }
    curves = [event.data for event in events(fitted.id) if event.kind == "partial"][-1]
    assert curves["name"] == "curves"
    assert [curve["epochs"] for curve in curves["data"]["models"]] == [list(range(1, 41))]
    rendered = over(submit("render", {"ensemble": 1})).run
    assert rendered.result["metrics"] == Ensemble.get(1).metrics()
    assert kinds_of(rendered)[0] == "state"
    assert kinds_of(rendered)[-2:] == ["state", "result"]
    assert [event.data["state"] for event in events(rendered.id) if event.kind == "state"] == [
        "ready",
        "running",
        "succeeded",
    ]


@pytest.mark.long
def test_a_table_is_forecast_with_a_leaderboard_on_the_way(store, dispatcher, over):
    table = "time,value\n" + "".join(
        f"{1700 + year}-01-01,{50 + 40 * np.sin(year / 11 * 2 * np.pi):.3f}\n" for year in range(60)
    )
    upload = store.objects.put(table.encode())
    file = {"object": upload, "name": "../sun.csv"}
    run = submit("autoforecast", {"file": file, "horizon": 3, "networks": ["mlp"]})
    found = over(run).run
    assert found.state == "succeeded", found.error
    assert len(found.result["series"][0]["forecast"]) == 3
    assert store.objects.get(found.result["file"]["object"]).startswith(b"series,time,step,quantile,value")
    boards = [event.data["data"] for event in events(run.id) if event.kind == "partial"]
    assert "MLP over all series" in {each["name"] for each in boards[-1]["members"]}


def test_work_that_fails_tells_why_and_keeps_its_log(dispatcher, over):
    run = submit("render", {"ensemble": 1})
    found = over(run)
    assert found.run.state == "failed"
    assert found.run.error["title"] == "InvalidInputError"
    assert "model 1" in found.run.error["detail"]
    assert found.attempts[0].exit_reason == "error"
    wait_until(lambda: details(run.id).attempts[0].log)
    assert "The work ended by an error." in details(run.id).attempts[0].log
    assert found.steps[0].user_attempts == 1


@pytest.mark.long
def test_training_that_is_cancelled_keeps_what_is_finished(dispatcher, over):
    run = submit("fit", ENDLESS)
    wait_until(lambda: "partial" in kinds_of(run))
    cancel(run.id)
    found = over(run)
    assert (found.run.state, found.attempts[0].exit_reason) == ("cancelled", "cancelled")
    assert Model.get(3).meta("stopped") == "interrupted"


def test_a_child_that_is_killed_is_replaced_once_then_the_run_fails(dispatcher, over):
    run = submit("fit", ENDLESS)
    first = child_of(run)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: len(details(run.id).attempts) == 2)
    second = child_of(run)
    assert second != first
    os.kill(second, signal.SIGKILL)
    found = over(run)
    assert (found.run.state, found.steps[0].infra_attempts) == ("failed", 2)
    assert found.run.error["detail"].endswith("with signal 9 (SIGKILL). It was executed 2 times.")


def test_a_run_that_takes_too_long_fails(store, over):
    with Dispatcher(store, limits=Limits(timeout_seconds=2)):
        found = over(submit("fit", ENDLESS)).run
    assert found.error == {
        "title": "Out of time",
        "detail": "The work took more than 2 seconds, its limit, and was stopped.",
    }


def test_what_was_running_when_the_dispatcher_stopped_is_taken_up_by_the_next_one(store, over):
    with Dispatcher(store):
        run = submit("fit", ENDLESS)
        child_of(run)
    found = details(run.id)
    assert (found.run.state, found.steps[0].infra_attempts) == ("ready", 0)
    with Dispatcher(store):
        child_of(run)
        wait_until(lambda: details(run.id).run.state == "running")
        cancel(run.id)
        assert over(run).run.state == "cancelled"


SERVER = """
import sys, time
from enorchestrator import Dispatcher
from enstorage import Connector
if __name__ == "__main__":
    with Dispatcher(Connector.in_folder(sys.argv[1]), workers=1):
        print("at work", flush=True)
        time.sleep(600)
"""


@pytest.fixture
def server(store, tmp_path):
    """A function that starts a process with a dispatcher."""
    started = []
    (tmp_path / "server.py").write_text(SERVER)
    folder = Path(store.settings.objects.removeprefix("file:")).parent

    def start():
        process = subprocess.Popen(
            [sys.executable, tmp_path / "server.py", folder], stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        started.append(process)
        assert process.stdout.readline() == "at work\n"
        return process

    yield start
    for each in started:
        if each.poll() is None:
            os.killpg(each.pid, signal.SIGKILL)
        each.wait()
        each.stdout.close()


@pytest.mark.long
def test_a_server_that_is_killed_loses_nothing_and_repeats_nothing(store, server, over):
    first = server()
    finished = [over(submit("gc", {})) for _ in range(2)]
    running = submit("fit", ENDLESS)
    waiting = submit("check", {})
    child = child_of(running)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    wait_until(lambda: not psutil.pid_exists(child), within=10)
    server()
    wait_until(lambda: len(details(running.id).attempts) == 2)
    cancel(running.id)
    over(running)
    assert over(waiting).run.state == "succeeded"
    found = details(running.id)
    assert [attempt.exit_reason for attempt in found.attempts] == ["lost", "cancelled"]
    assert found.steps[0].infra_attempts == 1
    for before in finished:
        after = details(before.run.id)
        assert (after.run.result, after.run.finished_at) == (before.run.result, before.run.finished_at)
        assert len(after.attempts) == 1


@pytest.mark.long
def test_runs_of_two_servers_are_executed_once_each(server, over):
    server()
    server()
    runs = [submit("gc", {}) for _ in range(10)]
    for run in runs:
        found = over(run)
        assert (found.run.state, len(found.attempts)) == ("succeeded", 1)


def test_a_dispatcher_has_workers_and_a_store_that_children_can_open(store, tmp_path):
    with pytest.raises(InvalidInputError, match="workers is 0; expected an integer of at least 1"):
        Dispatcher(store, workers=0)
    with pytest.raises(NotSupportedError, match="is in the memory of this process"):
        Dispatcher(Connector(f"sqlite:///{tmp_path}/a.sqlite", "memory:", f"file:{tmp_path}/objects"))
