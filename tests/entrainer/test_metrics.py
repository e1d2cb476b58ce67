"""Metrics beside the loss: curves and facts of a training, and `evaluate` for any part."""

import numpy as np
import polars as pl
import pytest
from sklearn.metrics import mean_pinball_loss, root_mean_squared_error

import enstorage
import entrainer
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from enstorage.metrics.catalogue import LOSSES, METRICS
from entrainer import Training
from entrainer.networks import MLP, Estimator
from entrainer.settings.losses import row_loss
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
    [("all", (), "part"), ("test", ("f1",), "There is no metric 'f1'; expected one of mse, rmse, mae")],
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


@pytest.mark.parametrize("name", [name for name in LOSSES if METRICS[name].rows is not None])
def test_losses_of_the_list_are_those_that_networks_are_trained_on(name):
    random = np.random.default_rng(8)
    y, predicted = np.eye(3)[random.integers(0, 3, 50)], random.dirichlet(np.ones(3), 50)
    y[:5], predicted[:5] = random.uniform(-3, 3, (5, 3)), random.uniform(0.1, 0.9, (5, 3))
    rows = slice(5, None) if "crossentropy" in name else slice(None)
    expected = row_loss(Training(loss=name))(y[rows].astype("float32"), predicted[rows].astype("float32"))
    np.testing.assert_allclose(METRICS[name].rows(np, y[rows], predicted[rows]), np.asarray(expected), rtol=2e-5)


def test_all_losses_of_the_list_can_be_trained_on():
    assert all(Training(loss=name) for name in LOSSES if name != "pinball")
    with pytest.raises(InvalidInputError, match="loss"):
        Training(loss="rmse")


@pytest.fixture
def values(sunspots):
    """A model of values with gaps in its test part, and its preparation."""
    preparation = sunspots.create_snapshot().create_preparation("drop", "sqrt", 0.7, 0.0, 0.3)
    model = (
        enstorage.Project(name="s", data_source=sunspots)
        .save()
        .create_research("r", preparation)
        .create_model("m", Estimator("Ridge"))
    )
    model.data_set(preparation.create_set(Window(lag=3, horizon=2)))
    entrainer.fit(model, progress=False)
    return model, preparation


def test_metrics_of_values_are_in_source_units(values):
    """By pandas and scikit-learn, from the stored forecasts."""
    model, preparation = values
    names = ["rmse", "smape", "mase", "rmsse", "mse"]
    found = entrainer.evaluate(model, "test", names)
    truth = preparation.table().select("time", "value")
    rows = model.forecasts("test").join(truth, left_on="id", right_on="time").to_pandas()
    error = rows["value"] - rows["value_right"]
    train = preparation.table().filter(pl.col("part") == 0)["value"].to_pandas()
    assert found["rmse"] == pytest.approx(root_mean_squared_error(rows["value_right"], rows["value"]), rel=1e-9)
    smape = (2 * error.abs() / (rows["value"].abs() + rows["value_right"].abs())).mean()
    assert found["smape"] == pytest.approx(smape, rel=1e-9)
    assert found["mase"] == pytest.approx(error.abs().mean() / train.diff().abs().mean(), rel=1e-9)
    assert found["rmsse"] == pytest.approx(((error**2).mean() / (train.diff() ** 2).mean()) ** 0.5, rel=1e-9)
    assert found["mse"] == found["loss"]  # in the prepared scale
    assert model.meta("evaluation")["test"] == found


def test_a_metric_without_a_value_is_refused_with_the_reason(values):
    model, _ = values
    with pytest.raises(InvalidInputError, match=r"WQL has no value for .*: No quantiles were forecast"):
        entrainer.evaluate(model, "test", ["wql"])
    assert "evaluation" not in model.metas()


@pytest.mark.slow
def test_quantiles_are_measured_as_they_are_kept(sunspots):
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax", 0.7, 0.0, 0.3)
    model = (
        enstorage.Project(name="s", data_source=sunspots)
        .save()
        .create_research("r", preparation)
        .create_model("m", MLP(hidden=(4,), last_activation="linear"))
    )
    model.data_set(preparation.create_set(Window(lag=3)))
    levels = (0.1, 0.5, 0.9)
    entrainer.fit(model, Training(epochs=3, loss="pinball", quantiles=levels), progress=False)
    found = entrainer.evaluate(model, "test", ["wql", "coverage_0.8", "width_0.8", "pinball_0.9", "mase"])
    truth = preparation.table().select("time", pl.col("value").alias("truth"))
    rows = model.forecasts("test").join(truth, left_on="id", right_on="time")
    by_level = {level: rows.filter(pl.col("quantile") == level).sort("id") for level in levels}
    losses = [mean_pinball_loss(own["truth"], own["value"], alpha=level) for level, own in by_level.items()]
    size = by_level[0.5]["truth"].abs().mean()
    assert found["wql"] == pytest.approx(2 * np.mean(losses) / size, rel=1e-6)
    assert found["pinball_0.9"] == pytest.approx(losses[2], rel=1e-6)
    low, truth, high = by_level[0.1]["value"], by_level[0.1]["truth"], by_level[0.9]["value"]
    assert found["coverage_0.8"] == ((low <= truth) & (truth <= high)).mean()
    assert found["width_0.8"] == pytest.approx((high - low).mean(), rel=1e-6)
    with pytest.raises(InvalidInputError, match="with quantiles none of mse"):
        entrainer.evaluate(model, "test", ["mse"])
