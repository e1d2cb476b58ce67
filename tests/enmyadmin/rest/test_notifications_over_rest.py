"""Rules of notifications over REST: made, refused with the field, changed, deleted; channels and notices."""

import pytest

from enorchestrator import cancel, submit
from enorchestrator.notification.outbox import claim_due, collect, settle_failed, settle_sent

RULES = "/api/v1/notifications/rules"


@pytest.fixture
def filled_with():
    return lambda: None


def test_a_rule_is_made_changed_paused_and_deleted(api):
    made = api.post(RULES, json={"name": "failures", "channel": "ops", "condition": {"pipeline": "nightly"}})
    assert made.status_code == 201
    assert (made.json()["events"], made.json()["condition"]["pipeline"]) == (["run.failed"], "nightly")
    assert api.post(RULES, json={"name": "failures", "channel": "ops"}).status_code == 409
    changed = api.patch(f"{RULES}/failures", json={"events": ["run.cancelled"], "fallback": "pager", "enabled": False})
    assert (changed.json()["fallback"], changed.json()["enabled"]) == ("pager", False)
    assert changed.json()["condition"]["pipeline"] == "nightly"
    assert api.patch(f"{RULES}/failures", json={"fallback": ""}).json()["fallback"] is None
    assert [each["name"] for each in api.get(RULES).json()["items"]] == ["failures"]
    assert api.delete(f"{RULES}/failures").status_code == 204
    assert api.delete(f"{RULES}/failures").status_code == 404


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"channel": "mailto://olga:secret@example.org"}, "channel"),
        ({"fallback": "Pager!"}, "fallback"),
        ({"events": ["run.exploded"]}, "events"),
        ({"events": []}, "events"),
        ({"digest_seconds": -1}, "digest_seconds"),
        ({"condition": {"weather": "fine"}}, "weather"),
    ],
)
def test_a_wrong_rule_is_refused_at_its_field(api, given, field):
    refused = api.post(RULES, json={"name": "x", "channel": "ops", **given})
    assert refused.status_code == 422
    assert field in refused.json()["field"]
    assert "olga" not in refused.text
    assert api.get(RULES).json()["items"] == []


def test_notices_tell_what_became_of_them(api, store):
    submit("gc", {})
    api.post(RULES, json={"name": "ends", "channel": "ops", "events": ["run.cancelled"]})
    cancel(submit("check", {}).id)
    assert (collect(store), collect(store)) == (1, 0)
    (message,) = claim_due(store, ())
    assert claim_due(store, ()) == []  # it is claimed
    assert settle_failed(store, message, "It hangs.")
    (notice,) = api.get("/api/v1/notifications").json()["items"]
    assert (notice["rule"], notice["run_id"], notice["state"], notice["attempts"]) == ("ends", 2, "waiting", 1)
    assert notice["error"] == {"detail": "It hangs."}
    settle_sent(store, message)
    assert api.get("/api/v1/notifications", params={"state": "waiting"}).json()["items"] == []
    (notice,) = api.get("/api/v1/notifications").json()["items"]
    assert (notice["state"], notice["channel"], notice["error"]) == ("sent", "ops", None)


def test_what_happened_while_a_rule_was_paused_is_not_told(api, store):
    api.post(RULES, json={"name": "ends", "channel": "ops", "events": ["run.cancelled"]})
    api.patch(f"{RULES}/ends", json={"enabled": False})
    cancel(submit("check", {}).id)
    api.patch(f"{RULES}/ends", json={"enabled": True})
    cancel(submit("gc", {}).id)
    collect(store)
    assert [each["run_id"] for each in api.get("/api/v1/notifications").json()["items"]] == [2]


def test_channels_are_told_by_name_and_tested(api, monkeypatch):
    monkeypatch.setenv("ENSTORAGE_NOTIFY_OPS", "jsno://olga:s3cret-word@example.org/hook")
    found = api.get("/api/v1/notifications/channels").json()
    assert (found["channels"], found["events"][0]) == (["ops"], "run.started")
    refused = api.post("/api/v1/notifications/test", json={"channel": "ops"})
    assert refused.status_code >= 400
    assert "did not take the message" in refused.json()["detail"]
    assert "s3cret-word" not in refused.text
    assert api.post("/api/v1/notifications/test", json={"channel": "no"}).status_code == 404
