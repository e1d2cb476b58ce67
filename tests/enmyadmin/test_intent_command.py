"""`enstorage intent`: the plan is shown, and started when that is confirmed."""

import json

import numpy as np
import pytest

from enorchestrator import list_pipelines, list_schedules
from enstorage import Connector, DataSource


@pytest.fixture
def store(enstorage):
    with Connector.in_folder("enstorage-data") as connector:
        source = DataSource(name="Load", time_interval="1mo", unit="MW")
        source.write((np.datetime64("2019-01") + np.arange(48)).astype("datetime64[ns]"), np.arange(48) % 12 + 1.0)
        yield connector
    connector.close()


def test_a_plan_is_shown_and_started_when_that_is_confirmed(enstorage, store):
    sentence = "forecast Load 1 year ahead with MAE below 5 every monday"
    status, out, errors = enstorage("intent", sentence)
    assert (status, errors) == (0, "")
    for line in (
        "Forecast the source Load: 12 steps of 1mo (1 year ahead).",
        "MAE on rolling origins of at most 5 MW; else the run fails.",
        "judge: require",
        "Nothing was started. Start it with --yes.",
    ):
        assert line in out
    assert list_pipelines() == []
    assert "Start it with" not in enstorage("intent", sentence, "--plan", "--yes")[1]
    assert list_pipelines() == []
    status, out, _ = enstorage("intent", sentence, "--yes")
    assert status == 0
    assert "The pipeline forecast Load is saved as version 1." in out
    assert [each.cron for each in list_schedules()] == ["0 0 * * 1"]
    made = json.loads(enstorage("intent", "forecast Load 1 year ahead", "--yes", "--json")[1])
    assert made["started"] == {
        "pipeline": {"id": 2, "name": "forecast Load", "version": 2},
        "run": 1,
        "schedule": None,
        "rules": [],
    }
    assert made["plan"]["ready"] is True


@pytest.mark.parametrize(
    ("sentence", "stream", "message"),
    [
        ("forecast Load", "out", "Questions\n  How far ahead is Load to be forecast?"),
        ("forecast Load 90 steps ahead", "out", "Conflicts\n  No forecast of 90 steps can be judged"),
        ("sing a song", "errors", "begins with sing a song"),
    ],
)
def test_what_is_missing_is_told_and_nothing_starts(enstorage, store, sentence, stream, message):
    status, out, errors = enstorage("intent", sentence, "--yes")
    assert status == 1
    assert message in {"out": out, "errors": errors}[stream]
    assert list_pipelines() == []
