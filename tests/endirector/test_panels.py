"""A project over a panel: one model for all its series, one ensemble that forecasts each of them."""

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import endirector
import enstorage
import entrainer
from enstorage import DataSet, Model, Panel, Project
from enstorage.adapter import Window
from entrainer.networks import MLP, Estimator

DAYS = np.arange("2024-01-01", "2024-04-10", dtype="datetime64[D]")
STORES = ["Riga", "Oslo", "Bern", "Graz", "Nice"]


def sales():
    """Five stores of different size; each sells more at the week-end, and the last one opened later."""
    tables = []
    for number, store in enumerate(STORES):
        days = DAYS[30 * (store == "Nice") :]
        wave = np.sin(np.arange(len(days)) * 2 * np.pi / 7)
        noise = np.random.default_rng(number).normal(0, 0.1, len(days))
        tables.append(pl.DataFrame({"store": store, "date": days, "sales": (number + 1) * (5 + wave + noise)}))
    return pl.concat(tables)


@pytest.fixture(scope="module")
def panel(tmp_path_factory):
    """A panel of five stores in a store of its own, with two trained models on all of them and their ensemble."""
    connector = enstorage.Connector.in_folder(tmp_path_factory.mktemp("panel") / "store")
    with connector:
        panel = Panel.from_table(
            sales(), name="Sales", series="store", time="date", value="sales", time_interval="1d", unit="t"
        )
        preparations = panel.create_preparations("drop", "standard", 0.6, 0.2, 0.2)
        pooled = DataSet.from_preparations(preparations, Window(lag=7))
        project = Project(name="All stores", panel=panel).save()
        research = project.create_research("Pooled")
        specifications = {"network": MLP(hidden=(4,), last_activation="linear"), "regression": Estimator("Ridge")}
        for name, specification in specifications.items():
            research.create_model(name, specification).data_set(pooled)
        entrainer.fit(project.models(), entrainer.Training(epochs=3), seeds=[1, 2], progress=False)
        endirector.Conductor(project.create_ensemble("weighted_voting", models=project.models())).render()
    yield panel
    connector.close()


@pytest.fixture
def ensemble(panel):
    with panel.connector:
        yield panel.projects()[0].ensembles()[0]


@pytest.mark.slow
def test_one_model_forecasts_every_series(panel, ensemble):
    for model in ensemble.models():
        counts = panel.with_keys(model.forecasts("test"))["key"].value_counts()
        assert dict(counts.rows()) == {"Riga": 20, "Oslo": 20, "Bern": 20, "Graz": 20, "Nice": 14}


@pytest.mark.slow
def test_one_ensemble_has_forecasts_by_series(panel, ensemble):
    by_store = panel.with_keys(ensemble.table()).filter(pl.col("part") == 2)
    assert sorted(by_store["key"].unique()) == sorted(STORES)
    error = by_store.group_by("key").agg(((pl.col("ensemble") - pl.col("truth")) ** 2).mean().sqrt())
    size = dict(zip(STORES, range(1, 6), strict=True))
    assert all(rmse < size[key] for key, rmse in error.rows())  # the waves have an amplitude of that size
    assert [record.name for record in ensemble.lineage().records[:5]] == [f"Sales {store}" for store in STORES]
    endirector.Conductor(ensemble).verify()


@pytest.mark.slow
def test_each_series_is_forecast_past_its_end(panel, ensemble):
    sources = panel.sources()
    ahead = pl.concat(endirector.forecast(ensemble, 3, series=source, levels=()) for source in sources.values())
    ahead = panel.with_keys(ahead)
    assert ahead["key"].to_list() == [store for store in STORES for _ in range(3)]
    assert ahead["id"].n_unique() == 3
    assert ahead.filter(key="Nice")["value"].min() > ahead.filter(key="Riga")["value"].max()
    assert_frame_equal(panel.with_keys(endirector.forecast(ensemble, 3, levels=())), ahead)
    assert_frame_equal(panel.with_keys(endirector.forecast(ensemble, 3, levels=(), series=panel)), ahead)


@pytest.mark.slow
def test_it_is_diagnosed_calibrated_and_reported(panel, ensemble, tmp_path):
    endirector.diagnose(ensemble, progress=False)
    endirector.calibrate(ensemble)
    endirector.report(ensemble, tmp_path / "page.html")
    assert "Sales Riga" in (tmp_path / "page.html").read_text(encoding="utf-8")


@pytest.mark.slow
def test_a_model_of_one_series_and_a_pooled_one_are_made_again_alike(panel):
    """A model of one series stands in a research of its own: its preparation is another one."""
    with panel.connector:
        project = panel.projects()[0]
        source = panel.sources()["Oslo"]
        preparation = source.snapshots()[0].preparations()[0]
        local = project.create_research("Only Oslo", preparation).create_model("local", Estimator("Ridge"))
        local.data_set(preparation.create_set(Window(lag=7)))
        entrainer.fit([local], seeds=[3], progress=False)
        assert set(Model.get(local.id).forecasts()["series"]) == {source.id}
        for again in entrainer.remake([project.models()[1], local], progress=False):
            kept = again.model.forecasts()
            assert again.forecasts is not None, again.reason
            joined = kept.join(again.forecasts, on=["part", "series", "id", "step"], suffix="_again")
            assert joined.height == kept.height
            assert np.allclose(joined["value"], joined["value_again"])
