"""The audit log: each change and each refusal leaves one entry, with no secret in it."""

import re

from fastapi.routing import APIRoute, iter_route_contexts
from people import PASSWORD
from sqlalchemy import func, select

from enmyadmin.access.door import SAFE_METHODS
from enmyadmin.access.permission import Allowed, permissions_of
from enorchestrator.policy.roles import READING
from enstorage import DataSource, Project
from enstorage.ledger import AuditEntry

AUDIT = "/api/v1/audit"


def entries(client, **chosen):
    return client.get(AUDIT, params=chosen).json()["items"]


def test_every_changing_route_leaves_one_entry(app, store, program):
    """Whatever comes of it: here most requests fail, for want of a body."""
    script = program("administrator")
    for route in iter_route_contexts(app.routes):
        if not isinstance(route.original_route, APIRoute):
            continue
        (permission,) = permissions_of(route.dependant)
        if not isinstance(permission, Allowed):
            continue
        path = re.sub(r"\{\w+(:\w+)?\}", "999999", route.path)
        for method in route.methods - SAFE_METHODS:
            before = count(store)
            answer = script.request(method, path, json={})
            added = count(store) - before
            is_kept = permission.action not in READING or answer.status_code == 403
            assert added == is_kept, f"{method} {path}: {answer.status_code}, {added} entries"
            if is_kept:
                with store.database.reading() as session:
                    entry = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc())).first()
                expected = "done" if answer.is_success else "denied" if answer.status_code == 403 else "failed"
                assert (entry.action, entry.entity, entry.outcome) == (permission.action, permission.table, expected)


def count(store):
    with store.database.reading() as session:
        return session.scalar(select(func.count()).select_from(AuditEntry))


def test_reading_leaves_no_entry_and_its_refusal_does(logged_in):
    boss, client = logged_in("administrator"), logged_in("viewer")
    client.get("/api/v1/models"), client.get("/api/v1/users")
    assert [(each["who"], each["role"], each["action"], each["entity"], each["outcome"]) for each in entries(boss)] == [
        ("vera", "viewer", "manage_users", "user_account", "denied")
    ]


def test_an_entry_names_who_did_what_to_what_from_where(logged_in, store):
    project = Project(name="Load", data_source=DataSource(name="Load").save()).save()
    logged_in("analyst").delete(f"/api/v1/projects/{project.id}")
    (entry,) = entries(logged_in("administrator"), entity="project", entity_id=project.id)
    del entry["id"], entry["created_at"], entry["detail"]
    assert entry == {
        "who": "anton",
        "role": "analyst",
        "action": "trash",
        "entity": "project",
        "entity_id": project.id,
        "outcome": "done",
        "address": "127.0.0.1",
    }


def test_a_request_that_a_page_of_another_site_made_leaves_no_trace_of_its_own(logged_in):
    client = logged_in("analyst")
    client.post("/api/v1/projects", json={}, headers={"X-CSRF-Token": "wrong"})
    assert entries(logged_in("administrator")) == []


def test_what_fails_by_a_fault_of_the_server_is_an_entry_too(app, logged_in, monkeypatch):
    def fail(*arguments, **options):
        raise RuntimeError("the disk is full of secrets")

    monkeypatch.setattr("enmyadmin.routes.access.users.add_user", fail)
    boss = logged_in("administrator")
    answer = boss.post("/api/v1/users", json={"name": "new", "password": PASSWORD, "role": "viewer"})
    assert (answer.status_code, "secrets" in answer.text) == (500, False)
    (entry,) = entries(boss)
    assert (entry["action"], entry["outcome"]) == ("manage_users", "failed")


def test_passwords_and_secrets_are_in_no_entry(logged_in, store):
    boss = logged_in("administrator")
    user = boss.post("/api/v1/users", json={"name": "new", "password": PASSWORD, "role": "viewer"}).json()
    boss.patch(f"/api/v1/users/{user['id']}", json={"password": "another good one 2", "role": "analyst"})
    boss.post("/api/v1/session/password", json={"password": PASSWORD, "new_password": "a third good one 3"})
    secret = boss.post("/api/v1/tokens", json={"name": "x"}).json()["secret"]
    found = boss.get(AUDIT).text
    for each in (PASSWORD, "another good one 2", "a third good one 3", secret):
        assert each not in found
    changed = entries(boss, action="manage_users")[0]
    assert (changed["entity_id"], changed["detail"]) == (user["id"], {"role": "analyst", "password": "***"})


def test_the_log_is_filtered_and_read_by_pages(logged_in, store):
    boss = logged_in("administrator")
    for number in range(5):
        boss.post("/api/v1/tokens", json={"name": f"{number}"})
    boss.get(AUDIT, params={"limit": 2})
    first = boss.get(AUDIT, params={"limit": 2, "who": "ada", "action": "create"}).json()
    second = boss.get(AUDIT, params={"limit": 2, "who": "ada", "action": "create", "cursor": first["next"]}).json()
    names = [each["detail"]["name"] for each in (*first["items"], *second["items"])]
    assert names == ["4", "3", "2", "1"]
    assert entries(boss, who="nobody") == []
    assert boss.get(AUDIT, params={"who": "\0"}).status_code == 422
    assert boss.get(AUDIT, params={"entity_id": 2**63}).status_code == 422


def test_no_request_succeeds_whose_entry_cannot_be_written(logged_in, store, monkeypatch):
    def fail(*arguments, **options):
        raise RuntimeError("no room")

    client = logged_in("viewer")
    monkeypatch.setattr("enmyadmin.access.gate.record", fail)
    assert client.post("/api/v1/tokens", json={"name": "x"}).status_code == 500
