"""Every route of the application × every role and nobody."""

import re

import pytest
from fastapi.routing import APIRoute, iter_route_contexts

from enmyadmin.access.door import Access
from enmyadmin.access.permission import Public, permissions_of
from enmyadmin.access.refusal import DeniedError
from enorchestrator.policy.roles import ACTIONS, ROLES
from enorchestrator.policy.stored import TABLES

#: The lowest role that may do each action.
LOWEST = {
    "viewer": {"read", "download", "infer"},
    "analyst": {"create", "change", "trash", "train", "render", "upload", "run", "cancel"},
    "releaser": {"release"},
    "administrator": {"purge", "manage_users", "manage_policies", "read_audit"},
}
#: One's own: everybody who is logged in may do these.
OWN = {("trash", "session"), ("change", "session"), ("create", "token"), ("trash", "token")}
#: What a browser fetches before anybody has logged in, and what a monitor asks.
PUBLIC = {"/api/v1/session", "/{path:path}", "/api/v1/openapi.json", "/v2/health/live", "/v2/health/ready"}


class LetInError(DeniedError):
    """The request passed its permission, and the route did not run."""

    status = 418


@pytest.fixture
def routes(app):
    return list(iter_route_contexts(app.routes))


def lowest(permission):
    if (permission.action, permission.table) in OWN:
        return "viewer"
    return next(role for role, actions in LOWEST.items() if permission.action in actions)


def test_every_route_has_exactly_one_permission_about_actions_and_tables_that_there_are(routes):
    seen = set()
    for route in routes:
        if route.path == "/api/v1/openapi.json":
            continue  # made by the framework, from the routes alone
        assert isinstance(route.original_route, APIRoute), f"{route.path} is no route with dependencies"
        found = permissions_of(route.dependant)
        assert len(found) == 1, f"{route.methods} {route.path} has the permissions {found}"
        (permission,) = found
        if isinstance(permission, Public):
            assert route.path in PUBLIC, f"{route.methods} {route.path} is public"
        else:
            assert permission.action in ACTIONS
            assert permission.table in TABLES
            seen.add(permission.action)
    assert {"read", "create", "change", "trash", "purge", "manage_users", "manage_policies", "read_audit"} <= seen


def test_every_route_lets_in_exactly_the_roles_that_may(app, routes, visitor, program, monkeypatch):
    demand = Access.demand

    def demand_and_stop(self, who, action, table):
        demand(self, who, action, table)
        raise LetInError("let in")

    monkeypatch.setattr(Access, "demand", demand_and_stop)
    headers = {role: dict(program(role).headers) for role in ROLES} | {"nobody": {}}
    client, tried = visitor(), 0
    with client:  # one event loop for all requests
        for route in routes:
            if not isinstance(route.original_route, APIRoute):
                continue
            (permission,) = permissions_of(route.dependant)
            if isinstance(permission, Public):
                continue
            # One's own session and tokens are changed by browsers alone; test_tokens_of_programs.py has that.
            allowed = ROLES[ROLES.index(lowest(permission)) :] if not _of_browsers(permission) else ()
            path = re.sub(r"\{\w+(:\w+)?\}", "1", route.path)
            for method in route.methods:
                for name in headers:
                    expected = 401 if name == "nobody" else 418 if name in allowed else 403
                    body = {} if method in ("GET", "HEAD") else {"json": {}}
                    answer = client.request(method, path, headers=headers[name], **body)
                    assert answer.status_code == expected, f"{method} {path} by {name}: {answer.text}"
                    tried += 1
    assert tried > 5 * 50


def _of_browsers(permission):
    return permission.table in ("session", "token") and permission.action in ("create", "change", "trash")


def test_a_route_without_a_permission_is_found(app):
    app.add_api_route("/api/v1/forgotten", lambda: None)
    forgotten = next(route for route in iter_route_contexts(app.routes) if route.path == "/api/v1/forgotten")
    assert permissions_of(forgotten.dependant) == set()


@pytest.mark.parametrize("path", ["/", "/models/3", "/api/v1/session", "/api/v1/openapi.json"])
def test_what_everybody_may_fetch_is_answered_without_a_session(visitor, path):
    assert visitor().get(path).status_code == 200


def test_a_permission_of_an_unknown_action_is_refused_when_the_route_is_made():
    from enmyadmin.access.permission import allowed

    with pytest.raises(ValueError, match="no action 'reed'"):
        allowed("reed", "model")


def test_a_run_that_changes_records_takes_the_permission_of_its_action_and_table(program, store):
    def asked(role, action, entity="model"):
        work = {"entity": entity, "action": action, "where": "id > 0", "tags": {"a": 1}}
        return program(role).post("/api/v1/runs", json={"kind": "change_records", "arguments": work})

    assert asked("viewer", "tag").status_code == 403
    assert [asked("analyst", action).status_code for action in ("trash", "restore", "tag", "untag")] == [202] * 4
    assert asked("analyst", "purge").status_code == 403
    assert asked("administrator", "purge").status_code == 202
    policy = 'forbid (principal in Role::"analyst", action == Action::"trash", resource == Table::"ensemble");'
    assert program("administrator").post("/api/v1/policies", json={"name": "p", "text": policy}).status_code == 201
    assert asked("analyst", "trash", "ensemble").status_code == 403
    assert asked("analyst", "trash").status_code == 202
    assert program("analyst").post("/api/v1/runs/2/retry").status_code != 403
    steps = {"go": {"kind": "change_records", "arguments": {"entity": "model", "action": "purge", "where": "id > 0"}}}
    definition = {"name": "nightly", "steps": steps}
    made = program("analyst").post("/api/v1/pipelines", json={"definition": definition})
    started = program("analyst").post("/api/v1/pipelines/nightly/runs", json={})
    assert (made.status_code, started.status_code) == (201, 403)
