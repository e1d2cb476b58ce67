"""Long work over REST: asked for, followed by events, cancelled, retried, and what it made taken away."""

import json
import threading

import pytest

from claims import claimed, succeed
from enmyadmin.server.settings import ServerSettings
from enorchestrator import Dispatcher, cancel, submit
from enorchestrator.dispatch.owner import Owner
from enorchestrator.service.presence import appear
from enorchestrator.work.registry import all_kinds
from enstorage import Ensemble, Model, Project
from enstorage.adapter import Window
from enstorage.ledger import RunEvent
from entrainer.networks import Estimator
from solar import make_sunspots


def fill():
    preparation = make_sunspots().create_snapshot().create_preparation("drop", "minmax", 0.5, 0.2, 0.3)
    project = Project(name="Sun", data_source=preparation.data_snapshot.data_source).save()
    research = project.create_research("Members", preparation)
    for lag in (2, 3):
        research.create_model(f"lag {lag}", Estimator("Ridge")).data_set(preparation.create_set(Window(lag)))
    project.create_ensemble("voting", models=research.models(), name="Both")


@pytest.fixture
def filled_with():
    return fill


def streamed(answer):
    """The events of a stream: kind, id and data."""
    found = []
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            found.append([value])
        elif name in ("data", "id"):
            found[-1].append(value)
    return [(kind, int(id), json.loads(data)) for kind, data, id in found]


def follow(api, run, **options):
    with api.stream("GET", f"/api/v1/runs/{run}/events", **options) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        return streamed(answer)


def commit(store, outputs, **facts):
    """Do the work of the next run, as a dispatcher would."""
    (step,) = claimed(store, most=1)
    succeed(store, step, outputs, **facts)
    return step


@pytest.mark.long
def test_work_is_asked_for_at_its_record_and_followed_to_its_result(api, store):
    with Dispatcher(store, workers=1):
        asked = api.post("/api/v1/models/fit", json={"models": [1, 2]})
        assert asked.status_code == 202
        assert asked.headers["location"] == "/api/v1/runs/1"
        assert asked.json()["title"] == "Fit models 1, 2"
        assert follow(api, 1)[-1][0] == "result"
        rendered = api.post("/api/v1/ensembles/1/render").json()
        events = follow(api, rendered["id"])
    assert [kind for kind, _, _ in events if kind in ("state", "result")] == ["state", "state", "state", "result"]
    assert events[-1][2]["metrics"] == json.loads(json.dumps(Ensemble.get(1).metrics()))
    found = api.get(asked.headers["location"]).json()
    assert (found["state"], found["steps"][0]["attempts"][0]["exit_reason"]) == ("succeeded", "succeeded")
    assert [model["name"] for model in found["result"]["models"]] == [model.name for model in Model.get_list([1, 2])]


def test_a_stream_goes_on_behind_the_last_event_that_was_seen(api, store):
    run = submit("check", {}).id
    commit(store, outputs={"damaged": False})
    everything = follow(api, run)
    assert [kind for kind, _, _ in everything] == ["state", "state", "state", "result"]
    seen = everything[1][1]
    assert follow(api, run, headers={"Last-Event-ID": str(seen)}) == everything[2:]
    assert follow(api, run, headers={"Last-Event-ID": str(everything[-1][1])}) == []


def test_a_stream_sends_what_happens_after_it_was_opened(api, store):
    run = submit("check", {}).id
    opened, found = threading.Event(), []

    def listen():
        with api.stream("GET", f"/api/v1/runs/{run}/events") as answer:
            opened.set()
            found.extend(streamed(answer))

    listener = threading.Thread(target=listen)
    listener.start()
    assert opened.wait(60)
    cancel(run, connector=store)
    listener.join(60)
    assert [data["state"] for _, _, data in found] == ["ready", "ready", "cancelled"]


def test_a_stream_ends_after_its_time(api, served, store):
    served.over(store, ServerSettings(stream_seconds=1))
    run = submit("check", {}).id
    assert [kind for kind, _, _ in follow(api, run)] == ["state"]


def test_a_long_history_is_sent_whole(api, store):
    run = submit("check", {}).id
    with store.transaction() as session:
        for number in range(1200):
            session.add(RunEvent(run_id=run, kind="log", data={"line": str(number)}))
    cancel(run)
    lines = [data["line"] for kind, _, data in follow(api, run) if kind == "log"]
    assert lines == [str(number) for number in range(1200)]


def test_a_key_is_one_run(api):
    asked = {"kind": "gc", "arguments": {"grace_hours": 2}, "key": "mine"}
    first, again = (api.post("/api/v1/runs", json=asked) for _ in range(2))
    assert first.json()["id"] == again.json()["id"]
    other = api.post("/api/v1/runs", json={**asked, "arguments": {}})
    assert (other.status_code, other.json()["field"]) == (409, "key")
    heads = {"Idempotency-Key": "render it"}
    assert len({api.post("/api/v1/ensembles/1/render", headers=heads).json()["id"] for _ in range(2)}) == 1


