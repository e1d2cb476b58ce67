"""Scenarios of notifications: who is subscribed is told once, whatever a channel does; many events are one message."""

from datetime import timedelta

import pytest
from catching import HookCatcher, MailCatcher, free_port
from scenario_graphs import FOLDER
from sqlalchemy import update

from enorchestrator import (
    Orchestrator,
    PipelineDefinition,
    create_rule,
    list_notices,
    run_pipeline,
    save_pipeline,
    submit,
)
from enorchestrator.notification import channels, notifier, outbox
from enstorage.ledger import Notice
from enstorage.ledger.base import now

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    """Looks and pauses of tenths of a second."""
    monkeypatch.setattr(notifier, "LOOK_SECONDS", 0.1)
    monkeypatch.setattr(outbox, "PAUSES", (timedelta(seconds=0.2),) * 8)


@pytest.fixture
def current(store):
    """A store of its own for each scenario."""
    with store:
        yield store


@pytest.fixture
def at_work(current):
    with Orchestrator(current, workers=2) as orchestrator:
        yield orchestrator


@pytest.fixture
def hook():
    catcher = HookCatcher()
    yield catcher
    catcher.stop()


def fails(name="nightly"):
    """The steps of a pipeline that fails."""
    return {"broken": {"kind": "square", "with": {"folder": FOLDER, "number": 1, "broken": 1}}}


def works():
    return {"works": {"kind": "work", "with": {"folder": FOLDER, "name": "works"}}}


def sent():
    return [(rule, notice.event, notice.channel) for notice, rule in list_notices(state="sent")][::-1]


def test_exactly_those_whose_rules_match_are_told(run, over, at_work, eventually, monkeypatch):
    mail = MailCatcher()
    for person in ("olga", "ivan", "anna"):
        monkeypatch.setenv(f"ENSTORAGE_NOTIFY_{person.upper()}", mail.address(person))
    create_rule("failures of nightly", "olga", condition={"pipeline": "nightly"})
    create_rule("ends of nightly", "ivan", events=["run.succeeded", "run.failed"], condition={"pipeline": "nightly"})
    create_rule("work of nobody", "anna", events=["run.failed", "run.succeeded"], condition={"created_by": "nobody"})
    made = over(run(fails(), name="nightly")).run
    eventually(lambda: len(mail.mails) == 2)  # what comes meanwhile would be told in the next mail together
    over(run(fails(), name="weekly"))
    over(run(works(), name="nightly", parameters={}))
    eventually(lambda: len(mail.mails) == 3)
    mail.stop()
    failed = f"nightly failed (run {made.id})"
    told = sorted((people, subject) for people, subject, _ in mail.mails)
    assert told == [
        (["ivan@example.org"], failed),
        (["ivan@example.org"], f"nightly succeeded (run {made.id + 2})"),
        (["olga@example.org"], failed),
    ]
    text = next(text for people, _, text in mail.mails if people == ["olga@example.org"])
    assert "The number 1 is broken. Take another one." in text
    assert f"trace {made.trace_id}" in text
    eventually(lambda: {notice.state for notice, _ in list_notices()} == {"sent"})


def test_a_channel_that_is_down_is_tried_again_and_told_once(run, over, at_work, eventually, monkeypatch):
    port = free_port()
    monkeypatch.setenv("ENSTORAGE_NOTIFY_OPS", f"json://127.0.0.1:{port}/hook")
    create_rule("failures", "ops")
    made = over(run(fails(), name="nightly")).run
    assert made.state == "failed"
    eventually(lambda: [notice.attempts >= 2 for notice, _ in list_notices()] == [True])
    notice = list_notices()[0][0]
    assert (notice.state, "did not take the message" in notice.error["detail"]) == ("waiting", True)
    catcher = HookCatcher(port)
    eventually(lambda: list_notices()[0][0].state == "sent")
    eventually(lambda: not any(at_work._notifier._busy))
    catcher.stop()
    assert [title for title, _ in catcher.messages] == [f"nightly failed (run {made.id})"]
    assert list_notices()[0][0].error is None


