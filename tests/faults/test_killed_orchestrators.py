"""Orchestrators, their child processes and workers of Dask killed at random moments: nothing finished is repeated, nothing
is lost or stays claimed, and every event is told."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import psutil
import pytest
from amount import KILLS, SEED
from sqlalchemy import select
from test_full_disk import SmallDisk

import servers
from enorchestrator import (
    PipelineDefinition,
    create_rule,
    list_notices,
    orchestrator_status,
    retry,
    run_pipeline,
    save_pipeline,
    stop_orchestrators,
)
from enorchestrator.dispatch.read import details
from enorchestrator.task.state import RunState
from enstorage import Connector
from enstorage.ledger import Attempt, RunStep

sys.path.append(str(Path(__file__).parents[1] / "scenarios"))
from catching import HookCatcher

HERE = Path(__file__).parent
MODULE = "tortured_steps"
#: Of the orchestrators: lost claims are found soon.
QUICK = {
    "ENSTORAGE_LEASE_SECONDS": "3",
    "ENSTORAGE_RENEW_SECONDS": "0.5",
    "ENSTORAGE_PAUSE_SECONDS": "0.2",
    "ENSTORAGE_REPORT_SECONDS": "0.1",
}
_PATIENCE = 900
WAYS = {
    "local": "two orchestrators",
    "clock": "two orchestrators whose clocks jump by up to two hours",
    "dask": "an orchestrator over Dask",
}


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """What this process and those that it starts read."""
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ENSTORAGE_STEP_MODULES", MODULE)
    monkeypatch.setenv("PYTHONPATH", str(HERE), prepend=os.pathsep)


class Fleet:
    """Orchestrators as processes of their own, each started anew when it was killed.

    Args:
        store: that they work on.
        folder: for their messages.
        executors: "local" or "dask", of each.
        seed: of the jumps of their clocks; empty for none.
    """

    def __init__(self, store, folder, executors, seed=""):
        self._store, self._folder, self._executors, self._seed = store, folder, executors, seed
        self._processes = [self._start(each) for each in executors]

    def _start(self, executor):
        return subprocess.Popen(
            [sys.executable, HERE / "tortured_orchestrator.py", *self._store.settings, executor, self._seed],
            stdout=subprocess.DEVNULL,
            stderr=(self._folder / "errors").open("a"),
            start_new_session=True,
        )

    def kill_one(self, chance):
        """Kill an orchestrator without a warning, and start another one."""
        place = chance.randrange(len(self._processes))
        self._processes[place].kill()
        self._processes[place].wait()
        self._processes[place] = self._start(self._executors[place])

    def dask_workers(self):
        """The processes of the workers of Dask."""
        found = []
        for each, executor in zip(self._processes, self._executors, strict=True):
            with suppress(psutil.Error):
                if executor == "dask":
                    found += [
                        one for one in psutil.Process(each.pid).children() if "spawn_main" in " ".join(one.cmdline())
                    ]
        return found

    def end(self):
        """Stop all, and wait until they and all that they started are gone."""
        family = []
        for each in self._processes:
            with suppress(psutil.Error):
                family += psutil.Process(each.pid).children(recursive=True)
        stop_orchestrators(20, connector=self._store)
        for each in self._processes:
            with suppress(subprocess.TimeoutExpired):
                each.wait(30)
            if each.poll() is None:
                each.kill()
                each.wait()
        psutil.wait_procs(family, timeout=20)
        return [each for each in family if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


def begin(store, folder, steps, milliseconds):
    """Runs of at most 100 steps each; returns them with the results that they are to have."""
    parts = {
        "folder": "${folder}",
        "number": "${each}",
        "milliseconds": "${milliseconds}",
    }
    definition = {
        "name": "tortured",
        "parameters": {
            "folder": {"type": "string"},
            "first": {"type": "integer"},
            "count": {"type": "integer"},
            "milliseconds": {"type": "integer"},
        },
        "steps": {
            "numbers": {"kind": f"{MODULE}:numbers", "with": {"first": "${first}", "count": "${count}"}},
            "squares": {"kind": f"{MODULE}:square", "for_each": "${numbers.result}", "with": parts},
            "total": {"kind": f"{MODULE}:total", "with": {"values": "${squares.result}"}},
        },
    }
    save_pipeline(PipelineDefinition.read(definition), connector=store)
    runs = {}
    for first in range(0, steps, 100):
        count = min(100, steps - first) - 2
        given = {"folder": str(folder), "first": first, "count": count, "milliseconds": milliseconds}
        run = run_pipeline("tortured", given, connector=store)
        runs[run.id] = sum(number**2 for number in range(first, first + count))
    return runs


def states(store, runs):
    return [RunState(details(id, connector=store).run.state) for id in runs]


def victim(store):
    """The process of a step that was not lost before, on this machine; None for none."""
    with store.database.reading() as session:
        found = session.scalars(
            select(Attempt.pid)
            .join(RunStep, (RunStep.id == Attempt.step_id) & (RunStep.fence == Attempt.fence))
            .where(RunStep.state == RunState.RUNNING, RunStep.infra_attempts == 0, Attempt.pid.is_not(None))
        ).all()
    return next(iter(found), None)


def kill_child(store, chance, within=10):
    """Kill the process of a step; false if none was at work for long enough."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        if (pid := victim(store)) is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                return True
        time.sleep(chance.uniform(0.01, 0.05))
    return False


