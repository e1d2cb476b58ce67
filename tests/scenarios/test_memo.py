"""Scenarios of steps whose equals were executed before."""

import pytest
from scenario_graphs import FOLDER, named, states

from enorchestrator.work import cache_key

CACHED = {"cache": True}


@pytest.fixture(autouse=True)
def other_work(at_work):
    """The dispatcher of the module is at work."""


def mending():
    mended = {"kind": "mended", "with": {"folder": FOLDER}, "needs": ["before"], **CACHED}
    return {"before": {**named("before"), **CACHED}, "mended": mended, "after": {**named("after", "mended"), **CACHED}}


def test_a_new_run_takes_what_was_finished_and_executes_what_was_mended(run, over, executed, tmp_path):
    found = over(run(mending()))
    assert states(found) == {"before": "succeeded", "mended": "failed", "after": "skipped"}
    assert executed() == ["before", "mended"]
    (tmp_path / "mended").touch()
    found = over(run(mending()))
    assert states(found) == {"before": "cached", "mended": "succeeded", "after": "succeeded"}
    assert executed() == ["mended", "after"]
    again = over(run(mending()))
    assert set(states(again).values()) == {"cached"}
    assert (again.run.state, again.run.result) == ("succeeded", found.run.result)
    assert (executed(), again.attempts) == ([], [])


def test_what_was_executed_in_another_environment_is_executed_again(run, over, executed, monkeypatch):
    step = {"work": {**named("in its environment"), **CACHED}}
    for _ in range(2):
        over(run(step))
    assert executed() == ["in its environment"]
    monkeypatch.setattr(cache_key, "environment", lambda: "a package was upgraded")
    found = over(run(step))
    assert states(found) == {"work": "succeeded"}
    assert executed() == ["in its environment"]


def test_other_code_other_arguments_and_steps_without_a_cache_are_executed(run, over, executed, monkeypatch):
    over(run({"work": {**named("one"), **CACHED}}))
    over(run({"work": {**named("two"), **CACHED}}))
    over(run({"work": named("one")}))
    monkeypatch.setattr(cache_key, "code_of", lambda kind: "a line was changed")
    over(run({"work": {**named("one"), **CACHED}}))
    assert executed() == ["one", "two", "one", "one"]


def test_of_parts_those_are_executed_that_are_new(run, over, executed):
    def squares(count):
        part = {"folder": FOLDER, "number": "${each}"}
        return {
            "numbers": {"kind": "numbers", "with": {"count": count}},
            "squares": {"kind": "square", "for_each": "${numbers.result}", "with": part, **CACHED},
            "total": {"kind": "total", "with": {"folder": FOLDER, "values": "${squares.result}"}},
        }

    over(run(squares(3)))
    assert len(executed()) == 4
    found = over(run(squares(4)))
    assert executed() == ["square 4", "total of 4"]
    assert found.run.result == {"total": {"result": 30}}
    found = over(run(squares(4)))
    assert executed() == ["total of 4"]
    assert states(found)["squares"] == "succeeded"
