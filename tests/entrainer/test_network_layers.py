"""What the networks are made of: layers, parameters, and the figures of the sources."""

import jax
import numpy as np
import pytest
from building import build
from scipy.special import expit

from entrainer.networks import (
    CNN,
    LSTM,
    MLP,
    TLFN,
    Conv1D,
    Convolution,
    Dense,
    Dropout,
    EmbeddingClassifier,
    EmbeddingLSTM,
    IntervalNetwork,
    Jordan,
    PaperLSTM,
    Pooling,
    SimpleRNN,
)


def kinds(model):
    return [type(layer).__name__ for layer in model.layers]


def fresh_weights(network, shape, outputs):
    return jax.device_get(jax.jit(lambda: [weight.value for weight in network.build(shape, outputs).weights])())


def lstm_parameters(inputs, units):
    return 4 * (inputs * units + units * units + units)


@pytest.mark.parametrize("lag", [5, 7, 13])
def test_paper_network_has_the_layers_and_parameters_of_the_paper(lag):
    model = build(PaperLSTM(), (lag,))
    assert kinds(model) == ["Reshape", "LSTM", "Dropout", "LSTM", "Dropout", "Dense"]
    assert model.layers[-1].activation.__name__ == "linear"
    assert model.count_params() == lstm_parameters(lag, 50) + lstm_parameters(50, 100) + 101


def test_recurrent_networks_take_a_window_step_by_step():
    assert build(LSTM((4,)), (7,)).count_params() == lstm_parameters(1, 4) + 5
    assert build(LSTM((4, 3)), (7, 2)).count_params() == lstm_parameters(2, 4) + lstm_parameters(4, 3) + 4


def test_simple_rnn_is_the_network_of_elman():
    model = build(SimpleRNN((3,)), (4,))
    kernel, recurrent, bias, last, last_bias = model.get_weights()
    X = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    hidden = np.zeros((5, 3))
    for step in range(4):
        hidden = np.tanh(X[:, step : step + 1] @ kernel + hidden @ recurrent + bias)
    np.testing.assert_allclose(model(X), hidden @ last + last_bias, atol=1e-5)


def test_jordan_network_feeds_its_outputs_back():
    model = build(Jordan((3,), last_activation="sigmoid"), (4,), outputs=2)
    entry, bias, context, readout, readout_bias = model.get_weights()
    X = np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32)
    output = np.zeros((5, 2))
    for step in range(4):
        hidden = np.tanh(X[:, step : step + 1] @ entry + bias + output @ context)
        output = expit(hidden @ readout + readout_bias)
    np.testing.assert_allclose(model(X), output, atol=1e-5)


def test_interval_network_has_the_defaults_of_its_source():
    model = build(IntervalNetwork(last_activation="softmax"), (3,), outputs=5)
    first, second = (layer for layer in model.layers if type(layer).__name__ == "LSTM")
    hidden, last = (layer for layer in model.layers if type(layer).__name__ == "Dense")
    for layer in (first, second):
        assert (layer.units, layer.dropout, layer.recurrent_dropout) == (8, 0.0, 0.2)
        assert layer.activation.__name__ == "relu"
    assert (hidden.units, hidden.activation.__name__) == (8, "relu")
    assert (last.units, last.activation.__name__) == (5, "softmax")
    assert model.count_params() == lstm_parameters(1, 8) + lstm_parameters(8, 8) + 8 * 8 + 8 + 8 * 5 + 5


def test_interval_network_is_as_deep_as_asked():
    spec = IntervalNetwork(lstm_layers=1, dense_layers=1, last_activation="linear", lstm_activation="tanh")
    assert kinds(build(spec, (3,))) == ["InputLayer", "Reshape", "LSTM", "Dense"]


def test_interval_network_has_a_branch_for_each_series():
    spec = IntervalNetwork(last_activation="linear")
    model = build(spec, (4, 3))
    assert kinds(model).count("LSTM") == 6
    branch = lstm_parameters(1, 8) + lstm_parameters(8, 8)
    assert model.count_params() == 3 * branch + (24 * 8 + 8) + 9
    # A series reaches the outputs through its own branch alone: without weights there, it makes no difference.
    X = np.random.default_rng(0).normal(size=(5, 4, 3)).astype(np.float32)
    other = X + np.array([0, 1, 0], np.float32)
    assert not np.allclose(model(X), model(other))
    branch = model.get_layer("series_2_lstm_2")
    branch.set_weights([0 * weight for weight in branch.get_weights()])
    np.testing.assert_array_equal(model(X), model(other))


def test_branches_can_be_saved_and_opened(tmp_path):
    from entrainer.backend import load_keras

    model = build(IntervalNetwork(last_activation="linear"), (4, 3))
    model.save(tmp_path / "model.keras")
    X = np.random.default_rng(0).normal(size=(5, 4, 3)).astype(np.float32)
    back = load_keras().saving.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(back(X), model(X), atol=1e-6)


