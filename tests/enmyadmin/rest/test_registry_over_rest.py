"""The registry over REST: versions side by side, promotion through gates, rollback, whether bytes are whole."""

import pytest

from enorchestrator import create_registered, promote, register
from enstorage import Ensemble
from released import make_ensemble, make_source


def fill():
    source = make_source()
    first, bad = make_ensemble(source, "first"), make_ensemble(source, "bad", break_by=3.0)
    create_registered("load", gates={"limits": {"mae": 2}})
    register("load", first, created_by="anton", progress=False)
    promote("load", 1, changed_by="rita", remark="the first one")
    register("load", bad, created_by="anton", progress=False)


@pytest.fixture
def filled_with():
    return fill


def test_a_registered_model_is_told_with_versions_and_history(api):
    (listed,) = api.get("/api/v1/registry").json()["items"]
    assert (listed["name"], listed["versions"]) == ("load", 2)
    assert listed["aliases"] == {"challenger": 2, "production": 1}
    found = api.get("/api/v1/registry/load").json()
    assert [(each["version"], each["aliases"], each["evaluation"]["state"]) for each in found["items"]] == [
        (2, ["challenger"], "failed"),
        (1, ["production"], "passed"),
    ]
    assert [(each["alias"], each["before"], each["after"], each["changed_by"]) for each in found["history"]] == [
        ("challenger", None, 2, "anton"),
        ("production", None, 1, "rita"),
    ]
    version = api.get("/api/v1/registry/load/versions/challenger").json()
    assert version["evaluation"]["against"] == 1
    assert {each["gate"] for each in version["evaluation"]["report"]["gates"]} == {
        "claims",
        "mae",
        "challenge",
        "regression",
    }
    assert version["parameters"]["method"] == "voting"
    assert api.get("/api/v1/registry/load/versions/2/evaluations").json()["items"][0]["state"] == "failed"


def test_the_timeline_and_the_page_about_a_version(api):
    items = api.get("/api/v1/registry/load/timeline").json()["items"]
    assert [(each["kind"], each["version"], each["by"]) for each in items] == [
        ("registered", 1, "anton"),
        ("evaluated", 1, "anton"),
        ("promoted", 1, "rita"),
        ("registered", 2, "anton"),
        ("evaluated", 2, "anton"),
    ]
    page = api.get("/api/v1/registry/load/versions/challenger/report")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("sandbox; default-src 'none'")
    assert "Version 2 is not in production" in page.text
    russian = api.get("/api/v1/registry/load/versions/challenger/report", params={"language": "ru"})
    assert "Версия 2 не в работе" in russian.text
    assert "rows" not in api.get("/api/v1/registry/load/versions/2").json()["evaluation"]["report"]
    assert api.get("/api/v1/registry/load/versions/9/report").status_code == 404


def test_what_failed_is_not_promoted_and_a_change_of_gates_asks_for_a_new_evaluation(api):
    refused = api.post("/api/v1/registry/load/versions/2/promote", json={})
    assert (refused.status_code, "did not pass its gates" in refused.json()["detail"]) == (409, True)
    changed = api.patch("/api/v1/registry/load", json={"gates": {"challenge": "none", "regression": None}})
    assert changed.json()["gates"]["challenge"] == "none"
    assert "by other gates" in api.post("/api/v1/registry/load/versions/2/promote", json={}).json()["detail"]
    run = api.post("/api/v1/registry/load/versions/2/evaluate")
    assert (run.status_code, run.json()["kind"], run.json()["arguments"]["version"]) == (202, "evaluate_version", 2)


def test_a_registration_is_a_run(api):
    ensemble = Ensemble.get_list()[0].id
    run = api.post("/api/v1/registry/other/versions", json={"ensemble": ensemble})
    assert (run.status_code, run.json()["title"]) == (202, "Register version other")
    assert api.post("/api/v1/registry/other/versions", json={}).status_code == 422
    assert api.post("/api/v1/registry/other/versions", json={"ensemble": 99}).status_code == 404


def test_versions_are_rejected_named_checked_and_deleted(api):
    assert api.patch("/api/v1/registry/load/versions/2", json={"rejected": True}).json()["state"] == "rejected"
    assert api.patch("/api/v1/registry/load/versions/1", json={"rejected": True}).status_code == 409
    named = api.put("/api/v1/registry/load/aliases/winter", json={"version": 1}).json()
    assert named["aliases"] == ["production", "winter"]
    assert api.put("/api/v1/registry/load/aliases/production", json={"version": 2}).status_code == 422
    assert api.get("/api/v1/registry/load/versions/winter/check").json()["is_whole"] is True
    assert api.delete("/api/v1/registry/load").status_code == 409
    assert api.delete("/api/v1/registry/load/aliases/production").status_code == 204
    assert api.post("/api/v1/registry/load/rollback", json={}).status_code == 409
    assert api.delete("/api/v1/registry/load").status_code == 204
    assert api.get("/api/v1/registry/load").status_code == 404


def test_gates_that_cannot_be_used_name_the_field(api):
    refused = api.post("/api/v1/registry", json={"name": "x", "gates": {"challenge": "best"}})
    assert refused.status_code == 422
    made = api.post("/api/v1/registry", json={"name": "x", "gates": {"floors": [{"by": "month", "limit": 3}]}})
    assert (made.status_code, made.json()["gates"]["floors"][0]["rows"]) == (201, 5)
    assert api.post("/api/v1/registry", json={"name": "x"}).status_code == 409
