"""Forecasts: a row a step, in the units of the source, kept part by part."""

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from enstorage import DataSource, Forecast, Project
from enstorage.adapter import Window
from enstorage.errors import ImmutableError, InvalidInputError, NotFoundError

COLUMNS = ["part", "series", "id", "step", "quantile", "value"]


@pytest.fixture
def model(store):
    return Project(name="p", data_source=DataSource(name="events")).create_research("r").create_model("m")


@pytest.fixture
def yearly_model(sunspots):
    return Project(name="p", data_source=sunspots).create_research("r").create_model("m")


def test_they_come_back_with_series_id_step_and_value(store, model):
    DataSource(name="another").save()
    kept = model.save_forecasts("test", ["2020-01-02", "2020-01-01"], [0.1, -0.0])
    table = model.forecasts("test")
    assert table.columns == COLUMNS
    assert table["part"].to_list() == ["test", "test"]
    assert table["series"].to_list() == [1, 1]
    assert table["id"].to_list() == [1577836800000000000, 1577923200000000000]
    assert table["step"].to_list() == [1, 1]
    assert table["quantile"].to_list() == [None, None]
    assert table["value"].to_numpy().tobytes() == np.array([-0.0, 0.1]).tobytes()
    assert (kept.part, kept.rows) == ("test", 2)
    assert kept.data_csv.to_csv().splitlines()[0] == "series,id,step,quantile,value"


def test_a_horizon_of_three_gives_three_steps_a_row(store, yearly_model, sunspots):
    model = yearly_model
    preparation = sunspots.create_snapshot().create_preparation("drop", "log+difference")
    data_set = preparation.create_set(Window(4, horizon=3))
    model.data_set(data_set)
    times, truth = data_set.targets("test")
    model.save_forecasts("test", times, truth + 1)
    table = model.forecasts("test")
    assert table.height == truth.size
    for step in (1, 2, 3):
        rows = table.filter(step=step)
        assert rows["id"].to_list() == times[:, step - 1].tolist()
        np.testing.assert_allclose(rows["value"].to_numpy(), truth[:, step - 1] + 1)
    # The id is the time of that step's target, so the same target is there at several steps.
    assert table.filter(id=int(times[0, 2])).select("step").to_series().to_list() == [1, 2, 3]


def test_all_parts_are_read_together(store, model):
    model.save_forecasts("test", [30, 40], [3.0, 4.0])
    model.save_forecasts("train", [10, 20], [1.0, 2.0])
    table = model.forecasts()
    assert table["id"].to_list() == [10, 20, 30, 40]
    assert table["part"].to_list() == ["train", "train", "test", "test"]
    assert model.forecasts("train")["value"].to_list() == [1.0, 2.0]


def test_newer_ones_replace_those_of_the_same_part_only(store, model, census):
    model.save_forecasts("train", [10], [1.0])
    model.save_forecasts("test", [30, 40], [3.0, 4.0])
    before = census(store)
    newer = model.save_forecasts("test", [30], [5.0])
    assert model.forecasts("test")["value"].to_list() == [5.0]
    assert model.forecasts("train")["value"].to_list() == [1.0]
    assert [forecast.id for forecast in Forecast.get_list()] == [1, newer.id]
    assert census(store) == before | {"objects": before["objects"] + 1}


def test_those_of_an_earlier_object_are_out_of_date(store, yearly_model, sunspots):
    model = yearly_model
    data_set = sunspots.create_snapshot().create_preparation("drop", "minmax").create_set(Window(3))
    model.data_set(data_set)
    _, X, y = data_set.arrays("train")
    model.save_object(LinearRegression().fit(X, y))
    assert not model.has_forecasts()
    for part in ("train", "test"):
        model.save_forecasts(part, *data_set.targets(part))
    assert model.has_forecasts()
    model.save_object(LinearRegression(fit_intercept=False).fit(X, y))
    assert not model.has_forecasts()


@pytest.mark.parametrize(
    ("part", "id", "values", "message"),
    [
        ("tests", [1], [1.0], r"no part 'tests'; known are train, valid, test"),
        (
            "test",
            [10, 20, 30],
            [1.0, np.nan, np.inf],
            r"2 of 3 forecasts are NaN or infinite, the first for 1970-01-01T",
        ),
        ("test", [10, 10], [1.0, 2.0], r"2 forecasts share a target, the first at 1970-01-01T.*each target and step"),
        ("test", [[10, 20], [20, 20]], [[1.0, 2.0], [3.0, 4.0]], "2 forecasts share a target"),
        ("test", [10, 20], [1.0], r"one id for each value.*received ids \(2,\) and values \(1,\)"),
        ("test", [10, 20], [[1.0], [2.0]], r"received ids \(2,\) and values \(2, 1\)"),
        ("test", [], [], "at least one"),
        ("test", 10, 1.0, r"received ids \(\) and values \(\)"),
        ("test", [[[10]]], [[[1.0]]], r"received ids \(1, 1, 1\)"),
        ("test", ["soon"], [1.0], "'soon' is not a time"),
    ],
)
def test_forecasts_that_cannot_be_kept_are_refused_and_the_older_ones_stay(
    store, model, census, part, id, values, message
):
    model.save_forecasts("test", [10], [1.0])
    before = census(store)
    with pytest.raises(InvalidInputError, match=message):
        model.save_forecasts(part, id, values)
    assert census(store) == before
    assert model.forecasts()["value"].to_list() == [1.0]


def test_none_there_is_told(store, model):
    with pytest.raises(NotFoundError, match=r"Model\(1, 'm'\) has no forecasts on any part\. .*save_forecasts"):
        model.forecasts()
    model.save_forecasts("test", [10], [1.0])
    with pytest.raises(NotFoundError, match=r"has no forecasts on the part 'valid'"):
        model.forecasts("valid")
    with pytest.raises(InvalidInputError, match="no part 'all'"):
        model.forecasts("all")


def test_they_are_immutable(store, model):
    forecast = model.save_forecasts("test", [10], [1.0])
    forecast.rows = 2
    with pytest.raises(ImmutableError, match=r"Forecast\(1, \'test\'\) cannot change its rows"):
        forecast.save()


def test_a_failed_replacement_leaves_the_older_ones(store, model, census, monkeypatch):
    model.save_forecasts("test", [10], [1.0])
    before = census(store)

    def refuse(content):
        raise OSError("disk full")

    monkeypatch.setattr(store.objects, "put", refuse)
    with pytest.raises(OSError, match="disk full"):
        model.save_forecasts("test", [20], [2.0])
    assert census(store) == before
    assert model.forecasts()["id"].to_list() == [10]
