"""Out-of-fold forecasts: no network has seen what it forecasts."""

import numpy as np
import polars as pl
import pytest

import enstorage
import entrainer
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from entrainer.compiled.forward import predict_together
from entrainer.compiled.group import train_together
from entrainer.compiled.member import GroupMember
from entrainer.networks import PaperLSTM

SMALL = PaperLSTM(units=(4, 5), dropout=0.1)
QUICK = entrainer.Training(epochs=2)


@pytest.fixture
def preparation(sunspots):
    return sunspots.create_snapshot().create_preparation("drop", "minmax", 0.5, 0.2, 0.3)


@pytest.fixture
def research(sunspots, preparation):
    return enstorage.Project(name="Sun", data_source=sunspots).save().create_research("LSTM", preparation)


def make(research, data_set, network=SMALL):
    model = research.create_model("m", network)
    model.data_set(data_set)
    return model


def origins(model):
    return [
        int(np.datetime64(time.removesuffix("Z"), "ns").astype(np.int64)) for time in model.meta("backtest")["origins"]
    ]


def known_before(model, origin):
    """The prepared values before an origin, oldest first."""
    prepared = model.data_set().data_preparation.prepared()
    return prepared.values[prepared.times < origin]


@pytest.mark.slow
def test_models_of_different_lag_are_cut_at_the_same_times(research, preparation):
    models = [make(research, preparation.create_set(Window(lag))) for lag in (3, 7)]
    entrainer.backtest(models, QUICK, folds=4, progress=False)
    assert origins(models[0]) == origins(models[1])
    for model in models:
        kept = model.forecasts("out_of_fold")
        ids, _, _ = model.data_set().arrays()
        known = ids[model.data_set().parts() != 2]
        assert kept["id"].to_list() == known[known >= origins(model)[0]].tolist()
        with pytest.raises(enstorage.errors.NotFoundError):
            model.forecasts()  # they are no forecasts of a part
        assert model.object_sha256 is None


@pytest.mark.long
def test_a_forecast_is_that_of_a_network_trained_before_its_origin(research, preparation):
    model = make(research, preparation.create_set(Window(3, horizon=2)))
    entrainer.backtest(model, QUICK, folds=2, seeds=5, progress=False)
    data_set, (_, second) = model.data_set(), origins(model)
    ids, X, _ = data_set.arrays()
    ahead = (ids >= second) & (data_set.parts() != 2)
    before = known_before(model, second)  # with the window whose two targets lie in the train and the valid part
    windows = np.lib.stride_tricks.sliding_window_view(before, 5)
    assert len(windows) == (data_set.targets()[0].max(axis=1) < second).sum() + 1
    [trained] = train_together([GroupMember(SMALL, windows[:, :3], windows[:, 3:], 5, "alone")], QUICK)
    expected = data_set.invert(predict_together([trained.obj], [X[ahead]])[0], np.flatnonzero(ahead))
    kept = model.forecasts("out_of_fold").filter(pl.col("id") >= second)
    wide = kept.sort("id", "step").filter(pl.col("id").is_in(data_set.targets()[0][ahead].ravel()))
    truth_ids = data_set.targets()[0][ahead]
    by_key = {(id, step): value for id, step, value in wide.select("id", "step", "value").rows()}
    got = [[by_key[int(id), step + 1] for step, id in enumerate(row)] for row in truth_ids]
    np.testing.assert_allclose(got, expected, rtol=1e-4)


def test_estimators_are_fitted_anew_in_each_fold(research, preparation):
    from sklearn.linear_model import LinearRegression

    model = make(research, preparation.create_set(Window(3)), None)
    model.save_object(LinearRegression())
    entrainer.backtest(model, folds=2, progress=False)
    data_set, (first, _) = model.data_set(), origins(model)
    ids, X, y = data_set.arrays()
    fitted = LinearRegression().fit(X[ids < first], y[ids < first])
    row = np.flatnonzero(ids == first)
    expected = data_set.invert(fitted.predict(X[row]), row)
    assert model.forecasts("out_of_fold")["value"][0] == pytest.approx(expected[0])


def test_test_rows_are_refused_out_of_fold(research, preparation):
    model = make(research, preparation.create_set(Window(3)))
    ids, values = model.data_set().targets("test")
    with pytest.raises(InvalidInputError, match=r"for 'out_of_fold' have targets of the part 'test'"):
        model.save_forecasts("out_of_fold", ids, values)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"folds": 0}, "number of folds of at least 1"),
        ({"initial": 1.0}, "share between 0 and 1"),
    ],
)
def test_folds_that_cannot_be_made_are_refused(research, preparation, store, census, settings, message):
    model = make(research, preparation.create_set(Window(3)))
    before = census(store)
    with pytest.raises(InvalidInputError, match=message):
        entrainer.backtest(model, QUICK, progress=False, **settings)
    assert census(store) == before
