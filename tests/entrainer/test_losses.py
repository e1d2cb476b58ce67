"""The losses that Keras does not have; the one of quantiles has tests of its own."""

import numpy as np
import pytest

import enstorage
import entrainer
from entrainer.networks import MLP
from entrainer.settings.losses import two_sided_crossentropy


def test_the_two_sided_crossentropy_adds_up_both_sides_of_each_output():
    y, p = np.array([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]]), np.array([[0.2, 0.7, 0.1], [0.6, 0.3, 0.1]])
    expected = -np.log([0.8 * 0.7 * 0.9, 0.6 * 0.7 * 0.9])
    np.testing.assert_allclose(two_sided_crossentropy(y, p), expected, rtol=1e-6)


def test_outputs_of_0_and_1_have_a_finite_loss():
    wrong, right = two_sided_crossentropy(np.array([[0.0, 1.0]]), np.array([[[1.0, 0.0]], [[0.0, 1.0]]]))
    # 1 - 0.9999999 is 2⁻²³ in single precision.
    assert float(wrong[0]) == pytest.approx(-np.log(2.0**-23) - np.log(1e-10), rel=1e-6)
    assert float(right[0]) == pytest.approx(0, abs=1e-6)


@pytest.mark.slow
def test_a_network_of_classes_is_trained_on_it(sunspots):
    X = np.random.default_rng(0).normal(size=(60, 4))
    y = np.eye(2)[(X[:, 0] > 0).astype(int)]
    data_set = enstorage.DataSet.from_arrays(range(60), X, y, ["train"] * 50 + ["test"] * 10, "signs")
    research = enstorage.Project(name="Sun", data_source=sunspots).save().create_research("Classes")
    model = research.create_model("m", MLP((8,), bias_initializer="normal(1)"))
    model.data_set(data_set)
    training = entrainer.Training(30, 10, "two_sided_crossentropy", "sgd", learning_rate=0.5, metrics=("accuracy",))
    entrainer.fit(model, training, progress=False)
    p = model.forecasts("train")["value"].to_numpy().reshape(-1, 2)
    assert p.sum(axis=1) == pytest.approx(1)
    # Of two outputs with sum 1 both sides are equal.
    expected = -2 * np.log(p[y[:50] == 1]).mean()
    assert entrainer.evaluate(model, "train")["loss"] == pytest.approx(expected, rel=1e-4)
    assert model.meta("accuracy") > 0.9
