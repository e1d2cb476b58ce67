"""The metrics of a rendered ensemble and of its members: right values, by measured rows, each series by its own scale."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.metrics import mean_pinball_loss

import endirector
from endirector import Conductor
from enstorage import DataSet, DataSource, Panel, Project
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from enstorage.preparation import PARTS
from enstorage.preparation.split import Part
from enstorage.views.scales import scales_of

DAYS = 120
MEASURED = np.delete(np.arange(DAYS), [3, 4, 20, 45, 70, 95, 96, 110])


def load():
    random = np.random.default_rng(3)
    return 50 + 10 * np.sin(np.arange(DAYS) * 2 * np.pi / 7) + random.normal(0, 2, DAYS)


def days(count):
    return np.datetime64("2024-01-01") + np.arange(count)


def make_ensemble(values, measured, *, interval="1d", times=None, clean="linear", offsets=(1.0, -3.0)):
    """An ensemble of uploaded forecasts that are the values and a constant, for a source with gaps."""
    times = days(len(values)) if times is None else times
    source = DataSource(name="Load", time_interval=interval).save()
    source.write(times[measured], values[measured])
    preparation = source.create_snapshot(whole_period=True).create_preparation(clean, "none", 0.5, 0.2)
    project, table = Project(name="Load", data_source=source).save(), preparation.table()
    research = project.create_research("r", preparation)
    models = []
    for offset in offsets:
        model = research.create_model(f"offset {offset}")
        for part in PARTS:
            rows = table["part"].to_numpy() == Part.of(part)
            model.save_forecasts(part, table["time"].to_numpy()[rows], table["value"].to_numpy()[rows] + offset)
        models.append(model)
    return Conductor(project.create_ensemble("voting", models=models)).render(), preparation


def test_scaled_errors_are_those_of_pandas_over_measured_rows(store):
    """The scale is of the measured train rows, a week apart; filled rows are in neither scale nor error."""
    values = load()
    ensemble, _ = make_ensemble(values, MEASURED)
    known = pd.Series(values).where(pd.Series(range(DAYS)).isin(MEASURED))
    train, test = known[:60], known[84:]
    found = ensemble.metrics()["test"]
    assert found["ensemble"]["rows"] == test.notna().sum()
    naive = train.diff(7).dropna()
    for member, error in ((found["ensemble"], 1.0), *zip(found["members"].values(), (1.0, 3.0), strict=True)):
        assert member["mase"] == pytest.approx(error / naive.abs().mean(), rel=1e-9)
        assert member["rmsse"] == pytest.approx(error / (naive**2).mean() ** 0.5, rel=1e-9)
        sign = -1 if error == 3 or member is found["ensemble"] else 1
        forecast = test.dropna() + sign * error
        smape = (2 * error / (test.dropna().abs() + forecast.abs())).mean()
        assert member["smape"] == pytest.approx(smape, rel=1e-9)
        assert member["mape"] == pytest.approx((error / test.dropna().abs()).mean(), rel=1e-9)
    Conductor(ensemble).verify()


def test_a_constant_train_part_has_no_scaled_error(store):
    values = np.where(np.arange(DAYS) < 60, 5.0, load())
    ensemble, _ = make_ensemble(values, np.arange(DAYS))
    for errors in (ensemble.metrics()["test"]["ensemble"], *ensemble.metrics()["test"]["members"].values()):
        assert {"mase", "rmsse"}.isdisjoint(errors)
        assert errors["rmse"] > 0
    Conductor(ensemble).verify()


def test_hours_of_less_than_two_days_are_scaled_by_consecutive_rows(store):
    values = load()[:40]
    times = np.datetime64("2024-01-01T00") + np.arange(40).astype("timedelta64[h]")
    ensemble, preparation = make_ensemble(values, np.arange(40), interval="1h", times=times)
    (scale,) = scales_of(ensemble.models(), np.array([preparation.data_snapshot.data_source_id])).values()
    assert (scale.season, scale.usual) == (1, 24)
    assert scale.absolute == pytest.approx(pd.Series(values[:20]).diff().abs().mean())


def test_results_of_versions_without_these_metrics_are_verified(store):
    ensemble, _ = make_ensemble(load(), MEASURED)
    new = {"mape", "smape", "mase", "rmsse"}

    def without(errors):
        return {name: value for name, value in errors.items() if name not in new}

    result = dict(ensemble.result)
    result["metrics"] = {
        part: {
            "members": {id: without(errors) for id, errors in own["members"].items()},
            "ensemble": without(own["ensemble"]),
        }
        for part, own in result["metrics"].items()
    }
    ensemble.result = result
    ensemble.save()
    for item in ensemble.items():
        item.properties = item.properties | {
            "errors": {part: without(errors) for part, errors in item.properties["errors"].items()}
        }
        item.save()
    Conductor(ensemble).verify()


def test_each_series_of_a_panel_is_scaled_by_its_own_train_rows(store):
    random = np.random.default_rng(1)
    sizes = {"small": 1.0, "large": 1000.0, "flat": 0.0}
    tables = [
        pl.DataFrame({"shop": shop, "day": days(60), "sales": 10 + size * random.normal(0, 1, 60)})
        for shop, size in sizes.items()
    ]
    panel = Panel.from_table(
        pl.concat(tables), name="Sales", series="shop", time="day", value="sales", time_interval="1d"
    )
    pooled = DataSet.from_preparations(panel.create_preparations("drop", "none", 0.6, 0.2, 0.2), Window(lag=3))
    model = Project(name="p", panel=panel).save().create_research("r").create_model("one")
    model.data_set(pooled)
    ids, truth = pooled.targets()
    for part in PARTS:
        rows = pooled.parts() == Part.of(part)
        model.save_forecasts(part, ids[rows], truth[rows] + 2, series=pooled.series()[rows])
    ensemble = Conductor(model.research.project.create_ensemble("voting", models=[model])).render()
    expected = [
        2 / pd.Series(table["sales"].to_numpy()[:36]).diff(7).abs().mean()
        for table, size in zip(tables, sizes.values(), strict=True)
        if size
    ]
    assert ensemble.metrics()["test"]["ensemble"]["mase"] == pytest.approx(np.mean(expected), rel=1e-9)


def with_quantiles(ensemble, offsets=(1.0, -3.0)):
    """Quantiles of all members around their forecasts, of a width of their own; then the ensemble has them too."""
    for model, offset in zip(ensemble.models(), offsets, strict=True):
        for part in PARTS:
            own = model.forecasts(part).filter(pl.col("quantile").is_null())
            values = own["value"].to_numpy()
            spread = {0.1: -abs(offset) - 0.5, 0.5: 0.0, 0.9: abs(offset) + 0.5}
            quantiles = {level: values + apart for level, apart in spread.items()}
            model.save_forecasts(part, own["id"].to_numpy(), values, quantiles=quantiles)
    return Conductor(ensemble).render()


def test_the_leaderboard_has_members_and_ensemble_the_best_first(store):
    ensemble, _ = make_ensemble(load(), MEASURED, offsets=(4.0, -3.0))
    board = endirector.leaderboard(ensemble)
    assert (board.metric, board.part) == ("mase", "test")
    assert board.table["name"].to_list() == ["ensemble", "offset -3.0", "offset 4.0"]
    assert board.table["rank"].to_list() == [1, 2, 3]
    assert board.table["mae"].to_list() == pytest.approx([0.5, 3, 4])
    stored = ensemble.metrics()["test"]
    for name, own in {**stored["members"], "ensemble": stored["ensemble"]}.items():
        row = board.table.row(by_predicate=pl.col("name") == name, named=True)
        assert {metric: row[metric] for metric in own if metric in row} == {
            metric: value for metric, value in own.items() if not metric.endswith("_scaled")
        }
    assert set(board.undefined) == {"wql", "crps"}
    assert endirector.leaderboard(ensemble, part="valid").table["rows"][0] == len(
        MEASURED[(MEASURED >= 60) & (MEASURED < 84)]
    )


def test_the_leaderboard_measures_kept_quantiles(store):
    """Members that are 1 above and 3 below, with intervals of ± 1.5 and ± 3.5, cover every value."""
    ensemble = with_quantiles(make_ensemble(load(), MEASURED)[0])
    board = endirector.leaderboard(ensemble, "sMAPE")
    assert board.metric == "smape"
    truth = ensemble.table().filter(pl.col("part") == 2)["truth"].to_numpy()
    rows = {row["name"]: row for row in board.table.iter_rows(named=True)}
    assert rows["offset 1.0"]["coverage_0.8"] == 1
    assert rows["offset 1.0"]["width_0.8"] == pytest.approx(3)
    for name, ends in (("offset 1.0", (-0.5, 1.0, 2.5)), ("offset -3.0", (-6.5, -3.0, 0.5))):
        losses = [mean_pinball_loss(truth, truth + end, alpha=q) for q, end in zip((0.1, 0.5, 0.9), ends, strict=True)]
        assert rows[name]["crps"] == pytest.approx(2 * np.mean(losses), rel=1e-9)
        assert rows[name]["wql"] == pytest.approx(2 * np.mean(losses) / np.abs(truth).mean(), rel=1e-9)
    by_coverage = endirector.leaderboard(ensemble, "coverage_0.8")
    assert by_coverage.table["rank"].to_list() == [1, 1, 1]


def test_wql_is_of_the_levels_that_all_have_that_have_quantiles(store):
    ensemble = with_quantiles(make_ensemble(load(), MEASURED)[0])
    model = ensemble.models()[0]
    own = model.forecasts("test").filter(pl.col("quantile").is_null())
    values = own["value"].to_numpy()
    more = {0.05: values - 9, 0.1: values - 1.5, 0.5: values, 0.9: values + 1.5}
    before = endirector.leaderboard(ensemble, "wql").table
    model.save_forecasts("test", own["id"].to_numpy(), values, quantiles=more)
    board = endirector.leaderboard(ensemble, "wql")
    assert board.table["wql"].to_list() == pytest.approx(before["wql"].to_list())
    assert board.remarks == ["WQL and CRPS are of the quantiles that all have: 0.1, 0.5, 0.9."]


def test_the_leaderboard_by_step_ranks_each_step(store):
    values = load()
    source = DataSource(name="Load", time_interval="1d").save()
    source.write(days(DAYS), values)
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.5, 0.2)
    data_set = preparation.create_set(Window(lag=3, horizon=2))
    project = Project(name="Load", data_source=source).save()
    ids, truth = data_set.targets()
    models = []
    for name, apart in (("early", [1, 4]), ("late", [-5, -2])):
        model = project.create_research("r", preparation).create_model(name)
        model.data_set(data_set)
        for part in PARTS:
            rows = data_set.parts() == Part.of(part)
            model.save_forecasts(part, ids[rows], truth[rows] + apart)
        models.append(model)
    ensemble = Conductor(project.create_ensemble("voting", models=models)).render()
    board = endirector.leaderboard(ensemble, "mae", by_step=True).table
    assert board.select("step", "rank", "name").rows() == [
        (1, 1, "early"),
        (1, 2, "ensemble"),
        (1, 3, "late"),
        (2, 1, "ensemble"),
        (2, 2, "late"),
        (2, 3, "early"),
    ]
    assert board["mae"].to_list() == pytest.approx([1, 2, 5, 1, 2, 4])


def test_what_cannot_be_ranked_is_refused_with_the_reason(store):
    values = np.where(np.arange(DAYS) < 60, 5.0, load())
    ensemble, _ = make_ensemble(values, np.arange(DAYS))
    board = endirector.leaderboard(ensemble)
    assert board.metric == "rmse"
    assert "all equal" in board.undefined["mase"]
    assert board.remarks == []
    with pytest.raises(
        InvalidInputError, match="MASE has no value here: Train rows that are 7 rows apart are all equal"
    ):
        endirector.leaderboard(ensemble, "mase")
    with pytest.raises(InvalidInputError, match="no metric 'mses'"):
        endirector.leaderboard(ensemble, "mses")
    with pytest.raises(InvalidInputError, match="WQL has no value here: No quantiles were forecast"):
        endirector.leaderboard(ensemble, "wql")
