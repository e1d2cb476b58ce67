"""Local models: fitted, stored, forecast, backtested, verified and combined as any other model."""

from datetime import date

import numpy as np
import polars as pl
import pytest

import endirector
import enstorage
import entrainer
from enstorage.adapter import Window
from enstorage.errors import CorruptError, InvalidInputError
from entrainer.local import Drift, Mean, Naive, SeasonalNaive
from entrainer.networks import Estimator

VALUES = (
    100 + 10 * np.sin(np.arange(96) * np.pi / 6) + np.arange(96) / 4 + np.random.default_rng(2).normal(size=96)
).round(3)
PINBALL = entrainer.Training(loss="pinball", quantiles=(0.1, 0.5, 0.9))


def source(values, name="sales"):
    made = enstorage.DataSource(name=name, time_interval="1mo").save()
    times = pl.date_range(date(2000, 1, 1), date(2040, 1, 1), "1mo", eager=True)[: len(values)]
    known = np.isfinite(values)
    made.write(times.filter(pl.Series(known)).to_list(), np.asarray(values)[known])
    return made


@pytest.fixture
def sales(store):
    return source(VALUES)


@pytest.fixture
def preparation(sales):
    return sales.create_snapshot().create_preparation("drop", "log+standard", 0.6, 0.2, 0.2)


@pytest.fixture
def project(sales):
    return enstorage.Project(name="Sales", data_source=sales).save()


@pytest.fixture
def research(project, preparation):
    return project.create_research("local", preparation)


def make(research, data_set, spec, name=None):
    model = research.create_model(name or str(spec), spec)
    model.data_set(data_set)
    return model


def points(model, part):
    table = model.forecasts(part).filter(pl.col("quantile").is_null()).sort("id", "step")
    return table.with_columns(row=np.searchsorted(MONTHS, table["id"].to_numpy()))


MONTHS = (
    pl.date_range(date(2000, 1, 1), date(2040, 1, 1), "1mo", eager=True)
    .cast(pl.Datetime("ns"))
    .to_physical()
    .to_numpy()
)


@pytest.mark.parametrize("part", ["train", "valid", "test"])
def test_forecasts_are_in_source_units_and_know_the_origin_and_nothing_later(research, preparation, part):
    model = make(research, preparation.create_set(Window(1, horizon=3)), Naive())
    entrainer.fit(model, progress=False)
    table = points(model, part)
    origin = table["row"].to_numpy() - table["step"].to_numpy()
    np.testing.assert_array_equal(table["value"].to_numpy(), VALUES[origin])


def test_an_offset_is_counted_from_the_origin(research, preparation):
    model = make(research, preparation.create_set(Window(2, offset=3, horizon=2)), Naive())
    entrainer.fit(model, progress=False)
    table = points(model, "test")
    origin = table["row"].to_numpy() - 2 - table["step"].to_numpy()
    np.testing.assert_array_equal(table["value"].to_numpy(), VALUES[origin])


def test_the_whole_history_counts_not_the_lag(research, preparation):
    model = make(research, preparation.create_set(Window(1)), SeasonalNaive())
    entrainer.fit(model, progress=False)
    table = points(model, "test")
    np.testing.assert_array_equal(table["value"].to_numpy(), VALUES[table["row"].to_numpy() - 12])
    assert model.meta("remarks") == {}


def test_the_object_is_its_specification_as_json(research, preparation, damage):
    model = make(research, preparation.create_set(Window(1)), SeasonalNaive(6))
    entrainer.fit(model, progress=False)
    assert model.object_format == "local"
    assert model.load_object() == SeasonalNaive(6)
    assert model.connector.objects.get(model.object_sha256) == b'{"name": "seasonal-naive", "season": 6}'
    damage(model.object_sha256)
    with pytest.raises(CorruptError):
        model.load_object()


def test_quantiles_are_kept_where_the_training_asks_for_them(research, preparation):
    model = make(research, preparation.create_set(Window(1, horizon=2)), Naive())
    entrainer.fit(model, PINBALL, progress=False)
    table = model.forecasts("test").pivot("quantile", index=["id", "step"], values="value")
    assert (table["0.1"] < table["0.5"]).all()
    assert (table["0.5"] == table["null"]).all()
    ahead = entrainer.forecast(model, 3)
    assert ahead["quantile"].unique().sort().to_list() == [None, 0.1, 0.5, 0.9]


