"""Parameters that are stored as JSON: adapters, networks, layers and settings come back equal, or are refused."""

import json

import pytest

from enstorage import adapter
from enstorage.adapter.base import adapter_from_json
from enstorage.errors import InvalidInputError
from entrainer import EarlyStopping, Schedule, Training, networks
from entrainer.networks.layer import layer_from_json
from entrainer.networks.specification import spec_from_json

DESCRIBED = [
    (adapter_from_json, adapter.Window(7, offset=2)),
    (adapter_from_json, adapter.Bins(adapter.Interval(3), (40, 60.5))),
    (adapter_from_json, adapter.Sequences(50, 4, classes=2)),
    (layer_from_json, networks.Convolution(8, 3, padding="same")),
    (spec_from_json, networks.MLP(hidden=(8, 4))),
    (spec_from_json, networks.CNN(layers=(networks.Convolution(4), networks.Pooling()))),
    (spec_from_json, networks.Estimator("Ridge", {"alpha": 2.0})),
    (Schedule.from_json, Schedule("steps", 0.5, every=3)),
    (Training.from_json, Training(epochs=3, schedule=Schedule("cosine"), early_stopping=EarlyStopping(patience=2))),
    (Training.from_json, Training(loss="pinball", quantiles=(0.1, 0.5, 0.9), optimizer_options={"rho": 0.8})),
]
IDS = [type(each).__name__ for _, each in DESCRIBED]


@pytest.mark.parametrize(("read", "given"), DESCRIBED, ids=IDS)
def test_it_comes_back_equal_from_json(read, given):
    assert read(json.loads(json.dumps(given.to_json()))) == given


@pytest.mark.parametrize(("read", "given"), DESCRIBED, ids=IDS)
def test_an_unknown_parameter_is_refused_by_its_name(read, given):
    with pytest.raises(InvalidInputError, match=f"{type(given).__name__}.* no parameter 'colour'"):
        read({**given.to_json(), "colour": "red"})


def test_a_missing_parameter_is_refused_by_its_name():
    with pytest.raises(InvalidInputError, match="Window needs the parameter 'lag'"):
        adapter_from_json({"name": "window", "horizon": 2})


def test_a_default_that_a_stored_form_does_not_have_is_filled_in():
    assert adapter_from_json({"name": "window", "lag": 3}) == adapter.Window(3)
    assert Training.from_json({}) == Training()


def test_records_of_a_store_are_not_part_of_a_stored_form():
    assert adapter.Branches((), lag=3).to_json() == {"name": "branches", "lag": 3, "offset": 1, "horizon": 1, "step": 1}