def test_mlp_for_classes_is_that_of_the_textbook():
    model = build(MLP(dropout=0.5), (20,), outputs=10)
    assert kinds(model) == ["Flatten", "Dense", "Dropout", "Dense", "Dropout", "Dense"]
    assert model.count_params() == 20 * 64 + 64 + 64 * 64 + 64 + 64 * 10 + 10
    assert [layer.rate for layer in model.layers if type(layer).__name__ == "Dropout"] == [0.5, 0.5]


def test_mlps_for_handwritten_digits():
    assert build(MLP((784,), dropout=0.0), (28, 28, 1), 10).count_params() == 784 * 784 + 784 + 784 * 10 + 10
    assert build(MLP((300,), dropout=0.0), (784,), 10).count_params() == 784 * 300 + 300 + 300 * 10 + 10


def test_weights_are_drawn_as_the_initializer_says():
    first, bias, last, _ = fresh_weights(MLP((90,), initializer="normal(0.03)"), (90,), 90)
    for kernel in (first, last):
        assert kernel.std() == pytest.approx(0.03, rel=0.05)
        assert abs(kernel.mean()) < 0.002
    assert not bias.any()
    assert not np.array_equal(first, last)
    _, first, _, last = fresh_weights(MLP((900,), bias_initializer="normal(1)"), (2,), 900)
    for bias in (first, last):
        assert (bias.mean(), bias.std()) == pytest.approx((0, 1), abs=0.1)
    kernel = fresh_weights(TLFN((100,), initializer="uniform(0.2)"), (50,), 1)[0]
    assert 0.19 < kernel.max() <= 0.2
    assert -0.2 <= kernel.min() < -0.19


def test_time_lagged_network_is_a_small_network_over_the_window():
    model = build(TLFN(), (12,), outputs=2)
    assert model.count_params() == 12 * 16 + 16 + 16 * 2 + 2
    assert build(TLFN(()), (12, 3)).count_params() == 12 * 3 + 1  # no hidden layer: a linear filter of each series


def test_cnn_is_by_default_the_small_one_for_handwritten_digits():
    model = build(CNN(), (28, 28, 1), outputs=10)
    assert kinds(model) == ["Conv2D", "MaxPooling2D", "Dropout", "Flatten", "Dense", "Dense"]
    assert model.count_params() == (25 * 32 + 32) + (12 * 12 * 32 * 128 + 128) + (128 * 10 + 10)


def test_large_cnn_for_handwritten_digits():
    large = CNN(
        (Convolution(30, 5), Pooling(2), Convolution(15, 3), Pooling(2), Dropout(0.2), Dense(128), Dense(50)),
    )
    model = build(large, (28, 28, 1), outputs=10)
    expected = (25 * 30 + 30) + (9 * 30 * 15 + 15) + (5 * 5 * 15 * 128 + 128) + (128 * 50 + 50) + (50 * 10 + 10)
    assert model.count_params() == expected


def test_cifar_network_has_exactly_the_parameters_of_the_source():
    cifar = CNN(
        (
            *(Convolution(32, padding="same"), Convolution(32), Pooling(2), Dropout(0.25)),
            *(Convolution(64, padding="same"), Convolution(64), Pooling(2), Dropout(0.25)),
            *(Dense(512), Dropout(0.5)),
        )
    )
    assert build(cifar, (32, 32, 3), outputs=10).count_params() == 1_250_858


def test_conv1d_goes_along_time_with_series_as_channels():
    assert kinds(build(Conv1D(), (10,))) == ["Reshape", "Conv1D", "MaxPooling1D", "Flatten", "Dense", "Dense"]
    model = build(Conv1D((Convolution(4, 3),)), (10, 2))
    assert model.count_params() == (3 * 2 * 4 + 4) + (8 * 4 + 1)


def test_layers_without_a_dense_one_are_laid_flat_before_the_outputs():
    assert kinds(build(CNN((Pooling(2, of="average"),)), (4, 4, 1), 2)) == ["AveragePooling2D", "Flatten", "Dense"]


def test_embedding_classifier_has_exactly_the_parameters_of_the_source():
    model = build(EmbeddingClassifier(words=50, size=8), (4,))
    assert kinds(model) == ["InputLayer", "Embedding", "Flatten", "Dense"]
    assert model.count_params() == 433
    assert model.layers[-1].activation.__name__ == "linear"  # nothing is said of the targets


def test_embedding_lstm_is_that_of_the_source():
    model = build(EmbeddingLSTM(), (500,))
    assert model.count_params() == 5000 * 32 + lstm_parameters(32, 100) + 101


@pytest.mark.parametrize("kind", [EmbeddingClassifier, EmbeddingLSTM])
def test_an_embedding_that_is_taken_over_is_not_trained(kind):
    for embedding_of, trainable in ((None, True), (3, False)):
        model = build(kind(words=9, size=2, embedding_of=embedding_of), (4,))
        embedding = model.get_layer("embedding")
        assert embedding.trainable is trainable
        assert any(weight is embedding.weights[0] for weight in model.trainable_variables) is trainable
        assert model.weights[0].path == "embedding/embeddings"  # by which training finds it
