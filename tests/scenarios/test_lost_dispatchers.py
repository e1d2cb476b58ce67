"""Scenarios of dispatchers that are killed, that freeze, and that lose their database, on every database."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest
from scenario_graphs import FOLDER, named, states

from enorchestrator import Dispatcher, PipelineDefinition, Timing, run_pipeline, save_pipeline
from enorchestrator.dispatch.read import details
from enorchestrator.task.state import RunState
from enstorage.database import engine as database_engine

QUICK = {"lease_seconds": 0.6, "renew_seconds": 0.15, "report_seconds": 0.05, "pause_seconds": 0.1}
SERVER = """
import socket, sys, time
if sys.argv[4]:
    socket.gethostname = lambda: sys.argv[4]
from enorchestrator import Dispatcher, Timing
from enstorage import Connector
if __name__ == "__main__":
    with Dispatcher(Connector(*sys.argv[1:4]), workers=2, timing=Timing(**{times!r})):
        print("at work", flush=True)
        time.sleep(600)
"""


@pytest.fixture
def server(store, tmp_path):
    """A function that starts a process with a dispatcher, as if on another machine if that is named."""
    started = []
    (tmp_path / "server.py").write_text(SERVER.replace("{times!r}", repr(QUICK)))

    def start(host=""):
        process = subprocess.Popen(
            [sys.executable, tmp_path / "server.py", *store.settings, host],
            stdout=subprocess.PIPE,
            stderr=(tmp_path / "errors").open("a"),
            text=True,
            start_new_session=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
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


def start(store, folder, steps):
    made = {name: {**step, "kind": f"scenario_steps:{step['kind']}"} for name, step in steps.items()}
    definition = {"name": "lost", "parameters": {"folder": {"type": "string"}}, "steps": made}
    save_pipeline(PipelineDefinition.read(definition), connector=store)
    return run_pipeline("lost", {"folder": str(folder)}, connector=store)


def wait(condition, within=60):
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def over(store, run, within=60):
    wait(lambda: RunState(details(run.id, connector=store).run.state).is_final, within)
    return details(run.id, connector=store)


def lines(folder):
    file = folder / "executed"
    return file.read_text().splitlines() if file.exists() else []


def stubborn(name):
    return {"kind": "stubborn", "with": {"folder": FOLDER, "name": name}}


class LostDispatcherContract:
    """The promises, whatever database keeps the queue."""

    def test_a_dispatcher_that_is_killed_is_followed_by_one_that_repeats_what_was_running_alone(
        self, store, server, tmp_path
    ):
        first = server()
        chain = {
            f"step_{number}": named(f"step_{number}", *[f"step_{number - 1}"] * (number > 0)) for number in range(8)
        }
        last = {"held": {**stubborn("held"), "needs": ["step_7"]}, "end": named("end", "held")}
        run = start(store, tmp_path, chain | last)
        wait(lambda: "begun held" in lines(tmp_path))
        os.kill(first.pid, signal.SIGKILL)
        first.wait()
        server()
        wait(lambda: lines(tmp_path).count("begun held") == 2)
        (tmp_path / "held").touch()
        found = over(store, run)
        assert found.run.state == RunState.SUCCEEDED
        counts = Counter(lines(tmp_path))
        assert counts.pop("begun held") == 2
        assert counts.pop("end of held") == 1
        assert set(counts.values()) == {1}
        assert len(counts) == 9
        by_name = {step.name: step for step in found.steps}
        assert (by_name["held"].infra_attempts, by_name["held"].user_attempts) == (1, 0)

    def test_a_dispatcher_that_freezes_beyond_its_lease_loses_its_step_to_another_one(self, store, server, tmp_path):
        frozen = server()
        run = start(store, tmp_path, {"held": stubborn("held"), "end": named("end", "held")})
        wait(lambda: details(run.id, connector=store).attempts and details(run.id, connector=store).attempts[0].pid)
        os.kill(frozen.pid, signal.SIGSTOP)
        with Dispatcher(store, workers=1, timing=Timing(**QUICK)):
            wait(lambda: len(details(run.id, connector=store).attempts) == 2)
            (tmp_path / "held").touch()
            found = over(store, run)
        assert [each.exit_reason for each in found.attempts] == ["lost", "succeeded", "succeeded"]
        assert "renewed its claim no more" in found.attempts[0].error["detail"]
        assert found.steps[0].infra_attempts == 1

    def test_the_late_result_of_a_claim_that_is_void_is_thrown_away_and_logged(self, store, server, tmp_path):
        frozen = server("another-machine")
        run = start(store, tmp_path, {"held": stubborn("held")})
        wait(lambda: "begun held" in lines(tmp_path))
        os.kill(frozen.pid, signal.SIGSTOP)
        with Dispatcher(store, workers=1, timing=Timing(**QUICK)):
            wait(lambda: lines(tmp_path).count("begun held") == 2)  # both children are at work
            (tmp_path / "held").touch()
            found = over(store, run)
            wait(lambda: lines(tmp_path).count("end of held") == 2)
        os.kill(frozen.pid, signal.SIGCONT)
        wait(lambda: "is void; its outcome was thrown away" in logs(store, run, tmp_path))
        after = details(run.id, connector=store)
        assert (after.run.state, after.run.result) == ("succeeded", found.run.result)
        assert [each.exit_reason for each in after.attempts] == ["lost", "succeeded"]
        assert after.steps[0].fence == 2


def logs(store, run, folder):
    """All that the processes printed: what the children did, and what the server did."""
    kept = "".join(each.log for each in details(run.id, connector=store).attempts)
    return kept + (folder / "errors").read_text()


class TestLostDispatchersOnSqlite(LostDispatcherContract):
    database = "sqlite"


class TestLostDispatchersOnMariaDb(LostDispatcherContract):
    database = "mariadb"


class TestLostDispatchersOnPostgresql(LostDispatcherContract):
    database = "postgresql"


def test_a_database_that_is_locked_pauses_the_work_and_nothing_is_lost(store, tmp_path, monkeypatch, caplog):
    monkeypatch.setattr(database_engine, "BUSY_SECONDS", 0.2)
    path = store.database.url.database
    from enstorage import Connector

    with Connector(*store.settings) as patient, Dispatcher(patient, workers=2, timing=Timing(**QUICK)):
        run = start(patient, tmp_path, {"held": stubborn("held"), "end": named("end", "held")})
        wait(lambda: "begun held" in lines(tmp_path))
        locking = sqlite3.connect(path, isolation_level=None)
        locking.execute("BEGIN IMMEDIATE")
        (tmp_path / "held").touch()
        wait(lambda: "end of held" in lines(tmp_path))
        wait(lambda: "The store cannot be worked with now; it is tried again." in caplog.text)
        assert states(details(run.id, connector=patient)) == {"held": "running", "end": "waiting"}
        locking.execute("ROLLBACK")
        found = over(patient, run)
        locking.close()
    patient.close()
    assert found.run.state == RunState.SUCCEEDED
    assert Counter(lines(tmp_path)) == {"begun held": 1, "end of held": 1, "end": 1}
    assert [each.infra_attempts for each in found.steps] == [0, 0]
