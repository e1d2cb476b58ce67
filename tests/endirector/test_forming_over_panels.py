"""Forming over a panel of unequal, short series: common origins, blocks of each series, weights for all."""

import numpy as np
import polars as pl
import pytest
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor

import endirector
from endirector import Conductor, form
from enstorage import DataSet, Panel, Project
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError

HORIZON, LAG = 6, 6
MONTHS = {"Riga": 72, "Oslo": 60, "Bern": 36}
"""Months of each shop; all end at the same time."""


def sales():
    end = np.datetime64("1980-01", "M")
    tables = []
    for number, (shop, months) in enumerate(MONTHS.items()):
        noise = np.random.default_rng(number).normal(0, 1, months)
        wave = 10 * np.sin(np.arange(months) * np.pi / 6)
        times = (end - months + np.arange(months)).astype("datetime64[D]")
        tables.append(pl.DataFrame({"shop": shop, "month": times, "sales": (number + 1) * (50 + wave + noise)}))
    return pl.concat(tables)


@pytest.fixture
def project(store):
    panel = Panel.from_table(
        sales(), name="Sales", series="shop", time="month", value="sales", time_interval="1mo", unit="t"
    )
    preparations = panel.create_preparations("drop", "standard", 0.7, 0.0, 0.3)
    pooled = DataSet.from_preparations(preparations, Window(LAG, horizon=HORIZON))
    project = Project(name="All shops", panel=panel).save()
    research = project.create_research("Pooled")
    _, X, y = pooled.arrays("train")
    for name, estimator in (
        ("linear", LinearRegression()),
        ("ridge", Ridge(10)),
        ("neighbour", KNeighborsRegressor(2)),
    ):
        model = research.create_model(name)
        model.data_set(pooled)
        model.save_object(estimator.fit(X, y))
    return project


def test_every_series_is_forecast_and_counts_in_its_own_blocks(project):
    ensemble = form(project, metric="mase", progress=False)
    folds = project.models()[0].forecasts("out_of_fold")
    assert folds["series"].n_unique() == len(MONTHS)
    cuts = project.models()[0].meta("backtest")["origins"]
    assert len(cuts) == 5
    first = folds.filter(pl.col("step") == 1).group_by("series").agg(pl.col("id").min())["id"].to_numpy()
    assert first.min() == np.datetime64(cuts[0].rstrip("Z"), "ns").astype(np.int64)
    search = ensemble.search()
    if search.comparison is not None:
        assert search.comparison.blocks > 4  # more than the four stretches that are judged: of each series its own
    assert ensemble.forecasts("test")["series"].n_unique() == len(MONTHS)
    assert "Selection" in endirector.report(ensemble).html
    Conductor(ensemble).verify()


def test_steps_behind_the_test_part_of_a_shorter_series_are_left_out(project):
    form(project, methods=["voting"], progress=False)
    folds = project.models()[0].forecasts("out_of_fold")
    parts = {
        source: preparation.prepared()
        for preparation in project.models()[0].data_set().preparations()
        for source in [preparation.data_snapshot.data_source_id]
    }
    for series, own in folds.group_by("series"):
        prepared = parts[series[0]]
        last = prepared.times[prepared.part != 2].max()
        assert own["id"].max() == last
        assert set(own.filter(pl.col("id") == last)["step"].to_list()) == set(range(1, HORIZON + 1))


def test_a_series_without_rows_takes_the_weights_of_all(project):
    """Out-of-fold forecasts that leave one series out: it is combined as the others are, and that is said."""
    models = project.models()
    ids = models[0].data_set().series_ids()
    form(project, methods=["voting"], progress=False)
    for model in models:
        kept = model.forecasts("out_of_fold").filter(pl.col("series") != ids[-1])
        model.save_forecasts("out_of_fold", kept["id"], kept["value"], series=kept["series"], step=kept["step"])
    ensemble = project.create_ensemble("weighted_voting", models=models, fit_on="out_of_fold")
    Conductor(ensemble).render()
    assert ensemble.remarks() == [
        "1 of 3 series has no rows to fit on and takes the weights of all the others together."
    ]
    assert ensemble.forecasts("test").filter(pl.col("series") == ids[-1]).height


def test_a_metric_that_is_unknown_is_still_refused(project):
    with pytest.raises(InvalidInputError, match="telepathy"):
        form(project, metric="telepathy")


@pytest.mark.parametrize("grouped", [False, True])
def test_weights_by_series_or_group_are_tried(project, grouped):
    ids = project.models()[0].data_set().series_ids()
    groups = {str(id): "north" if place < 2 else "south" for place, id in enumerate(ids)}
    ensemble = form(project, methods=["voting"], by=groups if grouped else "series", progress=False)
    (parameters,) = {row["parameters"] for row in ensemble.tried().to_dicts() if row["method"] == "partial_pooling"}
    assert ("north" in parameters) is grouped


@pytest.mark.parametrize(
    ("by", "message"),
    [
        ("shop", "has the tag 'shop'; they have none"),
        ({}, "by is 'series', the name of a tag of the data sources, or a group for each series"),
        (7, "by is 'series', the name of a tag of the data sources, or a group for each series"),
    ],
)
def test_groups_that_are_none_are_refused(project, by, message):
    with pytest.raises(InvalidInputError, match=message):
        form(project, by=by, progress=False)
