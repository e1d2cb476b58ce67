"""The commands `registry …`, along the life of a version."""

import json

import pytest

from released import make_ensemble, make_source


def fill():
    source = make_source()
    for name, more in {"first": {}, "second": {"alpha": 0.01}, "bad": {"break_by": 3.0}}.items():
        make_ensemble(source, name, **more)


@pytest.fixture
def filled_with():
    return fill


@pytest.fixture
def call(store, enstorage, tmp_path):
    """A function that runs a command on the store and gives its output."""

    def run(*words, status=0):
        done = enstorage(*words, "--store", str(tmp_path / "store"))
        assert done[0] == status, done
        return done[1] + done[2]

    return run


def test_the_life_of_a_version_on_the_command_line(call, tmp_path):
    assert "no registered models" in call("registry", "list")
    call("registry", "gates", "load", '{"limits": {"mae": 2}}')
    assert "is version 1 of load" in call("registry", "register", "load", "--ensemble", "first")
    assert "Version 1 of load is in production." in call("registry", "promote", "load", "1")
    call("registry", "register", "load", "--ensemble", "second")
    assert "version 1 is the previous one" in call("registry", "promote", "load", "--remark", "a little better")
    assert "failed: mae is" in call("registry", "register", "load", "--ensemble", "bad")
    assert "did not pass its gates" in call("registry", "promote", "load", "3", status=1)
    assert "Version 1 of load is in production" in call("registry", "rollback", "load")
    assert "a little better" in call("registry", "show", "load")
    shown = json.loads(call("registry", "show", "load", "--json"))
    assert shown["aliases"] == {"challenger": 3, "previous": 2, "production": 1}
    assert [each["evaluation"]["state"] for each in shown["versions"]] == ["failed", "passed", "passed"]
    assert "Rolled back to version 1." in call("registry", "history", "load")
    kinds = [each["kind"] for each in json.loads(call("registry", "history", "load", "--json"))]
    assert kinds == ["registered", "evaluated", "promoted"] * 2 + ["registered", "evaluated", "rolled_back"]
    words = ("registry", "report", "load", "3", "--output", str(tmp_path / "page.html"))
    assert "The report is in" in call(*words, "--language", "ru")
    assert "Версия 3" in (tmp_path / "page.html").read_text()
    call(*words)
    assert "failed a gate" in (tmp_path / "page.html").read_text()
    assert "byte for byte" in call("registry", "check", "load")
    assert "winter of load is version 2" in call("registry", "alias", "load", "winter", "2")
    assert "is rejected" in call("registry", "reject", "load", "3")
    assert "no significant difference" in call("registry", "evaluate", "load", "2")
    assert "in production" in call("registry", "delete", "load", "--yes", status=1)
    call("registry", "alias", "load", "production", "--remove")
    call("registry", "delete", "load", "--yes")
    assert "no registered models" in call("registry", "list")


def test_what_is_wrong_is_told(call):
    assert "either --ensemble or --model" in call("registry", "register", "load", status=1)
    assert "no registered model load" in call("registry", "show", "load", status=1)
    assert "cannot be used" in call("registry", "gates", "load", '{"limits": {"mea": 2}}', status=1)
    assert "Give one of them" in call("registry", "alias", "load", "winter", status=1)
