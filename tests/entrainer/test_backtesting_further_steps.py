"""Backtests of more steps than the data set has: models of one step, judged at the horizon that is asked for."""

import numpy as np
import polars as pl
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from sklearn.dummy import DummyRegressor
from sklearn.linear_model import LinearRegression
from sklearn.neighbors import KNeighborsRegressor

import endirector
import enstorage
import entrainer
from enstorage import DataSet, create_preparations
from enstorage.adapter import Branches, Window
from enstorage.errors import InvalidInputError
from entrainer.compiled.forward import predict_together
from entrainer.compiled.group import train_together
from entrainer.compiled.member import GroupMember
from entrainer.local import Drift
from entrainer.networks import MLP

pytestmark = pytest.mark.usefixtures("store")
NOISY = np.random.default_rng(5).normal(100, 5, 60).cumsum()


def source_of(values, name="s"):
    months = np.datetime64("1970-01", "M") + np.arange(len(values))
    source = enstorage.DataSource(
        name=name, time_from="1970-01-01", time_to=f"{months[-1] + 1}-01", time_interval="1mo"
    ).save()
    source.write(months.astype("datetime64[ns]"), np.asarray(values, float))
    return source


def prepared(values, test=0, transform="none", name="s", clean="drop"):
    share = test / len(values)
    return source_of(values, name).create_snapshot().create_preparation(clean, transform, 1 - share, 0.0, share)


def model_of(preparation, window, model=None, network=None):
    project = enstorage.Project(name="p", data_source=preparation.data_snapshot.data_source).save()
    made = project.create_research("r", preparation).create_model("m", network)
    made.data_set(preparation.create_set(window))
    if network is None:
        made.save_object(model or LinearRegression())
    return made


def wide(model):
    """Out-of-fold forecasts by month of the first target (0 is 1970-01) and step; NaN where there is none."""
    kept = model.forecasts("out_of_fold").filter(pl.col("quantile").is_null())
    month = (kept["id"].to_numpy().astype("datetime64[ns]").astype("datetime64[M]")).astype(int)
    first = month - kept["step"].to_numpy() + 1
    found = np.full((first.max() + 1, kept["step"].max()), np.nan)
    found[first, kept["step"].to_numpy() - 1] = kept["value"].to_numpy()
    return found


def test_each_step_is_made_of_the_one_before(store):
    """y[t] = 2 · y[t−1], which one value before the first origin teaches: from 8 come 16, 32, 64 and 128."""
    model = model_of(prepared([2.0**month for month in range(10)]), Window(1))
    entrainer.backtest(model, folds=1, first="1970-05-01", horizon=4, progress=False)
    np.testing.assert_allclose(wide(model)[4], [16, 32, 64, 128])
    assert model.meta("backtest")["horizon"] == 4
    np.testing.assert_allclose(wide(model)[8], [256, 512, np.nan, np.nan])  # behind these the series has no row


@pytest.mark.parametrize(("lag", "offset", "horizon"), [(3, 1, 1), (3, 2, 1), (2, 1, 2)])
def test_steps_are_those_of_a_recursion_by_hand(store, lag, offset, horizon):
    model = model_of(prepared(NOISY), Window(lag, offset, horizon))
    entrainer.backtest(model, folds=1, first="1973-01-01", horizon=5, progress=False)
    known = NOISY[:36]
    windows = sliding_window_view(known, lag + offset + horizon - 1)
    fitted = LinearRegression().fit(windows[:, :lag], windows[:, lag + offset - 1 :])
    for month in (36, 41, 58):
        path = list(NOISY[:month])
        while len(path) < month + 5:
            end = len(path) - offset + 1
            path += fitted.predict(np.array([path[end - lag : end]]))[0].tolist()
        rows = min(5, len(NOISY) - month)
        np.testing.assert_allclose(wide(model)[month][:rows], path[month : month + rows])


