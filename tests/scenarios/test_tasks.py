"""Scenarios of the task manager: errors that stay, cancelling, kills, resuming."""

import os
import signal

from scenario_graphs import FOLDER, alerts, named, states

from enorchestrator import cancel, retry
from enorchestrator.dispatch.read import details
from enorchestrator.task.state import RunState


def waiting(name, **settings):
    return {"kind": "until", "with": {"folder": FOLDER, "name": name}, **settings}


def pid_of(run, step):
    """The process that executes a step."""
    found = details(run.id)
    id = next(each.id for each in found.steps if each.name == step)
    return next((each.pid for each in found.attempts if each.step_id == id and each.exit_reason is None), None)


def test_an_error_that_stays_is_not_tried_again_and_what_needs_the_step_is_skipped(run, over, executed, at_work):
    steps = {
        "broken": {"kind": "square", "with": {"folder": FOLDER, "number": 1, "broken": 1}, "retries": 5},
        "after": named("after", "broken"),
        "beside": named("beside"),
    }
    found = over(run(steps))
    assert states(found) == {"broken": "failed", "after": "skipped", "beside": "succeeded"}
    assert sorted(executed()) == ["beside", "square 1"]
    (attempt,) = [each for each in found.attempts if each.exit_reason == "error"]
    assert attempt.error["title"] == "InvalidInputError"
    assert found.run.error == attempt.error


def test_a_cancelled_run_starts_nothing_more_and_stops_what_runs(run, over, executed, at_work, eventually):
    made = run({"first": waiting("never"), "second": named("second", "first")})
    eventually(lambda: pid_of(made, "first") is not None)
    cancel(made.id)
    found = over(made, within=30)
    assert found.run.state == RunState.CANCELLED
    assert states(found) == {"first": "cancelled", "second": "cancelled"}
    assert executed() == ["begun never"]
    assert [each.exit_reason for each in found.attempts] == ["cancelled"]


def test_a_step_that_takes_too_long_is_stopped_and_the_others_go_on(run, over, at_work):
    found = over(run({"slow": waiting("never", timeout_seconds=0.5), "beside": named("beside")}))
    assert states(found) == {"slow": "failed", "beside": "succeeded"}
    assert found.run.error["detail"] == "The work took more than 0.5 seconds, its limit, and was stopped."


def test_a_killed_process_is_an_attempt_of_the_machine_and_its_neighbour_goes_on(
    run, over, executed, at_work, eventually, tmp_path
):
    made = run({"first": waiting("one"), "second": waiting("two")})
    file = tmp_path / "executed"
    eventually(lambda: file.exists() and file.read_text().count("begun") == 2)
    eventually(lambda: pid_of(made, "first") is not None)
    os.kill(pid_of(made, "first"), signal.SIGKILL)
    eventually(lambda: next(each for each in details(made.id).steps if each.name == "first").infra_attempts == 1)
    for name in ("one", "two"):
        (tmp_path / name).touch()
    found = over(made)
    assert found.run.state == RunState.SUCCEEDED
    first, second = found.steps
    assert (first.user_attempts, first.infra_attempts, second.infra_attempts) == (0, 1, 0)
    assert sorted(each.exit_reason for each in found.attempts) == ["killed", "succeeded", "succeeded"]
    assert sorted(executed()) == ["begun one", "begun one", "begun two"]


def test_a_step_that_kills_its_process_each_time_is_quarantined_with_an_alert_and_the_others_go_on(
    run, over, at_work, executed
):
    found = over(run({"poison": {"kind": "poison", "with": {"folder": FOLDER}}, "after": named("after", "poison")}))
    assert states(found) == {"poison": "failed", "after": "skipped"}
    assert executed() == ["poison", "poison"]
    assert "signal 9 (SIGKILL). It was executed 2 times." in found.run.error["detail"]
    (alert,) = alerts(found.run)
    assert (alert["step"], alert["what"], alert["severity"]) == ("poison", "quarantined", "error")
    assert alert["detail"] == found.run.error["detail"]
    over(run({"next": named("next")}))
    assert executed() == ["next"]


def test_a_run_resumes_after_a_fix_and_repeats_nothing_that_is_finished(run, over, executed, at_work, tmp_path):
    steps = {
        "before": named("before"),
        "mended": {"kind": "mended", "with": {"folder": FOLDER}, "needs": ["before"]},
        "beside": named("beside", "before"),
        "after": named("after", "mended", "beside"),
    }
    made = run(steps)
    found = over(made)
    assert states(found) == {"before": "succeeded", "mended": "failed", "beside": "succeeded", "after": "skipped"}
    assert sorted(executed()) == ["before", "beside", "mended"]
    (tmp_path / "mended").touch()
    retry(made.id)
    found = over(made)
    assert found.run.state == RunState.SUCCEEDED
    assert executed() == ["mended", "after"]
    assert found.run.error is None
