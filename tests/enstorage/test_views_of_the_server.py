"""Charts, neighbourhoods and changes: what pages show of a store."""

import numpy as np
import pytest

from enstorage import DataPreparation, DataSnapshot, DataSource, Ensemble, Model, Project
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.search.everywhere import search_names
from enstorage.views.changes import ChangeFeed
from enstorage.views.charts.of_records import (
    ChartWindow,
    chart_of_model,
    chart_of_preparation,
    chart_of_snapshot,
    chart_of_source,
)
from enstorage.views.neighbours import neighbourhood

HOUR = 3_600 * 10**9


def make():
    """A source with a gap, a preparation, two models with forecasts, of which one is a member of an ensemble."""
    times = np.arange(6_000) * HOUR
    values = np.sin(np.arange(6_000) / 50)
    values[1_234] = 99
    source = DataSource(name="Load", time_interval="1h", unit="MW").save()
    kept = np.r_[0:3_000, 3_100:6_000]
    source.write(times[kept], values[kept])
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.5, 0.2, 0.3)
    project = Project(name="Forecasts", data_source=source).save()
    research = project.create_research("Standard data", preparation)
    for name in ("near", "far"):
        model = research.create_model(name)
        test = preparation.table().filter(part=2)
        model.save_forecasts(
            "test",
            test["time"].to_numpy(),
            test["value"].to_numpy() + 0.1,
            quantiles={0.1: test["value"].to_numpy() - 1, 0.9: test["value"].to_numpy() + 1},
        )
    project.create_ensemble("voting", models=[model])


@pytest.fixture
def filled_with():
    return make


def test_a_chart_has_at_most_two_points_a_pixel_and_keeps_the_extremes(store):
    chart = chart_of_source(DataSource.get(1), ChartWindow(width=100)).to_json()
    assert (chart["rows"], chart["shown"], chart["unit"], chart["time_zone"]) == (5_900, 200, "MW", "UTC")
    assert max(chart["value"]) == 99
    assert chart["time"] == sorted(chart["time"])
    assert chart["time"][0] == 0


def test_a_chart_of_a_period_shows_every_point_where_there_is_room(store):
    window = ChartWindow("1970-01-02", "1970-01-03", 100)
    for chart in (chart_of_source(DataSource.get(1), window), chart_of_snapshot(DataSnapshot.get(1), window)):
        assert chart.to_json()["time"] == [(24 + hour) * 3_600 for hour in range(24)]


def test_a_gap_stays_a_gap(store):
    chart = chart_of_snapshot(DataSnapshot.get(1), ChartWindow(width=100)).to_json()
    places = [time for time, value in zip(chart["time"], chart["value"], strict=True) if np.isnan(value)]
    assert places == [3_000 * 3_600]


def test_the_parts_of_a_preparation_are_told(store):
    chart = chart_of_preparation(DataPreparation.get(1), ChartWindow(width=50)).to_json()
    assert list(chart["parts"]) == ["train", "valid", "test"]
    assert chart["parts"]["train"][0] == 0


def test_forecasts_are_drawn_with_the_truth_and_their_band(store):
    chart = chart_of_model(Model.get(1), ChartWindow(width=50), part="test").to_json()
    assert chart["levels"] == [0.1, 0.9]
    truth, forecast, lower, upper = (np.array(chart[name]) for name in ("truth", "forecast", "lower", "upper"))
    assert np.allclose(forecast - truth, 0.1)
    assert np.allclose(upper - lower, 2)
    with pytest.raises(NotFoundError, match="no such forecasts"):
        chart_of_model(Model.get(1), ChartWindow(), step=2)


def test_a_width_that_is_none_is_refused(store):
    with pytest.raises(InvalidInputError, match="expected 1 to 10000 pixels"):
        ChartWindow(width=0)


def names(found):
    return [(each["entity"], each["id"]) for each in found.nodes]


def test_a_neighbourhood_grows_in_both_directions_with_its_steps(store):
    model = Model.get(2)
    assert names(neighbourhood(model, 0)) == [("model", 2)]
    one = neighbourhood(model, 1)
    assert set(names(one)) == {("model", 2), ("research", 1), ("ensemble", 1)}
    assert {(one.nodes[a]["entity"], one.nodes[b]["entity"]) for a, b in one.edges} == {
        ("research", "model"),
        ("model", "ensemble"),
    }
    far = set(names(neighbourhood(model, 4)))
    assert {("data_source", 1), ("data_snapshot", 1), ("data_preparation", 1), ("model", 1)} <= far


def test_a_neighbourhood_is_bounded_and_leaves_the_trash_out(store):
    few = neighbourhood(Project.get(1), 4, most=3)
    assert (len(few.nodes), few.is_whole) == (3, False)
    Ensemble.get(1).trash()
    assert ("ensemble", 1) not in names(neighbourhood(Model.get(2), 1))


def changes(feed):
    return {(each.entity, each.id, each.action) for each in feed.look()}


def test_changes_by_any_connector_are_found_once(store):
    from enstorage import Connector

    feed = ChangeFeed(store)
    assert changes(feed) == set()
    other = Connector(*store.settings)
    model = Model.get(1, connector=other)
    model.name = "renamed"
    model.save()
    assert changes(feed) == {("model", 1, "changed")}
    new = Project.get(1, connector=other).create_research("new")
    assert changes(feed) == {("research", new.id, "created")}
    Model.get(2, connector=other).trash()
    assert changes(feed) == {("model", 2, "trashed"), ("ensemble", 1, "trashed")}
    Model.get(2, connector=other).restore()
    assert changes(feed) == {("model", None, "changed"), ("ensemble", None, "changed")}
    new.delete()
    assert changes(feed) == {("research", None, "changed")}
    model.meta("loss", 0.5)
    other.recorder.flush()
    assert changes(feed) == {("model", 1, "changed")}
    assert changes(feed) == set()
    other.close()


def test_a_quick_search_finds_names_descriptions_and_ids(store):
    assert [(each["entity"], each["id"]) for each in search_names("FORE")] == [("project", 1)]
    assert {each["entity"] for each in search_names("2")} == {"model"}
    assert search_names("%") == search_names(" ") == []
    with pytest.raises(InvalidInputError, match="at most 200"):
        search_names("x" * 201)
