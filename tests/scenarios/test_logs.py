"""Scenarios of logging: what a process printed is kept, bounded, and without secrets."""

import json
import re
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from scenario_graphs import FOLDER, named, states

from enorchestrator import PipelineDefinition, events, logs, run_pipeline, save_pipeline
from enorchestrator.dispatch.read import details
from enorchestrator.trace.redaction import Redactor

SECRET = "hunter2-of-the-scenario"


def test_the_last_words_of_a_killed_process_are_kept_with_each_attempt(run, over, at_work):
    found = over(run({"killed": {"kind": "last_words", "with": {"folder": FOLDER}}, "beside": named("beside")}))
    assert states(found) == {"killed": "failed", "beside": "succeeded"}
    told = logs(found.run.id, step="killed")
    assert [each.exit_reason for each in told] == ["killed", "killed"]
    for each in told:
        assert sorted(each.text.splitlines()) == ["a word on standard output", "the last words"]
    assert [each.fence for each in logs(found.run.id, step="killed", attempt=2)] == [2]


@pytest.mark.long
def test_a_step_that_floods_its_log_keeps_the_end_of_it(run, over, at_work, eventually):
    found = over(run({"flood": {"kind": "flood", "with": {"folder": FOLDER, "lines": 300_000}}}))
    assert found.run.state == "succeeded"
    eventually(lambda: "\nline" in logs(found.run.id)[0].text)  # once its process has given the work back
    (told,) = logs(found.run.id)
    assert len(told.text.encode()) <= 64 * 1024
    lines = told.text.splitlines()
    assert re.fullmatch(r"line +299999", next(each for each in reversed(lines) if each.startswith("line")))
    assert "The flood is over." in told.text


@pytest.mark.slow
def test_secrets_are_shown_nowhere(store, tmp_path, monkeypatch):
    monkeypatch.setenv("SCENARIO_PASSWORD", SECRET)  # children have the environment of the orchestrator
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    step = {"kind": "scenario_steps:tell_secrets", "retries": 0}
    steps = {name: {**step, "with": {"folder": str(tmp_path), "fails": name == "fails"}} for name in ("works", "fails")}
    save_pipeline(PipelineDefinition.read({"name": "secrets", "steps": steps}), connector=store)
    made = run_pipeline("secrets", connector=store)
    program = [sys.executable, "-m", "enstorage", "orchestrator"]
    place = ["--store", str(tmp_path / "store")]
    started = subprocess.run([*program, "start", "--detach", "--log", str(tmp_path / "log"), *place], check=False)
    assert started.returncode == 0
    end = time.monotonic() + 120
    while (found := details(made.id, connector=store)).run.state not in ("succeeded", "failed"):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert subprocess.run([*program, "stop", "--grace", "0", *place], check=False).returncode == 0
    assert states(found) == {"works": "succeeded", "fails": "failed"}
    kept = [each.text for each in logs(made.id, connector=store)]
    told = json.dumps(
        [kept, [each.data for each in events(made.id, connector=store)], found.run.error], ensure_ascii=False
    )
    told += (tmp_path / "log").read_text()
    for secret in (SECRET, SECRET[::-1], "t0p-in-a-url", "an-assigned-value"):
        assert secret not in told
    for each in kept:
        assert "connecting with ***\nto postgresql://***@db.example.org/energy" in each
        assert '{"api_key": "***", "user": "olga"}' in each
        assert "Authorization: Bearer ***" in each
    assert found.run.error["detail"] == "The service refused the password ***. Take another one."
    assert '"what": "Asking with ***"' in told
    assert '"asked": ["password=***"]' in told
    with closing(sqlite3.connect(tmp_path / "store" / "enstorage.sqlite")) as database:
        assert SECRET not in "\n".join(database.iterdump())


def test_odd_texts_take_no_time():
    redactor = Redactor("postgresql://olga:n0t-shown@db.example.org/energy")
    begins = time.process_time()
    for text in ("a" * 65_000, "a:/" * 21_000 + "@", ":/@?" * 16_000, "token " * 10_000, "token=" + " " * 60_000):
        redactor.text(text)
    assert time.process_time() - begins < 2
    assert redactor.text("with n0t-shown as it is") == "with *** as it is"
    assert redactor.json({"a": ["n0t-shown", 1, None]}) == {"a": ["***", 1, None]}


def test_the_same_warning_of_a_library_is_told_once_and_what_is_for_its_authors_never(run, over, at_work, eventually):
    found = over(run({"warns": {"kind": "warns_often", "with": {"folder": FOLDER}}}))
    lines = [event.data["line"] for event in events(found.run.id) if event.kind == "log"]
    assert lines == ["warning: The solver did not converge.", "warning: another warning"]
    eventually(lambda: details(found.run.id).attempts[0].log)
    printed = details(found.run.id).attempts[0].log
    assert (printed.count("did not converge"), printed.count("Implement __array__")) == (1, 0)
