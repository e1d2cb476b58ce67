"""Origins of short series: as many as the rows allow, none without a row to train on before it, and no later value seen."""

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression

import enstorage
import entrainer
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from entrainer.networks import Estimator

MONTHS, HORIZON, LAG = 56, 18, 12


class Watching(LinearRegression):
    """Keeps what it was fitted on, in the order of the fits."""

    seen: list = []  # noqa: RUF012 - of all copies

    def fit(self, X, y):
        Watching.seen.append((np.array(X), np.array(y)))
        return super().fit(X, y)


def source_of(values, name="short"):
    months = np.datetime64("1970-01", "M") + np.arange(len(values))
    source = enstorage.DataSource(
        name=name, time_from="1970-01-01", time_to=f"{months[-1] + 1}-01", time_interval="1mo"
    ).save()
    source.write(months.astype("datetime64[ns]"), values)
    return source


def prepared(values, name="short", test=HORIZON):
    snapshot = source_of(values, name).create_snapshot()
    return snapshot.create_preparation("drop", "none", 1 - test / len(values), 0.0, test / len(values))


def model_of(preparation, data_set=None, estimator=None):
    research = enstorage.Project(name="p", data_source=preparation.data_snapshot.data_source).save()
    model = research.create_research("r", preparation).create_model("m")
    model.data_set(data_set or preparation.create_set(Window(LAG, horizon=HORIZON)))
    model.save_object(estimator or LinearRegression())
    return model


def origins(model):
    return np.array(
        [np.datetime64(time.removesuffix("Z"), "M").astype(int) for time in model.meta("backtest")["origins"]]
    )


def test_a_short_series_has_the_origins_that_its_rows_allow(store):
    """38 months are known. The first window and its 18 targets take 30 of them, so the origins are the months 30 to 37."""
    model = model_of(prepared(np.arange(float(MONTHS))))
    entrainer.backtest(model, folds=4, progress=False)
    assert origins(model).tolist() == [30, 32, 34, 36]
    entrainer.backtest(model, folds=100, progress=False)
    assert origins(model).tolist() == list(range(30, 38))
    assert model.meta("backtest")["asked"] == 100


def test_the_first_origin_is_not_before_a_time_that_is_given(store):
    model = model_of(prepared(np.arange(float(MONTHS))))
    entrainer.backtest(model, folds=2, first="1972-11-01", progress=False)
    assert origins(model).tolist() == [34, 36]
    entrainer.backtest(model, folds=2, first="1970-03-01", progress=False)  # no row could be trained on before it
    assert origins(model).tolist() == [30, 34]


def test_steps_behind_the_last_known_value_are_left_out(store):
    values = np.random.default_rng(0).normal(100, 5, MONTHS)
    model = model_of(prepared(values))
    entrainer.backtest(model, folds=1, progress=False)
    kept = model.forecasts("out_of_fold").with_columns(
        month=pl.col("id").cast(pl.Datetime("ns")).dt.month()
        - 1
        + (pl.col("id").cast(pl.Datetime("ns")).dt.year() - 1970) * 12
    )
    cells = {(month, step) for month, step in kept.select("month", "step").rows()}
    assert cells == {(first + step - 1, step) for first in range(30, 38) for step in range(1, 38 - first + 1)}
    windows = np.lib.stride_tricks.sliding_window_view(values[:30], LAG + HORIZON)
    by_hand = LinearRegression().fit(windows[:, :LAG], windows[:, LAG:]).predict([values[30 - LAG : 30]])[0]
    first = kept.filter(pl.col("month") - pl.col("step") + 1 == 30).sort("step")
    assert first["value"].to_list() == pytest.approx(by_hand[:8].tolist())


def test_no_origin_sees_a_target_behind_it(store, monkeypatch):
    """Each value is the number of its month, so what a fold was trained on says how far it saw."""
    monkeypatch.setattr("entrainer.experiments.backtest.fit_samples", lambda obj, X, y: Watching().fit(X, y))
    Watching.seen = []
    model = model_of(prepared(np.arange(float(MONTHS))))
    entrainer.backtest(model, folds=4, progress=False)
    cuts = origins(model)
    assert len(Watching.seen) == len(cuts) == 4
    latest = [max(X.max(), y.max()) for X, y in Watching.seen]
    assert all(seen < cut for seen, cut in zip(latest, cuts, strict=True))
    lengths = [len(X) for X, _ in Watching.seen]
    assert lengths == sorted(set(lengths))  # of growing length
    assert lengths[0] == 1


def test_test_values_change_no_forecast_out_of_fold(store):
    values = np.random.default_rng(0).normal(100, 5, MONTHS)
    planted = np.append(values[:-HORIZON], np.full(HORIZON, 1e6))
    tables = []
    for number, own in enumerate((values, planted)):
        model = model_of(prepared(own, f"series {number}"))
        entrainer.backtest(model, folds=3, progress=False)
        tables.append(model.forecasts("out_of_fold").drop("series"))
    assert tables[0].equals(tables[1])


