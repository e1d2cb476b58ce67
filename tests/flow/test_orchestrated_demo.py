"""`enstorage demo --orchestrated`: a child and then the whole process are killed, and the next call goes on."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

from enorchestrator.dispatch.read import details, list_runs
from enstorage import Connector
from enstorage.errors import EnstorageError

pytestmark = pytest.mark.long


def start(folder):
    command = [sys.executable, "-m", "enstorage", "demo", "--orchestrated", "--output", str(folder)]
    environment = {**os.environ, "COLUMNS": "200", "JAX_DISABLE_MOST_OPTIMIZATIONS": "false"}
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)


def until(folder, condition, process, within=240):
    """The run as soon as the condition holds for it."""
    end = time.monotonic() + within
    while time.monotonic() < end and process.poll() is None:
        try:
            with Connector.in_folder(folder / "store") as connector:
                [run] = list_runs(connector=connector)
                found = details(run.id, connector=connector)
            if condition(found):
                return found
        except (EnstorageError, ValueError):
            pass  # the store, or the run, is not there yet
        time.sleep(0.1)
    raise AssertionError(process.communicate() if process.poll() is not None else "nothing happened")


def pid_of(attempt):
    """The process of an attempt that runs for a while; None for others."""
    return attempt.pid if attempt.exit_reason is None else None


def test_a_killed_child_and_a_killed_process_cost_only_what_they_were_doing(tmp_path):
    folder = tmp_path / "demo"
    first = start(folder)
    try:
        found = until(
            folder,
            lambda run: sum(step.state == "running" for step in run.steps) == 2 and any(map(pid_of, run.attempts)),
            first,
        )
        os.kill(next(filter(None, map(pid_of, found.attempts))), signal.SIGKILL)
        until(
            folder,
            lambda run: (
                any(step.name.startswith("fit") and step.state == "succeeded" for step in run.steps)
                and any(step.name.startswith("fit") and step.state == "running" for step in run.steps)
            ),
            first,
        )
    finally:
        first.kill()
        first.communicate()
    with Connector.in_folder(folder / "store") as connector:
        [run] = list_runs(connector=connector)
        lost = {step.name for step in details(run.id, connector=connector).steps if step.state == "running"}
    connector.close()
    second = start(folder)
    out, errors = second.communicate(timeout=300)
    assert second.returncode == 0, errors
    assert "The ensemble's MSE lies below that of every member" in out
    with Connector.in_folder(folder / "store") as connector:
        [run] = list_runs(connector=connector)
        found = details(run.id, connector=connector)
    connector.close()
    assert run.state == "succeeded"
    ends = {step.name: [a.exit_reason for a in found.attempts if a.step_id == step.id] for step in found.steps}
    assert all(each.count("succeeded") == 1 and each[-1] == "succeeded" for each in ends.values()), ends
    again = {name for name, each in ends.items() if len(each) > 1}
    assert lost <= again, ends
    # Beside those only the step whose child was killed.
    assert len(again - lost) <= 1, ends
    assert "killed" in {reason for each in ends.values() for reason in each}, ends
    metrics = json.loads((folder / "metrics.json").read_text())
    assert [member["lag"] for member in metrics["members"]] == [5, 7, 13]
    assert "Steps over time" in (folder / "report.html").read_text()


def test_other_options_are_refused(tmp_path):
    command = [
        sys.executable,
        "-m",
        "enstorage",
        "demo",
        "--orchestrated",
        "--seeds",
        "2",
        "--output",
        str(tmp_path / "d"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "expected no other option than --output and --json" in done.stderr
    assert not (tmp_path / "d").exists()
