"""The gate: Host and Origin, hostile headers and addresses, and the link that opens a server on one's own machine."""

import json
import logging
import re
import socket
import threading
import time
from contextlib import contextmanager

import httpx
import pytest
import uvicorn
from people import PASSWORD, add_users

from enmyadmin.access.door import CSRF_HEADER, Access, csrf
from enmyadmin.access.tokens import issue
from enmyadmin.access.users import add_user, change_user, find_user
from enmyadmin.server.app import create_app
from enmyadmin.server.settings import ServerSettings
from enstorage.errors import InvalidInputError


@pytest.fixture
def filled_with():
    """No users: the server opens by its link."""


@pytest.fixture
def link(app):
    return app.state.access.link.url("http://127.0.0.1:8000").removeprefix("http://127.0.0.1:8000")


@contextmanager
def running(app, **options):
    """The application behind a real server; gives its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, **options))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def test_the_link_opens_the_server_and_leaves_the_address(visitor, link):
    client = visitor()
    assert client.get("/api/v1/models").status_code == 401
    answer = client.get(link + "&page=3")
    assert (answer.status_code, answer.headers["location"]) == (303, "/?page=3")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "HttpOnly" in answer.headers["set-cookie"]
    state = client.get("/api/v1/session").json()
    assert (state["user"], state["mode"]) == ({"name": "owner", "role": "administrator"}, "link")
    answer = client.post("/api/v1/data-sources", json={"name": "Load"}, headers={CSRF_HEADER: state["csrf"]})
    assert answer.status_code == 201


def test_another_token_opens_nothing(visitor):
    answer = visitor().get("/?token=guess")
    assert (answer.status_code, answer.headers["location"], "set-cookie" in answer.headers) == (303, "/", False)


@pytest.mark.parametrize(
    "path", ["//evil.example/", "/\\evil.example", "/%5cevil.example", "/%2f%2fevil.example", "/%0d%0ax"]
)
def test_the_link_leads_to_no_other_site(visitor, link, path):
    place = visitor().get("http://127.0.0.1:8000" + path + link.removeprefix("/")).headers["location"]
    assert re.fullmatch(r"/([^/\\\s].*)?", place), place


def test_programs_use_the_token_of_the_link_as_a_bearer(visitor, link):
    script = visitor(Authorization=f"Bearer {link.partition('=')[2]}")
    assert script.get("/api/v1/session").json()["user"] == {"name": "owner", "role": "administrator"}
    assert script.get("/api/v1/models").status_code == 200
    assert visitor().get("/api/v1/models" + link.removeprefix("/")).status_code == 401  # never in an address


def test_a_browser_stays_logged_in_after_a_restart_and_the_old_link_is_void(store, visitor, link):
    client = visitor()
    client.get(link)
    again = create_app(store, ServerSettings())
    client.app = client._transport.app = again
    assert client.get("/api/v1/models").status_code == 200
    client.cookies.clear()
    assert "set-cookie" not in client.get(link).headers


def test_where_there_are_users_the_link_and_its_sessions_open_nothing(store, visitor, link):
    client = visitor()
    client.get(link)
    add_user(store, "ada", PASSWORD, "administrator")
    again = create_app(store, ServerSettings())
    assert again.state.access.link is None
    client.app = client._transport.app = again
    assert client.get("/api/v1/models").status_code == 401
    assert client.get("/api/v1/session").json()["mode"] == "users"
    answer = client.post("/api/v1/session", json={"name": "owner", "password": ""})
    assert answer.status_code == 401


def test_the_secret_of_the_link_is_in_no_log(store, caplog):
    app = create_app(store, ServerSettings())
    caplog.set_level(logging.DEBUG)
    with running(app, log_config=None, log_level="trace", access_log=True) as address:
        link = app.state.access.link.url(address)
        secret = link.partition("=")[2]
        with httpx.Client() as client:
            logging.getLogger("httpx").setLevel(logging.WARNING)
            logging.getLogger("httpcore").setLevel(logging.WARNING)
            answer = client.get(link)
            assert answer.status_code == 303
            client.get(f"{address}/api/v1/models?%74oken={secret}&x=1")
            client.get(f"{address}/models?token=wrong{secret}")
    lines = [record.getMessage() for record in caplog.records if record.name == "uvicorn.access"]
    assert len(lines) == 3
    assert '"GET / HTTP/1.1" 303' in lines[0]
    assert "/api/v1/models?x=1" in lines[1]
    told = [
        record.getMessage() for record in caplog.records if record.name.startswith(("uvicorn.acc", "enmyadmin", "enor"))
    ]
    assert not any(secret in each for each in told)


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "",
        "[::1",
        "127.1",
        "[::1]x.y",
    ],
)
def test_a_host_of_another_name_is_refused_before_anything_is_done(visitor, link, host):
    """A page whose own name was made to lead to this machine (DNS rebinding) sends that name."""
    for path in ("/api/v1/session", "/", link):
        answer = visitor().get(path, headers={"Host": host})
        assert (answer.status_code, "set-cookie" in answer.headers) == (421, False)
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1", "[::1]:8000", "192.168.0.7:8000"])
def test_addresses_and_localhost_are_known(visitor, host):
    assert visitor().get("/api/v1/session", headers={"Host": host}).status_code == 200


def test_further_names_are_told_to_the_server(store, visitor):
    access = Access.of_server(store, "127.0.0.1", ("forecasts.example.org",))
    assert access.knows("Forecasts.Example.org:443")
    assert not access.knows("example.org")
    assert not access.knows("x.forecasts.example.org")


def test_two_hosts_or_two_origins_are_refused(store):
    app = create_app(store, ServerSettings())
    with running(app, log_level="critical") as address:
        host, port = address.removeprefix("http://").split(":")
        for lines, expected in (
            (f"Host: {host}:{port}\r\nHost: evil.example", b"4"),
            (f"Host: {host}:{port}\r\nOrigin: {address}\r\nOrigin: http://evil.example", b"403"),
            ("X: y", b"4"),
        ):
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(f"GET /api/v1/session HTTP/1.1\r\n{lines}\r\nConnection: close\r\n\r\n".encode())
                status = connection.recv(4096).split(b" ")[1]
            assert status.startswith(expected), (lines, status)


def test_there_are_no_websockets(visitor):
    with pytest.raises(Exception) as refused, visitor().websocket_connect("/api/v1/changes"):  # noqa: PT011
        pass
    assert getattr(refused.value, "code", 1008) in (1008, 403)


@pytest.mark.parametrize(
    "path",
    [
        "/../../../etc/passwd",
        "/assets/../../../../../../etc/passwd",
        "/assets/..%2f..%2f..%2f..%2f..%2fetc/passwd",
        "/assets/%2e%2e/%2e%2e/%2e%2e/pyproject.toml",
        "/assets/%252e%252e/%252e%252e/pyproject.toml",
        "/assets//etc/passwd",
        "/%2fetc/passwd",
        "/assets/..\\..\\pyproject.toml",
        "/assets/x%00.js",
        "/" + "a" * 5000,
        "/assets/" + "a/" * 2000,
    ],
)
def test_no_file_beside_those_of_the_client_is_reached(store, path):
    app = create_app(store, ServerSettings())
    with running(app, log_level="critical") as address:
        host, port = address.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as connection:
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
    status = int(answer.split(b" ")[1])
    assert status in (200, 404, 400), answer[:300]
    assert b"root:" not in answer
    assert b"[project]" not in answer


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.0.7", "forecasts.example.org", ""])
def test_a_server_that_others_reach_needs_somebody_who_can_log_in(store, host):
    with pytest.raises(InvalidInputError, match="enstorage user add NAME --role administrator") as refused:
        create_app(store, ServerSettings(host=host))
    assert refused.value.field == "host"
    add_users()
    assert create_app(store, ServerSettings(host=host)).state.access.link is None


def test_a_token_is_enough_for_a_server_of_programs(store):
    add_users()
    user = find_user(store, "ada")
    issue(store, user.id, "api")
    for name in ("vera", "anton", "rita"):
        change_user(store, find_user(store, name).id, is_disabled=True)
    assert create_app(store, ServerSettings(host="0.0.0.0")).state.access.mode == "users"


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.0.0.2"])
def test_a_server_of_this_machine_alone_starts_with_a_link(store, host):
    assert create_app(store, ServerSettings(host=host)).state.access.mode == "link"


def test_the_link_is_shown_nowhere_but_where_it_is_printed(app, visitor, link):
    secret = link.partition("=")[2]
    assert secret not in repr(app.state.access)
    client = visitor()
    client.get(link)
    for path in ("/", "/api/v1/session", "/api/v1/tokens", "/api/v1/audit", "/api/v1/openapi.json", "/api/v1/schema"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert secret not in answer.text
        assert secret not in json.dumps(dict(answer.headers))


def test_the_value_of_the_header_of_changes_does_not_give_the_session_away():
    assert csrf("secret") != csrf("secret2")
    assert "secret" not in csrf("secret")
