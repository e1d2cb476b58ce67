"""Pipelines over REST: saved, refused with the field, run, followed, archived."""

import pytest

from enorchestrator import Dispatcher

TEXT = """
name: nightly
steps:
  check: {kind: check}
  sweep: {kind: gc, with: {grace_hours: 2}, needs: [check]}
"""


@pytest.fixture
def filled_with():
    return lambda: None


def test_a_pipeline_is_saved_run_and_archived(api, store):
    made = api.post("/api/v1/pipelines", json={"definition": TEXT})
    assert made.status_code == 201
    assert (made.json()["name"], made.json()["version"]) == ("nightly", 1)
    changed = {**made.json()["definition"], "description": "Each night"}
    assert api.post("/api/v1/pipelines", json={"definition": changed}).json()["version"] == 2
    assert [each["version"] for each in api.get("/api/v1/pipelines").json()["items"]] == [2]
    assert api.get("/api/v1/pipelines/nightly", params={"version": 1}).json()["definition"] == made.json()["definition"]
    asked = api.post("/api/v1/pipelines/nightly/runs", json={"key": "tonight"})
    assert asked.status_code == 202
    assert api.post("/api/v1/pipelines/nightly/runs", json={"key": "tonight"}).json()["id"] == asked.json()["id"]
    with Dispatcher(store, workers=1), api.stream("GET", f"{asked.headers['location']}/events") as events:
        assert list(events.iter_lines())
    found = api.get(asked.headers["location"]).json()
    assert (found["kind"], found["state"], found["title"]) == ("pipeline", "succeeded", "nightly")
    assert [(step["name"], step["state"]) for step in found["steps"]] == [
        ("check", "succeeded"),
        ("sweep", "succeeded"),
    ]
    assert list(found["result"]) == ["sweep"]
    assert api.delete("/api/v1/pipelines/nightly").status_code == 204
    assert api.get("/api/v1/pipelines").json()["items"] == []
    assert api.post("/api/v1/pipelines/nightly/runs", json={}).status_code == 404


def test_a_schedule_is_made_paused_resumed_and_deleted(api):
    api.post("/api/v1/pipelines", json={"definition": TEXT})
    asked = {"name": "each night", "pipeline": "nightly", "cron": "30 2 * * *", "time_zone": "Europe/Riga"}
    made = api.post("/api/v1/schedules", json=asked)
    assert (made.status_code, made.json()["enabled"]) == (201, True)
    assert api.post("/api/v1/schedules", json=asked).status_code == 409
    assert api.post("/api/v1/schedules", json=asked | {"name": "x", "cron": "often"}).json()["field"] == "cron"
    assert api.post("/api/v1/schedules/each night/pause").json()["next_at"] is None
    assert api.post("/api/v1/schedules/each night/resume").json()["next_at"] == made.json()["next_at"]
    assert [each["name"] for each in api.get("/api/v1/schedules").json()["items"]] == ["each night"]
    assert api.delete("/api/v1/schedules/each night").status_code == 204
    assert api.get("/api/v1/schedules").json()["items"] == []


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        ("name: x\nsteps: {a: {kind: chekc}}", "steps.a.kind"),
        ({"name": "x", "steps": {"a": {"kind": "check", "needs": ["a"]}}}, "steps.a"),
        ({"name": "x", "steps": {"a": {"kind": "render", "with": {"ensemble": "one"}}}}, "steps.a.with.ensemble"),
        ("{", "definition"),
    ],
)
def test_a_wrong_one_is_refused_with_the_field(api, definition, field):
    refused = api.post("/api/v1/pipelines", json={"definition": definition})
    assert (refused.status_code, refused.json()["field"]) == (422, field)
    assert api.get("/api/v1/pipelines").json()["items"] == []
