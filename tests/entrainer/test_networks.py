"""Every network: its JSON form, what it builds, what it refuses."""

import json
import subprocess
import sys
from dataclasses import fields

import jax
import numpy as np
import pytest
from building import build, values

from enstorage.errors import InvalidInputError
from entrainer.local import LocalSpec
from entrainer.networks import (
    CNN,
    GRU,
    LSTM,
    MLP,
    NETWORKS,
    TLFN,
    Conv1D,
    Convolution,
    CoupledLSTM,
    Dense,
    Dropout,
    EmbeddingClassifier,
    EmbeddingLSTM,
    Estimator,
    IntervalNetwork,
    Jordan,
    PaperLSTM,
    PeepholeLSTM,
    Pooling,
    SimpleRNN,
)
from entrainer.networks.output import Targets, for_targets
from entrainer.networks.specification import NetworkSpec, spec_from_json
from entrainer.settings.training import Training
from entrainer.testing import NetworkContract

SPECS = [
    PaperLSTM(units=(3, 4), dropout=0.1),
    SimpleRNN((3, 4), dropout=0.1),
    Jordan((3, 4), decay=0.5, dropout=0.1),
    LSTM((3, 4), dropout=0.1),
    GRU((3,), dropout=0.1),
    PeepholeLSTM((3, 4)),
    CoupledLSTM((3, 4)),
    IntervalNetwork(lstm_layers=1, units=3, last_activation="linear"),
    TLFN((5,), initializer="uniform(0.1)"),
    MLP((5, 4), initializer="normal(0.03)", last_activation="sigmoid"),
    CNN((Convolution(2, 3, padding="same"), Pooling(2, of="average"), Dropout(0.2), Dense(4)), last_activation="tanh"),
    Conv1D((Convolution(2, 3), Pooling(2), Dense(4))),
    EmbeddingClassifier(words=9, size=2, embedding_of=7),
    EmbeddingLSTM(words=9, size=2, units=(3, 2), dropout=0.1),
    Estimator("RandomForestRegressor", {"n_estimators": 5, "max_depth": None}),
]
KERAS = [spec for spec in SPECS if isinstance(spec, NetworkSpec)]
SHAPES = {1: (6,), 2: (6, 2), 3: (6, 6, 2)}
CASES = [pytest.param(spec, SHAPES[axes], id=f"{spec.name}-{axes}") for spec in KERAS for axes in spec.axes]


def name(spec):
    return spec.name


def samples(spec, shape, rows=4, seed=0):
    random = np.random.default_rng(seed)
    if hasattr(spec, "words"):
        return random.integers(0, spec.words, (rows, *shape)).astype(np.float32)
    return random.normal(size=(rows, *shape)).astype(np.float32)


def test_every_known_network_is_tested_here():
    networks = [name for name, kind in NETWORKS.items() if not issubclass(kind, LocalSpec)]
    assert sorted(spec.name for spec in SPECS) == networks


@pytest.mark.others_long("spec")
@pytest.mark.parametrize("spec", KERAS, ids=name)
class TestEveryNetwork(NetworkContract):
    @pytest.fixture(autouse=True)
    def of_the_specification(self, spec):
        self.spec, self.shape = spec, SHAPES[spec.axes[0]]

    def make_network(self):
        return spec_from_json(self.spec.to_json())

    def make_samples(self, rows):
        return samples(self.spec, self.shape, rows)


def test_an_estimator_survives_json():
    assert spec_from_json(json.loads(json.dumps(SPECS[-1].to_json()))) == SPECS[-1]


def test_json_form_is_plain_to_read():
    assert PaperLSTM(units=(3, 4)).to_json() == {"name": "paper-lstm", "units": [3, 4], "dropout": 0.2}
    assert CNN((Pooling(), Dense(4))).to_json()["layers"] == [
        {"layer": "pooling", "size": 2, "of": "max"},
        {"layer": "dense", "units": 4, "activation": "relu"},
    ]


