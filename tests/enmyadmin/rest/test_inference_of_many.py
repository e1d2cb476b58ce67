"""Inference for many clients at once: each object is loaded once, those that wait hold no thread, too many are told."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from served_models import make_linear_models
from sklearn.linear_model import LinearRegression

from enmyadmin.server.settings import ServerSettings
from enstorage import Model
from enstorage.entity import trained_object

CLIENTS = 24


@pytest.fixture
def filled_with():
    return make_linear_models


@pytest.fixture
def settings():
    return ServerSettings(max_inferences=CLIENTS)


def asked(api, name, horizon=3):
    tensors = [
        {"name": "history", "shape": [30], "datatype": "FP64", "data": (np.sin(np.arange(30.0) / 5) + 10).tolist()},
        {"name": "horizon", "shape": [1], "datatype": "INT64", "data": [horizon]},
    ]
    return api.post(f"/v2/models/{name}/infer", json={"inputs": tensors})


def forecast_in(answer):
    assert answer.status_code == 200, answer.text
    return answer.json()["outputs"][0]["data"]


def test_models_and_the_ensemble_of_them_are_asked_together_and_loaded_once(api, monkeypatch):
    loaded = []
    load = trained_object._loaded
    monkeypatch.setattr(trained_object, "_loaded", lambda model: loaded.append(model.id) or load(model))
    names = ["model-1", "ensemble-1", "model-2"]
    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = [*clients.map(lambda number: asked(api, names[number % 3]), range(CLIENTS))]
    found = [forecast_in(answer) for answer in answers]
    assert sorted(loaded) == [1, 2]
    assert all(each == found[number % 3] for number, each in enumerate(found))
    np.testing.assert_allclose(np.mean([found[0], found[2]], axis=0), found[1])


@pytest.mark.long
def test_more_than_may_wait_are_told_when_to_ask_again_and_pages_are_answered_meanwhile(api, served):
    with ThreadPoolExecutor(2 * CLIENTS) as clients:
        asking = [clients.submit(asked, api, "model-1", 1_000) for _ in range(2 * CLIENTS)]
        while not any(each.done() for each in asking):
            time.sleep(0.005)
        began = time.perf_counter()
        assert api.get("/api/v1/models").status_code == 200
        listed_after = time.perf_counter() - began
        answers = [each.result() for each in asking]
        took = time.perf_counter() - began
    full = [answer for answer in answers if answer.status_code == 503]
    assert {answer.headers["retry-after"] for answer in full} == {"1"}
    assert full[0].json()["detail"].startswith(f"{CLIENTS} requests for inference wait or are answered")
    assert {len(forecast_in(answer)) for answer in answers if answer not in full} == {1_000}
    assert listed_after < took / 2
    forecast_in(asked(api, "model-1"))  # there is room again


def test_what_changed_is_seen_at_once(api):
    before = forecast_in(asked(api, "model-1"))
    _, X, y = Model.get(1).data_set().arrays("train")
    Model.get(1).save_object(LinearRegression(fit_intercept=False).fit(X, y + 1))
    assert forecast_in(asked(api, "model-1")) != before
    Model.get(1).trash()
    assert asked(api, "model-1").status_code == 422
