"""Scenarios of the scheduler: order, joins, priorities, bounds, keys."""

import itertools
import random
from datetime import timedelta

import pytest
from scenario_graphs import FOLDER, named, states

from enorchestrator import cancel, retry
from enorchestrator.dispatch import submit as submitting
from enorchestrator.dispatch.read import details
from enorchestrator.task.state import RunState
from enstorage.errors import ConflictError, InvalidInputError
from enstorage.ledger import RunStep
from enstorage.ledger.base import now


def test_steps_are_executed_in_the_order_of_their_needs(run, over, executed, at_work):
    chain = [f"step_{number}" for number in range(12)]
    steps = {name: named(name, *chain[max(place - 1, 0) : place]) for place, name in enumerate(chain)}
    shuffled = dict(random.Random(0).sample(sorted(steps.items()), len(steps)))
    assert list(shuffled) != chain
    found = over(run(shuffled))
    assert found.run.state == RunState.SUCCEEDED
    assert executed() == chain
    assert found.run.result == {chain[-1]: {"result": chain[-1]}}


def test_a_step_starts_when_the_last_of_its_needs_is_over(run, over, executed, at_work, tmp_path, eventually):
    late = {"kind": "until", "with": {"folder": FOLDER, "name": "late"}}
    made = run({"join": named("join", "early", "late"), "early": named("early"), "late": late})
    eventually(lambda: states(details(made.id)) == {"join": "waiting", "early": "succeeded", "late": "running"})
    (tmp_path / "late").touch()
    over(made)
    assert executed()[-1] == "join"


def test_a_circle_is_refused_before_anything_starts(run, executed):
    steps = {"a": named("a", "c"), "b": named("b", "a"), "c": named("c", "b")}
    with pytest.raises(InvalidInputError, match=r"wait for each other in a circle: . → . → . → .\. Remove") as caught:
        run(steps)
    assert caught.value.field.startswith("steps.")
    assert not executed()


def squares(count, broken=0):
    part = {"folder": FOLDER, "number": "${each}", "broken": broken}
    return {
        "numbers": {"kind": "numbers", "with": {"count": count}},
        "squares": {"kind": "square", "for_each": "${numbers.result}", "with": part},
        "total": {"kind": "total", "with": {"folder": FOLDER, "values": "${squares.result}"}},
        "end": named("end", "total"),
    }


def test_a_hundred_parts_are_joined_once(run, over, executed, at_work):
    found = over(run(squares(100)))
    assert found.run.state == RunState.SUCCEEDED
    assert next(step for step in found.steps if step.name == "total").outputs == {
        "result": sum(n * n for n in range(101))
    }
    lines = executed()
    assert sorted(lines[:100]) == sorted(f"square {number}" for number in range(1, 101))
    assert lines[100:] == ["total of 100", "end"]


def test_a_part_that_fails_skips_the_join_and_its_siblings_finish(run, over, executed, at_work):
    found = over(run(squares(20, broken=7)))
    assert found.run.state == RunState.FAILED
    assert found.run.error["detail"] == "The number 7 is broken. Take another one."
    by_name = states(found)
    assert (by_name["squares"], by_name["total"], by_name["end"]) == ("failed", "skipped", "skipped")
    parts = [state for name, state in by_name.items() if name.startswith("squares[")]
    assert (parts.count("succeeded"), parts.count("failed")) == (19, 1)
    assert all(step.finished_at is not None for step in found.steps)
    assert len(executed()) == 20


def test_an_empty_list_is_joined_at_once(run, over, executed, at_work):
    found = over(run(squares(0)))
    assert found.run.state == RunState.SUCCEEDED
    assert executed() == ["total of 0", "end"]


def test_parts_that_may_fail_let_the_run_go_on(run, over, at_work):
    steps = squares(3, broken=2)
    steps["squares"]["may_fail"] = True
    steps["after"] = named("after", "squares")
    del steps["total"], steps["end"]
    found = over(run(steps))
    assert found.run.state == RunState.SUCCEEDED
    assert found.run.error is None
    assert states(found)["after"] == "succeeded"


def test_a_high_priority_overtakes_what_waits_and_not_what_runs(run, over, executed, occupied):
    queued = [run({"work": named(f"low {number}")}, name=f"low {number}") for number in range(20)]
    urgent = run({"work": named("urgent")}, name="urgent", priority=50)
    occupied.release("first")  # one child is left for all of them
    for each in (urgent, *queued):
        over(each)
    assert executed() == ["urgent", *(f"low {number}" for number in range(20))]
    assert occupied.states() == ["succeeded", "running"]


@pytest.mark.long
def test_a_low_priority_starts_in_time_under_an_endless_stream_of_high_ones(run, over, executed, occupied, monkeypatch):
    began = now()
    seconds = itertools.count()
    monkeypatch.setattr(submitting, "now", lambda: began + timedelta(seconds=next(seconds)))
    low = run({"work": named("low")}, name="low")
    stream = [run({"work": named(f"high {number}")}, name="high", priority=1) for number in range(1, 90)]
    occupied.release("first")
    over(low)
    # A priority that is higher by one goes before what was submitted up to a minute earlier. What came later goes on.
    assert executed()[:60] == [*(f"high {number}" for number in range(1, 60)), "low"]
    for each in stream:
        cancel(each.id)
        over(each)


def test_of_a_thousand_ready_steps_two_are_given_to_the_executor_and_the_rest_can_be_cancelled(
    run, over, current, executed, at_work, tmp_path, eventually
):
    steps = {
        "numbers": {"kind": "numbers", "with": {"count": 1000}},
        "waits": {"kind": "until", "for_each": "${numbers.result}", "with": {"folder": FOLDER, "name": "never"}},
    }
    made = run(steps)
    eventually(lambda: (tmp_path / "executed").exists() and len((tmp_path / "executed").read_text().splitlines()) == 2)
    with current.database.reading() as session:
        running = session.query(RunStep).where(RunStep.run_id == made.id, RunStep.state == RunState.RUNNING).count()
        ready = session.query(RunStep).where(RunStep.run_id == made.id, RunStep.state == RunState.READY).count()
    assert (running, ready) == (2, 998)
    cancel(made.id)
    (tmp_path / "never").touch()
    found = over(made)
    assert found.run.state == RunState.CANCELLED
    assert len(executed()) == 2


def test_the_same_key_is_the_same_run_and_other_parameters_are_a_conflict(run, over, executed, at_work):
    first = run({"work": named("once")}, key="the key of once")
    again = run({"work": named("once")}, key="the key of once")
    assert first.id == again.id
    over(first)
    assert executed() == ["once"]
    with pytest.raises(ConflictError, match="belongs to run"):
        run({"work": named("other")}, key="the key of once", parameters={"folder": "/elsewhere"})


def test_a_retry_of_parts_repeats_those_that_failed(run, over, executed, at_work):
    made = run(squares(5, broken=3))
    over(made)
    assert len(executed()) == 5
    retry(made.id)
    found = over(made)
    assert executed() == ["square 3"]
    assert states(found)["squares"] == "failed"
    assert states(found)["total"] == "skipped"