@pytest.mark.parametrize(
    ("path", "body", "status", "field"),
    [
        ("/runs", {"kind": "boil", "arguments": {}}, 422, "kind"),
        ("/runs", {"kind": "fit", "arguments": {"models": [True]}}, 422, "models.0"),
        ("/runs", {"kind": "fit", "arguments": {"models": [99]}}, 404, None),
        ("/runs", {"kind": "fit", "arguments": {"models": [1], "training": {"epochs": -1}}}, 422, "training"),
        ("/runs", {"kind": "fit", "arguments": []}, 422, "arguments"),
        ("/models/fit", {}, 422, "models"),
        ("/ensembles/99/render", {}, 404, None),
        ("/ensembles/1/render", {"ensemble": 1}, 422, "ensemble"),
        ("/ensembles/1/calibrate", {"levels": [2]}, 422, "levels.0"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once_with_its_field(api, path, body, status, field):
    answer = api.post(f"/api/v1{path}", json=body)
    assert (answer.status_code, answer.json()["field"]) == (status, field), answer.text
    assert api.get("/api/v1/runs").json() == {"items": [], "next": None}


def test_runs_are_listed_page_by_page(api):
    ids = [submit("check", {}).id for _ in range(5)]
    cancel(ids[0])
    first = api.get("/api/v1/runs?limit=3").json()
    second = api.get(f"/api/v1/runs?limit=3&cursor={first['next']}").json()
    assert [run["id"] for page in (first, second) for run in page["items"]] == ids[::-1]
    assert second["next"] is None
    assert [run["id"] for run in api.get("/api/v1/runs?state=cancelled").json()["items"]] == ids[:1]
    wrong = api.get(f"/api/v1/runs?state=ready&cursor={first['next']}")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "cursor")


def test_a_run_is_cancelled_and_executed_again(api, store):
    run = api.post("/api/v1/ensembles/1/render").json()["id"]
    assert api.post(f"/api/v1/runs/{run}/cancel").json()["state"] == "cancelled"
    again = api.post(f"/api/v1/runs/{run}/retry")
    assert (again.status_code, again.json()["state"]) == (202, "ready")
    assert api.post(f"/api/v1/runs/{run}/retry").status_code == 409
    for path in ("", "/events", "/files/" + "0" * 64):
        assert api.get(f"/api/v1/runs/99{path}").status_code == 404
    for path in ("cancel", "retry"):
        assert api.post(f"/api/v1/runs/99/{path}").status_code == 404


def test_a_file_that_a_run_made_is_taken_away(api, store):
    run = submit("report", {"ensemble": 1}).id
    page = store.objects.put(b"<html>")
    file = {"object": page, "name": "report of Übung/3.html", "bytes": 6, "media_type": "text/html"}
    commit(store, outputs={"ensemble": 1, "file": file})
    answer = api.get(f"/api/v1/runs/{run}/files/{page}")
    assert (answer.content, answer.headers["content-disposition"][:11]) == (b"<html>", "attachment;")
    other = store.objects.put(b"secret")
    assert api.get(f"/api/v1/runs/{run}/files/{other}").status_code == 404


def test_kinds_describe_their_arguments(api):
    kinds = {each["name"]: each for each in api.get("/api/v1/kinds").json()["items"]}
    assert kinds.keys() == all_kinds().keys()
    assert kinds["render"]["arguments"]["required"] == ["ensemble"]
    assert kinds["fit"]["action"] == "train"


def test_logs_come_by_step_and_can_be_left_out_of_a_run(api, store):
    run = submit("gc", {}).id
    commit(store, outputs={}, log="some words\n")
    found = api.get(f"/api/v1/runs/{run}/logs", params={"step": "gc"}).json()["items"]
    assert found == [{"step": "gc", "fence": 1, "exit_reason": "succeeded", "text": "some words\n"}]
    assert api.get(f"/api/v1/runs/{run}/logs", params={"attempt": 2}).json() == {"items": []}
    assert api.get(f"/api/v1/runs/{run}/logs", params={"step": "fit"}).status_code == 404
    whole, short = (api.get(f"/api/v1/runs/{run}", params={"logs": each}).json() for each in (True, False))
    assert (whole["steps"][0]["attempts"][0].pop("log"), short["steps"][0]["attempts"][0].pop("log")) == (
        "some words\n",
        "",
    )
    assert whole == short


def test_who_is_at_work_is_told(api, store):
    submit("gc", {})
    found = api.get("/api/v1/orchestrator").json()
    assert (found["is_at_work"], found["dispatchers"], found["queue"]["ready"]) == (False, [], 1)
    appear(store, Owner.here(7), "orchestrator", 3)
    claimed(store, Owner.here(7))
    found = api.get("/api/v1/orchestrator").json()
    assert (found["is_at_work"], found["dispatchers"][0]["workers"], found["queue"]["running"]) == (True, 3, 1)
    assert [(each["run_id"], each["step"]) for each in found["children"]] == [(1, "gc")]
