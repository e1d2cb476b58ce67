"""The classical networks: weights that are given, and weights that are learnt sample by sample."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.utils.estimator_checks import check_estimator, estimator_checks_generator

from enstorage import Model, Project
from enstorage.errors import InvalidInputError
from entrainer.networks import BackPropagation, ThresholdNetwork, WidrowHoff
from entrainer.networks.activation import ACTIVATIONS

CORNERS = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
SEED = 0  # with it, some ramps and rectifiers are on at first
XOR = ThresholdNetwork(weights=[[[-1, -1], [-1, -1]], [[1], [-1]]], biases=[[1.5, 0.5], [-0.5]])


def squared_error(network, X, y):
    return ((network.predict(X) - y) ** 2).sum()


def test_given_weights_and_thresholds_give_the_truth_table_of_xor():
    np.testing.assert_array_equal(XOR.predict(CORNERS), [0, 1, 1, 0])
    np.testing.assert_array_equal(XOR.fit(CORNERS, [0, 1, 1, 0]).predict(CORNERS), [0, 1, 1, 0])


def test_several_threshold_units_give_a_column_each():
    both = ThresholdNetwork([[[1, 1], [1, 1]]], [[-1.5, -1.0]])  # a unit gives 1 at a sum of exactly 0
    np.testing.assert_array_equal(both.predict(CORNERS), [[0, 0], [0, 1], [0, 1], [1, 1]])


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (ThresholdNetwork([[[1], [1]], [[1]]], [[0]]), "2 weight matrices and 1 lists of biases"),
        (ThresholdNetwork([], []), "at least one"),
        (
            ThresholdNetwork([[[1], [1], [1]]], [[0]]),
            r"Layer 1 .* shape \(3, 1\) .*gets 2 values a row; expected \(2, units\)",
        ),
        (ThresholdNetwork([[[1, 1], [1, 1]], [[1]]], [[0, 0], [0]]), r"Layer 2 .* shape \(1, 1\)"),
    ],
)
def test_weights_that_do_not_fit_are_told(network, message):
    with pytest.raises(InvalidInputError, match=message):
        network.predict(CORNERS)


def test_delta_rule_is_that_of_widrow_and_hoff():
    X, y = np.array([[1.0, 2.0], [-1.0, 0.5]]), np.array([1.0, -1.0])
    first = WidrowHoff(max_epochs=1, shuffle=False, random_state=3, learning_rate=0.1).fit(X, y)
    w, b = np.random.RandomState(3).uniform(-1 / np.sqrt(2), 1 / np.sqrt(2), (2, 1))[:, 0], 0.0
    for x, t in zip(X, y, strict=True):
        delta = t - (w @ x + b)
        w, b = w + 0.1 * delta * x, b + 0.1 * delta
    np.testing.assert_allclose(first.weights_[0][:, 0], w)
    np.testing.assert_allclose(first.biases_[0], b)


@pytest.mark.parametrize("activation", sorted(set(ACTIVATIONS) - {"threshold"}))
def test_back_propagation_goes_down_the_slope_of_the_error(activation):
    """After one epoch over one sample every weight has moved by the numerical slope of ½E."""
    X, y = np.array([[0.5, -1.0, 2.0]]), np.array([[0.9, 0.7]])
    settings = {"hidden": (4, 3), "activation": activation, "last_activation": activation, "learning_rate": 1e-3}
    network = BackPropagation(**settings, max_epochs=1, random_state=SEED).fit(X, y)
    after = [layer.copy() for layer in network.weights_]
    assert network.errors_[1] < network.errors_[0]
    network.weights_, network.biases_ = first_weights(np.random.RandomState(SEED), (3, 4, 3, 2))
    before = [layer.copy() for layer in network.weights_]
    for old, new, slope in zip(before, after, numerical_slopes(network, X, y), strict=True):
        assert np.abs(slope).max() > 0
        np.testing.assert_allclose(new - old, -1e-3 * slope, atol=1e-9)


def first_weights(random, sizes):
    weights = [
        random.uniform(-1 / np.sqrt(inputs), 1 / np.sqrt(inputs), (inputs, units)) for inputs, units in pairwise(sizes)
    ]
    return weights, [np.zeros(units) for units in sizes[1:]]


def numerical_slopes(network, X, y, step=1e-6):
    slopes = [np.zeros_like(layer) for layer in network.weights_]
    for layer, slope in zip(network.weights_, slopes, strict=True):
        for place in np.ndindex(layer.shape):
            kept = layer[place]
            layer[place] = kept + step
            up = squared_error(network, X, y) / 2
            layer[place] = kept - step
            slope[place] = (up - squared_error(network, X, y) / 2) / (2 * step)
            layer[place] = kept
    return slopes


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_single_layer_learns_until_the_error_is_within_the_limit(activation):
    X = CORNERS.astype(float)
    y = np.array([0.0, 0.0, 0.0, 1.0])  # AND
    if activation in ("linear", "relu", "tanh"):
        X, y = np.random.default_rng(0).normal(size=(30, 3)), None
        y = ACTIVATIONS[activation].output(X @ [0.3, -0.2, 0.4] + 0.1)
    if activation == "softmax":
        y = np.column_stack([y, 1 - y])
    network = WidrowHoff(activation, learning_rate=0.3, error_limit=0.05, max_epochs=3000, random_state=0).fit(X, y)
    assert network.converged_
    assert squared_error(network, X, y) == pytest.approx(network.errors_[-1])
    assert network.errors_[-1] <= 0.05 < network.errors_[:-1].min()
    assert network.epochs_ == len(network.errors_) - 1 < 3000


def test_back_propagation_learns_xor_until_the_error_is_within_the_limit():
    y = np.array([0, 1, 1, 0])
    network = BackPropagation((3,), "tanh", "sigmoid", learning_rate=0.5, error_limit=0.02, random_state=1)
    network.fit(CORNERS, y)
    assert network.converged_
    assert squared_error(network, CORNERS, y) <= 0.02
    np.testing.assert_array_equal(network.predict(CORNERS).round(), y)


def test_what_cannot_be_learnt_says_so_and_keeps_the_best_weights():
    y = np.array([0, 1, 1, 0])
    single = WidrowHoff(max_epochs=50, random_state=0).fit(CORNERS, y)
    assert not single.converged_
    assert single.epochs_ == 50
    assert squared_error(single, CORNERS, y) == pytest.approx(single.errors_.min())


def test_a_learning_rate_that_is_too_high_ends_early_without_a_warning(recwarn):
    X = 1000 * CORNERS
    network = WidrowHoff(learning_rate=1.0, random_state=0).fit(X, [0, 1, 1, 2])
    assert not network.converged_
    assert network.epochs_ < 1000
    assert np.isfinite(network.predict(X)).all()
    assert not recwarn.list


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (
            WidrowHoff("step"),
            "WidrowHoff: activation is 'step'; expected one of: linear, threshold, linear_threshold, sig",
        ),
        (WidrowHoff(learning_rate=float("inf")), "learning_rate is inf"),
        (WidrowHoff(learning_rate=0), "learning_rate is 0; expected a number above 0"),
        (WidrowHoff(error_limit=-1), "error_limit is -1; expected a number of at least 0"),
        (WidrowHoff(max_epochs=0), "max_epochs is 0; expected an integer of at least 1"),
        (BackPropagation(hidden=8), "hidden is 8; expected integers of at least 1, one for each hidden layer"),
        (
            BackPropagation(activation="threshold"),
            "activation is 'threshold'; expected one of: linear, linear_threshold",
        ),
        (BackPropagation(last_activation="?"), "last_activation is '\\?'"),
    ],
)
def test_bad_parameters_are_told_when_fitting(network, message):
    with pytest.raises(InvalidInputError, match=message):
        network.fit(CORNERS, [0, 1, 1, 0])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Skipping check check_array_api_input")
@pytest.mark.parametrize(
    "network",
    [WidrowHoff(max_epochs=30, random_state=0), BackPropagation(max_epochs=30, learning_rate=0.01, random_state=0)],
    ids=lambda network: type(network).__name__,
)
def test_learning_networks_are_estimators_by_all_checks_of_scikit_learn(network):
    check_estimator(network)


def test_a_threshold_network_is_an_estimator_by_the_checks_that_do_not_choose_the_columns():
    """The other checks fit data of one to ten columns; the weights that are given fix the columns at two."""
    names = {
        "check_estimator_cloneable",
        "check_estimator_tags_renamed",
        "check_valid_tag_types",
        "check_estimator_repr",
        "check_no_attributes_set_in_init",
        "check_do_not_raise_errors_in_init_or_set_params",
        "check_mixin_order",
        "check_get_params_invariance",
        "check_set_params",
    }
    done = set()
    for estimator, check in estimator_checks_generator(XOR):
        name = getattr(check, "func", check).__name__
        if name in names:
            check(estimator)
            done.add(name)
    assert done == names


def test_they_are_kept_in_a_store_and_come_back(sunspots):
    research = Project(name="p", data_source=sunspots).create_research("r")
    X = np.random.default_rng(0).normal(size=(20, 2))
    y = X @ [0.5, -0.25]
    for network in (XOR, WidrowHoff(max_epochs=5), BackPropagation((4, 3), max_epochs=5, random_state=1)):
        fitted = network.fit(X, y)
        model = research.create_model("m")
        model.save_object(fitted)
        assert model.object_format == "skops"
        back = Model.get(model.id).load_object()
        assert back.get_params() == fitted.get_params()
        np.testing.assert_array_equal(back.predict(X), fitted.predict(X))