@pytest.mark.parametrize(("spec", "shape"), CASES)
def test_network_takes_the_samples_it_says_and_gives_as_many_outputs_as_asked(spec, shape):
    model = build(spec, shape, outputs=3)
    assert model.input_shape == (None, *shape)
    assert model(samples(spec, shape)).shape == (4, 3)


@pytest.mark.others_long
@pytest.mark.parametrize(("spec", "shape"), CASES)
def test_members_run_as_one_give_what_each_gives_alone(spec, shape):
    models = [build(spec, shape, 2, seed) for seed in range(3)]
    X = np.stack([samples(spec, shape, seed=seed) for seed in range(3)])
    trained, kept = (
        [np.stack(each) for each in zip(*map(values, variables), strict=True)]
        for variables in (
            [model.trainable_variables for model in models],
            [model.non_trainable_variables for model in models],
        )
    )

    @jax.jit
    def alone(trained, kept, X):
        return [models[0].stateless_call(trained, kept, X, training=training)[0] for training in (False, True)]

    together = jax.jit(jax.vmap(alone))(trained, kept, X)
    for member in range(3):
        own = alone([each[member] for each in trained], [each[member] for each in kept], X[member])
        for mine, other in zip(together, own, strict=True):  # without dropout, and with the same
            np.testing.assert_allclose(mine[member], other, atol=1e-5)


@pytest.mark.parametrize("spec", KERAS, ids=name)
def test_every_weight_says_how_it_is_drawn(spec):
    model = build(spec, SHAPES[spec.axes[0]], outputs=2)
    owners = {id(weight): layer for layer in model._flatten_layers() for weight in layer.weights}
    for weight in model.weights:
        names = (f"{weight.name}_initializer", f"{weight.name.removesuffix('_kernel')}_initializer")
        assert any(hasattr(owners[id(weight)], name) for name in names), weight.path


