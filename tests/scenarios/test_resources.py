"""Scenarios of resources: GPUs one after the other, memory that is not enough, requests that can never be met."""

import os
import signal
from dataclasses import replace

import pytest
from scenario_graphs import FOLDER, named, states

from enorchestrator import Dispatcher, Resources, Timing, run_pipeline
from enorchestrator.dispatch.read import details
from enstorage.errors import InvalidInputError

QUICK = Timing(report_seconds=0.1, retry_seconds=0.1, busy_poll_seconds=0.1)
ONE_GPU = {"resources": {"gpus": 1}}


@pytest.fixture(scope="module", autouse=True)
def one_gpu():
    """A machine with one GPU."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("ENSTORAGE_GPUS", "1")
        yield


@pytest.fixture(scope="module")
def at_work(orchestrated, one_gpu):
    """A dispatcher with three children."""
    with Dispatcher(orchestrated, workers=3, timing=QUICK) as dispatcher:
        yield dispatcher


def exclusive(name, **settings):
    return {"kind": "exclusive", "with": {"folder": FOLDER, "name": name}, **settings}


def test_steps_that_take_the_gpu_are_executed_one_after_the_other_and_others_beside_them(run, over, at_work, executed):
    steps = {name: exclusive(name, **ONE_GPU) for name in ("a", "b", "c")} | {"d": exclusive("d")}
    assert over(run(steps)).run.state == "succeeded"
    lines = executed()
    of_gpu = [line for line in lines if not line.endswith(" d")]
    assert of_gpu == [f"{what} {name}" for name in ("a", "b", "c") for what in ("begun", "end of")]
    assert lines.index("begun d") < lines.index("end of a")


def test_a_step_that_is_killed_leaves_the_gpu_to_the_next_one(run, over, at_work, executed, eventually, tmp_path):
    held = {"kind": "stubborn", "with": {"folder": FOLDER, "name": "held"}, **ONE_GPU}
    made = run({"held": held, "next": exclusive("next", **ONE_GPU)})

    def pid():
        return next((each.pid for each in details(made.id).attempts if each.exit_reason is None), None)

    def begun():
        file = tmp_path / "executed"
        return file.read_text().count("begun held") if file.exists() else 0

    for time in (1, 2):
        eventually(lambda time=time: begun() == time and pid() is not None)
        assert states(details(made.id)) == {"held": "running", "next": "ready"}
        gone = pid()
        os.kill(gone, signal.SIGKILL)
        eventually(lambda gone=gone: pid() != gone)
    found = over(made)
    assert states(found) == {"held": "failed", "next": "succeeded"}
    assert executed() == ["begun held", "begun held", "begun next", "end of next"]


def test_two_dispatchers_of_a_machine_share_its_gpu(run, over, at_work, current, executed):
    with Dispatcher(current, workers=3, timing=QUICK):
        assert over(run({name: exclusive(name, **ONE_GPU) for name in "abcd"})).run.state == "succeeded"
    lines = executed()
    assert [line.split()[-1] for line in lines[::2]] == [line.split()[-1] for line in lines[1::2]]


def test_what_waits_for_much_is_not_overtaken_by_what_needs_less_of_it(run, over, at_work, executed):
    steps = {
        "first": exclusive("first", resources={"gpus": 0.5}),
        "whole": exclusive("whole", **ONE_GPU),
        "half": exclusive("half", resources={"gpus": 0.5}),
    }
    over(run(steps))
    assert [line for line in executed() if line.startswith("begun")] == ["begun first", "begun whole", "begun half"]


@pytest.mark.long
def test_memory_that_is_not_enough_kills_the_offender_alone_and_it_gets_twice_as_much_once(
    run, over, at_work, executed
):
    def taking(megabytes):
        return {
            "kind": "takes_memory",
            "with": {"folder": FOLDER, "megabytes": megabytes},
            "resources": {"memory_mb": 700},
        }

    found = over(run({"large": taking(800), "too_large": taking(1800), "beside": taking(1)}))
    assert states(found) == {"large": "succeeded", "too_large": "failed", "beside": "succeeded"}
    by_step = {
        step.name: [each.exit_reason for each in found.attempts if each.step_id == step.id] for step in found.steps
    }
    assert by_step == {"large": ["memory", "succeeded"], "too_large": ["memory", "memory"], "beside": ["succeeded"]}
    assert "more than 1400000000 bytes of memory" in found.run.error["detail"]


@pytest.mark.parametrize(
    ("resources", "field", "message"),
    [
        ({"gpus": 2}, "gpus", r"asks for 2 GPUs; expected at most 1, which there are"),
        ({"cpus": 10_000}, "cpus", r"asks for 10000 processor cores"),
        ({"memory_mb": 1e9}, "memory_mb", "MB of memory"),
        ({"disk_mb": 1e12}, "disk_mb", "MB of free disk space"),
        ({"gpus": 0}, "gpus", "greater than 0"),
        ({"tpus": 1}, "tpus", "Extra inputs are not permitted"),
    ],
)
def test_what_can_never_be_met_is_refused_at_once_with_the_name_of_the_resource(
    run, executed, resources, field, message
):
    with pytest.raises(InvalidInputError, match=message) as caught:
        run({"work": {**named("impossible"), "resources": resources}}, name="impossible")
    assert caught.value.field == f"steps.work.resources.{field}"
    assert not executed()


def test_a_pipeline_that_a_smaller_machine_runs_is_refused_too(run, over, at_work, current, tmp_path, monkeypatch):
    over(run({"work": {**named("large"), **ONE_GPU}}, name="large"))
    monkeypatch.setenv("ENSTORAGE_GPUS", "0")
    with pytest.raises(InvalidInputError, match="asks for 1 GPUs; expected at most 0"):
        run_pipeline("large", {"folder": str(tmp_path)})


def test_settings_take_precedence_over_what_is_found(current, monkeypatch):
    found = Resources.here(current)
    monkeypatch.setenv("ENSTORAGE_MEMORY_MB", "5")
    assert Resources.here(current) == replace(found, memory_mb=5.0, disk_mb=Resources.here(current).disk_mb)
    monkeypatch.setenv("ENSTORAGE_MEMORY_MB", "much")
    with pytest.raises(InvalidInputError, match="ENSTORAGE_MEMORY_MB is 'much'; expected a number of at least 0"):
        Resources.here(current)