def test_a_series_without_an_origin_is_refused_and_nothing_is_kept(store, census):
    model = model_of(prepared(np.arange(48.0)))  # 30 months are known: one row, and nothing behind it
    before = census(store)
    with pytest.raises(InvalidInputError, match="no target lies behind all targets of a row outside the test part"):
        entrainer.backtest(model, progress=False)
    assert census(store) == before


def test_series_of_a_panel_are_cut_at_the_same_times(store):
    """The shorter one begins later and has no row before the first origin: it is forecast by what the longer one taught."""
    long = prepared(np.sin(np.arange(90.0)), "long")
    source = enstorage.DataSource(name="late", time_from="1973-01-01", time_to="1977-07-01", time_interval="1mo").save()
    months = np.datetime64("1973-01", "M") + np.arange(54)
    source.write(months.astype("datetime64[ns]"), np.cos(np.arange(54.0)))
    late = source.create_snapshot().create_preparation("drop", "none", 36 / 54, 0.0, 18 / 54)
    data_set = enstorage.DataSet.from_preparations([long, late], Window(LAG, horizon=HORIZON))
    model = model_of(long, data_set)
    entrainer.backtest(model, folds=3, progress=False)
    kept = model.forecasts("out_of_fold")
    cuts = origins(model)
    first = kept.filter(pl.col("step") == 1).group_by("series").agg(pl.col("id").min())
    assert dict(first.rows())[long.data_snapshot.data_source_id] == np.datetime64(int(cuts[0]), "M").astype(
        "datetime64[ns]"
    ).astype(int)
    assert set(first["series"]) == {long.data_snapshot.data_source_id, source.id}
    known = {long.data_snapshot.data_source_id: 72, source.id: 36 + 36}
    for series, last in known.items():
        latest = kept.filter(pl.col("series") == series)["id"].max()
        assert latest == (np.datetime64(last - 1, "M").astype("datetime64[ns]").astype(int))


def test_forecasts_of_a_backtest_are_remade(store):
    preparation = prepared(np.random.default_rng(0).normal(100, 5, MONTHS))
    project = enstorage.Project(name="p", data_source=preparation.data_snapshot.data_source).save()
    model = project.create_research("r", preparation).create_model("m", Estimator("Ridge"))
    model.data_set(preparation.create_set(Window(LAG, horizon=HORIZON)))
    entrainer.fit(model, progress=False)
    entrainer.backtest(model, folds=3, progress=False)
    (again,) = entrainer.remake([model], progress=False)
    kept = model.forecasts("out_of_fold").sort("id", "step")
    found = again.forecasts.filter(pl.col("part") == "out_of_fold").sort("id", "step")
    assert found["value"].to_list() == pytest.approx(kept["value"].to_list())


def test_steps_of_flat_forecasts_are_stored(store):
    model = model_of(prepared(np.arange(float(MONTHS))))
    times = ["1971-01-01", "1971-02-01", "1971-02-01"]
    model.save_forecasts("train", times, [1.0, 2.0, 3.0], step=[1, 2, 1])
    assert model.forecasts("train").sort("id", "step")["value"].to_list() == [1.0, 3.0, 2.0]
    with pytest.raises(InvalidInputError, match="steps of forecasts are whole numbers from 1, one for each value"):
        model.save_forecasts("train", times, [1.0, 2.0, 3.0], step=[1, 0, 1])


@pytest.mark.parametrize(
    ("options", "times", "labels", "end"),
    [
        (
            {"time_interval": "1d", "time_zone": "Europe/London"},
            np.datetime64("2024-03-24") + np.arange(12),
            ["2024-03-30T00:00:00+00:00", "2024-04-01T00:00:00+01:00"],
            "2024-04-02T00:00:00.000000001+01:00",
        ),
        ({"time_interval": "step"}, np.arange(101, 113), ["107", "109"], "111"),
        ({"time_interval": "year"}, np.arange(1601, 1613), ["1607", "1609"], "1611"),
    ],
)
def test_origins_are_told_on_the_clock_of_the_source_and_made_again_from_it(store, options, times, labels, end):
    source = enstorage.DataSource(name="meter", **options).save()
    source.write(times, np.arange(12.0) ** 2)
    preparation = source.create_snapshot().create_preparation("drop", "none", 10 / 12, 0.0, 2 / 12)
    project = enstorage.Project(name="p", data_source=source).save()
    model = project.create_research("r", preparation).create_model("m", Estimator("Ridge"))
    model.data_set(preparation.create_set(Window(2)))
    entrainer.fit(model, progress=False)
    entrainer.backtest(model, folds=2, progress=False)
    fact = model.meta("backtest")
    assert (fact["origins"], fact["end"]) == (labels, end)
    (again,) = entrainer.remake([model], progress=False)
    found = again.forecasts.filter(pl.col("part") == "out_of_fold")
    assert found["id"].to_list() == model.forecasts("out_of_fold")["id"].to_list()