def finish(store, runs, within=_PATIENCE):
    """Wait until all runs have succeeded; one whose step was quarantined is tried again. Returns how many were."""
    end, retried = time.monotonic() + within, 0
    while (found := states(store, runs)) != [RunState.SUCCEEDED] * len(runs):
        assert time.monotonic() < end, Counter(found)
        for id, state in zip(runs, found, strict=True):
            if state == RunState.FAILED:
                retry(id, connector=store)
                retried += 1
        time.sleep(0.2)
    return retried


def check(store, runs, folder):
    """What has to hold in the end; returns the numbers of attempts by their ends."""
    for id, expected in runs.items():
        assert details(id, connector=store).run.result == {"total": {"result": expected}}
    with store.database.reading() as session:
        steps = {step.id: step for step in session.scalars(select(RunStep))}
        attempts = session.scalars(select(Attempt)).all()
    executed = [step for step in steps.values() if step.fence]
    assert {step.state for step in steps.values()} == {RunState.SUCCEEDED}
    assert [step.name for step in steps.values() if step.owner or step.lease_until] == []  # no reservation
    # Each has succeeded once, and nothing was attempted after that.
    succeeded = Counter(each.step_id for each in attempts if each.exit_reason == "succeeded")
    assert succeeded == Counter(step.id for step in executed)
    for each in attempts:
        assert each.exit_reason is not None
        assert (each.exit_reason == "succeeded") == (each.fence == steps[each.step_id].fence)
    begun = Counter(line for line in (folder / "executed").read_text().splitlines() if line.startswith("begun"))
    fences = {step.settings["item"]: step.fence for step in executed if step.parent_id is not None}
    assert {int(line.split()[1]) for line in begun} == set(fences)
    assert all(times <= fences[int(line.split()[1])] for line, times in begun.items())
    found = orchestrator_status(connector=store)
    assert (found.queue.running, found.queue.ready, found.queue.waiting, found.children) == (0, 0, 0, [])
    return Counter(each.exit_reason for each in attempts)


