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


def test_a_pipeline_comes_with_its_text_and_its_versions(api):
    api.post("/api/v1/pipelines", json={"definition": TEXT})
    api.post("/api/v1/pipelines", json={"definition": TEXT + "description: Каждую ночь\n"})
    found = api.get("/api/v1/pipelines/nightly").json()
    assert (found["version"], found["versions"]) == (2, [2, 1])
    assert "description: Каждую ночь" in found["text"]
    assert api.post("/api/v1/pipelines", json={"definition": found["text"]}).json()["version"] == 2


@pytest.mark.parametrize(
    ("text", "line", "field", "message"),
    [
        (TEXT.replace("gc, with", "clean, with"), 5, "steps.sweep.kind", "There is no kind of work 'clean'"),
        (TEXT.replace("grace_hours", "hours"), 5, "steps.sweep.with.hours", "has an argument hours"),
        (TEXT.replace("needs: [check]", "needs: [chek]"), 5, "steps.sweep", "needs chek"),
        ("name: x\nsteps:\n  a: {kind: check\n", 4, "definition", "no YAML"),
        ("name: x\nsteps:\n  a:\n    kind: check\n    tries: 3\n", 5, "steps.a.tries", "Extra inputs"),
        ("name: x\nsteps: {}\n", 2, "steps", "at least 1"),
        ("steps:\n  a: {kind: check}\n", None, "name", "Field required"),
    ],
)
def test_a_check_tells_the_line_and_saves_nothing(api, text, line, field, message):
    found = api.post("/api/v1/pipelines/check", json={"definition": text}).json()
    assert (found["line"], found["problem"]["field"], found["definition"]) == (line, field, None)
    assert message in found["problem"]["detail"]
    assert api.get("/api/v1/pipelines").json()["items"] == []


def test_a_check_of_a_pipeline_that_fits_gives_its_definition(api):
    found = api.post("/api/v1/pipelines/check", json={"definition": TEXT}).json()
    assert (found["problem"], found["line"], list(found["definition"]["steps"])) == (None, None, ["check", "sweep"])
    assert api.get("/api/v1/pipelines").json()["items"] == []


def test_a_run_of_a_pipeline_names_it_and_what_its_steps_need(api):
    api.post("/api/v1/pipelines", json={"definition": TEXT})
    api.post("/api/v1/runs", json={"kind": "check", "arguments": {}})
    run = api.post("/api/v1/pipelines/nightly/runs", json={}).json()["id"]
    found = api.get(f"/api/v1/runs/{run}").json()
    assert found["pipeline"] == {"name": "nightly", "version": 1}
    assert {step["name"]: step["needs"] for step in found["steps"]} == {"check": [], "sweep": ["check"]}
    listed = api.get("/api/v1/runs", params={"pipeline": "nightly"}).json()["items"]
    assert [each["id"] for each in listed] == [run]


def test_a_schedule_tells_its_next_times_and_is_changed(api):
    api.post("/api/v1/pipelines", json={"definition": TEXT + "parameters: {hours: {type: number, default: 1}}\n"})
    asked = {"name": "each day", "pipeline": "nightly", "cron": "30 2 * * *", "time_zone": "Europe/Riga"}
    made = api.post("/api/v1/schedules", json=asked).json()
    assert len(made["times"]) == 5
    assert made["times"][0] == made["next_at"]
    times = api.get("/api/v1/schedules/times", params={"cron": "0 6 * * 1", "count": 2}).json()["items"]
    assert [each[11:16] for each in times] == ["06:00", "06:00"]
    assert api.get("/api/v1/schedules/times", params={"cron": "0 6 30 2 *"}).json()["field"] == "cron"
    changed = api.patch("/api/v1/schedules/each day", json={"cron": "15 4 * * *", "parameters": {"hours": 5}}).json()
    assert (changed["cron"], changed["time_zone"], changed["parameters"]) == ("15 4 * * *", "Europe/Riga", {"hours": 5})
    assert changed["next_at"] != made["next_at"]
    assert api.patch("/api/v1/schedules/each day", json={"parameters": {"days": 5}}).json()["field"] == "days"
    assert api.patch("/api/v1/schedules/each day", json={"cron": "often"}).status_code == 422
    assert api.patch("/api/v1/schedules/no such", json={"cron": "0 0 * * *"}).status_code == 404
    api.post("/api/v1/schedules/each day/pause")
    assert api.patch("/api/v1/schedules/each day", json={"priority": 3}).json()["times"] == []
    assert api.get("/api/v1/schedules", params={"pipeline": "other"}).json()["items"] == []
