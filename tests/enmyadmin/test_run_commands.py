"""`enstorage run …`: long work of servers, seen and steered from the command line."""

import json

import pytest

from claims import claimed, fail, succeed
from enorchestrator import submit
from enorchestrator.task.child.reporter import Reporter
from enstorage import Connector
from enstorage.errors import InvalidInputError

NASTY = "\x1b[31mred\u202e [/x]"


@pytest.fixture
def store(enstorage):
    with Connector.in_folder("enstorage-data") as connector:
        yield connector
    connector.close()


def do_next(store, error=None, log="", outputs=None):
    """Do the next run, as a dispatcher and its child would."""
    (step,) = claimed(store, most=1)
    reporter = Reporter(store, step, lambda: None)
    reporter.progress("Sweeping", 3, 4)
    reporter.line(NASTY)
    reporter.partial("board", {"best": NASTY})
    reporter.report()
    if error is None:
        succeed(store, step, outputs, log=log, peak_bytes=123_456_789)
    else:
        fail(store, step, error, log=log, peak_bytes=123_456_789)


def test_runs_are_listed_and_shown(enstorage, store):
    assert enstorage("run", "list") == (0, "There are no such runs.\n", "")
    submit("gc", {}, created_by=NASTY)
    do_next(store, log=f"one line\n{NASTY}\n", outputs={"bytes": 0})
    submit("check", {})
    status, output, _ = enstorage("run", "list")
    lines = output.splitlines()
    assert (status, len(lines)) == (0, 3)
    assert lines[1].split()[:4] == ["2", "Check", "the", "store"]
    assert "\x1b" not in output
    assert json.loads(enstorage("run", "list", "--state", "succeeded", "--json")[1])[0]["title"] == "Sweep the store"
    status, output, _ = enstorage("run", "show", "1")
    assert output.startswith("Run 1: Sweep the store. It succeeded.\n")
    assert "one line\n\\x1b[31mred" in output
    assert "123 MB" in output
    found = json.loads(enstorage("run", "show", "1", "--json")[1])
    assert (found["result"], found["attempts"][0]["exit_reason"]) == ({"bytes": 0}, "succeeded")
    assert enstorage("run", "show", "2")[1] == "Run 2: Check the store. It waits.\n"


def test_logs_of_a_run_are_printed(enstorage, store):
    submit("gc", {})
    assert enstorage("run", "logs", "1")[1] == "Nothing was executed yet.\n"
    (step,) = claimed(store, most=1)
    assert enstorage("run", "logs", "1") == (0, "Attempt 1 of gc, running:\n", "")
    succeed(store, step, log=f"one\ntwo\n{NASTY}\n")
    told = "Attempt 1 of gc, succeeded:\n(1 line before)\ntwo\n\\x1b[31mred\\u202e [/x]\n"
    assert enstorage("run", "logs", "1", "--lines", "2")[1] == told
    found = json.loads(enstorage("run", "logs", "1", "--step", "gc", "--json")[1])
    assert found == [{"step": "gc", "fence": 1, "exit_reason": "succeeded", "text": f"one\ntwo\n{NASTY}"}]
    assert enstorage("run", "logs", "1", "--attempt", "2")[1] == "There is no such attempt.\n"
    status, _, errors = enstorage("run", "logs", "1", "--step", "fit")
    assert (status, errors) == (1, "error: Run 1 has no step fit. See those that it has: enstorage run show 1\n")


def test_a_run_is_followed_to_its_end(enstorage, store):
    submit("gc", {})
    do_next(store, outputs={"bytes": 0})
    status, output, _ = enstorage("run", "follow", "1")
    assert status == 0
    assert output.splitlines()[:3] == ["state: ready", "state: running", "\\x1b[31mred\\u202e [/x]"]
    assert "Sweeping: 3 of 4" in output
    assert output.endswith('{\n  "bytes": 0\n}\nRun 1: It succeeded.\n')
    assert '"kind": "result"' in enstorage("run", "follow", "1", "--json")[1]


def test_the_exit_status_says_that_a_run_failed(enstorage, store):
    submit("gc", {})
    do_next(store, InvalidInputError("It is broken. Mend it."))
    status, output, _ = enstorage("run", "follow", "1")
    assert (status, output.splitlines()[-1]) == (1, "Run 1: It failed: It is broken. Mend it.")


def test_a_run_is_cancelled_and_executed_again(enstorage, store):
    submit("gc", {})
    assert enstorage("run", "cancel", "1") == (0, "Run 1: Sweep the store. It was cancelled.\n", "")
    assert enstorage("run", "retry", "1") == (0, "Run 1: Sweep the store. It waits.\n", "")
    status, _, errors = enstorage("run", "retry", "1")
    assert (status, errors.startswith("error: Run 1 is ready; expected one that failed or was cancelled.")) == (1, True)
    claimed(store, most=1)
    assert enstorage("run", "cancel", "1")[1] == "Run 1: Sweep the store. It is being cancelled.\n"
    status, _, errors = enstorage("run", "show", "7")
    assert (status, errors) == (1, "error: There is no run 7. See those that there are: enstorage run list\n")