def test_it_forecasts_past_the_end_from_all_that_is_known(research, preparation):
    model = make(research, preparation.create_set(Window(1)), Mean())
    entrainer.fit(model, progress=False)
    np.testing.assert_allclose(entrainer.forecast(model, 5)["value"].to_numpy(), VALUES.mean())
    earlier = entrainer.forecast(model, 2, "2004-01-01")
    np.testing.assert_allclose(earlier["value"].to_numpy(), VALUES[:48].mean())


def test_intervals_of_every_step_come_from_backtests_and_hindcasts(research, preparation):
    model = make(research, preparation.create_set(Window(1, horizon=2)), SeasonalNaive())
    entrainer.fit(model, progress=False)
    entrainer.backtest(model, folds=3, progress=False)
    table = entrainer.forecast(model, 6, levels=[0.5])
    assert table.filter(pl.col("quantile").is_not_null())["step"].n_unique() == 6


def test_a_backtest_forecasts_from_the_origin_of_each_row(research, preparation):
    model = make(research, preparation.create_set(Window(1)), Naive())
    entrainer.backtest(model, folds=4, progress=False)
    table = points(model, "out_of_fold")
    np.testing.assert_array_equal(table["value"].to_numpy(), VALUES[table["row"].to_numpy() - 1])


def test_it_is_a_member_with_full_rights(project, research, preparation):
    data_set = preparation.create_set(Window(1, horizon=2))
    models = [make(research, data_set, spec) for spec in (Naive(), SeasonalNaive(), Drift())]
    models.append(make(research, preparation.create_set(Window(6, horizon=2)), Estimator("Ridge"), "ridge"))
    entrainer.fit(models, progress=False)
    entrainer.backtest(models, folds=3, progress=False)
    ensemble = project.create_ensemble("linear_stack", models=models)
    conductor = endirector.Conductor(ensemble)
    conductor.render()
    assert ensemble.rendered_result().mark == "out-of-fold"
    checked = conductor.verify()
    assert (checked.demanded, checked.different, checked.not_recomputed) == ("equal bits", (), {})
    assert endirector.forecast(ensemble, 4, levels=[0.8]).height == 12
    remade = endirector.remake(ensemble, progress=False)
    assert {side.reason for side in remade.members} == {None}
    assert max(side.largest_difference for side in remade.members) < 1e-9


def test_out_of_valid_rows_it_is_held_out(project, research, preparation):
    models = [make(research, preparation.create_set(Window(1)), spec) for spec in (Naive(), Drift())]
    entrainer.fit(models, progress=False)
    ensemble = project.create_ensemble("weighted_voting", models=models, fit_on="valid")
    endirector.Conductor(ensemble).render()
    assert ensemble.rendered_result().mark == "held-out"


def test_a_model_over_many_series_is_one_model_and_a_bad_series_costs_no_other(store):
    series = {
        "long": VALUES,
        "constant": np.full(30, 5.0),
        "one value": np.array([3.0]),
        "short": VALUES[:7],
        "gaps": np.where(np.arange(60) % 7 == 3, np.nan, VALUES[:60]),
        "intermittent": np.where(np.arange(60) % 5 == 0, 4.0, 0.0),
    }
    panel = enstorage.Panel(name="shops").save()
    panel.add_all({key: source(values, key) for key, values in series.items()})
    parts = {"one value": 1.0}
    preparations = [
        each.create_snapshot().create_preparation("linear", train_part=parts.get(key, 0.8))
        for key, each in panel.sources().items()
    ]
    pooled = enstorage.DataSet.from_preparations(preparations, Window(1, horizon=2))
    research = enstorage.Project(name="Shops", panel=panel).save().create_research("local")
    model = make(research, pooled, SeasonalNaive())
    entrainer.fit(model, progress=False)
    found = model.forecasts()
    ids = {key: each.id for key, each in panel.sources().items()}
    assert set(found["series"]) == {id for key, id in ids.items() if key != "one value"}  # too short for a row
    assert found["value"].is_finite().all()
    assert model.meta("remarks").keys() == {str(ids["short"])}
    with pytest.warns(UserWarning, match=r"1 values, less than a season of 12"):
        ahead = entrainer.forecast(model, 3, series=ids["one value"])
    assert ahead["value"].to_list() == [3, 3, 3]


