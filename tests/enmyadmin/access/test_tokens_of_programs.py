"""Bearer tokens: made by their users, limited, revoked, and never worth more than their users."""

from datetime import UTC, datetime, timedelta

import pytest
from people import NAMES, PASSWORD
from sqlalchemy import update

from enmyadmin.access.users import change_user, find_user
from enorchestrator.policy.stored import add_policy
from enstorage.ledger import Token

TOKENS = "/api/v1/tokens"


def bearer(secret):
    return {"Authorization": f"Bearer {secret}"}


def test_a_user_makes_a_token_uses_it_and_revokes_it(logged_in, visitor):
    client = logged_in("analyst")
    made = client.post(TOKENS, json={"name": "nightly"})
    assert made.status_code == 201
    secret, id = made.json()["secret"], made.json()["id"]
    assert secret.startswith("ens_")
    assert len(secret) > 40

    script = visitor(**bearer(secret))
    assert script.get("/api/v1/models").status_code == 200
    assert script.post("/api/v1/projects", json={}).status_code == 422  # no header of a session is needed
    assert script.get("/api/v1/session").json() | {"permissions": None} == {
        "user": {"name": "anton", "role": "analyst"},
        "permissions": None,
        "csrf": None,
        "mode": "users",
    }

    listed = client.get(TOKENS, params={"kind": "api"}).json()["items"]
    assert [(each["id"], each["name"], each["user"], each["last_used_at"] is not None) for each in listed] == [
        (id, "nightly", "anton", True)
    ]
    assert secret not in client.get(TOKENS).text
    assert client.delete(f"{TOKENS}/{id}").status_code == 204
    assert script.get("/api/v1/models").status_code == 401


@pytest.mark.parametrize("header", ["Bearer ", "Bearer x", "Bearer ens_x y", "bearer \xff", "Bearer " + "x" * 10_000])
def test_a_bearer_token_that_is_none_is_refused(visitor, header):
    answer = visitor(Authorization=header.encode("latin-1")).get("/api/v1/models")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_wrong_token_is_not_replaced_by_the_session_of_the_browser(logged_in):
    client = logged_in("viewer")
    assert client.get("/api/v1/models", headers=bearer("x")).status_code == 401
    assert client.get("/api/v1/models", headers={"Authorization": "Basic eDp5"}).status_code == 200  # that of a proxy


def test_a_session_is_no_token_and_a_token_no_session(app, logged_in, visitor):
    client = logged_in("viewer")
    cookie = app.state.access.cookie
    assert visitor(**bearer(client.cookies[cookie])).get("/api/v1/models").status_code == 401
    secret = client.post(TOKENS, json={"name": "x"}).json()["secret"]
    other = visitor()
    other.cookies.set(cookie, secret)
    assert other.get("/api/v1/models").status_code == 401


def test_a_token_expires(logged_in, visitor, store):
    later = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    secret = logged_in("viewer").post(TOKENS, json={"name": "x", "expires_at": later}).json()["secret"]
    script = visitor(**bearer(secret))
    assert script.get("/api/v1/models").status_code == 200
    with store.transaction() as session:
        session.execute(update(Token).values(expires_at=datetime.now(UTC)))
    assert script.get("/api/v1/models").status_code == 401


def test_a_limited_token_may_no_more_than_its_limit_and_no_more_than_its_user(program, store):
    reader = program("administrator", limit="viewer")
    assert (reader.get("/api/v1/models").status_code, reader.get("/api/v1/users").status_code) == (200, 403)
    assert program("viewer", limit="administrator").get("/api/v1/users").status_code == 403
    user = find_user(store, NAMES["administrator"])
    change_user(store, find_user(store, NAMES["analyst"]).id, role="administrator")
    change_user(store, user.id, role="viewer")
    assert reader.get("/api/v1/models").status_code == 200


def test_a_policy_that_permits_more_to_a_user_does_not_lift_the_limit_of_a_token(program, store):
    more = 'permit(principal == User::"vera", action == Action::"read_audit", resource == Table::"model");'
    less = 'forbid(principal == User::"rita", action == Action::"read", resource == Table::"model");'
    add_policy(store, "more", more, "ada"), add_policy(store, "less", less, "ada")
    free, limited = program("viewer"), program("viewer", limit="viewer")
    assert "read_audit" in free.get("/api/v1/session").json()["permissions"]
    assert "read_audit" not in limited.get("/api/v1/session").json()["permissions"]
    assert program("releaser", limit="viewer").get("/api/v1/models").status_code == 403  # what the user may not


def test_a_stolen_token_makes_no_further_tokens_and_changes_no_password(program):
    script = program("administrator")
    assert script.post(TOKENS, json={"name": "x"}).status_code == 403
    change = {"password": PASSWORD, "new_password": "another good one 2"}
    assert script.post("/api/v1/session/password", json=change).status_code == 403
    assert script.delete(f"{TOKENS}/1").status_code == 403
    assert script.get(TOKENS).status_code == 200


def test_users_see_and_revoke_their_own_tokens_and_administrators_all(logged_in):
    mine, other, boss = logged_in("viewer"), logged_in("analyst"), logged_in("administrator")
    id = mine.post(TOKENS, json={"name": "mine"}).json()["id"]
    assert id not in [each["id"] for each in other.get(TOKENS).json()["items"]]
    assert other.delete(f"{TOKENS}/{id}").status_code == 404
    assert boss.get(TOKENS).json()["items"][0]["user"] == "vera"
    assert boss.delete(f"{TOKENS}/{id}").status_code == 204
    assert mine.get(TOKENS).json()["items"][0]["revoked_at"] is not None


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "x", "role": "king"},
        {"name": "x\n"},
        {"name": "x" * 101},
        {"name": "x", "expires_at": "2001-01-01T00:00:00Z"},
        {"name": "x", "expires_at": "2099-01-01T00:00:00"},
    ],
)
def test_a_token_that_cannot_be_made_says_which_field_is_wrong(logged_in, wrong):
    client = logged_in("viewer")
    answer = client.post(TOKENS, json=wrong)
    assert answer.status_code == 422
    assert answer.json()["field"] == list(wrong)[-1]
    assert client.get(TOKENS, params={"kind": "api"}).json()["items"] == []


def test_tokens_are_listed_by_pages(logged_in):
    client = logged_in("viewer")
    made = [client.post(TOKENS, json={"name": f"{number}"}).json()["id"] for number in range(5)]
    found, cursor = [], None
    while cursor is not None or not found:
        answer = client.get(TOKENS, params={"kind": "api", "limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        found, cursor = found + [each["id"] for each in answer["items"]], answer["next"]
    assert found == made[::-1]
    for wrong in ("x", "-1", "9" * 30, "1e3", "²"):
        assert client.get(TOKENS, params={"cursor": wrong}).json()["field"] == "cursor"
