"""What the tests of access share: the real application over a store with one user of each role."""

from datetime import UTC, datetime, timedelta

import pytest
from people import NAMES, add_users
from starlette.testclient import TestClient

from enmyadmin.access.door import CSRF_HEADER, csrf
from enmyadmin.access.tokens import issue
from enmyadmin.access.users import find_user
from enmyadmin.server.app import create_app
from enmyadmin.server.settings import ServerSettings


@pytest.fixture
def filled_with():
    return add_users


@pytest.fixture
def settings():
    """Of the server; modules override it."""
    return ServerSettings()


@pytest.fixture
def app(store, settings):
    return create_app(store, settings)


@pytest.fixture
def visitor(app):
    """A function that gives a client without any session, at an address of this machine."""

    def make(host="127.0.0.1:8000", **headers):
        return TestClient(
            app,
            base_url=f"http://{host}",
            follow_redirects=False,
            raise_server_exceptions=False,
            client=("127.0.0.1", 50_000),
            headers=headers,
        )

    return make


@pytest.fixture
def logged_in(app, store, visitor):
    """A function that gives the client of a browser in which the user of a role has logged in."""

    def make(role):
        expires_at = datetime.now(UTC) + timedelta(hours=1)
        _, secret = issue(store, find_user(store, NAMES[role]).id, "session", expires_at=expires_at)
        client = visitor()
        client.cookies.set(app.state.access.cookie, secret)
        client.headers[CSRF_HEADER] = csrf(secret)
        return client

    return make


@pytest.fixture
def program(store, visitor):
    """A function that gives the client of a program with a token of the user of a role."""

    def make(role, limit=None):
        _, secret = issue(store, find_user(store, NAMES[role]).id, "api", limit=limit)
        return visitor(Authorization=f"Bearer {secret}")

    return make