def test_what_does_not_fit_is_refused_before_anything_is_stored(store, research, preparation, census):
    data_set = preparation.create_set(Window(1))
    arrays = enstorage.DataSet.from_arrays(range(6), np.ones((6, 2)), np.ones(6), ["train"] * 5 + ["test"], "arrays")
    other = research.project.create_research("arrays")
    model, on_arrays = make(research, data_set, Naive()), make(other, arrays, Drift())
    before = census(store)
    with pytest.raises(InvalidInputError, match=r"forecasts the next values of a series.*samples of arrays"):
        entrainer.fit([model, on_arrays], progress=False)
    with pytest.raises(InvalidInputError, match="has row weights"):
        entrainer.fit(model, weights=[np.ones(57)], progress=False)
    assert census(store) == before


def test_it_is_measured_in_source_units(research, preparation):
    model = make(research, preparation.create_set(Window(1)), Naive())
    entrainer.fit(model, progress=False)
    table = preparation.table()
    apart = table["value"].diff().filter(table["part"] == 2).drop_nulls()
    found = entrainer.evaluate(model)
    assert found["rmse"] == pytest.approx((apart**2).mean() ** 0.5, rel=1e-9)
    assert {"smape", "mase", "rmsse", "rows"} <= found.keys()
    assert "loss" not in found
    assert entrainer.evaluate(model, "test", ["mase"]) == {"mase": found["mase"], "rows": found["rows"]}
    with pytest.raises(InvalidInputError, match=r"forecasts in source units.*in which mse is measured"):
        entrainer.evaluate(model, metrics=["mse"])


def test_its_own_quantiles_are_its_intervals_where_there_are_no_residuals(project, sales):
    """Prepared without a valid part, and not backtested."""
    preparation = sales.create_snapshot().create_preparation("drop", "none", 0.8, 0, 0.2)
    model = make(project.create_research("all", preparation), preparation.create_set(Window(1, horizon=2)), Naive())
    entrainer.fit(model, progress=False)
    table = entrainer.forecast(model, 3, levels=[0.8, 0.95])
    assert table.drop_nulls("quantile")["basis"].unique().to_list() == ["own quantiles"]
    wide = table.pivot("quantile", index="step", values="value")
    assert wide.columns == ["step", "null", "0.025", "0.1", "0.9", "0.975"]
    assert (wide["0.9"] - wide["0.1"]).is_sorted()


@pytest.mark.slow
def test_quantiles_of_all_members_are_the_intervals_of_an_ensemble_where_there_are_no_residuals(project, sales):
    """Each is combined as the point forecast is; with residuals these come first."""
    preparation = sales.create_snapshot().create_preparation("drop", "none", 0.8, 0, 0.2)
    research = project.create_research("all", preparation)
    members = [
        make(research, preparation.create_set(Window(1, horizon=2)), spec) for spec in (Naive(), Drift(), Mean())
    ]
    entrainer.fit(members, progress=False)
    inner = project.create_ensemble("voting", models=members[1:])
    ensemble = project.create_ensemble("voting", models=[members[0], inner])
    for each in (inner, ensemble):
        endirector.Conductor(each).render()
    with pytest.warns(UserWarning, match=r"entrainer\.backtest"):
        table = endirector.forecast(ensemble, 3, levels=[0.8, 0.95], progress=False)
    assert table.drop_nulls("quantile")["basis"].unique().to_list() == ["own quantiles"]
    naive, drift, mean = (entrainer.forecast(each, 3, levels=[0.8, 0.95]) for each in members)
    expected = naive["value"] / 2 + (drift["value"] + mean["value"]) / 4
    assert table.select("step", "quantile").equals(naive.select("step", "quantile"))
    assert table["value"].to_list() == pytest.approx(expected.to_list())

    stacking = project.create_ensemble("stacking", "LinearRegression", models=members, fit_on="train")
    endirector.Conductor(stacking).render()
    with pytest.raises(InvalidInputError, match=r"entrainer\.backtest"):  # its weights may be below 0
        endirector.forecast(stacking, 3, levels=[0.8], progress=False)
    entrainer.backtest(members, progress=False)
    told = endirector.forecast(ensemble, 2, levels=[0.8], progress=False)
    assert "own quantiles" not in told["basis"].to_list()
