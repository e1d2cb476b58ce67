"""Models that cannot be part of a group: networks with moving averages, Keras models and estimators of one's own."""

from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import ClassVar

import numpy as np
import pytest

import enstorage
import entrainer
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from enstorage.plugins import entry_points
from entrainer.backend import load_keras
from entrainer.networks.specification import NETWORK_SPECS, NetworkSpec
from entrainer.settings.training import EarlyStopping

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Normalised(NetworkSpec):
    """Keeps moving averages, which padded rows would change."""

    name: ClassVar[str] = "normalised"

    def build(self, shape, outputs=1):
        layers = load_keras().layers
        return load_keras().Sequential(
            [load_keras().Input(shape), layers.Dense(6), layers.BatchNormalization(), layers.Dense(outputs)]
        )


@pytest.fixture(autouse=True)
def normalised(monkeypatch):
    point = EntryPoint("normalised", f"{__name__}:Normalised", NETWORK_SPECS.group)
    ours = {**entry_points._ours(), (point.group, point.name): point}
    monkeypatch.setattr(entry_points, "_ours", lambda: ours)


@pytest.fixture
def preparation(sunspots):
    return sunspots.create_snapshot().create_preparation("drop", "minmax", 0.6, 0.1, 0.3)


@pytest.fixture
def make(sunspots, preparation):
    research = enstorage.Project(name="Sun", data_source=sunspots).save().create_research("own", preparation)
    data_set = preparation.create_set(Window(3))

    def made(network=None, obj=None):
        model = research.create_model("own", network)
        model.data_set(data_set)
        if obj is not None:
            model.save_object(obj)
        return model

    return made


def test_a_network_that_no_group_can_have_is_trained_by_keras_and_says_why(make):
    model = make(Normalised())
    told = []
    training = entrainer.Training(epochs=4, optimizer="adam", learning_rate=0.01)
    entrainer.fit(model, training, seeds=3, progress=False, monitor=lambda models, chunk: told.append(chunk.epochs))
    assert "BatchNormalization" in model.meta("trained_alone")
    assert told == [1, 2, 3, 4]
    curves = model.curves()
    assert curves["step"].to_list() == [1, 2, 3, 4]
    assert curves["loss"][-1] < curves["loss"][0]
    assert model.meta("valid_loss") == pytest.approx(curves["valid_loss"][-1])
    assert model.has_forecasts()
    twin = make(Normalised())
    entrainer.fit(twin, training, seeds=3, progress=False)
    assert twin.meta("loss") == pytest.approx(model.meta("loss"), rel=1e-5)


def test_it_keeps_the_best_weights_too(make):
    model = make(Normalised())
    entrainer.fit(model, entrainer.Training(epochs=30, early_stopping=EarlyStopping(2)), progress=False)
    losses = model.curves()["valid_loss"].to_numpy()
    assert model.meta("valid_loss") == pytest.approx(losses.min())
    assert model.meta("stopped") in ("early stopping", None)
    assert model.meta("trained_on") == ["train", "valid"]


def test_a_keras_model_of_ones_own_is_trained_on(make):
    keras = load_keras()
    own = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model = make(obj=own)
    before = own.get_weights()[0]
    entrainer.fit(model, entrainer.Training(epochs=3), progress=False)
    assert "built by hand" in model.meta("trained_alone")
    assert not np.allclose(model.load_object().get_weights()[0], before)
    assert model.has_forecasts()


def test_a_keras_model_for_other_samples_is_refused_with_both_shapes(make):
    keras = load_keras()
    model = make(obj=keras.Sequential([keras.Input((5,)), keras.layers.Dense(1)]))
    with pytest.raises(
        InvalidInputError, match=r"takes samples of shape \(None, 5\); the samples have shape \(21, 3\)"
    ):
        entrainer.fit(model, progress=False)


def test_an_estimator_of_ones_own_is_fitted(make):
    from sklearn.linear_model import LinearRegression

    model = make(obj=LinearRegression())
    entrainer.fit(model, progress=False)
    _, X, y = model.data_set().arrays("train")
    np.testing.assert_allclose(model.load_object().coef_, LinearRegression().fit(X, y).coef_)
    assert model.has_forecasts()
    assert model.meta("trained_on") == ["train"]