@pytest.mark.parametrize(
    ("spec", "shape"), [case for case in CASES if case.values[0].mixes_lags and len(case.values[1]) < 3]
)
def test_zeros_after_a_shorter_window_met_by_zero_weights_change_nothing_where_lags_may_mix(spec, shape):
    lag, *series = shape
    short, long = (build(spec, (length, *series)) for length in (lag - 2, lag))
    weights = [
        np.pad(own, [(0, large - small) for small, large in zip(own.shape, weight.shape, strict=True)])
        for own, weight in zip(short.get_weights(), long.weights, strict=True)
    ]
    long.set_weights(weights)
    X = samples(spec, (lag - 2, *series))
    padded = np.pad(X, [(0, 0), (0, 2), *[(0, 0)] * len(series)])
    np.testing.assert_allclose(long(padded), short(X), atol=1e-6)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"name": "nothing"}, "There is no network 'nothing'; known are cnn, conv1d, coupled-lstm"),
        ({"name": ["paper-lstm"]}, "There is no network ['paper-lstm']; known are"),
        ({}, "The network has no name; expected for example"),
        ({"name": "paper-lstm", "unit": 3}, "PaperLSTM has no parameter 'unit'. It takes: units, dropout"),
        ({"name": "paper-lstm", "units": [50]}, "two integers of at least 1"),
        ({"name": "paper-lstm", "units": [50, 0]}, "two integers of at least 1"),
        ({"name": "paper-lstm", "units": "ab"}, "two integers of at least 1"),
        ({"name": "paper-lstm", "dropout": 1}, "dropout is 1; expected a number of at least 0"),
        ({"name": "paper-lstm", "dropout": "much"}, "dropout is 'much'"),
        (
            {"name": "lstm", "units": []},
            "LSTM: units is []; expected integers of at least 1, one for each layer",
        ),
        ({"name": "gru", "units": 3}, "GRU: units is 3"),
        ({"name": "jordan", "decay": 1.0}, "Jordan: decay is 1.0; expected a number of at least 0"),
        ({"name": "interval", "lstm_layers": 0}, "IntervalNetwork: lstm_layers is 0; expected an integer of at"),
        (
            {"name": "interval", "lstm_activation": "step"},
            "lstm_activation is 'step'; expected one of: linear, relu, lea",
        ),
        ({"name": "interval", "recurrent_dropout": -0.1}, "recurrent_dropout is -0.1"),
        ({"name": "mlp", "hidden": [True]}, "MLP: hidden is [True]; expected integers"),
        ({"name": "mlp", "last_activation": "x"}, "MLP: last_activation is 'x'; expected None, or one of: linear"),
        ({"name": "tlfn", "initializer": "normal"}, "TLFN: initializer is 'normal'; expected normal(deviation) or"),
        ({"name": "tlfn", "initializer": "normal(0)"}, "with a number above 0"),
        ({"name": "tlfn", "initializer": "normal(1e)"}, "with a number above 0"),
        ({"name": "tlfn", "initializer": 3}, "TLFN: initializer is 3"),
        (
            {"name": "mlp", "bias_initializer": "orthogonal"},
            "MLP: bias_initializer is 'orthogonal'; expected normal(deviation) or uniform(limit) with a number above 0, or "
            "one of: zeros.",
        ),
        ({"name": "cnn", "layers": "dense"}, "CNN's layers have 'dense'; expected a list of Convolution, Pooling"),
        ({"name": "cnn", "layers": [3]}, "CNN's layers have 3; expected"),
        ({"name": "cnn", "layers": [{"layer": "lambda"}]}, "No layer is called 'lambda'. Known: convolution, pooling"),
        ({"name": "cnn", "layers": [{"layer": "pooling", "size": 0}]}, "Pooling: size is 0"),
        ({"name": "cnn", "layers": [{"layer": "pooling", "of": "min"}]}, "Pooling: of is 'min'; expected one of: max"),
        ({"name": "cnn", "layers": [{"layer": "convolution"}]}, "Convolution needs the parameter 'filters'"),
        (
            {"name": "conv1d", "layers": [{"layer": "dense", "units": 3}, {"layer": "pooling"}]},
            "Conv1D's layers have a convolution or pooling after a dense layer",
        ),
        ({"name": "embedding-lstm", "words": 0}, "EmbeddingLSTM: words is 0"),
        ({"name": "embedding-classifier", "embedding_of": "x"}, "embedding_of is 'x'; expected the id of a stored mod"),
    ],
)
def test_bad_specifications_are_refused_with_what_is_expected(data, message):
    with pytest.raises(InvalidInputError) as caught:
        spec_from_json(data)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("spec", "shape", "message"),
    [
        (
            PaperLSTM(),
            (5, 2),
            "'paper-lstm' takes samples of shape (lag,), each at least 1; received samples of shape (5, 2)",
        ),
        (
            LSTM(),
            (28, 28, 1),
            "takes samples of shape (lag,) or (lag, series), each at least 1; received samples of shape (28",
        ),
        (
            CNN(),
            (784,),
            "takes samples of shape (height, width, channels), each at least 1; received samples of shape (784,)",
        ),
        (MLP(), (0,), "received samples of shape (0,)"),
        (
            CNN((Convolution(4, 3), Pooling(2), Convolution(8, 5))),
            (8, 8, 1),
            "Layer 3 of the network 'cnn', Convolution(filters=8, size=5, padding='valid', activation='relu'), does not fit "
            "into the shape (3, 3, 4) that reaches it from samples of shape (8, 8, 1). Take larger samples",
        ),
        (Conv1D(), (2,), "does not fit into the shape (2, 1) that reaches it from samples of shape (2,)"),
        (Conv1D((Pooling(4),)), (3, 2), "Layer 1 of the network 'conv1d', Pooling(size=4, of='max'), does not fit"),
    ],
)
def test_a_sample_that_does_not_fit_is_refused_with_both_shapes(spec, shape, message):
    with pytest.raises(InvalidInputError) as caught:
        spec.build(shape, outputs=2)
    assert message in str(caught.value)


