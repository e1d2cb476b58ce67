"""The engine of policies: deny by default, forbid wins, and what fails denies."""

import pytest

from enorchestrator.policy.engine import PolicyEngine, Question
from enorchestrator.policy.roles import ACTIONS, ROLES, lower, up_to


def ask(engine, role="analyst", action="read", table="model", *, name="anton", via="session", address="10.0.0.1"):
    return engine.decide(Question(name, role, via, address, action, table))


def test_each_role_may_all_that_the_lower_ones_may_and_something_more():
    engine = PolicyEngine()
    may = [{action for action in ACTIONS if ask(engine, role, action).is_allowed} for role in ROLES]
    assert may[0] < may[1] < may[2] < may[3] == set(ACTIONS)


@pytest.mark.parametrize("role", ["", "king", "Viewer", "administrator "])
def test_what_is_not_permitted_is_denied(role):
    answer = ask(PolicyEngine(), role)
    assert (answer.is_allowed, answer.reason) == (False, "no policy permits it")
    assert not ask(PolicyEngine(), "administrator", "fly").is_allowed


def test_a_forbid_wins_over_every_permit():
    engine = PolicyEngine(
        (("open", "permit(principal, action, resource);"), ("closed", "forbid(principal, action, resource);"))
    )
    answer = ask(engine, "administrator")
    assert (answer.is_allowed, answer.reason) == (False, "the policy 'closed' forbids it")


def test_a_policy_that_permits_adds_to_a_role():
    engine = PolicyEngine((("more", 'permit(principal == User::"anton", action == Action::"release", resource);'),))
    assert ask(engine, "analyst", "release").is_allowed
    assert not ask(engine, "analyst", "release", name="other").is_allowed


def test_a_role_in_a_policy_means_the_role_and_those_above_it():
    engine = PolicyEngine((("less", 'forbid(principal in Role::"analyst", action == Action::"trash", resource);'),))
    assert not ask(engine, "administrator", "trash").is_allowed
    exactly = PolicyEngine(
        (("less", 'forbid(principal, action == Action::"trash", resource) when { principal.role == "analyst" };'),)
    )
    assert ask(exactly, "administrator", "trash").is_allowed
    assert not ask(exactly, "analyst", "trash").is_allowed


FAILING = [
    "forbid(principal, action, resource) when { 9223372036854775807 + 1 > 0 };",
    "forbid(principal, action, resource) when { ip(principal.name).isLoopback() };",
    "forbid(principal, action, resource) when { principal.salary > 3 };",
    "permit(principal, action, resource) when { principal.salary > 3 };",
]


@pytest.mark.parametrize("text", FAILING)
def test_a_policy_that_fails_denies(text, caplog):
    """Cedar itself leaves such a policy out, so that a forbid that fails would permit."""
    answer = ask(PolicyEngine((("failing", text),)), "administrator")
    assert (answer.is_allowed, answer.reason) == (False, "a policy failed")
    assert "failing" in caplog.text


@pytest.mark.parametrize("text", ["forbid(", "", "permit(principal == ?principal, action, resource);", "x" * 100])
def test_a_policy_that_cannot_be_read_denies_everything(text, caplog):
    answer = ask(PolicyEngine((("broken", text),)), "administrator")
    assert (answer.is_allowed, "the policy 'broken' cannot be read" in answer.reason) == (False, True)
    assert "enstorage policy disable" in caplog.text


def test_an_engine_that_raises_denies(monkeypatch):
    engine = PolicyEngine()

    def fail(*arguments):
        raise RuntimeError("no memory")

    monkeypatch.setattr("cedarpy.is_authorized", fail)
    assert ask(engine, "administrator").reason == "the policies could not be asked"


@pytest.mark.parametrize("name", ['a"b', 'x"] || true', "\n\0\u202e", "风", "a" * 10_000, ""])
def test_the_name_of_a_user_is_never_taken_for_a_part_of_a_policy(name):
    engine = PolicyEngine((("less", 'forbid(principal == User::"anton", action, resource);'),))
    assert ask(engine, "viewer", name=name).is_allowed
    assert not ask(engine, "viewer", "purge", name=name).is_allowed


@pytest.mark.parametrize(
    ("address", "is_allowed"),
    [("10.1.2.3", True), ("192.168.0.7", False), ("", False), ("fe80::1%eth0", False), ("x", False)],
)
def test_a_policy_may_be_about_the_address_of_the_client(address, is_allowed):
    is_near = 'principal has address && principal.address.isInRange(ip("10.0.0.0/8"))'
    text = f"forbid(principal, action, resource) unless {{ {is_near} }};"
    assert ask(PolicyEngine((("from here", text),)), address=address).is_allowed is is_allowed


def test_the_lower_one_of_two_roles_counts():
    assert [lower("releaser", limit) for limit in (None, *ROLES)] == [
        "releaser",
        "viewer",
        "analyst",
        "releaser",
        "releaser",
    ]
    assert lower("viewer", "king") == "viewer"
    assert up_to("king") == ()
