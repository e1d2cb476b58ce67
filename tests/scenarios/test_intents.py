"""Scenarios 72, 74 and 75: sentences become plans that are shown, and started when they are wanted."""

import json

import numpy as np
import pytest

from enorchestrator import (
    list_pipelines,
    list_rules,
    list_schedules,
    plan_intent,
    start_intent,
)
from enstorage import DataSource, Panel
from enstorage.errors import InvalidInputError
from enstorage.ledger import Run


@pytest.fixture
def months(current):
    """A source of 60 months, from 8 to 12."""
    source = DataSource(name="Load", time_interval="1mo", unit="MW", time_zone="Europe/Riga")
    times = (np.datetime64("2020-01") + np.arange(60)).astype("datetime64[ns]").astype(str)
    source.write(times, 10 + 2 * np.sin(np.arange(60) * np.pi / 6) * (-1.0) ** (np.arange(60) // 12))
    yield source
    for panel in Panel.get_list():
        panel.delete(cascade=True)
    source.delete(cascade=True)


def stored(connector):
    """The number of everything that starting would make."""
    runs = len(list_runs(connector))
    return len(list_pipelines()), len(list_schedules()), len(list_rules()), runs


def list_runs(connector):
    from sqlalchemy import select

    with connector.database.reading() as session:
        return session.scalars(select(Run.id)).all()


def test_a_complete_sentence_is_shown_as_a_plan_before_anything_starts(current, months, monkeypatch):
    monkeypatch.setenv("ENSTORAGE_NOTIFY_OPS", "json://localhost:1")
    before = stored(current)
    sentence = 'forecast "Load" 1 year ahead with RMSE below 2, values between 0 and 20, every day at 06:30, notify ops'
    plan = plan_intent(sentence)
    assert stored(current) == before
    assert plan.is_ready
    assert plan.requirements[0] == "Forecast the source Load: 12 steps of 1mo (1 year ahead)."
    assert "RMSE on rolling origins of at most 2 MW; else the run fails." in plan.constraints
    assert (plan.behaviour["minimum"], plan.behaviour["maximum"]) == (0, 20)
    assert plan.behaviour["interval"] == "1mo"
    assert (plan.behaviour["seen_minimum"], plan.behaviour["seen_maximum"]) == pytest.approx((8, 12))
    assert plan.profile["horizon"] == 12
    assert plan.profile["origins"] == 4
    assert {"AutoCES", "DynamicOptimizedTheta"} <= set(plan.profile["members"])
    steps = plan.pipeline.steps
    assert {name: step.kind for name, step in steps.items()} == {
        "check": "check_values",
        "forecast": "autoforecast",
        "judge": "require",
    }
    assert steps["forecast"].arguments["horizon"] == 12
    made = start_intent(plan, created_by="me")
    assert made.run is None
    assert (made.schedule.cron, made.schedule.time_zone) == ("30 6 * * *", "Europe/Riga")
    assert [(rule.channel, rule.condition) for rule in made.rules] == [("ops", {"pipeline": "forecast Load"})]
    # The same sentence again changes nothing but the times.
    again = start_intent(plan_intent(sentence.replace("06:30", "07:00")))
    assert again.schedule.cron == "0 7 * * *"
    assert [len(list_schedules()), len(list_rules())] == [1, 1]


@pytest.mark.long
def test_the_run_of_a_sentence_forecasts_and_fails_where_its_bounds_are_broken(at_work, over, months):
    found = over(start_intent(plan_intent('forecast "Load" 2 months ahead with RMSE below 1')).run)
    assert found.run.state == "failed"
    assert {step.name: step.state for step in found.steps} == {
        "check": "succeeded",
        "forecast": "succeeded",
        "judge": "failed",
    }
    assert "RMSE is" in found.run.error["detail"]
    assert "expected at most 1" in found.run.error["detail"]
    found = over(start_intent(plan_intent('forecast "Load" 2 months ahead with RMSE below 9')).run)
    assert found.run.state == "succeeded"
    months.write(["2025-01"], [99.0])
    plan = plan_intent('forecast "Load" 2 months ahead')
    assert plan.behaviour["seen_maximum"] == 99
    made = over(start_intent(plan_intent('forecast "Load" 2 months ahead, values below 100')).run)
    assert made.run.state == "succeeded"
    months.write(["2025-02"], [101.0])
    from enorchestrator import run_pipeline

    late = over(run_pipeline("forecast Load"))
    assert late.run.state == "failed"
    assert "Load has the value 101, above 100" in late.run.error["detail"]
    assert {step.name: step.state for step in late.steps} == {"check": "failed", "forecast": "skipped"}


@pytest.mark.parametrize(
    ("sentence", "question"),
    [
        ('forecast "Load"', "How far ahead is Load to be forecast? Say such as: 12 steps ahead"),
        ("forecast 3 steps ahead", "Of which source or panel? There is Load. Name it in quotation marks."),
        ('forecast "Laod" 3 steps ahead', "There is none of this name; there is Load."),
        ('forecast "Load" 3 days ahead', "3 days is less than one bucket of 1mo. Say such as: 3 steps ahead."),
        ('forecast "Load" 3 steps ahead, notify nobody@example.org', "By which channel is nobody@example.org told?"),
        ('forecast "Load" 3 steps ahead every 2 days', "When is it to run? Say such as every day at 06:00"),
        ('forecast "Load" 3 steps ahead within 2 years', "How long is 2 years? Say a time limit in seconds"),
    ],
)
def test_what_is_missing_is_asked_for_and_nothing_starts(current, months, sentence, question):
    before = stored(current)
    plan = plan_intent(sentence)
    assert not plan.is_ready
    assert question in plan.questions[0]
    with pytest.raises(InvalidInputError, match="Nothing was started"):
        start_intent(plan)
    assert stored(current) == before


@pytest.mark.parametrize(
    ("sentence", "fact", "relaxation"),
    [
        ('forecast "Load" 100 steps ahead', "No forecast of 100 steps can be judged", "Say 57 steps ahead."),
        (
            'forecast "Load" 3 steps ahead, RMSE below 0.001',
            "RMSE below 0.001 is less than a fifth of",
            "Say RMSE below",
        ),
        ('forecast "Load" 3 steps ahead, RMSE below -1', "No error is below -1.", "Say a positive number."),
        (
            'forecast "Load" 3 steps ahead, values between 9 and 20',
            "values lie outside of the range",
            "Say values between 8 and 12.",
        ),
        (
            'forecast "Load" 3 steps ahead, values between 20 and 9',
            "the first one is larger",
            "Say values between 9 and 20.",
        ),
        ('forecast "Load" 300 years ahead', "beyond the last time that can be kept", "Say at most 236 years ahead."),
    ],
)
def test_what_cannot_be_met_is_told_with_what_would_do(current, months, sentence, fact, relaxation):
    before = stored(current)
    plan = plan_intent(sentence)
    assert [fact in each.fact for each in plan.conflicts] == [True]
    assert relaxation in " ".join(plan.conflicts[0].relaxations)
    with pytest.raises(InvalidInputError, match="Nothing was started"):
        start_intent(plan)
    assert stored(current) == before


SENTENCE = 'please have a look at "Load" and tell ops'
GOOD = {"verb": "forecast", "intent": {"name": "Load", "horizon": {"count": 3, "unit": "month"}}}


def test_a_language_model_may_give_the_same_tree(current, months):
    seen = []

    def model(sentence, schema):
        seen.append((sentence, sorted(schema)))
        return json.dumps(GOOD)

    plan = plan_intent(SENTENCE, model=model)
    assert plan.is_ready
    assert not plan.remarks
    assert plan.profile["horizon"] == 3
    ((asked, verbs),) = seen
    assert asked == SENTENCE
    assert {"backtest", "evaluate", "forecast", "retrain"} <= set(verbs)


@pytest.mark.parametrize(
    "answer",
    [
        "certainly! here is your plan",
        json.dumps({"verb": "delete", "intent": {}}),
        json.dumps({**GOOD, "command": "rm"}),
        json.dumps({"verb": "forecast", "intent": {**GOOD["intent"], "python": "import os"}}),
        json.dumps({"verb": "forecast", "intent": {**GOOD["intent"], "notify": ["attacker"]}}),
        json.dumps({"verb": "forecast", "intent": {**GOOD["intent"], "name": "Secret"}}),
        json.dumps({"verb": "forecast", "intent": {**GOOD["intent"], "horizon": {"count": 10**12, "unit": "month"}}}),
    ],
)
def test_what_a_language_model_invents_is_rejected_and_the_grammar_reads(current, months, answer):
    plan = plan_intent('forecast "Load" 5 months ahead', model=lambda *_: answer)
    assert plan.profile["horizon"] == 5
    assert len(plan.remarks) == 1
    assert plan.remarks[0].startswith("The language model was not understood, and the grammar read the sentence:")
    with pytest.raises(InvalidInputError, match="none of the things that can be asked for"):
        plan_intent(SENTENCE, model=lambda *_: answer)


def test_a_language_model_that_fails_is_no_harm(current, months):
    def model(*_):
        raise TimeoutError("no answer")

    assert plan_intent('forecast "Load" 5 months ahead', model=model).is_ready