@pytest.mark.parametrize("kind", [MLP, IntervalNetwork, CNN, Jordan, EmbeddingLSTM], ids=name)
def test_softmax_over_one_output_is_refused(kind):
    with pytest.raises(InvalidInputError, match="ends with softmax and has one output, which would always be 1"):
        kind(last_activation="softmax").build(SHAPES[kind.axes[0]], outputs=1)


ENDING = [kind for kind in NETWORKS.values() if "last_activation" in {field.name for field in fields(kind)}]


def last_activation_of(network, targets, loss="mse"):
    return for_targets(network, targets, loss).last_activation


@pytest.mark.parametrize("kind", ENDING, ids=name)
def test_the_last_activation_is_that_of_the_targets_unless_it_is_named(kind):
    assert last_activation_of(kind(), Targets.VALUES) == "linear"
    assert last_activation_of(kind(), Targets.CLASSES) == "softmax"
    assert last_activation_of(kind(), Targets.TWO_CLASSES) == "sigmoid"
    for loss in ("binary_crossentropy", "two_sided_crossentropy"):
        assert last_activation_of(kind(), Targets.VALUES, loss) == "sigmoid"
    assert last_activation_of(kind(last_activation="tanh"), Targets.CLASSES) == "tanh"
    stored = kind(last_activation="softmax").to_json()
    assert spec_from_json(stored).last_activation == "softmax"
    assert kind().to_json()["last_activation"] is None


def test_a_network_that_was_stored_before_it_had_a_parameter_is_what_it_was():
    stored = {key: value for key, value in MLP((3,)).to_json().items() if key != "bias_initializer"}
    assert spec_from_json(stored) == MLP((3,), bias_initializer="zeros")
    dropping = IntervalNetwork(dropout=0.2, recurrent_dropout=0.2)
    assert spec_from_json(dropping.to_json()) == dropping != IntervalNetwork()


def test_a_network_without_a_last_activation_of_its_own_is_left_as_it_is():
    assert for_targets(PaperLSTM(), Targets.CLASSES, "mse") == PaperLSTM()


@pytest.mark.parametrize(
    ("network", "targets", "loss", "message"),
    [
        (MLP(last_activation="softmax"), Targets.VALUES, "mse", "outputs sum to 1; its targets are values. .*'linear'"),
        (CNN(last_activation="softmax"), Targets.TWO_CLASSES, "mse", "are one column of 0 and 1. .*'sigmoid'"),
        (
            MLP(last_activation="linear"),
            Targets.CLASSES,
            "categorical_crossentropy",
            "needs outputs that are probabili",
        ),
        (LSTM(last_activation="tanh"), Targets.TWO_CLASSES, "binary_crossentropy", "expected one of softmax, sigmoid"),
        (
            MLP(last_activation="softplus"),
            Targets.CLASSES,
            "two_sided_crossentropy",
            "expected one of softmax, sigmoid",
        ),
        (PaperLSTM(), Targets.CLASSES, "categorical_crossentropy", "'paper-lstm' ends with 'linear'.* another network"),
    ],
)
def test_a_last_activation_that_cannot_fit_is_refused(network, targets, loss, message):
    with pytest.raises(InvalidInputError, match=message):
        for_targets(network, targets, loss)


def test_naming_networks_loads_neither_keras_nor_scikit_learn():
    code = "import entrainer.networks as n, sys; n.LSTM(); print({'keras', 'sklearn', 'jax'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_training_settings_survive_json():
    training = Training(epochs=3, optimizer="adam", learning_rate=0.01, shuffle=False)
    assert Training.from_json(json.loads(json.dumps(training.to_json()))) == training


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"epochs": 0}, "epochs is 0; expected an integer of at least 1"),
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
