import json

import pytest

from enstorage.errors import InvalidInputError
from entrainer.networks import NETWORKS, PaperLSTM
from entrainer.spec import spec_from_json
from entrainer.training import Training


def lstm_parameters(inputs, units):
    return 4 * (inputs * units + units * units + units)


@pytest.mark.parametrize("lag", [5, 7, 13])
def test_paper_network_has_the_layers_and_parameters_of_the_paper(lag):
    model = PaperLSTM().build((lag,))
    assert [type(layer).__name__ for layer in model.layers] == [
        "Reshape",
        "LSTM",
        "Dropout",
        "LSTM",
        "Dropout",
        "Dense",
    ]
    assert model.input_shape == (None, lag)
    assert model.output_shape == (None, 1)
    assert model.layers[-1].activation.__name__ == "linear"
    assert model.count_params() == lstm_parameters(lag, 50) + lstm_parameters(50, 100) + 101


def test_network_gives_as_many_outputs_as_asked():
    assert PaperLSTM(units=(2, 3)).build((4,), outputs=6).output_shape == (None, 6)


def test_every_known_network_survives_json():
    assert set(NETWORKS) == {"paper-lstm"}
    spec = PaperLSTM(units=(3, 4), dropout=0.1)
    stored = json.loads(json.dumps(spec.to_json()))
    assert stored == {"name": "paper-lstm", "units": [3, 4], "dropout": 0.1}
    assert spec_from_json(stored) == spec
    assert hash(spec_from_json(stored)) == hash(spec)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": "nothing"}, "No network is called 'nothing'. Known: paper-lstm"),
        ({"name": ["paper-lstm"]}, "No network is called"),
        ({}, "No network is called None"),
        ({"name": "paper-lstm", "unit": 3}, "PaperLSTM has no parameter 'unit'. It takes: units, dropout"),
        ({"name": "paper-lstm", "units": [50]}, "two whole numbers of at least 1"),
        ({"name": "paper-lstm", "units": [50, 0]}, "two whole numbers of at least 1"),
        ({"name": "paper-lstm", "units": "ab"}, "two whole numbers of at least 1"),
        ({"name": "paper-lstm", "dropout": 1}, "dropout is 1; expected a number from 0"),
        ({"name": "paper-lstm", "dropout": "much"}, "dropout is 'much'"),
    ],
)
def test_bad_specifications_are_refused_with_what_was_expected(data, message):
    with pytest.raises(InvalidInputError, match=message):
        spec_from_json(data)


def test_training_settings_survive_json():
    training = Training(epochs=3, optimizer="adam", learning_rate=0.01, shuffle=False)
    assert Training.from_json(json.loads(json.dumps(training.to_json()))) == training


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"epochs": 0}, "epochs is 0; expected a whole number of at least 1"),
        ({"batch_size": True}, "batch_size is True"),
        ({"loss": "loss"}, "loss is 'loss'; expected one of: mse, "),
        ({"optimizer": "best"}, "optimizer is 'best'; expected one of: rmsprop, "),
        ({"learning_rate": -1.0}, "learning_rate is -1.0; expected a number above 0"),
        ({"shuffle": 1}, "shuffle is 1; expected True or False"),
        ({"patience": 3}, "Training has no parameter 'patience'"),
    ],
)
def test_bad_training_settings_are_refused_with_what_was_expected(data, message):
    with pytest.raises(InvalidInputError, match=message):
        Training.from_json(data)
