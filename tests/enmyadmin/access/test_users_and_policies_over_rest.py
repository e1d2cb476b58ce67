"""Users and policies over REST, as administrators manage them."""

import threading

import pytest
from people import NAMES, PASSWORD

from enmyadmin.access.users import add_user, change_user, find_user
from enstorage.errors import EnstorageError

USERS, POLICIES = "/api/v1/users", "/api/v1/policies"
LESS = 'forbid(principal in Role::"viewer", action == Action::"read", resource == Table::"model");'


def test_an_administrator_adds_a_user_who_logs_in(logged_in, visitor):
    boss = logged_in("administrator")
    made = boss.post(USERS, json={"name": "Zoë", "password": PASSWORD, "role": "analyst"})
    assert made.status_code == 201
    user = made.json()
    assert (user["name"], user["role"], user["disabled_at"], user["last_login_at"]) == ("Zoë", "analyst", None, None)
    assert "argon2" not in made.text + boss.get(USERS).text
    answer = visitor().post("/api/v1/session", json={"name": "Zoë", "password": PASSWORD})
    assert answer.json()["user"] == {"name": "Zoë", "role": "analyst"}
    assert boss.get(USERS, params={"limit": 1}).json()["items"][0]["last_login_at"] is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "vera"),
        ("name", ""),
        ("name", " x"),
        ("name", "x\u202e"),
        ("name", "x\0"),
        ("name", "ﬁ"),
        ("name", "owner"),
        ("name", "x" * 65),
        ("role", "king"),
        ("password", "short"),
        ("password", "x" * 257),
        ("password", "aaaaaaaaaaaaa"),
        ("password", None),
        ("password", ["a good password 1"]),
    ],
)
def test_a_user_that_cannot_be_added_says_which_field_is_wrong(logged_in, field, value):
    boss = logged_in("administrator")
    given = {"name": "new", "password": PASSWORD, "role": "viewer"} | {field: value}
    answer = boss.post(USERS, json=given)
    assert (answer.status_code, answer.json()["field"]) == (422, field)
    assert PASSWORD not in answer.text
    assert len(boss.get(USERS).json()["items"]) == len(NAMES)


def test_a_body_that_is_none_gives_no_password_back(logged_in, visitor):
    for client, path in ((logged_in("administrator"), USERS), (visitor(), "/api/v1/session")):
        for body in ({"password": PASSWORD}, {"name": {"x": PASSWORD}, "password": PASSWORD}, [PASSWORD], PASSWORD):
            answer = client.post(path, json=body)
            assert answer.status_code == 422
            assert PASSWORD not in answer.text


def test_the_last_administrator_stays_one(logged_in, store):
    boss = logged_in("administrator")
    id = find_user(store, "ada").id
    for change in ({"role": "analyst"}, {"disabled": True}):
        answer = boss.patch(f"{USERS}/{id}", json=change)
        assert (answer.status_code, "no administrator" in answer.json()["detail"]) == (409, True)
    assert boss.get(USERS).status_code == 200
    second = find_user(store, "rita").id
    assert boss.patch(f"{USERS}/{second}", json={"role": "administrator"}).status_code == 200
    assert boss.patch(f"{USERS}/{id}", json={"role": "analyst"}).status_code == 200
    assert boss.get(USERS).status_code == 403  # at once


