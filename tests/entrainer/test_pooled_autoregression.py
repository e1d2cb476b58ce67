"""`PooledAutoregression`: learned over all series, kept, and corrected by the values of each."""

import numpy as np
import pytest

import enstorage
from enstorage import Connector, DataSet, Project, create_preparations
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from entrainer import backtest, fit, forecast
from entrainer.local import Histories, PooledAutoregression
from entrainer.testing import LocalContract

HORIZON = 4
TABLE = tuple((0.01 * row, -0.02, 0.0, 0.01) for row in range(7))


class TestPooledAutoregression(LocalContract):
    def make_model(self):
        return PooledAutoregression(lag=6, shrinkage=30.0, coefficients=TABLE)


def waves(count, length, seed=0):
    """Series of one season of 6, of different size, place and growth."""
    random, t = np.random.default_rng(seed), np.arange(length)
    return [
        random.uniform(10, 1000) * (5 + random.uniform(0, 0.02) * t + np.sin((t + random.integers(6)) * np.pi / 3))
        for _ in range(count)
    ]


def histories(grids):
    known = [len(grid) for grid in grids]
    return Histories.of([np.array(grid) for grid in grids], [6] * len(grids), known, range(len(grids)), known)


def test_a_short_series_is_forecast_by_what_the_others_taught():
    long, short = waves(20, 60), [0.0, 0.866, 0.866, 0.0, -0.866, -0.866, 0.0, 0.866]
    truth = [0.866, 0.0, -0.866, -0.866]
    fitted = PooledAutoregression(lag=7).fitted(histories(long), HORIZON)
    assert np.abs(fitted.forecast(histories([short]), HORIZON).values[0] - truth).mean() < 0.3
    alone = PooledAutoregression(lag=7).forecast(histories([short]), HORIZON).values[0]
    assert np.abs(alone - truth).mean() > 0.6


def test_a_long_series_follows_its_own_windows_the_less_they_are_shrunk():
    others, own = waves(20, 60), np.tile([0.0, 1.0, 0.0, -1.0], 50)
    fitted = PooledAutoregression(lag=7, shrinkage=1.0).fitted(histories(others), HORIZON)
    errors = [
        np.abs(
            PooledAutoregression(7, shrinkage, fitted.coefficients).forecast(histories([own]), 4).values - own[:4]
        ).mean()
        for shrinkage in (1.0, 1e6)
    ]
    assert errors[0] < 0.05 < 0.3 < errors[1]


def test_steps_beyond_those_that_were_learned_are_made_from_forecasts():
    fitted = PooledAutoregression(lag=7).fitted(histories(waves(20, 60)), HORIZON)
    series = waves(1, 70, seed=1)[0]
    found = fitted.forecast(histories([series[:60]]), 10).values[0]
    assert np.abs(found - series[60:]).mean() < 0.1 * np.ptp(series)


def test_few_values_of_few_series_give_the_mean_change():
    found = PooledAutoregression(lag=3).forecast(histories([[1.0, 2.0, 3.0]]), 2)
    assert found.values[0] == pytest.approx([4.0, 5.0])


def test_what_was_learned_is_kept_with_the_model(tmp_path):
    with Connector.in_folder(tmp_path / "store"):
        panel = enstorage.Panel.from_table(_table(waves(5, 60)), name="waves", time_interval="1mo")
        sets = DataSet.from_preparations(
            create_preparations(panel.create_snapshots()), Window(1, horizon=HORIZON, step=2)
        )
        research = Project(name="waves", panel=panel).save().create_research("local")
        model = research.create_model("pooled", PooledAutoregression(lag=7))
        model.data_set(sets)
        fit(model, progress=False)
        backtest(model, folds=2, progress=False)
        assert len(model.load_object().coefficients) == 8
        assert model.network["coefficients"] is None
        assert "coefficients" not in str(model.load_object())
        every = forecast(model, HORIZON, levels=())
        source = next(iter(panel.sources().values()))
        alone = forecast(model, HORIZON, levels=(), series=[source])
        assert alone["value"].to_list() == every.filter(every["series"] == source.id)["value"].to_list()


def _table(grids):
    import polars as pl

    months = pl.date_range(pl.date(2018, 1, 1), pl.date(2022, 12, 1), "1mo", eager=True)
    return pl.concat([pl.DataFrame({"series": f"s{n}", "time": months, "value": g}) for n, g in enumerate(grids)])


@pytest.mark.parametrize(
    "wrong",
    [{"lag": 0}, {"lag": 3, "shrinkage": 0}, {"lag": 3, "coefficients": [[1.0], [2.0]]}, {"lag": 1, "coefficients": 3}],
)
def test_wrong_parameters_are_refused(wrong):
    with pytest.raises(InvalidInputError, match="PooledAutoregression"):
        PooledAutoregression(**wrong)
