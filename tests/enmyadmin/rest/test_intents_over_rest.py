"""Intents over REST: planned, refused where something is missing, started."""

import numpy as np
import pytest

from enstorage import DataSource

INTENTS = "/api/v1/intents"


@pytest.fixture
def filled_with():
    def fill():
        source = DataSource(name="Load", time_interval="1mo")
        source.write((np.datetime64("2019-01") + np.arange(48)).astype("datetime64[ns]"), np.arange(48) % 12 + 1.0)

    return fill


def test_a_sentence_is_planned_and_started(api):
    verbs = {each["name"]: each for each in api.get(INTENTS).json()["items"]}
    assert {"forecast", "retrain", "evaluate", "backtest"} <= verbs.keys()
    assert verbs["retrain"]["description"] == "Train the models of a project again, and form their ensemble."
    sentence = {"sentence": "forecast Load 3 months ahead every day"}
    plan = api.post(f"{INTENTS}/plan", json=sentence)
    assert plan.status_code == 200
    assert (plan.json()["ready"], plan.json()["profile"]["horizon"]) == (True, 3)
    assert api.get("/api/v1/pipelines").json()["items"] == []
    made = api.post(f"{INTENTS}/start", json=sentence)
    assert made.status_code == 201
    assert made.json() == {
        "pipeline": "forecast Load",
        "version": 1,
        "run": None,
        "schedule": "forecast Load",
        "rules": [],
    }
    assert [each["cron"] for each in api.get("/api/v1/schedules").json()["items"]] == ["0 0 * * *"]
    once = api.post(f"{INTENTS}/start", json={"sentence": "forecast Load 3 months ahead"}).json()
    assert api.get(f"/api/v1/runs/{once['run']}").json()["title"] == "forecast Load"


def test_what_is_missing_starts_nothing(api):
    plan = api.post(f"{INTENTS}/plan", json={"sentence": "forecast Load"})
    assert plan.json()["ready"] is False
    assert "How far ahead" in plan.json()["questions"][0]
    refused = api.post(f"{INTENTS}/start", json={"sentence": "forecast Load"})
    assert (refused.status_code, refused.json()["field"]) == (422, "sentence")
    assert "How far ahead" in refused.json()["detail"]
    unread = api.post(f"{INTENTS}/plan", json={"sentence": "sing"})
    assert (unread.status_code, unread.json()["field"]) == (422, "sentence")
    assert api.get("/api/v1/pipelines").json()["items"] == []
