"""Curves of anyone's own training with Keras."""

import numpy as np
import pytest

import enstorage
import entrainer
from enstorage.errors import InvalidInputError
from entrainer.backend import load_keras


@pytest.fixture
def model(sunspots):
    return enstorage.Project(name="Sun", data_source=sunspots).save().create_research("own").create_model("own")


@pytest.mark.slow
def test_the_logs_of_keras_become_curves(model):
    keras = load_keras()
    network = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    network.compile(optimizer="sgd", loss="mse", metrics=["mae"])
    X, y = np.ones((20, 3)), np.arange(20.0)
    for epochs in (4, 2):
        history = network.fit(
            X, y, validation_split=0.2, epochs=epochs, verbose=0, callbacks=[entrainer.Recorder(model)]
        ).history
        curves = model.curves()
        assert curves["step"].to_list() == list(range(1, epochs + 1))
        for name in ("loss", "val_loss", "mae", "val_mae"):
            assert curves[name].to_list() == pytest.approx(history[name])


def test_what_is_no_stored_model_is_refused():
    with pytest.raises(InvalidInputError, match="is not a Model; expected one of a research"):
        entrainer.Recorder("lag 5")
