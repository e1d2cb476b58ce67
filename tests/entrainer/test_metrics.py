"""Metrics beside the loss: curves and facts of a training, and `evaluate` for any part."""

import numpy as np
import pytest

import enstorage
import entrainer
from enstorage.errors import InvalidInputError
from entrainer import Training
from entrainer.networks import MLP, Estimator
from entrainer.settings.metrics import measured

ROWS = 60
PARTS = ["train"] * 40 + ["valid"] * 10 + ["test"] * 10
TRAINING = Training(epochs=3, batch_size=16, loss="categorical_crossentropy", metrics=("accuracy", "mae"))


@pytest.fixture
def research(sunspots):
    return enstorage.Project(name="Sun", data_source=sunspots).save().create_research("Classes")


@pytest.fixture
def data_set(store):
    X = np.random.default_rng(0).normal(size=(ROWS, 4))
    return enstorage.DataSet.from_arrays(np.arange(ROWS), X, np.eye(2)[(X[:, 0] > 0).astype(int)], PARTS, name="signs")


def make(research, data_set, network):
    model = research.create_model("m", network)
    model.data_set(data_set)
    return model


@pytest.mark.slow
def test_they_are_curves_and_facts_of_train_and_valid_rows(research, data_set):
    model = make(research, data_set, MLP())
    entrainer.fit(model, TRAINING, progress=False)
    curves, facts = model.curves(), model.metas()
    for part, prefix in (("train", ""), ("valid", "valid_")):
        for name in TRAINING.metrics:
            found = entrainer.evaluate(model, part)[name]
            assert facts[prefix + name] == pytest.approx(found, rel=1e-5)
            assert curves[prefix + name][-1] == pytest.approx(found, rel=1e-5)
    assert curves.columns == ["step", "loss", "valid_loss", "accuracy", "mae", "valid_accuracy", "valid_mae"]
    assert 0 <= facts["accuracy"] <= 1


def test_an_estimator_has_them_as_facts(research, data_set):
    model = make(research, data_set, Estimator("Ridge"))
    entrainer.fit(model, TRAINING, progress=False)
    _, X, y = data_set.arrays("valid")
    expected = np.mean(model.load_object().predict(X).argmax(axis=1) == y.argmax(axis=1))
    assert model.meta("valid_accuracy") == expected


def test_evaluate_keeps_each_part(research, data_set):
    model = make(research, data_set, Estimator("Ridge"))
    entrainer.fit(model, progress=False)
    _, X, y = data_set.arrays("test")
    found = entrainer.evaluate(model, "test", ["accuracy", "mse"])
    assert found["mse"] == pytest.approx(np.mean((model.load_object().predict(X) - y) ** 2))
    assert (found["loss"], found["rows"]) == (found["mse"], 10)
    trained = entrainer.evaluate(model, "train")
    assert model.meta("evaluation") == {"test": found, "train": trained}


@pytest.mark.parametrize(
    ("part", "metrics", "words"),
    [("all", (), "part"), ("test", ("f1",), "'f1' is no metric; expected mse, mae, accuracy, log_loss")],
)
def test_what_cannot_be_measured_is_refused(research, data_set, part, metrics, words):
    model = make(research, data_set, Estimator("Ridge"))
    entrainer.fit(model, progress=False)
    with pytest.raises(InvalidInputError, match=words):
        entrainer.evaluate(model, part, metrics)
    assert "evaluation" not in model.metas()


@pytest.mark.parametrize(
    "settings",
    [{"metrics": ("f1",)}, {"metrics": "mae"}, {"metrics": ("mae",), "loss": "pinball", "quantiles": (0.5,)}],
)
def test_a_training_with_other_metrics_is_refused(settings):
    with pytest.raises(InvalidInputError, match="metrics"):
        Training(**settings)


def test_of_two_classes_in_one_column():
    truth, predicted = np.array([[0.0], [1.0], [1.0], [0.0]]), np.array([[0.2], [0.9], [0.4], [0.1]])
    assert measured("accuracy", truth, predicted) == 0.75
    assert measured("log_loss", truth, predicted) == pytest.approx(-np.mean(np.log([0.8, 0.9, 0.4, 0.9])))
