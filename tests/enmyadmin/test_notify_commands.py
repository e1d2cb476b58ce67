"""`enstorage notify …`: rules of notifications from the command line."""

import json

import pytest

from enorchestrator import cancel, submit
from enorchestrator.notification.outbox import collect
from enstorage import Connector

NASTY = "\x1b[31mred"


@pytest.fixture
def store(enstorage):
    with Connector.in_folder("enstorage-data") as connector:
        yield connector
    connector.close()


def test_rules_are_added_listed_paused_and_deleted(enstorage, store):
    assert enstorage("notify", "rules")[1].startswith("There are no rules.")
    told = ("--on", "run.failed", "--on", "run.cancelled", "--pipeline", "nightly", "--digest", "300")
    assert enstorage("notify", "add", NASTY, "ops", *told) == (
        0,
        "The channel ops is told by the rule \\x1b[31mred.\n",
        "",
    )
    output = enstorage("notify", "rules")[1]
    assert "run.failed, run.cancelled" in output
    assert "pipeline=nightly" in output
    assert "\x1b" not in output
    assert enstorage("notify", "pause", NASTY)[1] == "The rule \\x1b[31mred is paused.\n"
    assert json.loads(enstorage("notify", "resume", NASTY, "--json")[1])["enabled"] is True
    assert enstorage("notify", "delete", NASTY)[0] == 0
    status, _, errors = enstorage("notify", "delete", "no such")
    assert (status, errors) == (
        1,
        "error: There is no rule no such. See those that there are: enstorage notify rules\n",
    )
    status, _, errors = enstorage("notify", "add", "x", "mailto://olga:s3cret@example.org")
    assert (status, "s3cret" in errors) == (1, False)


def test_notices_are_listed(enstorage, store):
    enstorage("notify", "add", "ends", "ops", "--on", "run.cancelled")
    assert enstorage("notify", "notices")[1] == "There are no such notices.\n"
    cancel(submit("check", {}).id)
    collect(store)
    (found,) = json.loads(enstorage("notify", "notices", "--json")[1])
    assert (found["rule"], found["event"], found["state"]) == ("ends", "run.cancelled", "waiting")
    assert "run.cancelled" in enstorage("notify", "notices", "--state", "waiting")[1]


@pytest.mark.slow
def test_a_channel_is_tested(enstorage, store, tmp_path, monkeypatch):
    assert enstorage("notify", "test")[1] == "There are no channels. Set a variable such as ENSTORAGE_NOTIFY_OPS.\n"
    status, _, errors = enstorage("notify", "test", "ops")
    assert (status, errors.startswith("error: There is no channel ops here. Set ENSTORAGE_NOTIFY_OPS")) == (1, True)
    monkeypatch.setenv("ENSTORAGE_NOTIFY_OPS", "nonsense")
    assert enstorage("notify", "test")[1] == "Channels: ops.\n"
    status, _, errors = enstorage("notify", "test", "ops")
    assert (status, "Apprise does not understand the address." in errors) == (1, True)
