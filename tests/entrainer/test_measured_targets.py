"""Targets that were not measured but filled, even single steps of a row, enter no loss, early stopping, metric or fit."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

import entrainer
from enstorage import DataSource, Project
from enstorage.adapter import Bins, Window
from enstorage.errors import InvalidInputError
from entrainer.backend import load_keras
from entrainer.compiled.group import train_together
from entrainer.compiled.member import GroupMember, MemberSamples
from entrainer.fitting.keras_fit import fit_keras
from entrainer.networks import MLP
from entrainer.networks.specification import NetworkSpec
from entrainer.settings.losses import mean_loss
from entrainer.settings.metrics import measured
from entrainer.settings.training import EarlyStopping, Training

RANDOM = np.random.default_rng(1)
X = RANDOM.normal(size=(8, 3))
Y = RANDOM.normal(size=(8, 2))
Y[[1, 4, 4, 6], [0, 0, 1, 1]] = np.nan
SOME = ~np.isnan(Y).all(axis=1)
GAPS = [12, 13, 27, 40, 55]


@dataclass(frozen=True)
class Linear(NetworkSpec):
    """X @ weights, so that gradients can be computed by hand."""

    name: ClassVar[str] = "linear for this test"

    def build(self, shape, outputs=1):
        keras = load_keras()
        return keras.Sequential([keras.Input(shape), keras.layers.Dense(outputs, use_bias=False)])


def training(**settings):
    return Training(**{"epochs": 1, "batch_size": 8, "loss": "mse", "optimizer": "sgd", "shuffle": False} | settings)


def trained(alone, settings, valid=None):
    """The weights and the losses after training on the rows of which a target was measured."""
    member = GroupMember(Linear(), X[SOME], Y[SOME], 0, "a", valid=valid)
    if alone:
        outcome = fit_keras(member, settings, lambda chunk: None)
        return outcome.obj.get_weights()[0], outcome
    (outcome,) = train_together([member], settings)
    return outcome.obj.weights[0], outcome


@pytest.mark.parametrize("alone", [False, True], ids=["in a group", "by Keras"])
def test_the_loss_is_the_mean_over_measured_steps_and_its_gradient_too(alone):
    start, before = trained(alone, training(learning_rate=1e-12))
    valid = MemberSamples(X, np.where(np.arange(16).reshape(8, 2) % 3 == 0, np.nan, 1.0))
    end, outcome = trained(alone, training(learning_rate=0.1), valid)
    error = np.where(np.isnan(Y), 0, X @ start - Y)
    count = (~np.isnan(Y)).sum()
    assert before.loss[0] == pytest.approx((error**2).sum() / count, rel=1e-5)
    np.testing.assert_allclose(end, start - 0.1 * 2 * X.T @ error / count, rtol=1e-4, atol=1e-6)
    known = ~np.isnan(valid.y)
    assert outcome.valid_loss[0] == pytest.approx((((X @ end - valid.y) ** 2)[known]).mean(), rel=1e-4)


def test_quantiles_and_metrics_leave_out_the_same_steps():
    settings = training(loss="pinball", quantiles=(0.1, 0.5, 0.9), learning_rate=1e-12)
    weights, outcome = trained(False, settings)
    error = Y[..., None] - (X @ weights).reshape(8, 2, 3)
    levels = np.array([0.1, 0.5, 0.9])
    assert outcome.loss[0] == pytest.approx(np.nanmean(np.maximum(levels * error, (levels - 1) * error)), rel=1e-5)
    chunks = []
    member = GroupMember(Linear(), X[SOME], Y[SOME], 0, "a")
    (outcome,) = train_together([member], training(metrics=("mae",)), chunks.append)
    predicted = X @ outcome.obj.weights[0]
    assert chunks[-1].metrics["mae"][0, -1] == pytest.approx(np.nanmean(np.abs(predicted - Y)), rel=1e-5)
    assert measured("mae", Y, predicted) == pytest.approx(np.nanmean(np.abs(predicted - Y)))


def test_a_loss_that_adds_up_the_targets_of_a_row_keeps_its_size():
    """Of a target that is missing the others count for it, as they do in a mean."""
    y = np.array([[0.0, 1.0], [np.nan, 1.0], [np.nan, np.nan]])
    p = np.array([[0.2, 0.7], [0.5, 0.6], [0.1, 0.9]])
    each = -np.log([0.8, 0.7, 0.6])
    assert mean_loss(training(loss="two_sided_crossentropy"), y, p) == pytest.approx(2 * each.mean(), rel=1e-5)
    assert mean_loss(training(loss="binary_crossentropy"), y, p) == pytest.approx(each.mean(), rel=1e-5)
    assert mean_loss(training(), y, p) == pytest.approx((0.04 + 0.09 + 0.16) / 3, rel=1e-5)


def test_a_row_without_any_measured_target_is_refused_by_a_group():
    with pytest.raises(InvalidInputError, match="has 2 values in y that are NaN"):
        GroupMember(Linear(), X, Y, 0, "a")


def prepared(clean="mean", gaps=GAPS, **parts):
    source = DataSource(name="Load", time_interval="1d").save()
    values = 50 + 10 * np.sin(np.arange(60) * 2 * np.pi / 7) + np.random.default_rng(3).normal(0, 1, 60)
    kept = np.delete(np.arange(60), gaps)
    source.write(np.datetime64("2024-01-01") + kept, values[kept])
    preparation = source.create_snapshot().create_preparation(clean, **{"train_part": 0.6, "valid_part": 0.2} | parts)
    return Project(name="Load", data_source=source).save().create_research("r", preparation), preparation


def test_an_estimator_is_fitted_and_evaluated_on_measured_rows(store):
    research, preparation = prepared()
    model = research.create_model("linear", LinearRegression())
    data_set = model.data_set(preparation.create_set(Window(3))) or model.data_set()
    _, features, y = data_set.arrays("train")
    known = np.isfinite(y)
    assert (~known).sum() == 3  # those in the train part; models still see the filled values
    assert np.isfinite(features).all()
    weight = np.linspace(1, 2, len(y))
    entrainer.fit(model, weights=[weight], progress=False)
    by_hand = LinearRegression().fit(features[known], y[known], weight[known])
    np.testing.assert_allclose(model.load_object().coef_, by_hand.coef_)
    np.testing.assert_allclose(model.meta("row_weights"), weight)
    _, features, y = data_set.arrays("test")
    known = np.isfinite(y)
    found = entrainer.evaluate(model, "test", ["mae"])
    assert found["rows"] == known.sum() == 11
    assert found["mae"] == pytest.approx(np.abs(by_hand.predict(features[known]) - y[known]).mean())
    assert model.forecasts("test").height == 12  # rows that were not measured have forecasts, too
    again = entrainer.remake([model], progress=False)[0]
    assert again.forecasts["value"].to_list() == pytest.approx(model.forecasts()["value"].to_list())


def test_a_backtest_is_cut_and_trained_on_measured_rows(store):
    research, preparation = prepared()
    model = research.create_model("linear", LinearRegression())
    model.data_set(preparation.create_set(Window(3)))
    entrainer.backtest(model, folds=2, progress=False)
    data_set = model.data_set()
    ids, features, y = data_set.arrays()
    open_to_all = (data_set.parts() != 2) & np.isfinite(y)
    cut = ids[open_to_all][int(open_to_all.sum() * 0.5)]
    assert np.datetime64(model.meta("backtest")["origins"][0].rstrip("Z")) == cut.astype("datetime64[ns]")
    train = open_to_all & (ids < cut)
    by_hand = LinearRegression().fit(features[train], y[train]).predict(features[ids == cut])
    assert model.forecasts("out_of_fold")["value"][0] == pytest.approx(by_hand[0])


def test_classes_of_filled_values_are_no_labels(store):
    _, preparation = prepared("constant(1000)")
    data_set = preparation.create_set(Bins(Window(3), (50.0,)))
    y = data_set.arrays()[2]
    filled = np.isnan(data_set.targets()[1])
    assert filled.sum() == len(GAPS)
    assert np.isnan(y[filled]).all()
    assert not np.isnan(y[~filled]).any()
    assert data_set.invert(np.array([[0.0, 1.0]]), np.array([0]))[0] < 100  # the mean of the class knows no 1000


def test_valid_rows_that_were_all_filled_choose_nothing(store):
    research, preparation = prepared(gaps=list(range(36, 48)))
    data_set = preparation.create_set(Window(3))
    assert np.isnan(data_set.arrays("valid")[2]).all()
    with pytest.raises(InvalidInputError, match="has no valid rows with a target that was measured"):
        entrainer.tune(research, lambda trial: entrainer.Proposal(Linear(), data_set, training()), 1, progress=False)
    model = research.create_model("linear", LinearRegression())
    model.data_set(data_set)
    entrainer.fit(model, progress=False)
    with pytest.raises(InvalidInputError, match="has no valid rows with a target that was measured"):
        entrainer.evaluate(model, "valid")


#: The last third of the valid rows, so that the windows before measured ones hold nothing that was filled.
END_OF_VALID = list(range(44, 48))


class Judged:
    """A data set whose last valid targets were filled with a value, and the measured valid rows."""

    def __init__(self, filled):
        self.research, preparation = prepared(f"constant({filled})", END_OF_VALID, transform_method="standard")
        self.data_set = preparation.create_set(Window(3))
        known = np.isfinite(self.data_set.arrays("valid")[2])
        assert (known.sum(), (~known).sum()) == (8, 4)
        assert np.abs(self.data_set.arrays("valid")[1][known]).max() < 5
        self.truth = self.data_set.targets("valid")[1][known]
        self.scale = preparation.data_snapshot.read()[1][:36].std()

    def loss_of(self, model):
        """The mean square over measured valid rows, of the stored object, in the units of the loss."""
        kept = entrainer.predict(model).filter(part="valid")["value"].to_numpy()[: len(self.truth)]
        return np.mean(((kept - self.truth) / self.scale) ** 2)


def own_network():
    keras = load_keras()
    keras.utils.set_random_seed(3)
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, activation="tanh"), keras.layers.Dense(1)])


@pytest.mark.slow
@pytest.mark.parametrize("alone", [False, True], ids=["in a group", "by Keras"])
def test_early_stopping_is_decided_by_measured_valid_rows(store, alone):
    """What the others were filled with changes neither the epoch at which it stops, nor the weights that are kept."""
    settings = Training(epochs=60, optimizer="adam", learning_rate=0.1, early_stopping=EarlyStopping(patience=3))
    curves = []
    for filled in (-1000, 1000):
        judged = Judged(filled)
        model = judged.research.create_model("network", None if alone else MLP((4,), dropout=0.0))
        model.data_set(judged.data_set)
        if alone:
            model.save_object(own_network())
        entrainer.fit(model, settings, seeds=1, progress=False)
        curves.append(model.curves()["valid_loss"].to_numpy())
        assert model.meta("stopped") == "early stopping"
        assert len(curves[-1]) == np.argmin(curves[-1]) + 1 + 3 < 60
        assert judged.loss_of(model) == pytest.approx(curves[-1].min(), rel=1e-3)
    np.testing.assert_allclose(curves[1], curves[0], rtol=1e-5)


@pytest.mark.slow
def test_tuning_is_decided_by_measured_valid_rows(store):
    values = []
    for filled in (-1000, 1000):
        judged = Judged(filled)

        def propose(trial, data_set=judged.data_set):
            rate = trial.suggest_float("rate", 1e-4, 0.3, log=True)
            return entrainer.Proposal(
                MLP((4,), dropout=0.0), data_set, Training(epochs=5, optimizer="adam", learning_rate=rate)
            )

        tuning = entrainer.tune(judged.research, propose, 4, progress=False)
        values.append([trial.value for trial in tuning.study.trials])
        assert [judged.loss_of(model) for model in tuning.models] == pytest.approx(values[-1], rel=1e-3)
        assert tuning.best == tuning.models[int(np.argmin(values[-1]))]
    np.testing.assert_allclose(values[1], values[0], rtol=1e-5)