def test_two_administrators_who_take_each_others_role_at_once_leave_one(store):
    ada, eve = find_user(store, "ada"), add_user(store, "eve", PASSWORD, "administrator")
    refused, both = [], threading.Barrier(2)

    def take(id):
        both.wait()
        try:
            change_user(store, id, role="viewer")
        except EnstorageError as error:
            refused.append(error)

    threads = [threading.Thread(target=take, args=(id,)) for id in (ada.id, eve.id)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert sorted(find_user(store, name).role for name in ("ada", "eve")) == ["administrator", "viewer"]


def test_an_unknown_user_is_not_found(logged_in):
    boss = logged_in("administrator")
    assert boss.patch(f"{USERS}/99", json={"role": "viewer"}).status_code == 404
    assert boss.patch(f"{USERS}/{2**63}", json={"role": "viewer"}).status_code == 422


def test_a_policy_is_in_force_at_once_for_open_sessions(logged_in, program):
    boss, reader, script = logged_in("administrator"), logged_in("viewer"), program("viewer")
    text = LESS.replace(";", ' unless { principal in Role::"analyst" };')
    made = boss.post(POLICIES, json={"name": "no models", "text": text})
    assert made.status_code == 201
    for each in (reader, script):
        answer = each.get("/api/v1/models")
        assert (answer.status_code, "the policy 'no models' forbids it" in answer.json()["detail"]) == (403, True)
        assert each.get("/api/v1/projects").status_code == 200
    assert boss.get("/api/v1/models").status_code == 200
    assert boss.patch(f"{POLICIES}/{made.json()['id']}", json={"enabled": False}).json()["enabled"] is False
    assert reader.get("/api/v1/models").status_code == 200
    boss.patch(f"{POLICIES}/{made.json()['id']}", json={"enabled": True})
    assert reader.get("/api/v1/models").status_code == 403
    assert boss.delete(f"{POLICIES}/{made.json()['id']}").status_code == 204
    assert (reader.get("/api/v1/models").status_code, boss.get(POLICIES).json()["items"]) == (200, [])


def test_a_policy_that_locks_administrators_out_or_cannot_be_read_is_refused(logged_in):
    boss = logged_in("administrator")
    for text, status in (("forbid(principal, action, resource);", 409), ("forbid(", 422), ("x" * 100_000, 422)):
        answer = boss.post(POLICIES, json={"name": "x", "text": text})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
    assert boss.get(POLICIES).json()["items"] == []


def test_the_change_of_a_policy_is_in_the_audit_log_word_for_word(logged_in):
    boss = logged_in("administrator")
    made = boss.post(POLICIES, json={"name": "x", "text": LESS}).json()
    boss.patch(f"{POLICIES}/{made['id']}", json={"enabled": False})
    items = boss.get("/api/v1/audit", params={"action": "manage_policies"}).json()["items"]
    assert [each["detail"] for each in items] == [
        {"enabled": False},
        {"name": "x", "text": LESS},
    ]


def test_who_may_do_what_is_told_and_tried_out(program):
    ada = program("administrator")
    table = ada.get("/api/v1/policies/permissions").json()["roles"]
    assert "registered_model" in table["releaser"]["release"]
    assert table["analyst"]["release"] == []
    asked = {"action": "release", "table": "registered_model"}
    found = ada.post("/api/v1/policies/explain", json=asked | {"role": "analyst"}).json()
    assert (found["is_allowed"], found["reason"]) == (False, "no policy permits it")
    assert "audit" in ada.get("/api/v1/policies/permissions").json()["tables"]
    permitted = ada.post("/api/v1/policies/explain", json=asked | {"role": "releaser"}).json()
    assert permitted["policies"] == [*permitted["texts"]]
    assert all("permit" in text for text in permitted["texts"].values())
    assert ada.post("/api/v1/policies/explain", json=asked | {"user": "rita"}).json()["is_allowed"]
    assert program("releaser").post("/api/v1/policies/explain", json=asked | {"user": "rita"}).status_code == 403


def test_tests_of_policies_run_and_store_nothing(program):
    ada = program("administrator")
    text = f"""
policies: {{candidate: '{LESS}'}}
cases:
  - {{role: viewer, action: read, table: model, expect: deny}}
  - {{user: rita, via: token, action: release, table: registered_model, expect: deny}}
"""
    items = ada.post("/api/v1/policies/test", json={"text": text}).json()["items"]
    assert [(each["is_allowed"], each["is_as_expected"]) for each in items] == [(False, True), (True, False)]
    assert items[0]["reason"] == "the policy 'candidate' forbids it"
    assert ada.get("/api/v1/policies").json()["items"] == []
    wrong = ada.post("/api/v1/policies/test", json={"text": "cases: [{action: fly, table: model, expect: allow}]"})
    assert (wrong.status_code, "there is no action 'fly'" in wrong.json()["detail"]) == (422, True)
    assert program("releaser").post("/api/v1/policies/test", json={"text": text}).status_code == 403
