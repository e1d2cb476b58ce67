"""The Open Inference Protocol, asked by a client of others."""

import numpy as np
import pytest
import tritonclient.http as triton
from served_models import make_linear_models
from tritonclient.utils import InferenceServerException

import entrainer
from endirector import forecast
from enstorage import DataSet, DataSource, Ensemble, Model


def make():
    """The linear models, and one without an object."""
    make_linear_models().create_model("empty").save()


@pytest.fixture
def filled_with():
    return make


@pytest.fixture
def client(api, served):
    """A client, and the header by which the server knows it."""
    with triton.InferenceServerClient(served.url.removeprefix("http://")) as client:
        yield client, {"Authorization": api.headers["Authorization"]}


def inputs(history, horizon, *, binary):
    given = [triton.InferInput("history", [len(history)], "FP64"), triton.InferInput("horizon", [1], "INT64")]
    given[0].set_data_from_numpy(np.asarray(history, np.float64), binary_data=binary)
    given[1].set_data_from_numpy(np.array([horizon], np.int64), binary_data=binary)
    return given


def test_the_server_describes_itself(client):
    asked, headers = client
    assert asked.is_server_live()
    assert asked.is_server_ready()
    assert asked.get_server_metadata(headers=headers)["name"] == "enstorage"
    assert asked.is_model_ready("model-1", headers=headers)
    assert not asked.is_model_ready("model-3", headers=headers)
    described = asked.get_model_metadata("ensemble-1", headers=headers)
    assert [each["name"] for each in described["inputs"]] == ["history", "horizon"]
    assert described["versions"] == [f"{Ensemble.get(1).rendered_at:%Y%m%d%H%M%S}"]


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
@pytest.mark.parametrize("name", ["model-1", "ensemble-1"])
def test_what_follows_the_stored_values_is_forecast_as_by_the_library(client, name, binary):
    asked, headers = client
    _, values = DataSource.get(1).read()
    if name == "model-1":
        expected = entrainer.forecast(Model.get(1), 24)
    else:
        expected = forecast(Ensemble.get(1), 24, levels=(), progress=False)
    outputs = [triton.InferRequestedOutput("forecast", binary_data=binary)]
    answer = asked.infer(name, inputs(values, 24, binary=binary), outputs=outputs, headers=headers)
    assert answer.as_numpy("forecast").tolist() == pytest.approx(expected["value"].to_list(), abs=1e-12)


def test_any_history_is_forecast_from(client):
    asked, headers = client
    history = np.sin(np.arange(50) / 5 + 1) + 10
    answer = asked.infer("model-2", inputs(history, 5, binary=True), headers=headers, parameters={"level": 0.8})
    truth = np.sin(np.arange(50, 55) / 5 + 1) + 10
    assert answer.as_numpy("forecast") == pytest.approx(truth, abs=1e-6)
    assert (answer.as_numpy("lower") <= answer.as_numpy("upper")).all()


def test_a_model_takes_prepared_samples(client):
    asked, headers = client
    _, X, _ = DataSet.get(1).arrays("test")
    given = triton.InferInput("X", list(X.shape), "FP64")
    given.set_data_from_numpy(np.ascontiguousarray(X))
    answer = asked.infer("model-1", [given], model_version=Model.get(1).object_sha256[:12], headers=headers)
    expected = Model.get(1).load_object().predict(X)
    assert answer.as_numpy("y").ravel() == pytest.approx(expected.ravel())


@pytest.mark.parametrize(
    ("name", "history", "horizon", "message"),
    [
        ("model-1", [1.0, 2.0], 1, "needs"),
        ("model-1", np.ones(20), 0, "horizon is one integer"),
        ("model-1", np.ones(20), 10**6, "horizon is one integer"),
        ("model-1", np.full(20, np.nan), 1, "finite numbers"),
        ("model-3", np.ones(20), 1, "nothing to forecast with"),
        ("model-9", np.ones(20), 1, "no Model with id 9"),
        ("../../model-1", np.ones(20), 1, "Not Allowed"),
        ("model-01", np.ones(20), 1, "name of no served model"),
    ],
)
def test_what_cannot_be_forecast_is_refused_with_a_message(client, name, history, horizon, message):
    asked, headers = client
    with pytest.raises(InferenceServerException, match=message):
        asked.infer(name, inputs(history, horizon, binary=True), headers=headers)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (b"", {}),
        (b"{", {}),
        (b"[]", {}),
        (b'{"inputs": []}', {}),
        (b'{"inputs": [{"name": "history", "shape": [2], "datatype": "FP64", "data": [1]}]}', {}),
        (b'{"inputs": [{"name": "history", "shape": [-1], "datatype": "FP64", "data": [1]}]}', {}),
        (b'{"inputs": [{"name": "history", "shape": [1], "datatype": "BYTES", "data": ["a"]}]}', {}),
        (b'{"inputs": [{"name": "h", "shape": [1], "datatype": "FP64", "parameters": {"binary_data_size": 8}}]}', {}),
        (b'{"inputs": [{"name": "h", "shape": [9999999999, 9999999999], "datatype": "FP64", "data": []}]}', {}),
        (b"{}", {"Inference-Header-Content-Length": "999"}),
        (b"{}", {"Inference-Header-Content-Length": "-1"}),
    ],
)
def test_a_malformed_request_is_refused(api, body, headers):
    answer = api.post("/v2/models/model-1/infer", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["error"] == answer.json()["detail"]


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"data": ["1", "2", "3"]}, "no numbers of the datatype FP64"),
        ({"data": ["nan", 2, 3]}, "no numbers of the datatype FP64"),
        ({"data": [True, False, True]}, "no numbers of the datatype FP64"),
        ({"data": [None, 2, 3]}, "no numbers of the datatype FP64"),
        ({"data": [{}, 2, 3]}, "cannot be read"),
        ({"data": [1.5, 2, 3], "datatype": "INT64"}, "no numbers of the datatype INT64"),
        ({"data": [2**63, 2, 3], "datatype": "INT64"}, "no numbers of the datatype INT64"),
        ({"data": [], "shape": [0, 3]}, "at least one"),
        ({"data": [], "shape": [3, 0]}, "at least one"),
        ({"data": [], "shape": [2**62, 0]}, "cannot be read"),
        ({"data": [], "shape": [10**18, 10**18, 0]}, "cannot be read"),
        ({"data": [1.0] * 4, "shape": [1, 4]}, "4 values each"),
        ({"data": [1e308] * 6, "datatype": "FP32", "shape": [1, 6]}, "infinity"),
    ],
)
def test_a_tensor_that_is_none_of_numbers_is_refused(api, changed, message):
    tensor = {"name": "X", "shape": [1, 3], "datatype": "FP64", "data": [1, 2, 3], **changed}
    answer = api.post("/v2/models/model-1/infer", json={"inputs": [tensor]})
    assert answer.status_code == 422, answer.text
    assert message in answer.json()["error"]


def test_what_would_be_left_out_is_refused(api):
    tensor = {"name": "X", "shape": [1, 6], "datatype": "FP64", "data": [1, 2, 3, 4, 5, 6]}
    twice = api.post("/v2/models/model-1/infer", json={"inputs": [tensor, tensor]})
    unknown = api.post("/v2/models/model-1/infer", json={"inputs": [tensor], "outputs": [{"name": "other"}]})
    assert (twice.status_code, unknown.status_code) == (422, 422)
    assert "two of this name" in twice.json()["error"]
    assert "There is no output 'other'; expected y" in unknown.json()["error"]
