"""Scenarios of the outbox: several orchestrators tell each event once, on every database."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from catching import HookCatcher

from claims import claimed, succeed
from enorchestrator import create_rule, list_notices, submit
from enorchestrator.notification import outbox
from enorchestrator.notification.notifier import Notifier
from enorchestrator.notification.outbox import claim_due, collect


@pytest.fixture
def hook(monkeypatch):
    catcher = HookCatcher()
    monkeypatch.setenv("ENSTORAGE_NOTIFY_HOOK", catcher.address)
    yield catcher
    catcher.stop()


def succeeded(store):
    """A run that has just succeeded."""
    run = submit("check", {}, connector=store)
    (each,) = claimed(store)
    succeed(store, each)
    return run


class OutboxContract:
    """The promises, whatever database keeps the notices."""

    def test_several_orchestrators_tell_each_event_once(self, store, hook, eventually):
        create_rule("all", "hook", events=["run.succeeded"])
        notifiers = [Notifier(store) for _ in range(4)]
        with ThreadPoolExecutor(4) as threads:
            for times in range(1, 4):
                run = succeeded(store)
                list(threads.map(Notifier.look, notifiers))
                eventually(lambda times=times: len(list_notices(state="sent")) == times)
                assert [f"enstorage run show {run.id}" in body for _, body in hook.messages].count(True) == 1
            list(threads.map(Notifier.look, notifiers))
        for each in notifiers:
            each._thread.start()
            each.stop()
        assert len(hook.messages) == 3
        keys = [notice.dedupe_key for notice, _ in list_notices()]
        assert len(set(keys)) == len(keys) == 3

    def test_what_a_lost_orchestrator_was_about_to_tell_is_told_by_another_one(self, store, monkeypatch):
        create_rule("all", "hook", events=["run.succeeded"])
        succeeded(store)
        assert collect(store) == 1
        assert collect(store) == 0
        with ThreadPoolExecutor(4) as threads:
            found = list(threads.map(lambda _: claim_due(store, ()), range(4)))
        assert sorted(map(len, found)) == [0, 0, 0, 1]
        assert claim_due(store, ()) == []  # while its claim holds
        monkeypatch.setattr(outbox, "now", lambda: later)
        later = list_notices()[0][0].due_at + timedelta(seconds=1)
        assert len(claim_due(store, ())) == 1


class TestOutboxOnSqlite(OutboxContract):
    database = "sqlite"


class TestOutboxOnMariaDb(OutboxContract):
    database = "mariadb"


class TestOutboxOnPostgresql(OutboxContract):
    database = "postgresql"
