"""Scenarios of deadlines: a warning before one is missed, the end when it is, the declared alternative."""

import pytest
from scenario_graphs import FOLDER, alerts, named, states

from enorchestrator import Dispatcher, PipelineDefinition, Scheduler, Timing, run_pipeline, save_pipeline
from enorchestrator.dispatch.read import details, list_runs
from enorchestrator.scheduler.deadlines import Deadlines
from enstorage.errors import InvalidInputError

QUICK = Timing(schedule_seconds=0.1, report_seconds=0.1, busy_poll_seconds=0.1)


@pytest.fixture(scope="module")
def at_work(orchestrated):
    """A dispatcher with two children, and a scheduler."""
    with Dispatcher(orchestrated, workers=2, timing=QUICK), Scheduler(orchestrated, QUICK):
        yield


@pytest.fixture
def start(current, tmp_path):
    """A function that runs a pipeline with a deadline."""

    def run(name, steps, parameters=("folder",), **settings):
        made = {each: {**step, "kind": f"scenario_steps:{step['kind']}"} for each, step in steps.items()}
        given = {each: {"type": "string"} for each in parameters}
        save_pipeline(PipelineDefinition.read({"name": name, "parameters": given, "steps": made, **settings}))
        return run_pipeline(name, dict.fromkeys(parameters, str(tmp_path)), priority=2, created_by="ada")

    return run


def waiting(*needs):
    return {"kind": "until", "with": {"folder": FOLDER, "name": "never"}, "needs": list(needs)}


@pytest.mark.long
def test_a_run_that_will_be_late_is_told_before_it_is(start, over, at_work, tmp_path, eventually):
    steps = {"first": {"kind": "exclusive", "with": {"folder": FOLDER, "name": "first"}}, "held": waiting("first")}
    steps |= {f"later_{number}": named(f"later_{number}", "held") for number in range(200)}
    made = start("late", steps, deadline_seconds=50)
    eventually(lambda: alerts(made))
    (alert,) = alerts(made)
    assert (alert["severity"], alert["what"]) == ("warning", "deadline_projected")
    assert "1 of 202 steps are over" in alert["detail"]
    assert details(made.id).run.state == "running"
    (tmp_path / "never").touch()
    assert over(made).run.state == "succeeded"
    assert len(alerts(made)) == 1


def test_a_run_beyond_its_deadline_is_cancelled(start, over, at_work, executed):
    made = start("cut", {"held": waiting(), "after": named("after", "held")}, deadline_seconds=0.6)
    found = over(made, within=30)
    assert found.run.state == "cancelled"
    assert states(found) == {"held": "cancelled", "after": "cancelled"}
    assert (found.run.finished_at - found.run.created_at).total_seconds() > 0.6
    (alert,) = [each for each in alerts(made) if each["severity"] == "error"]
    assert alert["detail"] == "The run took more than 0.6 seconds, its deadline, and was cancelled."
    assert executed() == ["begun never"]


def test_the_declared_alternative_is_run_once_with_the_same_parameters(start, over, at_work, executed, current):
    over(start("short", {"quick": named("quick")}))
    executed()
    made = start("long", {"held": waiting()}, parameters=("folder", "other"), deadline_seconds=0.6, alternative="short")
    assert over(made, within=30).run.state == "cancelled"
    Deadlines(current).look()
    first = list_runs(limit=1)[0]
    assert (first.title, first.key, first.priority, first.created_by) == (
        "short",
        f"alternative of run {made.id}",
        2,
        "ada",
    )
    assert over(first).run.state == "succeeded"
    assert executed() == ["begun never", "quick"]
    assert f"Run {first.id} of its alternative short was asked for." in alerts(made)[-1]["detail"]


def test_an_alternative_without_a_deadline_is_refused(start):
    with pytest.raises(InvalidInputError, match="has an alternative and no deadline_seconds") as caught:
        start("wrong", {"quick": named("quick")}, alternative="short")
    assert caught.value.field == "alternative"