@pytest.mark.parametrize("transform", ["minmax", "log", "difference", "log+difference"])
def test_forecasts_are_turned_back_from_the_end_of_what_is_known(store, transform):
    model = model_of(prepared([2.0**month for month in range(12)], transform=transform), Window(1))
    entrainer.backtest(model, folds=1, first="1970-07-01", horizon=3, progress=False)
    np.testing.assert_allclose(wide(model)[6], [64, 128, 256], rtol=1e-6)


def test_no_step_is_a_test_row(store):
    preparation = prepared(NOISY, test=12)
    model = model_of(preparation, Window(3))
    entrainer.backtest(model, folds=2, horizon=6, progress=False)
    found = wide(model)
    assert found.shape == (48, 6)  # the months 48 to 59 are test rows
    assert np.isfinite(found[42]).all()
    assert np.isfinite(found[45]).tolist() == [True] * 3 + [False] * 3


def test_local_models_forecast_the_further_steps_at_once(store):
    model = model_of(prepared(np.arange(20.0) ** 2), Window(1), Drift())
    entrainer.backtest(model, folds=1, first="1970-11-01", horizon=3, progress=False)
    np.testing.assert_allclose(wide(model)[10], [81 + 9 * step for step in (1, 2, 3)])  # (81 − 0) / 9 a month


def test_series_of_a_pooled_set_end_each_by_itself(store):
    preparations = create_preparations(
        [source_of([2.0**month for month in range(8)], "a").create_snapshot()]
        + [
            source_of([3 * 2.0**month for month in range(8 - short)], f"b{short}").create_snapshot() for short in (0, 2)
        ],
        "drop",
        "none",
        1.0,
        0.0,
        0.0,
    )
    data_set = DataSet.from_preparations(preparations, Window(1))
    project = enstorage.Project(name="p", data_source=preparations[0].data_snapshot.data_source).save()
    model = project.create_research("r").create_model("m")
    model.data_set(data_set)
    model.save_object(LinearRegression())
    entrainer.backtest(model, folds=1, first="1970-05-01", horizon=3, progress=False)
    kept = model.forecasts("out_of_fold")
    ids = [each.data_snapshot.data_source_id for each in preparations]
    last = {id: kept.filter(pl.col("series") == id).sort("id", "step")["value"].to_list() for id in ids}
    np.testing.assert_allclose(last[ids[0]], [16, 32, 32, 64, 64, 64, 128, 128, 128])
    np.testing.assert_allclose(last[ids[1]], 3 * np.array(last[ids[0]]))
    np.testing.assert_allclose(last[ids[2]], [48, 96, 96])


def test_intervals_of_further_steps_rest_on_their_own_errors(store):
    """The nearest month of months that rise by 1 tells the last value, wrong by 1, 2, 3 and 4: there intervals end."""
    model = model_of(prepared(np.arange(60.0)), Window(1), KNeighborsRegressor(1))
    entrainer.fit(model, progress=False)
    entrainer.backtest(model, folds=100, first="1971-01-01", horizon=4, progress=False)
    ahead = entrainer.forecast(model, 4, levels=[0.8])
    assert ahead["basis"].drop_nulls().unique().to_list() == ["own residuals"]
    assert ahead.filter(pl.col("quantile").is_null())["value"].to_list() == [59, 59, 59, 59]
    assert ahead.filter(pl.col("quantile") == 0.9)["value"].to_list() == [60, 61, 62, 63]


