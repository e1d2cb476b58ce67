"""Local models learn from measured values alone: those that a preparation filled are seen, and are no targets."""

import numpy as np
import pandas as pd
import pytest

import entrainer
from enstorage import DataSource, Project
from enstorage.adapter import Window
from entrainer.local import CovariateRegression, PooledAutoregression
from entrainer.local.histories import Histories
from entrainer.local.naive import Drift, Mean, Naive, SeasonalNaive

VALUES = 50 + 10 * np.sin(np.arange(80) * 2 * np.pi / 4) + np.random.default_rng(3).normal(0, 2, 80).cumsum()


def histories(fill):
    """The first 40 values are known at the origin; parameters are estimated from all, of which the last five were filled."""
    values, measured = VALUES.copy(), np.arange(80) < 75
    values[75:] = fill
    return Histories.of([values], [4], [80], [0], [40], measured=[measured])


@pytest.mark.parametrize(
    "spec",
    [
        PooledAutoregression(lag=4),
        CovariateRegression(panel={"id": 1, "name": "a"}),
        CovariateRegression(panel={"id": 1, "name": "a"}, learner="boosting"),
    ],
    ids=["pooled", "ridge", "boosting"],
)
def test_what_was_filled_is_no_target(spec):
    absurd, other = (spec.forecast(histories(fill), 3).values for fill in (1e6, 0.0))
    assert np.isfinite(absurd).all()
    np.testing.assert_allclose(absurd, other, rtol=1e-8)


def test_steps_that_were_measured_are_learned_where_others_were_not():
    """A gap in the middle: the coefficients of each step are those of scikit-learn on the windows whose target is known."""
    from sklearn.linear_model import RidgeCV

    measured = ~np.isin(np.arange(80), (50, 51))
    values = np.where(measured, VALUES, np.nan)
    spec = PooledAutoregression(lag=6).fitted(Histories.of([values], [4], [80], [0], [80]), 2)
    cleaned = pd.Series(values).interpolate().to_numpy()
    change = np.where(measured[1:] & measured[:-1], np.diff(values), np.nan)
    scaled = (np.diff(cleaned) - np.nanmean(change)) / np.nanstd(change)
    targets = (change - np.nanmean(change)) / np.nanstd(change)
    for step in range(2):
        ends = np.array([end for end in range(6, 78) if np.isfinite(targets[end + step])])
        X = np.array([scaled[end - 6 : end] for end in ends])
        ridge = RidgeCV(alphas=np.logspace(-1, 4, 8)).fit(X, targets[ends + step])
        np.testing.assert_allclose(np.array(spec.coefficients)[:6, step], ridge.coef_, rtol=1e-9)


@pytest.mark.parametrize("clean", ["linear", "constant(1000)"])
def test_quantiles_of_naive_models_are_those_of_measured_changes(store, clean):
    days = pd.date_range("2024-01-01", periods=60)
    values = pd.Series(np.random.default_rng(1).normal(10, 3, 60).round(2), days)
    known = values.drop(days[[7, 8, 9, 20, 33, 34]])
    source = DataSource(name="Load", time_interval="1d").save()
    source.write(known.index, known)
    preparation = source.create_snapshot().create_preparation(clean, "none", 1.0, 0.0, 0.0)
    research = Project(name="Load", data_source=source).save().create_research("r", preparation)
    grid, deviations = known.reindex(days), 1.2815515655446004
    expected = {
        Naive(): (values.iloc[-1], (grid.diff() ** 2).mean() ** 0.5),
        SeasonalNaive(7): (values.iloc[-7], (grid.diff(7) ** 2).mean() ** 0.5),
        Mean(): (known.mean(), known.std() * (1 + 1 / len(known)) ** 0.5),
    }
    for spec, (point, deviation) in expected.items():
        model = research.create_model(str(spec), spec)
        model.data_set(preparation.create_set(Window(1)))
        entrainer.fit([model], entrainer.Training(loss="pinball", quantiles=(0.1, 0.5, 0.9)), progress=False)
        values = entrainer.forecast(model, 1)["value"].to_list()
        assert values == pytest.approx([point + factor * deviation for factor in (0, -deviations, 0, deviations)])


def test_the_drift_has_the_size_of_measured_changes():
    grid = np.array([1.0, 3.0, np.nan, 6.0, 5.0, 9.0])
    known = Histories.of([grid], [1], [6], [0], [6])
    change, slope = np.array([2.0, -1.0, 4.0]), 8 / 5
    found = Drift().forecast(known, 1, (0.9,))
    deviation = ((change**2).mean() - slope**2) ** 0.5 * (1 + 1 / 5) ** 0.5
    assert found.quantiles[0.9][0, 0] - found.values[0, 0] == pytest.approx(1.2815515655446004 * deviation)
