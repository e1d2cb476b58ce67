"""`enstorage user`, `token` and `policy`."""

import io
import json
import shutil

import pytest
from people import PASSWORD

from enstorage import Connector

LESS = 'forbid(principal in Role::"analyst", action == Action::"trash", resource == Table::"ensemble");'


@pytest.fixture
def enstorage(enstorage, empty_store, tmp_path):
    """Runs `enstorage …` in the folder of an empty store."""
    shutil.copytree(empty_store, tmp_path / "enstorage-data")
    return enstorage


@pytest.fixture
def typed(monkeypatch):
    """A function that sets what stands on standard input."""
    return lambda text: monkeypatch.setattr("sys.stdin", io.StringIO(text))


@pytest.fixture
def add(enstorage, typed):
    def run(name, role, *options):
        typed(f"{PASSWORD}\n")
        return enstorage("user", "add", name, "--role", role, "--password-stdin", *options)

    return run


def test_users_are_added_changed_and_listed(enstorage, add, typed):
    assert enstorage("user", "list")[1].startswith("There are no users.")
    assert add("ada", "administrator")[:2] == (0, "Added user 1 (ada), administrator.\n")
    assert json.loads(add("vera", "viewer", "--json")[1])["role"] == "viewer"
    assert enstorage("user", "role", "vera", "analyst")[1] == "vera is now analyst.\n"
    assert "ended" in enstorage("user", "disable", "vera")[1]
    listed = json.loads(enstorage("user", "list", "--json")[1])
    assert [(each["name"], each["role"], each["disabled_at"] is None) for each in listed] == [
        ("ada", "administrator", True),
        ("vera", "analyst", False),
    ]
    assert enstorage("user", "enable", "vera")[0] == 0
    typed("a new password 2\n")
    assert enstorage("user", "password", "vera", "--password-stdin")[0] == 0
    assert "vera" in enstorage("user", "list")[1]
    assert "argon2" not in enstorage("user", "list", "--json")[1]


def test_the_first_user_and_the_last_one_are_administrators(enstorage, add):
    status, _, errors = add("vera", "viewer")
    assert (status, "There would be no administrator" in errors) == (1, True)
    add("ada", "administrator"), add("vera", "viewer")
    for words in (("disable", "ada"), ("role", "ada", "viewer")):
        status, _, errors = enstorage("user", *words)
        assert (status, "There would be no administrator" in errors) == (1, True)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("user", "role", "nobody", "viewer"), "There is no user 'nobody'"),
        (("user", "role", "ada", "king"), "There is no role 'king'"),
        (("user", "password", "ada"), "--password-stdin"),
        (("user", "disable", "nobody"), "There is no user 'nobody'"),
        (("token", "create", "nobody"), "There is no user 'nobody'"),
        (("token", "create", "ada", "--role", "king"), "There is no role 'king'"),
        (("token", "create", "ada", "--expires", "soon"), "--expires is 'soon'"),
        (("token", "create", "ada", "--expires", "0"), "which has passed"),
        (("token", "revoke", "9"), "There is no token 9"),
        (("policy", "disable", "x"), "There is no policy 'x'"),
        (("policy", "add", "x", "forbid("), "The policy cannot be used"),
        (("policy", "add", "x", "forbid(principal, action, resource);"), "could no longer"),
    ],
)
def test_what_is_wrong_is_one_message(enstorage, add, typed, words, message):
    add("ada", "administrator")
    typed("")
    status, output, errors = enstorage(*words)
    assert (status, output, message in errors) == (1, "", True), errors


def test_a_password_is_too_short(enstorage, typed):
    typed("short\n")
    status, _, errors = enstorage("user", "add", "ada", "--role", "administrator", "--password-stdin")
    assert (status, "has 5 characters" in errors, "short\n" in errors) == (1, True, False)


def test_tokens_are_created_listed_and_revoked(enstorage, add):
    add("ada", "administrator")
    status, secret, errors = enstorage(
        "token", "create", "ada", "--name", "nightly", "--role", "viewer", "--expires", "9d"
    )
    assert (status, secret.startswith("ens_"), secret.count("\n"), "not shown again" in errors) == (0, True, 1, True)
    listed = enstorage("token", "list", "--json")[1]
    assert secret.strip() not in listed
    (token,) = json.loads(listed)
    assert (token["user"], token["name"], token["role"], token["revoked_at"]) == ("ada", "nightly", "viewer", None)
    assert enstorage("token", "revoke", "1")[1] == "Token 1 is refused from now on.\n"
    assert json.loads(enstorage("token", "list", "--json")[1])[0]["revoked_at"] is not None


