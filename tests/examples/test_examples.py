"""Every example runs in its short form, gives whole rows, and leaves models with forecasts in the store."""

from importlib import import_module

import numpy as np
import polars as pl
import pytest

from enstorage import Ensemble, Model
from running import Options

pytestmark = pytest.mark.slow


def rows_of(name, options, simple=()):
    """The rows of an example, after a look at what every example has to give; simple models have forecasts alone."""
    rows = getattr(import_module(name), name)(options)
    for row in rows:
        assert row.work
        assert row.figure
        assert row.values
        assert np.isfinite(row.values).all()
        assert row.verdict.startswith(("reproduced", "not reproduced, because ", "the source has no figure"))
    models = Model.get_list()
    assert models
    for model in models:
        assert model.forecasts().height
        if model.name not in simple:
            assert model.load_object() is not None
            assert model.meta("seed") >= 0
    return rows


def shortened(row):
    """Whether the row says that it stands for less than the source did."""
    return row.verdict.endswith("were run")


def test_xor_gives_the_truth_table(store):
    (row,) = rows_of("xor", Options())
    assert row.values == [4]
    assert row.verdict == "reproduced"


@pytest.mark.parametrize(("name", "limit"), [("widrow_hoff", 0.05), ("back_propagation", 0.01)])
def test_online_learning_stops_once_the_error_is_below_its_limit(store, name, limit):
    (row,) = rows_of(name, Options())
    assert len(row.values) == 2
    assert max(row.values) <= limit
    assert row.verdict == "reproduced"
    for model in Model.get_list():
        network = model.load_object()
        assert network.converged_
        assert network.errors_[-1] == pytest.approx(min(row.values, key=lambda e: abs(e - network.errors_[-1])))


def test_ten_documents_have_433_parameters_and_are_all_right(store):
    parameters, right = rows_of("ten_documents", Options())
    assert parameters.values == [433]
    assert right.values == [100, 100]
    assert parameters.verdict == right.verdict == "reproduced"


@pytest.mark.long
def test_random_classes_cannot_be_learnt(store):
    (row,) = rows_of("classes_mlp", Options())
    assert all(5 < value < 15 for value in row.values)
    assert Model.get_list()[0].load_object().count_params() == 21 * 64 + 65 * 64 + 65 * 10


@pytest.mark.long
def test_airline_is_judged_on_the_same_months_with_and_without_the_leak(store, short):
    train, leaking, honest = rows_of("airline", short)
    assert shortened(leaking)
    assert leaking.beside == honest.beside == "persistence 48.7"
    assert "leaks" in train.work
    assert "leaks" in leaking.work
    assert "leaks" not in honest.work
    with_leak, without = Model.find("name = 'lstm, seed 0'", order_by="id")
    assert with_leak.forecasts("test").height == 46
    assert without.forecasts("test").height == 48
    assert with_leak.data_set().arrays("train")[1].shape == (94, 1)
    scale = without.data_set().arrays()[1]
    assert scale.max() > 1.3, "the test months lie above the scale of the train months"


@pytest.mark.long
def test_customers_are_forecast_beside_the_median(store, short):
    days, classes = rows_of("cdnow_customers", short)
    assert shortened(days)
    assert "always the median" in days.beside
    assert 10 < days.source < 100
    assert all(value > 0 for value in days.values)
    assert all(0 <= value <= 100 for value in classes.values)
    assert Model.get_list()[0].data_set().is_pooled


@pytest.mark.long
def test_an_ensemble_is_formed_on_the_sunspots_beside_the_baselines(store, monkeypatch):
    """With one network for each lag and transform instead of three, and without the forests."""
    example = import_module("sunspots_formed")
    monkeypatch.setattr(example, "NETWORKS_EACH", 1)
    monkeypatch.setattr(example, "ESTIMATORS", example.ESTIMATORS[:2])
    (row,) = rows_of("sunspots_formed", Options(seeds=1, epochs=2), simple=["seasonal naive"])
    assert shortened(row)
    # The known test errors of a plain autoregression, and after a square root.
    assert "autoregression (9) 325; autoregression (9) after a square root 266" in row.beside
    (ensemble,) = Ensemble.get_list()
    assert ensemble.formed["rows"] > 50
    assert len(ensemble.formed["candidates"]) == 11
    assert ensemble.metrics()["test"]["ensemble"]["mse"] == pytest.approx(row.values[0])
    assert ensemble.table().filter(pl.col("part") == 2)["fitted"].any() is False


@pytest.mark.long
def test_ensembles_are_formed_on_series_of_m4(store, short, monkeypatch):
    """On two of the hourly ones."""
    example = import_module("m4")
    monkeypatch.setattr(example, "FREQUENCIES", example.FREQUENCIES[:1])
    rows = rows_of("m4", short, simple=["seasonal naive", "Theta"])
    assert [row.work for row in rows[:2]] == ["M4, hourly: formed", "M4, hourly: mean of all"]
    assert all(shortened(row) and row.of == "series" for row in rows)
    assert [len(row.values) for row in rows] == [2] * 7
    by_work = {row.work: row for row in rows}
    # The seasonal naive forecast of the first hourly series, by hand.
    lines = [
        (short.data / f"forecast/m4/Hourly-{part}.csv").read_text().splitlines()[1].split(",")
        for part in ("train", "test")
    ]
    known, future = (np.array([float(value.strip('"')) for value in line[1:] if value.strip('"')]) for line in lines)
    scale = np.abs(known[24:] - known[:-24]).mean()
    expected = np.abs(np.resize(known[-24:], 48) - future).mean() / scale
    assert by_work["M4, hourly: seasonal naive"].values[0] == pytest.approx(expected, rel=1e-9)
    formed = [ensemble for ensemble in Ensemble.get_list() if ensemble.formed]
    assert len(formed) == 2
    assert all(ensemble.mark() in ("out-of-fold", "held-out") for ensemble in formed)


@pytest.mark.long
@pytest.mark.parametrize("name", ["mnist_mlp", "mnist_300", "mnist_cnn", "mnist_large_cnn"])
def test_digits_are_learnt_better_than_by_chance(store, short, name):
    (row,) = rows_of(name, short)
    assert shortened(row)
    wrong = [100 - value for value in row.values] if row.better == "higher" else row.values
    assert all(value < 85 for value in wrong)


@pytest.mark.long
def test_reviews_have_forecasts_between_0_and_1(store, short):
    (row,) = rows_of("imdb", short)
    assert shortened(row)
    assert Model.get_list()[0].forecasts("test")["value"].is_between(0, 1).all()
    assert all(30 < value < 80 for value in row.values)


@pytest.mark.long
def test_pictures_are_classified_by_1250858_parameters(store, short):
    parameters, right = rows_of("cifar10", short)
    assert parameters.values == [1_250_858]
    assert parameters.verdict == "reproduced"
    assert shortened(right)