def test_the_fallback_takes_what_the_channel_does_not(run, over, at_work, eventually, hook, monkeypatch):
    port = free_port()
    monkeypatch.setenv("ENSTORAGE_NOTIFY_OPS", f"json://127.0.0.1:{port}/hook")
    monkeypatch.setenv("ENSTORAGE_NOTIFY_PAGER", hook.address)
    create_rule("failures", "ops", fallback="pager")
    made = over(run(fails(), name="nightly")).run
    eventually(lambda: sent() == [("failures", "run.failed", "pager")])
    back = HookCatcher(port)  # the channel is there again: nothing is told twice
    over(run(works(), name="weekly"))
    at_work._notifier.look()
    assert (hook.messages[0][0], len(hook.messages), back.messages) == (f"nightly failed (run {made.id})", 1, [])
    back.stop()


@pytest.mark.long
def test_a_channel_that_hangs_is_given_up_and_delays_no_other(run, over, at_work, eventually, hook, monkeypatch):
    hanging = HookCatcher(hangs=True)
    monkeypatch.setattr(channels, "LIMIT_SECONDS", 10.0)
    monkeypatch.setattr(outbox, "PAUSES", (timedelta(seconds=0.1),))
    monkeypatch.setenv("ENSTORAGE_NOTIFY_SLOW", f"{hanging.address}?rto=60&cto=60")
    monkeypatch.setenv("ENSTORAGE_NOTIFY_OPS", hook.address)
    create_rule("slow", "slow")
    create_rule("failures", "ops")
    found = over(run(fails(), name="nightly"), within=30)
    assert found.run.state == "failed"
    eventually(lambda: sent() == [("failures", "run.failed", "ops")])
    assert [notice.attempts for notice, rule in list_notices() if rule == "slow"] == [0]
    eventually(lambda: [notice.state for notice, rule in list_notices() if rule == "slow"] == ["given up"])
    hanging.stop()
    (notice,) = [notice for notice, rule in list_notices() if rule == "slow"]
    assert notice.error["detail"] == "The channel slow did not take the message within 10 seconds. It is tried again."


def test_an_alert_is_told_with_its_step(run, over, at_work, eventually, hook, monkeypatch):
    monkeypatch.setenv("ENSTORAGE_NOTIFY_OPS", hook.address)
    create_rule("alerts", "ops", events=["run.alert"])
    made = over(run({"poison": {"kind": "poison", "with": {"folder": FOLDER}}}, name="nightly")).run
    eventually(lambda: len(hook.messages) == 1)
    ((title, body),) = hook.messages
    assert title == f"nightly needs a look (run {made.id})"
    assert body.startswith("poison: ")


@pytest.mark.long
def test_five_hundred_failures_are_one_digest(current, eventually, at_work, hook, tmp_path, monkeypatch):
    monkeypatch.setenv("ENSTORAGE_NOTIFY_OPS", hook.address)
    create_rule("failures", "ops", digest_seconds=3_600)
    step = {"kind": "scenario_steps:square", "with": {"folder": str(tmp_path), "number": 1, "broken": 1}}
    save_pipeline(PipelineDefinition.read({"name": "bad", "steps": {"bad": step}}))
    for number in range(500):
        run_pipeline("bad", key=str(number))
    submit("check", {})
    eventually(lambda: len(list_notices(limit=1_000)) == 500, within=300)
    assert hook.messages == []
    with current.transaction() as session:  # the hour is over
        session.execute(update(Notice).values(due_at=now()))
    eventually(lambda: len(sent()) >= 100)
    eventually(lambda: not at_work._notifier._busy)
    ((title, body),) = hook.messages
    assert title == "500 runs: 500 failed"
    assert body.count("bad failed (run") == 20
    assert "and 480 more." in body
    eventually(lambda: {notice.state for notice, _ in list_notices(limit=1_000)} == {"sent"})


def test_addresses_of_channels_are_secrets(current, hook, monkeypatch, capfd):
    monkeypatch.setenv("ENSTORAGE_NOTIFY_OPS", hook.address.replace("json://", "jsno://"))
    with pytest.raises(Exception, match="did not take the message") as caught:
        channels.send("ops", "title", "body")
    assert "s3cret-of-the-hook" not in str(caught.value)
    assert channels.channels() == ["ops"]