def test_policies_are_added_disabled_and_enabled(enstorage, add, typed):
    add("ada", "administrator")
    assert enstorage("policy", "add", "no trash", LESS)[1] == "Policy 1 (no trash) is in force.\n"
    typed(LESS)
    assert enstorage("policy", "add", "from input", "-")[0] == 0
    assert enstorage("policy", "disable", "no trash")[0] == 0
    assert LESS in enstorage("policy", "list")[1]
    assert [each["enabled"] for each in json.loads(enstorage("policy", "list", "--json")[1])] == [False, True]
    assert enstorage("policy", "enable", "no trash")[1] == "The policy no trash is in force.\n"


def test_what_commands_change_is_in_the_audit_log(enstorage, add, tmp_path):
    from sqlalchemy import select

    from enstorage.ledger import AuditEntry

    add("ada", "administrator")
    enstorage("token", "create", "ada"), enstorage("token", "revoke", "1"), enstorage("policy", "add", "less", LESS)
    connector = Connector.in_folder(tmp_path / "enstorage-data")
    with connector.database.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [(each.action, each.entity, each.entity_id) for each in entries] == [
        ("manage_users", "user_account", 1),
        ("create", "token", 1),
        ("trash", "token", 1),
        ("manage_policies", "policy", 1),
    ]
    assert all("command line" in each.who for each in entries)
    connector.close()


def test_a_decision_is_explained_with_the_policies_that_made_it(enstorage, add):
    add("ada", "administrator")
    add("anna", "analyst")
    status, out, _ = enstorage("policy", "explain", "release", "model", "--role", "analyst")
    assert (status, out) == (0, "Somebody with the role analyst may not release model: no policy permits it.\n")
    status, out, _ = enstorage("policy", "explain", "train", "model", "--user", "anna")
    assert out.startswith('anna may train model.\nproduct 2:\n  permit(principal in Role::"analyst"')
    enstorage("policy", "add", "less", LESS)
    told = json.loads(enstorage("policy", "explain", "trash", "ensemble", "--user", "anna", "--json")[1])
    assert told == {"allowed": False, "reason": "the policy 'less' forbids it", "policies": {"less": LESS}}
    enstorage("user", "disable", "anna")
    assert "the user is disabled" in enstorage("policy", "explain", "read", "model", "--user", "anna")[1]
    for words, message in (
        (("read", "modle", "--role", "viewer"), "there is no table 'modle'"),
        (("fly", "model", "--role", "viewer"), "there is no action 'fly'"),
        (("read", "model"), "give user, role or both"),
        (("read", "model", "--user", "nobody"), "There is no user nobody"),
    ):
        status, out, errors = enstorage("policy", "explain", *words)
        assert (status, out, message in errors) == (1, "", True), errors


CASES = """
policies:
  candidate: forbid(principal, action == Action::"infer", resource == Table::"model") unless { principal.via == "token" };
cases:
  - {role: analyst, action: train, table: model, expect: allow}
  - {role: viewer, action: train, table: model, expect: deny}
  - {role: viewer, action: infer, table: model, expect: deny}
  - {role: viewer, via: token, action: infer, table: model, expect: allow}
"""


def test_policies_are_tested_by_cases_before_they_are_in_force(enstorage, add, typed):
    file = enstorage.folder / "cases.yaml"
    file.write_text(CASES)
    assert enstorage("policy", "test", file) == (0, "4 of 4 cases are as expected.\n", "")
    assert enstorage("policy", "list")[1].startswith("There are no policies")
    typed(CASES.replace("action: train, table: model, expect: deny", "action: train, table: model, expect: allow"))
    status, out, _ = enstorage("policy", "test", "-")
    assert status == 1
    assert out == (
        "train model by the role viewer: expected allow; no policy permits it.\n3 of 4 cases are as expected.\n"
    )
    found = json.loads(enstorage("policy", "test", file, "--json")[1])
    assert (found["failed"], [each["allowed"] for each in found["cases"]]) == (0, [True, False, False, True])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cases: []", "cases: Tuple should have at least 1 item"),
        ("cases: [", "are no YAML that can be read"),
        (CASES.replace("table: model, expect: allow", "table: modle, expect: allow"), "there is no table 'modle'"),
        (CASES.replace("expect: deny", "expect: perhaps"), "expect"),
        (CASES.replace("forbid(principal,", "forbid(princip"), "cannot be used"),
    ],
)
def test_cases_that_cannot_be_used_are_told(enstorage, text, message):
    file = enstorage.folder / "cases.yaml"
    file.write_text(text)
    status, out, errors = enstorage("policy", "test", file)
    assert (status, out, message in errors) == (1, "", True), errors
