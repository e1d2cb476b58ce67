"""One action on more records than a request waits for: a run with progress, undone by the time it gave them."""

import pytest

from enorchestrator import Dispatcher
from enstorage import DataSource, Model, Project
from enstorage.entity._saving import save_all

V1 = "/api/v1"
NUMBER = 1_001


def fill():
    research = Project(name="p", data_source=DataSource(name="s").save()).save().create_research("r")
    save_all(research.create_model(f"m {number}") for number in range(NUMBER))


@pytest.fixture
def filled_with():
    return fill


def finished(api, answer):
    assert answer.status_code == 202, answer.text
    with api.stream("GET", f"{answer.headers['location']}/events") as stream:
        text = stream.read().decode()
    return api.get(answer.headers["location"]).json(), text


@pytest.mark.long
def test_more_than_a_request_waits_for_are_a_run_that_can_be_undone(api, store):
    with Dispatcher(store, workers=1):
        asked = {"action": "trash", "where": "name like 'm%'"}
        run, events = finished(api, api.post(f"{V1}/models/bulk", json=asked))
        assert run["title"] == "Change many records (trash, model)"
        assert (run["state"], run["result"]["counts"]) == ("succeeded", {"model": NUMBER})
        assert "Moving to the trash" in events
        assert Model.count() == 0
        undo = {"action": "restore", "where": f"deleted_at = '{run['result']['trashed_at']}'"}
        back, _ = finished(api, api.post(f"{V1}/models/bulk", json=undo))
        assert back["result"]["counts"] == {"model": NUMBER}
        assert Model.count() == NUMBER
        ids = list(range(1, NUMBER + 1))
        tagged, _ = finished(api, api.post(f"{V1}/models/bulk", json={"action": "tag", "ids": ids, "tags": {"a": 1}}))
        assert tagged["state"] == "succeeded"
        assert Model.get(NUMBER).tags == {"a": 1}
        # A run that finds nothing says so.
        run = api.post(f"{V1}/runs", json={"kind": "change_records", "arguments": {**undo, "entity": "model"}})
        over, _ = finished(api, run)
        assert (over["state"], over["error"]["field"]) == ("failed", "where")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"entity": "model", "action": "trash"}, "arguments"),
        ({"entity": "model", "action": "trash", "ids": [1], "where": "id = 1"}, "arguments"),
        ({"entity": "model", "action": "burn", "ids": [1]}, "action"),
        ({"entity": "nothing", "action": "trash", "ids": [1]}, "entity"),
        ({"entity": "model", "action": "trash", "where": "nme = 1"}, "where"),
        ({"entity": "model", "action": "trash", "where": "x" * 100_001}, "where"),
        ({"entity": "model", "action": "trash", "ids": [0]}, "ids.0"),
    ],
)
def test_what_cannot_be_done_is_refused_at_once(api, wrong, field):
    answer = api.post(f"{V1}/runs", json={"kind": "change_records", "arguments": wrong})
    assert (answer.status_code, answer.json()["field"]) == (422, field)
