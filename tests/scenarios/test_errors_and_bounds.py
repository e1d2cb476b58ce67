"""Scenarios of the task manager: progress, errors that pass, calls that do not end, with times of tenths of a second."""

import time

import pytest
from scenario_graphs import FOLDER, alerts, named, states

from enorchestrator import Dispatcher, Timing
from enorchestrator.dispatch.read import details

QUICK = Timing(report_seconds=0.1, retry_seconds=0.1)


@pytest.fixture(scope="module")
def at_work(orchestrated):
    """A dispatcher with one child."""
    with Dispatcher(orchestrated, workers=1, timing=QUICK) as dispatcher:
        yield dispatcher


def test_progress_is_seen_within_an_interval(run, over, at_work, tmp_path, eventually):
    made = run({"reports": {"kind": "reports", "with": {"folder": FOLDER}}})
    eventually((tmp_path / "executed").exists)
    time.sleep(3 * QUICK.report_seconds)
    (step,) = details(made.id).steps
    (tmp_path / "go").touch()
    assert (step.state, step.progress_what, step.progress_done, step.progress_total) == (
        "running",
        "Working",
        40,
        100,
    )
    over(made)


def test_an_error_that_passes_is_tried_again_later_each_time(run, over, at_work, executed):
    made = run({"flaky": {"kind": "flaky", "with": {"folder": FOLDER, "failures": 2}}})
    found = over(made)
    assert (found.run.state, found.run.result) == ("succeeded", {"flaky": {"result": 3}})
    assert executed() == ["flaky"] * 3
    assert [each.exit_reason for each in found.attempts] == ["error", "error", "succeeded"]
    first, second, third = (each.started_at for each in found.attempts)
    assert (second - first).total_seconds() >= QUICK.retry_seconds
    assert (third - second).total_seconds() >= 4 * QUICK.retry_seconds
    assert (found.steps[0].user_attempts, found.steps[0].infra_attempts) == (2, 0)


def test_an_error_that_comes_back_too_often_fails_the_step(run, over, at_work, executed):
    steps = {
        "flaky": {"kind": "flaky", "with": {"folder": FOLDER, "failures": 9}, "retries": 2},
        "after": named("after", "flaky"),
    }
    made = run(steps)
    found = over(made)
    assert states(found) == {"flaky": "failed", "after": "skipped"}
    assert executed() == ["flaky"] * 3
    assert found.run.error["detail"] == "The server answered 503. Try again later."
    (alert,) = alerts(made)
    assert (alert["step"], alert["what"]) == ("flaky", "gave_up")
    assert alert["detail"].endswith("It was tried 3 times.")


def test_a_call_that_holds_the_interpreter_is_killed_in_time_and_its_place_is_free(run, over, at_work, executed):
    made = run(
        {
            "holds": {"kind": "holds_the_interpreter", "with": {"folder": FOLDER}, "timeout_seconds": 0.5},
            "next": named("next"),
        }
    )
    found = over(made)
    assert states(found) == {"holds": "failed", "next": "succeeded"}
    assert executed() == ["holds", "next"]
    (attempt,) = [each for each in found.attempts if each.exit_reason == "timeout"]
    assert (attempt.finished_at - attempt.started_at).total_seconds() < 0.5 + 1
