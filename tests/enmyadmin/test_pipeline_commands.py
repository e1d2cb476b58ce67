"""`enstorage pipeline …`: saved from files, shown, edited, run, archived."""

import json
from pathlib import Path

import pytest

from enorchestrator import Dispatcher
from enorchestrator.dispatch.read import is_over
from enstorage import Connector

TEXT = """
name: nightly
description: Looks after the store.
parameters:
  grace: {type: number, default: 48}
steps:
  check: {kind: check}
  sweep: {kind: gc, with: {grace_hours: "${grace}"}, needs: [check]}
"""


@pytest.fixture
def store(enstorage):
    with Connector.in_folder("enstorage-data") as connector:
        yield connector
    connector.close()


def test_a_pipeline_is_saved_shown_run_and_archived(enstorage, store):
    assert enstorage("pipeline", "list")[1].startswith(
        "There are no pipelines. Save one: enstorage pipeline create FILE"
    )
    Path("nightly.yaml").write_text(TEXT)
    for _ in range(2):
        assert enstorage("pipeline", "create", "nightly.yaml") == (0, "Saved the pipeline nightly, version 1.\n", "")
    shown = enstorage("pipeline", "show", "nightly")[1]
    assert shown.startswith("nightly, version 1. Looks after the store.\n")
    assert shown.splitlines()[-1].split() == ["sweep", "gc", "–", "check"]
    assert json.loads(enstorage("pipeline", "list", "--json")[1])[0]["definition"]["name"] == "nightly"
    asked = enstorage("pipeline", "run", "nightly", "--with", "grace=2", "--key", "tonight")
    assert asked == (0, "Run 1 of nightly waits. Follow it: enstorage run follow 1\n", "")
    with Dispatcher(store, workers=1):
        assert enstorage("run", "follow", "1")[0] == 0
    assert is_over(1)
    found = json.loads(enstorage("run", "show", "1", "--json")[1])
    assert (found["arguments"], [step["state"] for step in found["steps"]]) == ({"grace": 2.0}, ["succeeded"] * 2)
    assert [line.split()[:3] for line in enstorage("run", "show", "1")[1].splitlines()[2:4]] == [
        ["check", "check", "succeeded"],
        ["sweep", "gc", "succeeded"],
    ]
    assert enstorage("pipeline", "delete", "nightly") == (0, "The pipeline nightly is archived.\n", "")
    assert enstorage("pipeline", "run", "nightly")[::2] == (
        1,
        "error: There is no pipeline nightly. See those that there are: enstorage pipeline list\n",
    )


def test_a_schedule_is_made_paused_resumed_and_deleted(enstorage, store):
    Path("nightly.yaml").write_text(TEXT)
    enstorage("pipeline", "create", "nightly.yaml")
    assert enstorage("schedule", "list")[1] == "There are no schedules.\n"
    status, output, _ = enstorage("schedule", "create", "workdays", "nightly", "30 6 * * 1-5", "--with", "grace=2")
    assert (status, output[:44]) == (0, "The schedule workdays runs nightly next at 2")
    assert enstorage("schedule", "pause", "workdays")[1] == "The schedule workdays is paused.\n"
    assert enstorage("schedule", "list")[1].splitlines()[1].split()[-1] == "paused"
    assert enstorage("schedule", "resume", "workdays")[1] == output
    assert json.loads(enstorage("schedule", "list", "--json")[1])[0]["parameters"] == {"grace": 2.0}
    status, _, errors = enstorage("schedule", "create", "w", "nightly", "30 6 * *")
    assert (status, errors.count("\n")) == (1, 1)
    assert "cron is '30 6 * *'" in errors
    assert enstorage("schedule", "delete", "workdays") == (0, "The schedule workdays is deleted.\n", "")


def test_an_edited_pipeline_is_its_next_version(enstorage, store, monkeypatch):
    Path("nightly.yaml").write_text(TEXT)
    enstorage("pipeline", "create", "nightly.yaml")
    monkeypatch.setenv("EDITOR", "sed -i s/48/24/")
    assert enstorage("pipeline", "edit", "nightly") == (0, "Saved the pipeline nightly, version 2.\n", "")
    monkeypatch.setenv("EDITOR", "true")
    assert enstorage("pipeline", "edit", "nightly") == (0, "Nothing was changed.\n", "")
    assert "48" in enstorage("pipeline", "show", "nightly", "--version", "1")[1]
    assert "24" in enstorage("pipeline", "show", "nightly")[1]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["create", "absent.yaml"],
            "The file absent.yaml cannot be read: No such file or directory. Name another one.",
        ),
        (["create", "wrong.yaml"], "steps: Field required; received"),
        (["run", "nightly", "--with", "grace"], "--with is 'grace'; expected NAME=VALUE."),
        (["run", "nightly", "--with", "grace=soon"], "The parameter grace cannot be used"),
        (["run", "nightly", "--with", "days=3"], "has no parameter days; expected grace"),
        (["show", "nightly", "--version", "7"], "There is no pipeline nightly of version 7."),
    ],
)
def test_what_is_wrong_is_one_message(enstorage, store, words, message):
    Path("nightly.yaml").write_text(TEXT)
    Path("wrong.yaml").write_text("name: x")
    enstorage("pipeline", "create", "nightly.yaml")
    status, _, errors = enstorage("pipeline", *words)
    assert status == 1
    assert message in errors
    assert errors.count("\n") == 1


def test_a_pattern_is_saved_under_a_name(enstorage, store):
    done = enstorage("pipeline", "create", "--pattern", "retrain", "--name", "weekly")
    assert done == (0, "Saved the pipeline weekly, version 1.\n", "")
    assert "fit" in enstorage("pipeline", "show", "weekly")[1]
    status, _, errors = enstorage("pipeline", "create", "--pattern", "magic")
    assert (status, errors.startswith("error: There is no pattern 'magic'; expected one of forecast")) == (1, True)
    assert enstorage("pipeline", "create")[0] == 1
    assert enstorage("pipeline", "create", "x.yaml", "--pattern", "retrain")[0] == 1
