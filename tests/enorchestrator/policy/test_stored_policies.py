"""Policies that administrators add: checked before they are stored, and none of them locks everybody out."""

import pytest

from enmyadmin.access.users import add_user, change_user
from enorchestrator.policy.engine import PolicyEngine, Question, engine_with
from enorchestrator.policy.roles import ROLES
from enorchestrator.policy.stored import add_policy, change_policy, enabled_policies, find_policy, remove_policy
from enstorage.errors import InUseError, InvalidInputError, NotFoundError
from enstorage.ledger import StoredPolicy

PASSWORD = "a good password 1"
LESS = 'forbid(principal in Role::"analyst", action == Action::"trash", resource == Table::"ensemble");'


def may_trash(store, table):
    question = Question("anton", "analyst", "session", "10.0.0.1", "trash", table)
    return engine_with(enabled_policies(store)).decide(question).is_allowed


def test_a_policy_is_in_force_as_soon_as_it_is_stored_and_no_longer_when_it_is_disabled(store):
    assert may_trash(store, "ensemble")
    policy = add_policy(store, "no trash", LESS, "ada")
    assert (may_trash(store, "ensemble"), may_trash(store, "model")) == (False, True)
    change_policy(store, policy.id, "ada", text=LESS.replace("ensemble", "model"))
    assert (may_trash(store, "ensemble"), may_trash(store, "model")) == (True, False)
    change_policy(store, policy.id, "eve", is_enabled=False)
    assert may_trash(store, "model")
    assert (find_policy(store, "no trash").changed_by, enabled_policies(store)) == ("eve", ())
    remove_policy(store, policy.id)
    with pytest.raises(NotFoundError):
        find_policy(store, "no trash")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("forbid(principal, action, resource", "unexpected end of input"),
        ("", "0 policies"),
        (LESS * 2, "2 policies"),
        (LESS.replace("ensemble", "ensembel"), "ensembel"),
        (LESS.replace("analyst", "analist"), "analist"),
        (LESS.replace('"trash"', '"thrash"'), "thrash"),
        (LESS.replace("Table", "Tabel"), "Tabel"),
        ('forbid(principal == User::"nobody", action, resource);', "there is no user 'nobody'"),
        ('forbid(principal, action, resource) when { principal == User::"nobody" };', "there is no user 'nobody'"),
        ("forbid(principal, action, resource) when { principal.salary > 3 };", "salary"),
        ("forbid(principal, action, resource) when { principal.role > 3 };", "expected Long"),
        ("permit(principal == ?principal, action, resource);", "template"),
        ("// " + "x" * 30_000, "4000 characters"),
        ("forbid(principal, action, resource) when { context.time > 3 };", "context"),
    ],
)
def test_a_policy_that_does_not_say_what_it_seems_to_say_is_refused(store, text, reason):
    with pytest.raises(InvalidInputError, match="The policy cannot be used") as refused:
        add_policy(store, "wrong", text, "ada")
    assert reason in str(refused.value)
    assert refused.value.field == "text"
    assert enabled_policies(store) == ()
    policy = add_policy(store, "right", LESS, "ada")
    with pytest.raises(InvalidInputError):
        change_policy(store, policy.id, "ada", text=text)
    assert find_policy(store, "right").text == LESS


DEEP = {
    "brackets": "(" * 1500 + "true" + ")" * 1500,
    "sets": "[" * 30 + "]" * 30 + ".isEmpty()",
    "negations": "!" * 3500 + "true",
    "conjunctions": "true" + " && true" * 450,
    "sums": "1" + "+1" * 1900 + " > 0",
    "attributes": "principal" + ".name" * 700 + ' == "x"',
    "conditions": "if true then " * 150 + "true" + " else true" * 150,
    "alternatives": "if true then true else " * 160 + "true",
}


@pytest.mark.parametrize("kind", DEEP)
def test_a_policy_that_is_nested_deeply_is_refused_and_does_not_end_the_process(store, kind):
    with pytest.raises(InvalidInputError, match="The policy cannot be used"):
        add_policy(store, "deep", f"forbid(principal, action, resource) when {{ {DEEP[kind]} }};", "ada")


@pytest.mark.parametrize("name", ["", " x", "x\n", "product 0", "x" * 101])
def test_a_name_that_cannot_be_used_is_refused(store, name):
    with pytest.raises(InvalidInputError) as refused:
        add_policy(store, name, LESS, "ada")
    assert refused.value.field == "name"


def test_a_name_is_given_once(store):
    add_policy(store, "no trash", LESS, "ada")
    with pytest.raises(InvalidInputError, match="already"):
        add_policy(store, "no trash", LESS, "ada")


@pytest.mark.parametrize(
    "text",
    [
        "forbid(principal, action, resource);",
        'forbid(principal == User::"eve", action, resource);',
        'forbid(principal, action == Action::"manage_policies", resource);',
        'forbid(principal, action, resource == Table::"user_account");',
        'forbid(principal, action, resource) unless { principal has address && principal.address == ip("10.0.0.7") };',
        "forbid(principal, action, resource) when { 9223372036854775807 + 1 > 0 };",
    ],
)
def test_no_policy_locks_an_administrator_out(store, text):
    for name in ("ada", "eve"):
        add_user(store, name, PASSWORD, "administrator")
    with pytest.raises(InUseError, match="could no longer manage_"):
        add_policy(store, "lock", text, "ada", "192.168.0.7")
    assert enabled_policies(store) == ()
    policy = add_policy(store, "harmless", LESS, "ada")
    with pytest.raises(InUseError):
        change_policy(store, policy.id, "ada", text=text, address="192.168.0.7")


def test_a_policy_about_an_administrator_is_possible_after_the_role_was_taken(store):
    add_user(store, "ada", PASSWORD, "administrator")
    eve = add_user(store, "eve", PASSWORD, "administrator")
    change_user(store, eve.id, role="analyst")
    text = 'forbid(principal == User::"eve", action, resource);'
    policy = add_policy(store, "eve", text, "ada")
    assert policy.enabled


def test_a_policy_that_can_no_longer_be_read_denies_everything_until_it_is_disabled(store):
    """As one that was stored by another version."""
    with store.transaction() as session:
        session.add(StoredPolicy(name="old", text="forbid principal;"))
    engine = PolicyEngine(enabled_policies(store))
    question = Question("ada", "administrator", "session", "", "read", "model")
    assert not engine.decide(question).is_allowed
    change_policy(store, find_policy(store, "old").id, "ada", is_enabled=False)
    assert PolicyEngine(enabled_policies(store)).decide(question).is_allowed


def test_every_role_is_a_word_of_the_policies():
    from importlib.resources import files

    text = files("enorchestrator.policy").joinpath("policies.cedar").read_text(encoding="utf-8")
    assert all(f'Role::"{role}"' in text for role in ROLES)