#: How many steps, how often a process is killed, and how long a step takes at most.
AMOUNTS = {
    "local": (1000, KILLS * 7 // 10, 1500) if KILLS else (60, 8, 2000),
    "clock": (200, KILLS // 10, 1500) if KILLS else (40, 2, 2000),
    "dask": (200, KILLS // 5, 2000) if KILLS else (12, 2, 2000),
}


#: Kills of each kind of process beside those of the others.
SHARES = {"orchestrator": 1, "child": 2, "worker": 2}


def next_kind(killed, way, chance):
    """The kind of process that is furthest behind its share of the kills."""
    kinds = [each for each in SHARES if each != "worker" or way == "dask"]
    return min(chance.sample(kinds, len(kinds)), key=lambda each: killed[each] / SHARES[each])


@pytest.mark.parametrize("way", AMOUNTS)
def test_what_is_killed_is_executed_again_and_what_is_finished_is_not(
    store, tmp_path, chance, figures, monkeypatch, way
):
    steps, kills, milliseconds = AMOUNTS[way]
    hook = HookCatcher()
    monkeypatch.setenv("ENSTORAGE_NOTIFY_HOOK", hook.address)
    create_rule("all", "hook", events=["run.succeeded"], connector=store)
    killed = Counter()
    with figures("orchestrators", WAYS[way]) as row:
        runs = begin(store, tmp_path, steps, milliseconds)
        fleet = Fleet(store, tmp_path, ["dask"] if way == "dask" else ["local"] * 2, SEED if way == "clock" else "")
        try:
            while killed.total() < kills and not all(each.is_final for each in states(store, runs)):
                time.sleep(chance.expovariate(2.0))
                what = next_kind(killed, way, chance)
                if what == "child":
                    killed[what] += kill_child(store, chance)
                elif victim(store) is None:
                    continue  # what was started last has not come to work yet
                elif what == "orchestrator":
                    fleet.kill_one(chance)
                    killed[what] += 1
                elif workers := fleet.dask_workers():
                    with suppress(psutil.Error):
                        chance.choice(workers).kill()
                        killed[what] += 1
            retried = finish(store, runs)
            end = time.monotonic() + 120
            while list_notices(state="waiting", connector=store) or not list_notices(connector=store):
                assert time.monotonic() < end
                time.sleep(0.2)
        finally:
            left = fleet.end()
        ends = check(store, runs, tmp_path)
        told = Counter(body for _, body in hook.messages)
        notices = list_notices(state="sent", connector=store, limit=10_000)
        row |= {
            "steps": steps,
            "killed": dict(killed),
            "ends": dict(ends),
            "retried": retried,
            "events": len(notices),
            "told_twice": len(hook.messages) - len(notices),
        }
    hook.stop()
    print(row)
    assert left == []
    assert len(notices) == len(runs)  # one for each event, whoever looked
    assert len({notice.dedupe_key for notice, _ in notices}) == len(notices)
    assert len(told) >= 1
    assert killed.total() >= min(kills, 2)
    if kills > 10:  # each kind had its share
        assert all(killed[each] >= killed.total() // 10 for each in SHARES if each != "worker" or way == "dask")


@pytest.fixture(params=["mariadb", "postgresql"])
def server(request):
    """An instance of its own, which may be killed."""
    folder = tempfile.mkdtemp(prefix="enstorage-server-")
    made = servers.KINDS[request.param](folder).start()
    made.create_database("away")
    yield made
    if made.process.poll() is None:
        made.stop(signal.SIGKILL)
    shutil.rmtree(folder)


def test_a_database_that_is_away_delays_the_work_and_nothing_is_lost(server, tmp_path, figures):
    away_seconds = 30 if KILLS else 4
    store = Connector(server.url("away"), f"delta:{tmp_path}/series", f"file:{tmp_path}/objects")
    with figures("orchestrators", f"two orchestrators, {server.name} away for {away_seconds} s") as row:
        runs = begin(store, tmp_path, 40, milliseconds=400)
        fleet = Fleet(store, tmp_path, ["local", "local"])
        try:
            file = tmp_path / "executed"
            end = time.monotonic() + 120
            while not file.exists() or file.read_text().count("ended") < 8:
                assert time.monotonic() < end
                time.sleep(0.05)
            server.stop(signal.SIGKILL)
            time.sleep(away_seconds)
            server.start()
            retried = finish(store, runs)
        finally:
            left = fleet.end()
        ends = check(store, runs, tmp_path)
        row |= {"steps": 40, "killed": {}, "ends": dict(ends), "retried": retried, "events": 0, "told_twice": 0}
    print(row)
    store.close()
    assert left == []
    assert retried == 0


def test_a_full_disk_delays_the_work_and_nothing_is_lost(tmp_path, monkeypatch, figures):
    monkeypatch.setenv("ENSTORAGE_DISK_RESERVE_MB", "0")  # steps are not held back: the disk does fill up
    disk = SmallDisk(tmp_path / "disk")
    try:
        store = Connector.in_folder(disk.folder / "store")
        with figures("orchestrators", "two orchestrators, the disk full for 5 s") as row:
            runs = begin(store, tmp_path, 40, milliseconds=400)
            fleet = Fleet(store, tmp_path, ["local", "local"])
            try:
                file = tmp_path / "executed"
                end = time.monotonic() + 120
                while not file.exists() or file.read_text().count("ended") < 8:
                    assert time.monotonic() < end
                    time.sleep(0.05)
                with suppress(OSError):  # others fill it at the same time
                    disk.fill(left=0)
                time.sleep(5)
                disk.make_room()
                retried = finish(store, runs)
            finally:
                left = fleet.end()
            ends = check(store, runs, tmp_path)
            row |= {"steps": 40, "killed": {}, "ends": dict(ends), "retried": retried, "events": 0, "told_twice": 0}
        print(row)
        store.close()
        assert left == []
    finally:
        disk.close()
