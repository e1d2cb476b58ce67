"""Quantiles from outside that cross are sorted when they are stored, and the model says so."""

import warnings

import numpy as np
import polars as pl
import pytest

from enstorage import DataSource, Model, Project

DAYS = np.arange(10).astype("datetime64[D]")


@pytest.fixture
def model(store):
    source = DataSource(name="Load", time_interval="1d").save()
    source.write(DAYS, np.arange(10.0))
    preparation = source.create_snapshot().create_preparation("drop", "none", 0.4, 0.3, 0.3)
    return Project(name="Load", data_source=source).save().create_research("Uploads", preparation).create_model("m")


def values_of(model, part):
    table = model.forecasts(part).filter(pl.col("quantile").is_not_null())
    return {level: own["value"].to_list() for (level,), own in table.group_by("quantile", maintain_order=True)}


def test_values_that_cross_are_sorted_and_the_point_forecast_stays(model):
    crossing = {0.9: [3.0, 1.0, 5.0], 0.1: [1.0, 2.0, 4.0], 0.5: [2.0, 9.0, 4.0]}
    with pytest.warns(UserWarning, match=r"quantiles of 1 targets of the part 'test' .* crossed"):
        model.save_forecasts("test", DAYS[7:], [7.0, 8.0, 9.0], quantiles=crossing)
    assert values_of(model, "test") == {0.1: [1, 1, 4], 0.5: [2, 2, 4], 0.9: [3, 9, 5]}
    assert model.forecasts("test").filter(pl.col("quantile").is_null())["value"].to_list() == [7, 8, 9]


def test_the_model_remarks_it_until_other_forecasts_are_stored(model):
    with pytest.warns(UserWarning, match="crossed"):
        model.save_forecasts("test", DAYS[7:], np.ones(3), quantiles={0.1: np.ones(3), 0.9: np.zeros(3)})
    assert Model.get(model.id).meta("sorted_quantiles") == {"test": 3}
    model.save_forecasts("valid", DAYS[4:7], np.ones(3))
    assert model.meta("sorted_quantiles") == {"test": 3}
    model.save_forecasts("test", DAYS[7:], np.ones(3), quantiles={0.1: np.zeros(3), 0.9: np.ones(3)})
    assert model.meta("sorted_quantiles") == {}


def test_quantiles_in_order_are_stored_as_given_and_without_a_remark(model):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.save_forecasts("test", DAYS[7:], np.ones(3), quantiles={0.9: np.ones(3), 0.1: np.ones(3)})
    assert "sorted_quantiles" not in model.metas()
