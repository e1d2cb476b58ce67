"""Monitoring over REST: alerts, observations for charts, feedback."""

import numpy as np
import pytest

from enorchestrator import issue_forecasts, monitor, promote, register
from released import MONTHS, load, make_ensemble, make_source


def fill():
    source = make_source()
    register("load", make_ensemble(source), progress=False)
    promote("load", 1)
    issue_forecasts("load", 3)
    source.write(np.array(MONTHS[180:204], "datetime64[ns]"), load()[180:204] + 40)
    monitor("load", settings={"patience": 10_000}, progress=False)


@pytest.fixture
def filled_with():
    return fill


def test_alerts_are_listed_and_closed(api):
    (model,) = api.get("/api/v1/monitoring").json()["items"]
    assert (model["name"], model["production"], model["open_alerts"]) == ("load", 1, 1)
    (alert,) = api.get("/api/v1/monitoring/alerts", params={"name": "load", "only_open": True}).json()["items"]
    assert (alert["kind"], alert["proposal"], alert["name"]) == ("drift", "retrain", "load")
    closed = api.post(f"/api/v1/monitoring/alerts/{alert['id']}/close").json()
    assert closed["closed_by"]
    assert api.get("/api/v1/monitoring/alerts", params={"only_open": True}).json()["items"] == []
    assert api.post("/api/v1/monitoring/alerts/99/close").status_code == 404


def test_observations_come_in_the_order_of_time_with_figures_and_limits(api):
    found = api.get("/api/v1/monitoring/models/load/observations", params={"kind": "drift"}).json()["items"]
    assert [each["from_label"][:10] for each in found] == ["2020-01-01", "2021-01-01"]
    assert all(each["exceeded"] and each["series_name"] == "Load" for each in found)
    assert found[0]["statistics"]["ks"]["value"] > found[0]["statistics"]["ks"]["limit"]
    assert api.get("/api/v1/monitoring/resources").json() == {"items": []}


def test_a_look_is_a_run(api):
    run = api.post("/api/v1/monitoring/models/load", json={"settings": {"windows": 3}})
    assert (run.status_code, run.json()["kind"]) == (202, "monitor")
    assert api.post("/api/v1/monitoring/models/load", json={"settings": {"windows": 0}}).status_code == 422


def test_feedback_is_taken_and_told(api):
    rows = [{"time": "2020-01-01", "value": 101.5}, {"time": "2020-02-01", "verdict": "bad"}]
    path = "/api/v1/monitoring/models/load/feedback"
    assert api.post(path, json={"rows": rows}).json() == {"new": 2, "known": 0, "changed": 0}
    assert api.post(path, json={"rows": rows}).json() == {"new": 0, "known": 2, "changed": 0}
    assert [each["kind"] for each in api.get(path).json()["items"]] == ["verdict", "truth"]
    assert api.post(path, json={"rows": [{"time": "2040-01-01", "value": 1}]}).status_code == 404
    assert api.post(path, json={"rows": [{"time": "2020-01-01"}]}).status_code == 422
