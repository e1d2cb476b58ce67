"""`PooledNetwork`: a network learned over all series, kept as numbers, which forecasts each of them."""

import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import enstorage
from enstorage import Connector, DataSet, Project, create_preparations
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from entrainer import backtest, fit, forecast
from entrainer.local import Histories, Naive
from entrainer.networks import MLP
from entrainer.networks.specification import spec_from_json
from entrainer.pooled import PooledNetwork
from entrainer.testing import LocalContract

HORIZON, LAG = 4, 8
#: Quick ones, which learn little.
SMALL = PooledNetwork(MLP(hidden=(4,)), lag=LAG, seeds=2, epochs=2)


def waves(count, length, seed=0):
    """Series of one season of 6, of different size and place."""
    random, t = np.random.default_rng(seed), np.arange(length)
    return [random.uniform(10, 1000) * (5 + np.sin((t + random.integers(6)) * np.pi / 3)) + 0 * t for _ in range(count)]


def histories(grids, known=None):
    known = [len(grid) for grid in grids] if known is None else known
    return Histories.of([np.array(grid) for grid in grids], [6] * len(grids), known, range(len(grids)), known)


@cache
def trained():
    return SMALL.fitted(histories(waves(6, 60)), HORIZON)


class TestPooledNetwork(LocalContract):
    tolerance = 1e-4  # a batch of other rows is summed up in another order

    def make_model(self):
        return trained()


def test_it_learns_from_many_series_what_a_short_one_cannot_tell():
    known = histories(waves(20, 60))
    fitted = PooledNetwork(MLP(hidden=(32,)), LAG, seeds=2, epochs=40).fitted(known, HORIZON)
    short = np.sin(np.arange(14) * np.pi / 3) * 7 + 100
    found = fitted.forecast(histories([short[:10]]), HORIZON).values[0]
    naive = Naive().forecast(histories([short[:10]]), HORIZON).values[0]
    assert np.abs(found - short[10:]).mean() < 0.3 * np.abs(naive - short[10:]).mean()
    longer = fitted.forecast(histories([short[:10]]), 2 * HORIZON).values[0]  # the rest from its own forecasts
    np.testing.assert_allclose(longer[:HORIZON], found, rtol=1e-5)
    assert np.isfinite(longer).all()


def test_origins_that_are_trained_together_learn_what_each_would_alone():
    each = [histories(waves(5, 40)), histories(waves(5, 40), [30] * 5)]
    together = SMALL.fitted_each(each, HORIZON)
    for own, known in zip(together, each, strict=True):
        alone = SMALL.fitted(known, HORIZON)
        np.testing.assert_allclose(
            own.forecast(known, HORIZON).values, alone.forecast(known, HORIZON).values, rtol=1e-3
        )
    assert trained().fitted_each(each, HORIZON) == [trained()] * 2  # it was trained


def test_too_little_to_learn_from_gives_the_mean_change():
    fitted = SMALL.fitted(histories([[1.0, 3.0, 2.0, 4.0]]), HORIZON)
    assert fitted.weights == ()
    assert fitted.forecast(histories([[1.0, 3.0, 2.0, 4.0]]), 2).values.tolist() == [[5.0, 6.0]]


def test_weights_that_are_none_are_refused():
    with pytest.raises(InvalidInputError, match="no lists of arrays of finite numbers"):
        replace(SMALL, weights=((float("nan"),),))
    data = trained().to_json()
    data["weights"][0][0] = [[1.0]]
    with pytest.raises(InvalidInputError, match=r"have the shapes .* expected"):
        spec_from_json(json.loads(json.dumps(data))).forecast(histories(waves(1, 30)), HORIZON)
    with pytest.raises(InvalidInputError, match="a network such as"):
        PooledNetwork(Naive(), lag=3)


@pytest.mark.long
def test_a_model_of_it_is_trained_backtested_and_forecasts_in_a_store(tmp_path):
    months = np.datetime64("1990-01", "M") + np.arange(60)
    with Connector.in_folder(tmp_path / "store"):
        snapshots = []
        for place, grid in enumerate(waves(4, 60)):
            source = enstorage.DataSource(name=f"s{place}", time_interval="1mo").save()
            source.write(months.astype("datetime64[ns]"), grid)
            snapshots.append(source.create_snapshot())
        preparations = create_preparations(snapshots, "linear", "none", 1.0, 0.0, 0.0)
        project = Project(name="p", data_source=snapshots[0].data_source).save()
        model = project.create_research("r").create_model("net", SMALL)
        model.data_set(DataSet.from_preparations(preparations, Window(1, horizon=HORIZON)))
        fit([model], progress=False)
        assert len(model.load_object().weights) == 2
        backtest([model], folds=2, progress=False)
        assert len(model.meta("backtest")["origins"]) == 2
        assert np.isfinite(model.forecasts("out_of_fold")["value"].to_numpy()).all()
        ahead = forecast(model, HORIZON)
        assert ahead.height == 4 * HORIZON