def test_an_ensemble_is_formed_and_calibrated_on_the_further_steps(store):
    """A line over a season of three forecasts it without error at each step, the mean never."""
    preparation = prepared(np.where(np.arange(90) % 3 == 0, 10.0, 0.0) + 5)
    project = enstorage.Project(name="p", data_source=preparation.data_snapshot.data_source).save()
    research = project.create_research("r", preparation)
    for name, estimator in (("mean", DummyRegressor()), ("line", LinearRegression())):
        model = research.create_model(name)
        model.data_set(preparation.create_set(Window(3 if name == "line" else 1)))
        model.save_object(estimator)
    entrainer.fit(project.models(), progress=False)
    entrainer.backtest(project.models(), folds=4, horizon=6, progress=False)
    formed = endirector.form(project, None, ["linear_stack", "voting"], "mae", progress=False)
    assert {member.name for member in formed.members()} == {"line"}
    ahead = endirector.forecast(formed, 6, levels=[0.8], progress=False)
    points = ahead.filter(pl.col("quantile").is_null())["value"].to_numpy()
    np.testing.assert_allclose(points, [15, 5, 5, 15, 5, 5], atol=1e-9)
    assert set(ahead["basis"].drop_nulls()) == {"own residuals"}


def test_models_are_trained_again_to_the_same_further_steps(store):
    model = model_of(prepared(NOISY, test=6), Window(3))
    entrainer.fit([model], seeds=1, progress=False)
    entrainer.backtest(model, folds=2, horizon=4, seeds=1, progress=False)
    again = entrainer.remake([model], progress=False)[0]
    stored = model.forecasts("out_of_fold").sort("id", "step")
    remade = again.forecasts.filter(pl.col("part") == "out_of_fold").sort("id", "step")
    np.testing.assert_allclose(remade["value"].to_numpy(), stored["value"].to_numpy())


def test_a_data_set_with_so_many_steps_stays_as_it_is(store):
    model = model_of(prepared(NOISY), Window(3, horizon=4))
    entrainer.backtest(model, folds=2, progress=False)
    own = model.forecasts("out_of_fold")
    entrainer.backtest(model, folds=2, horizon=3, progress=False)
    assert model.forecasts("out_of_fold").equals(own)


@pytest.mark.parametrize("horizon", [0, -1, 2.5, "6"])
def test_a_horizon_is_a_number_of_steps(store, horizon):
    model = model_of(prepared(NOISY), Window(3))
    with pytest.raises(InvalidInputError, match="an integer from 1"):
        entrainer.backtest(model, horizon=horizon, progress=False)


def test_samples_that_see_other_series_have_no_further_steps(store, census):
    own, other = (prepared(NOISY, name=name) for name in ("own", "other"))
    data_set = own.create_set(Branches([own, other], lag=3))
    project = enstorage.Project(name="p", data_source=own.data_snapshot.data_source).save()
    model = project.create_research("r", own).create_model("m")
    model.data_set(data_set)
    model.save_object(LinearRegression())
    before = census(store)
    with pytest.raises(InvalidInputError, match="later steps cannot be forecast from earlier ones"):
        entrainer.backtest(model, horizon=6, progress=False)
    assert census(store) == before


def test_test_rows_between_others_are_refused(store):
    preparation = source_of(NOISY).create_snapshot().create_preparation("drop", "none", 0.8, 0.0, 0.2, split="random")
    model = model_of(preparation, Window(3))
    with pytest.raises(InvalidInputError, match="lie between others"):
        entrainer.backtest(model, horizon=6, progress=False)


@pytest.mark.slow
def test_networks_forecast_the_further_steps_each_from_its_own_fold(store):
    network, quick = MLP(hidden=(4,)), entrainer.Training(epochs=2)
    model = model_of(prepared(NOISY / 1000), Window(3), network=network)
    entrainer.backtest(model, quick, folds=2, first="1973-01-01", horizon=4, seeds=3, progress=False)
    windows = sliding_window_view(NOISY[:36] / 1000, 4)
    [trained] = train_together([GroupMember(network, windows[:, :3], windows[:, 3], 3, "alone")], quick)
    path = list(NOISY[:36] / 1000)
    for _ in range(4):
        path.append(predict_together([trained.obj], [np.array([path[-3:]])])[0].item())
    np.testing.assert_allclose(wide(model)[36], path[-4:], rtol=1e-4)
