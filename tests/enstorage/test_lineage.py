"""Where something comes from."""

from itertools import pairwise

import pytest

from enstorage import DataSource, Forecast, Panel, Project, Scene, SceneBand
from enstorage.adapter import Branches, Window
from enstorage.entity import ENTITIES


@pytest.fixture
def flow(sunspots):
    """Two models with data sets of one preparation, and an ensemble of both; the first has forecasts."""
    snapshot = sunspots.create_snapshot()
    preparation = snapshot.create_preparation()
    sets = [preparation.create_set(Window(lag)) for lag in (3, 5)]
    project = Project(name="Sun", data_source=sunspots).save()
    research = project.create_research("r")
    models = [research.create_model(name) for name in ("first", "second")]
    for model, data_set in zip(models, sets, strict=True):
        model.data_set(data_set)
    forecast = models[0].save_forecasts("test", *sets[0].targets("test"))
    ensemble = project.create_ensemble("voting", models=models)
    return {
        "source": sunspots,
        "snapshot": snapshot,
        "preparation": preparation,
        "sets": sets,
        "models": models,
        "forecast": forecast,
        "ensemble": ensemble,
    }


def test_it_leads_from_the_source_to_the_record(flow):
    lineage = flow["forecast"].lineage()
    way = (flow["source"], flow["snapshot"], flow["preparation"], flow["sets"][0], flow["models"][0], flow["forecast"])
    assert lineage.records == way
    assert set(lineage.edges) == set(pairwise(way))
    assert lineage.parents(flow["models"][0]) == [flow["sets"][0]]
    assert lineage.parents(flow["source"]) == []


def test_an_ensemble_has_all_of_its_members_and_each_record_once(flow):
    lineage = flow["ensemble"].lineage()
    expected = [flow["source"], flow["snapshot"], flow["preparation"], *flow["sets"], *flow["models"]]
    assert list(lineage.records) == [*expected, flow["forecast"], flow["ensemble"]]
    assert lineage.parents(flow["ensemble"]) == [flow["forecast"], flow["models"][1]]
    assert len(lineage.edges) == len(set(lineage.edges)) == 9


def test_it_is_drawn_as_a_tree_and_nothing_twice(flow):
    assert str(flow["ensemble"].lineage()).splitlines() == [
        "Ensemble(1, 'voting')",
        "  Forecast(1, 'test')",
        "    Model(1, 'first')",
        "      DataSet(1, 'window lag 3')",
        "        DataPreparation(1)",
        "          DataSnapshot(1)",
        "            DataSource(1, 'Solar activity')",
        "  Model(2, 'second')",
        "    DataSet(2, 'window lag 5')",
        "      DataPreparation(1) …",
    ]


def test_it_is_given_as_nodes_and_edges(flow):
    graph = flow["sets"][1].lineage().to_json()
    assert graph == {
        "nodes": [
            {"entity": "DataSource", "id": 1, "name": "Solar activity"},
            {"entity": "DataSnapshot", "id": 1, "name": None},
            {"entity": "DataPreparation", "id": 1, "name": None},
            {"entity": "DataSet", "id": 2, "name": "window lag 5"},
        ],
        "edges": [[2, 3], [1, 2], [0, 1]],
    }


def test_the_forecast_of_an_ensemble_comes_last(flow):
    from enstorage.entity.forecast import point_forecasts

    forecast = Forecast.store(flow["ensemble"], "test", point_forecasts(1, [1], [2.0]))
    lineage = forecast.lineage()
    assert lineage.records[-2:] == (flow["ensemble"], forecast)
    assert str(lineage).splitlines()[:2] == [str(forecast), "  Ensemble(1, 'voting')"]


def test_every_entity_has_one(flow):
    flow["models"][0].meta("key", 1)
    flow["models"][0].log(1, loss=0.5)
    flow["models"][0].curves()
    other = flow["snapshot"].create_preparation("drop", "log")
    flow["preparation"].create_set(Branches([flow["preparation"], other], lag=2))
    panel = Panel(name="Stars").add("sun", flow["source"]).panel
    scene = Scene(name="of June", collection="c", item="i", version=1, time=0, bounds=(8, 45, 9, 46)).save()
    image = flow["snapshot"].data_csv.sha256
    SceneBand(scene_id=scene.id, name="red", sha256=image, source_sha256="0" * 64, bytes=1, raster={}).save()
    panel.add_scenes([scene])
    for entity in ENTITIES:
        record = entity.get_list()[0]
        assert record.lineage().records[-1] == record
        assert str(record.lineage()).startswith(str(record))


def test_a_set_of_several_preparations_comes_from_all_of_them(flow, store):
    other = DataSource(name="other", time_interval="1y").save()
    other.write(*flow["source"].read())
    second = other.create_snapshot().create_preparation()
    made = flow["preparation"].create_set(Branches([second, flow["preparation"]], lag=2))
    lineage = made.lineage()
    assert lineage.parents(made) == [second, flow["preparation"]]
    assert [type(record).__name__ for record in lineage.records] == [
        *("DataSource", "DataSource", "DataSnapshot", "DataSnapshot", "DataPreparation", "DataPreparation", "DataSet")
    ]
    assert second.lineage().records[0] == other
