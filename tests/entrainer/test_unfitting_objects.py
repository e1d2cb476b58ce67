"""Kept objects that do not fit the samples: our error with both shapes, from `predict` and `forecast`."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

import enstorage
import entrainer
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from entrainer.backend import load_keras

keras = load_keras()


@pytest.fixture
def model(store):
    source = enstorage.DataSource(name="Load", time_interval="1d").save()
    source.write(np.arange(60).astype("datetime64[D]"), 60 + 30 * np.sin(np.arange(60) * 0.4))
    preparation = source.create_snapshot().create_preparation("drop", "minmax", 0.6, 0.2, 0.2)
    project = enstorage.Project(name="Load", data_source=source).save()
    made = project.create_research("kept", preparation).create_model("kept")
    made.data_set(preparation.create_set(Window(4)))
    return made


def two_inputs():
    ends = [keras.Input((4,)), keras.Input((2,))]
    return keras.Model(ends, keras.layers.Dense(1)(keras.layers.Concatenate()(ends)))


def stateful():
    given = keras.Input((4, 1), batch_size=2)
    return keras.Model(given, keras.layers.SimpleRNN(1, stateful=True)(given))


def narrow():
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Ridge().fit(np.zeros((5, 3)), np.arange(5)), r"takes samples of shape \(rows, 3\).* shape \(\d+, 4\)"),
        (lambda: StandardScaler().fit(np.zeros((5, 4))), "A StandardScaler has no predict"),
        (two_inputs, r"has 2 inputs, of shapes \(None, 4\), \(None, 2\).* shape \(\d+, 4\)"),
        (stateful, r"keeps a state in the layer 'simple_rnn.*' .* shape \(\d+, 4\)|keeps a state in the layer"),
        (narrow, r"takes samples of shape \(None, 3\); the samples have shape \(\d+, 4\)"),
    ],
    ids=["width", "no predict", "inputs", "state", "network"],
)
def test_an_object_that_does_not_fit_is_refused_with_both_shapes(model, make, words):
    model.save_object(make())
    for call in (entrainer.predict, lambda given: entrainer.forecast(given, 1)):
        with pytest.raises(InvalidInputError, match=words):
            call(model)


def test_clusters_give_numbers_as_they_always_did(model):
    model.save_object(KMeans(2, n_init=1).fit(np.random.default_rng(0).normal(size=(9, 4))))
    assert entrainer.predict(model).height
