"""Forecasts from the end of a series as charts draw them."""

import polars as pl
import pytest

from enstorage import DataSource, Forecast, Model, Project

DAY = 86_400_000_000_000


def fill():
    source = DataSource(name="s", time_interval="1d").save()
    source.write([f"1970-01-0{day}" for day in (1, 2, 4)], [1.0, 2.0, 4.0])
    project = Project(name="p", data_source=source).save()
    research = project.create_research("r")
    issued, several = research.create_model("issued"), research.create_model("several origins")
    rows = [
        (1, DAY * (3 + step), step, level, 10.0 * step + (level or 0.5))
        for step in (1, 2)
        for level in (None, 0.1, 0.9)
    ]
    schema = {"series": pl.Int64, "id": pl.Int64, "step": pl.Int32, "quantile": pl.Float64, "value": pl.Float64}
    Forecast.store(issued, "test", pl.DataFrame(rows, schema=schema, orient="row"))
    twice = [(1, DAY * 5, 1, None, 1.0), (1, DAY * 5, 2, None, 2.0)]
    Forecast.store(several, "test", pl.DataFrame(twice, schema=schema, orient="row"))


@pytest.fixture
def filled_with():
    return fill


def test_the_steps_follow_the_known_values_with_all_quantiles(api, store):
    found = api.get("/api/v1/models/1/ahead").json()
    assert found["time"] == [86_400.0 * day for day in range(6)]
    assert found["truth"] == [1.0, 2.0, None, 4.0, None, None]
    assert found["forecast"] == [None, None, None, None, 10.5, 20.5]
    assert found["quantiles"] == {"0.1": [None] * 4 + [10.1, 20.1], "0.9": [None] * 4 + [10.9, 20.9]}


def test_fewer_known_values_and_a_period_are_shown(api, store):
    steps = api.get("/api/v1/models/1/ahead", params={"history": 0, "series": 1}).json()
    assert (len(steps["time"]), steps["forecast"], steps["quantiles"]["0.9"]) == (2, [10.5, 20.5], [10.9, 20.9])
    one = api.get("/api/v1/models/1/ahead", params={"time_from": "1970-01-04", "time_to": "1970-01-06"}).json()
    assert (one["truth"], one["forecast"]) == ([4.0, None], [None, 10.5])


def test_forecasts_from_several_origins_are_refused(api, store):
    refused = api.get("/api/v1/models/2/ahead")
    assert (refused.status_code, refused.json()["field"]) == (422, "id")
    assert Model.get(2).name in refused.json()["detail"]
    assert api.get("/api/v1/models/1/ahead", params={"series": 7}).status_code == 404
