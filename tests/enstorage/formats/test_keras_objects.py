"""Keras models with objects of one's own: opened once before they are said to be kept; never run from the store."""

import numpy as np
import pytest

import enstorage
from enstorage.errors import InvalidInputError, UntrustedError
from enstorage.formats.keras import KerasFormat
from enstorage.plugins import loading
from entrainer.backend import load_keras

keras = load_keras()
X = np.ones((2, 3), np.float32)


def doubled_tanh(x):
    return 2 * keras.ops.tanh(x)


def own_loss(true, forecast):
    return keras.ops.mean((true - forecast) ** 2)


class OwnMetric(keras.metrics.MeanSquaredError):
    pass


class OwnLayer(keras.layers.Dense):
    pass


def network(activation=None, layer=keras.layers.Dense):
    return keras.Sequential([keras.Input((3,)), layer(2, activation=activation)])


@pytest.fixture
def register(monkeypatch):
    monkeypatch.setattr(loading, "_HERE", {})
    return enstorage.register


@pytest.mark.parametrize("compiled", [{"loss": own_loss}, {"metrics": [OwnMetric()]}, {"loss": lambda a, b: a - b}])
@pytest.mark.filterwarnings("ignore")
def test_what_a_model_was_compiled_with_is_left_out_where_it_is_ones_own(compiled):
    model = network()
    model.compile(**{"loss": "mse"} | compiled)
    opened = KerasFormat.load(KerasFormat.dump(model, allow_code=False), allow_code=False)
    np.testing.assert_array_equal(opened(X), model(X))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: network(doubled_tanh),
            r"has the function doubled_tanh, .* enstorage.register\('doubled_tanh'",
        ),
        (lambda: network(layer=OwnLayer), r"has the layer .*OwnLayer, which opening it would not find"),
        (
            lambda: network(layer=keras.saving.register_keras_serializable()(OwnLayer)),
            r"has the layer .*OwnLayer, which opening it would not find",
        ),
    ],
)
def test_what_a_fresh_process_would_not_find_is_refused_with_the_remedy(make, words):
    with pytest.raises(UntrustedError, match=words):
        KerasFormat.dump(make(), allow_code=False)


def test_registered_objects_are_found(register):
    register("doubled_tanh", doubled_tanh)
    register("OwnLayer", OwnLayer)
    model = network(doubled_tanh, OwnLayer)
    opened = KerasFormat.load(KerasFormat.dump(model, allow_code=False), allow_code=False)
    np.testing.assert_array_equal(opened(X), model(X))


@pytest.mark.parametrize(("name", "obj"), [("no name", print), ("name", 3), (3, print), ("JordanCell", print)])
def test_what_cannot_be_registered_is_refused(register, name, obj):
    with pytest.raises(InvalidInputError, match="registered"):
        register(name, obj)
    register("own", print)
    with pytest.raises(InvalidInputError, match="Another layer is registered under the name 'own'"):
        register("own", repr)
