"""Sessions of browsers: logging in and out, what ends them, and what a page of another site cannot do with them."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import Depends
from fastapi.routing import APIRoute
from people import NAMES, PASSWORD
from sqlalchemy import select, update
from starlette.responses import StreamingResponse

from enmyadmin.access import passwords
from enmyadmin.access.attempts import MOST_OF_ADDRESS, MOST_OF_BOTH, PERIOD_SECONDS, Attempts
from enmyadmin.access.door import CSRF_HEADER
from enmyadmin.access.permission import allowed
from enmyadmin.access.refusal import TooManyAttemptsError
from enmyadmin.access.users import change_user, find_user
from enstorage.ledger import Token, User

SESSION = "/api/v1/session"
WRONG = "The name or the password is wrong, or the user is disabled. Correct them."


def log_in(client, name="ada", password=PASSWORD, **headers):
    return client.post(SESSION, json={"name": name, "password": password}, headers=headers)


def create_project(client, **headers):
    return client.post("/api/v1/projects", json={"name": "Load"}, headers=headers)


def test_a_user_logs_in_works_and_logs_out(visitor, app):
    client = visitor()
    assert client.get(SESSION).json() == {"user": None, "permissions": [], "csrf": None, "mode": "users"}
    assert client.get("/api/v1/models").status_code == 401

    answer = log_in(client)
    assert answer.status_code == 200
    state = answer.json()
    assert state["user"] == {"name": "ada", "role": "administrator"}
    assert {"read", "purge", "manage_users"} <= set(state["permissions"])
    assert state == client.get(SESSION).json()

    client.headers[CSRF_HEADER] = state["csrf"]
    assert client.get("/api/v1/models").status_code == 200
    cookie = client.cookies[app.state.access.cookie]
    assert client.delete(SESSION).status_code == 204
    assert client.get("/api/v1/models").status_code == 401
    client.cookies.set(app.state.access.cookie, cookie)  # whoever copied it
    assert client.get("/api/v1/models").status_code == 401


def test_the_cookie_is_kept_from_scripts_and_from_other_sites(visitor):
    cookie = log_in(visitor()).headers["set-cookie"]
    parts = {part.strip().lower() for part in cookie.split(";")[1:]}
    assert {"httponly", "samesite=strict", "path=/", "max-age=604800"} == parts
    assert cookie.startswith("enstorage_")


def test_the_cookie_is_sent_over_tls_alone_where_the_server_is_reached_by_it(app, visitor):
    client = visitor()
    client.base_url = "https://127.0.0.1:8000"
    assert "; Secure" in log_in(client).headers["set-cookie"]


@pytest.mark.parametrize(
    ("name", "password"),
    [("ada", "another password"), ("nobody", PASSWORD), ("", ""), ("a\0", "\0"), ("vera", PASSWORD)],
)
def test_a_wrong_name_a_wrong_password_and_a_disabled_user_get_the_same_answer(visitor, store, name, password):
    change_user(store, find_user(store, "vera").id, is_disabled=True)
    answer = log_in(visitor(), name, password)
    assert (answer.status_code, answer.json()["detail"]) == (401, WRONG)
    assert "set-cookie" not in answer.headers


def test_an_unknown_user_takes_as_long_as_a_known_one(visitor, monkeypatch):
    """Both times one hash is computed, with the same parameters."""
    hasher, verified = passwords._hasher(), []
    monkeypatch.setattr(passwords, "_hasher", lambda: hasher)
    verify = hasher.verify
    monkeypatch.setattr(hasher, "verify", lambda word, known: verified.append(known) or verify(word, known))
    log_in(visitor(), "ada", "wrong"), log_in(visitor(), "nobody", "wrong")
    parameters = [known.split("$")[1:4] for known in verified]
    assert len(verified) == 2
    assert parameters[0] == parameters[1]
    assert parameters[0][0] == "argon2id"


def test_a_change_by_a_browser_needs_the_header_of_its_session(logged_in):
    client, other = logged_in("analyst"), logged_in("analyst")
    right = client.headers[CSRF_HEADER]
    for wrong in ("", "x", other.headers[CSRF_HEADER], "ü".encode()):
        answer = create_project(client, **{CSRF_HEADER: wrong})
        assert (answer.status_code, "without the header" in answer.text) == (403, True)
    del client.headers[CSRF_HEADER]
    assert create_project(client).status_code == 403
    assert client.get("/api/v1/projects").json()["items"] == []
    assert create_project(client, **{CSRF_HEADER: right}).status_code != 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:8001"},
        {"Origin": "http://127.0.0.1:8000.evil.example"},
        {"Origin": ""},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
    ],
)
def test_a_page_of_another_site_changes_nothing_and_logs_nobody_in(logged_in, visitor, headers):
    client = logged_in("analyst")
    assert create_project(client, **headers).status_code == 403
    assert log_in(visitor(), **headers).status_code == 403
    assert client.get("/api/v1/projects").json()["items"] == []


def test_a_link_on_another_site_may_lead_here(visitor):
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert visitor(**headers).get("/models/3").status_code == 200


def test_a_session_expires(logged_in, store):
    client = logged_in("viewer")
    assert client.get("/api/v1/models").status_code == 200
    with store.transaction() as session:
        session.execute(update(Token).values(expires_at=datetime.now(UTC) - timedelta(seconds=1)))
    assert client.get("/api/v1/models").status_code == 401


def test_a_new_role_holds_at_once_in_open_sessions(logged_in, program, store):
    client, script = logged_in("analyst"), program("analyst")
    user = find_user(store, NAMES["analyst"])
    assert create_project(client).status_code != 403
    change_user(store, user.id, role="viewer")
    assert (create_project(client).status_code, create_project(script).status_code) == (403, 403)
    assert client.get(SESSION).json()["user"]["role"] == "viewer"
    change_user(store, user.id, role="administrator")
    assert (client.get("/api/v1/users").status_code, script.get("/api/v1/users").status_code) == (200, 200)


def test_a_disabled_user_is_out_at_once_and_stays_out(logged_in, program, store):
    client, script = logged_in("analyst"), program("analyst")
    user = find_user(store, NAMES["analyst"])
    assert logged_in("administrator").patch(f"/api/v1/users/{user.id}", json={"disabled": True}).status_code == 200
    for each in (client, script):
        assert each.get("/api/v1/models").status_code == 401
    change_user(store, user.id, is_disabled=False)  # what was ended stays ended
    for each in (client, script):
        assert each.get("/api/v1/models").status_code == 401


def test_a_new_password_ends_the_other_sessions_of_the_user(visitor, logged_in, store):
    other, client = logged_in("viewer"), logged_in("viewer")
    change = {"password": PASSWORD, "new_password": "another good one 2"}
    assert client.post(f"{SESSION}/password", json=change | {"password": "wrong"}).status_code == 422
    assert client.post(f"{SESSION}/password", json=change | {"new_password": "short"}).json()["field"] == "new_password"
    assert other.get("/api/v1/models").status_code == 200
    assert client.post(f"{SESSION}/password", json=change).status_code == 204
    assert (client.get("/api/v1/models").status_code, other.get("/api/v1/models").status_code) == (200, 401)
    assert log_in(visitor(), "vera").status_code == 401
    assert log_in(visitor(), "vera", "another good one 2").status_code == 200


def test_one_ends_a_session_in_another_browser(logged_in):
    client, lost = logged_in("viewer"), logged_in("viewer")
    sessions = client.get("/api/v1/tokens", params={"kind": "session"}).json()["items"]
    assert [each["is_own"] for each in sessions] == [False, True]
    assert client.delete(f"/api/v1/tokens/{sessions[0]['id']}").status_code == 204
    assert (client.get("/api/v1/models").status_code, lost.get("/api/v1/models").status_code) == (200, 401)


def test_guessing_of_passwords_is_slowed_down(visitor, store):
    client = visitor()
    for _ in range(MOST_OF_BOTH):
        assert log_in(client, "ada", "guess").status_code == 401
    answer = log_in(client, "ada")  # now even with the right one
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= PERIOD_SECONDS
    assert log_in(client, "vera").status_code == 200


def test_attempts_are_counted_by_name_and_by_address_and_forgotten_after_a_while():
    now = [0.0]
    attempts = Attempts(lambda: now[0])
    for number in range(MOST_OF_ADDRESS):
        attempts.begin(f"user {number}", "10.0.0.1")
    with pytest.raises(TooManyAttemptsError):
        attempts.begin("ada", "10.0.0.1")
    for number in range(50):
        attempts.begin("ada", f"10.1.0.{number}")
    with pytest.raises(TooManyAttemptsError):
        attempts.begin("ada", "10.0.0.3")
    now[0] = PERIOD_SECONDS
    attempts.begin("ada", "10.0.0.1")


def test_many_log_ins_that_succeed_keep_nobody_out():
    attempts = Attempts()
    for number in range(200):
        attempts.begin(f"user {number % 3}", "10.0.0.1")
        attempts.succeeded(f"user {number % 3}", "10.0.0.1")


def test_guesses_that_are_made_at_once_are_counted_too(visitor, monkeypatch):
    """Each is counted before its password is looked at, so that none slips through meanwhile."""
    asked, both = [], threading.Barrier(MOST_OF_BOTH)

    def look(connector, name, password):
        asked.append(password)
        both.wait(30)

    monkeypatch.setattr("enmyadmin.routes.access.session.log_in", look)
    with ThreadPoolExecutor(2 * MOST_OF_BOTH) as threads:
        answers = list(
            threads.map(lambda number: log_in(visitor(), "ada", f"{number}").status_code, range(2 * MOST_OF_BOTH))
        )
    assert (sorted(answers), len(asked)) == ([401] * MOST_OF_BOTH + [429] * MOST_OF_BOTH, MOST_OF_BOTH)


def test_the_memory_of_attempts_is_bounded():
    attempts = Attempts()
    for number in range(30_000):
        attempts.begin(f"user {number}", f"address {number}")
    assert len(attempts._failures) == 20_000


def test_the_store_has_neither_passwords_nor_secrets(visitor, store, app):
    client = visitor()
    log_in(client)
    client.headers["Authorization"] = ""
    secret = client.cookies[app.state.access.cookie]
    content = b"".join(path.read_bytes() for path in Path(store.settings.database[10:]).parent.glob("*.sqlite*"))
    assert b"ada" in content
    assert secret.encode() not in content
    assert PASSWORD.encode() not in content
    with store.database.reading() as session:
        assert session.scalars(select(User.password_hash)).first().startswith("$argon2id$")


def test_a_log_in_is_noted(visitor, store):
    log_in(visitor(), "ada", "wrong"), log_in(visitor(), "my secret passphrase", "x"), log_in(visitor())
    client = visitor()
    client.headers[CSRF_HEADER] = log_in(client).json()["csrf"]
    entries = client.get("/api/v1/audit", params={"action": "login"}).json()["items"]
    assert [(each["who"], each["outcome"], each["address"]) for each in entries] == [
        ("ada", "done", "127.0.0.1"),
        ("ada", "done", "127.0.0.1"),
        ("", "denied", "127.0.0.1"),  # the name might be a password
        ("ada", "denied", "127.0.0.1"),
    ]
    assert find_user(store, "ada").last_login_at is not None


def test_a_stream_ends_when_its_user_is_disabled(app, program, store, monkeypatch):
    monkeypatch.setattr("enmyadmin.access.gate._LOOK_AGAIN_SECONDS", 0.0)

    def events():
        for number in range(100):
            if number == 3:
                change_user(store, find_user(store, "vera").id, is_disabled=True)
            yield f"data: {number}\n\n"

    def stream():
        return StreamingResponse(events(), media_type="text/event-stream")

    app.router.routes.insert(0, APIRoute("/api/v1/stream", stream, dependencies=[Depends(allowed("read", "model"))]))
    received = program("viewer").get("/api/v1/stream").text
    assert "data: 2" in received
    assert "data: 5" not in received
