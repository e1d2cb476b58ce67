"""Networks that forecast quantiles."""

import numpy as np
import polars as pl
import pytest

import enstorage
import entrainer
from enstorage.adapter import Window
from entrainer.networks import PaperLSTM
from entrainer.settings.losses import pinball

LEVELS = (0.1, 0.5, 0.9)


def test_the_pinball_loss_is_that_of_koenker_and_bassett():
    y = np.array([[10.0]])
    predicted = np.array([[8.0, 11.0]])  # 2 too low, 1 too high
    assert float(pinball((0.9, 0.1), y, predicted)[0]) == pytest.approx((0.9 * 2 + 0.9 * 1) / 2)


def test_it_is_least_at_the_quantile():
    y = np.random.default_rng(0).normal(size=(2000, 1))
    candidates = np.linspace(-3, 3, 601)
    losses = [float(np.mean(pinball((0.9,), y, np.full((2000, 1), each)))) for each in candidates]
    assert candidates[np.argmin(losses)] == pytest.approx(np.quantile(y, 0.9), abs=0.02)


@pytest.mark.others_long
@pytest.mark.slow
@pytest.mark.parametrize("horizon", [1, 2])
def test_quantiles_are_kept_beside_the_point_forecast(sunspots, horizon):
    preparation = sunspots.create_snapshot().create_preparation("drop", "minmax", 0.7, 0, 0.3)
    research = enstorage.Project(name="Sun", data_source=sunspots).save().create_research("quantiles", preparation)
    model = research.create_model("quantiles", PaperLSTM(units=(8, 8), dropout=0.0))
    model.data_set(preparation.create_set(Window(3, horizon=horizon)))
    training = entrainer.Training(epochs=60, loss="pinball", quantiles=LEVELS, learning_rate=0.01)
    entrainer.fit(model, training, progress=False)

    kept = model.forecasts("train")
    wide = kept.filter(pl.col("quantile").is_not_null()).pivot("quantile", index=["id", "step"], values="value")
    low, middle, high = (wide[str(level)].to_numpy() for level in LEVELS)
    assert (low <= middle).all()
    assert (middle <= high).all()
    points = kept.filter(pl.col("quantile").is_null()).sort("id", "step")
    np.testing.assert_array_equal(points["value"].to_numpy(), wide.sort("id", "step")["0.5"].to_numpy())
    _, truth = model.data_set().targets("train")
    order = wide.sort("id", "step")
    if horizon == 1:
        inside = (order["0.1"].to_numpy() <= truth) & (truth <= order["0.9"].to_numpy())
        assert 0.6 < inside.mean() < 0.97  # 0.8 is asked for
    before = model.forecasts()
    entrainer.predict(model)
    np.testing.assert_allclose(model.forecasts()["value"].to_numpy(), before["value"].to_numpy(), rtol=1e-4)
