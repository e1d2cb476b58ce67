"""Scenarios of policies: forbid wins, rights that are lost during a run, engines that fail."""

import time
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, update
from starlette.testclient import TestClient

from enmyadmin.access.tokens import issue
from enmyadmin.access.users import add_user, find_user
from enmyadmin.server.app import create_app
from enmyadmin.server.settings import ServerSettings
from enorchestrator import Dispatcher, PipelineDefinition, run_pipeline, save_pipeline
from enorchestrator.dispatch.read import details, list_runs
from enorchestrator.policy import engine as engine_module
from enorchestrator.policy.engine import PolicyEngine, Question
from enorchestrator.policy.explain import PRODUCT, explain, permissions, try_policies
from enorchestrator.policy.stored import add_policy
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.ledger import AuditEntry, User

NO_FITS = 'forbid(principal in Role::"analyst", action == Action::"train", resource == Table::"model");'


@pytest.fixture
def people(store):
    for name, role in (("ada", "administrator"), ("anton", "analyst")):
        add_user(store, name, "a good password 1", role)


@pytest.fixture
def as_anton(store, people):
    _, secret = issue(store, find_user(store, "anton").id, "api")
    client = TestClient(create_app(store, ServerSettings()), base_url="http://127.0.0.1:8000")
    client.headers["Authorization"] = f"Bearer {secret}"
    return client


def test_a_forbid_wins_before_anything_is_used(store, as_anton):
    add_policy(store, "anton may", 'permit(principal == User::"anton", action, resource);', "ada")
    add_policy(store, "no fits", NO_FITS.replace(");", ') unless { principal in Role::"administrator" };', 1), "ada")
    asked = as_anton.post("/api/v1/runs", json={"kind": "fit", "arguments": {"models": [1]}})
    assert (asked.status_code, "no fits" in asked.json()["detail"]) == (403, True)
    assert (
        list_runs(connector=store)[0] == []
        if isinstance(list_runs(connector=store), tuple)
        else not list_runs(connector=store)
    )


@pytest.mark.parametrize("lost", ["disabled", "lower role", "policy"])
def test_a_right_that_is_lost_during_a_run_denies_its_next_step(store, people, tmp_path, lost):
    (tmp_path / "folder").mkdir()
    steps = {
        "first": {"kind": "scenario_steps:until", "with": {"folder": str(tmp_path), "name": "go"}},
        "second": {"kind": "gc", "needs": ["first"]},
    }
    save_pipeline(PipelineDefinition.read({"name": "two", "steps": steps}), connector=store)
    with Dispatcher(store, workers=1):
        run = run_pipeline("two", created_by="anton", connector=store)
        until((tmp_path / "executed").exists)
        with store.transaction() as session:
            anton = update(User).where(User.name == "anton")
            if lost == "disabled":
                session.execute(anton.values(disabled_at=datetime.now(UTC)))
            elif lost == "lower role":
                session.execute(anton.values(role="viewer"))
        if lost == "policy":
            text = 'forbid(principal == User::"anton", action, resource == Table::"store");'
            add_policy(store, "not anton", text, "ada")
        (tmp_path / "go").touch()
        until(lambda: details(run.id, connector=store).run.state in ("succeeded", "failed"))
    found = details(run.id, connector=store)
    assert {each.name: each.state for each in found.steps} == {"first": "succeeded", "second": "failed"}
    assert "asked for by anton, who may no longer" in found.run.error["detail"]
    with store.database.reading() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.outcome == "denied")).all()
    assert (entry.who, entry.entity, entry.detail["run"]) == ("anton", "store", run.id)


def until(condition, within=120):
    end = time.monotonic() + within
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_an_engine_that_fails_denies(store, monkeypatch):
    class Broken:
        def __getattr__(self, name):
            if name == "is_authorized":
                raise RuntimeError("out of order")
            return getattr(working, name)

    working = engine_module.cedar()
    asked = Question("ada", "administrator", "session", "", "read", "model")
    assert PolicyEngine().decide(asked).is_allowed
    with monkeypatch.context() as patched:
        patched.setattr(engine_module, "cedar", Broken)
        answer = PolicyEngine().decide(asked)
    assert (answer.is_allowed, answer.reason) == (False, "the policies could not be asked")
    assert not PolicyEngine((("broken", "permit(principal"),)).decide(asked).is_allowed


def test_a_policy_that_does_not_parse_leaves_the_old_ones_in_force(store, people):
    add_policy(store, "no fits", NO_FITS.replace(");", ') unless { principal in Role::"administrator" };', 1), "ada")
    with pytest.raises(InvalidInputError, match="cannot be used"):
        add_policy(store, "other", "forbid(principal, action", "ada")
    assert explain(store, "train", "model", user="anton").reason == "the policy 'no fits' forbids it"
    assert explain(store, "read", "model", user="anton").is_allowed


def test_who_may_do_what_is_told_with_the_policy_that_decides(store, people):
    assert len(PRODUCT) == len(engine_module._of_product())
    found = explain(store, "release", "registered_model", role="analyst")
    assert (found.is_allowed, found.reason, found.by) == (False, "no policy permits it", ())
    found = explain(store, "release", "registered_model", role="releaser")
    assert (found.is_allowed, found.by) == (True, ("product: releasers and administrators release",))
    assert explain(store, "create", "token", user="anton", via="token").by == (
        "product: tokens make no tokens and change no password",
    )
    table = permissions(store)
    assert "registered_model" not in table["analyst"]["release"]
    assert "registered_model" in table["releaser"]["release"]
    with pytest.raises(NotFoundError, match="no user 'otto'"):
        explain(store, "read", "model", user="otto")
    for wrong in ({"action": "fly"}, {"table": "moon"}, {"role": "king"}, {"role": None}):
        with pytest.raises(InvalidInputError):
            explain(store, **({"action": "read", "table": "model", "role": "viewer"} | wrong))


def test_expectations_are_tested(store, people):
    given = [
        {"role": "viewer", "action": "trash", "table": "model", "allowed": False},
        {"user": "anton", "action": "release", "table": "registered_model", "allowed": True},
    ]
    assert [each.is_met for each in try_policies(store, given)] == [True, False]
    for wrong in ({"role": "viewer"}, {**given[0], "colour": "red"}, {**given[0], "allowed": "no"}, 3):
        with pytest.raises(InvalidInputError, match="Expectation 1"):
            try_policies(store, [wrong])
