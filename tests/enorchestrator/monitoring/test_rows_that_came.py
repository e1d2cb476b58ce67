"""The rows that monitoring, checks and sentences look at are those that a snapshot made now would have."""

import numpy as np
import pytest

from enorchestrator.intent.behaviour import buckets
from enorchestrator.monitoring.watching.inputs import rows_of_inputs
from enorchestrator.work.checks.check_values import CheckValuesArguments, _facts
from enstorage import DataSource, Project
from enstorage.adapter import Window

HOURS = np.arange("2024-01-01", "2024-03-01", dtype="datetime64[h]")
NOON = 24 * 58 + 12


def model_of(source):
    preparation = source.create_snapshot().create_preparation("linear", "none", 0.5, 0.2, 0.3)
    research = Project(name="P", data_source=source).save().create_research("R", preparation)
    model = research.create_model("M")
    model.data_set(preparation.create_set(Window(2)))
    return model


def test_a_day_whose_points_are_still_coming_is_no_truth(store):
    source = DataSource(name="Meter", time_interval="1d", aggregate="sum", unit="kWh").save()
    source.write(HOURS[: 24 * 50], np.ones(24 * 50))
    model = model_of(source)
    source.write(HOURS[24 * 50 : NOON], np.ones(NOON - 24 * 50))
    (rows,) = rows_of_inputs(model)
    assert rows.values.tolist() == [24.0] * 58
    assert rows.times.tolist() == source.create_snapshot().read()[0].tolist()
    assert rows.known == 50
    assert _facts(source).minimum == 24.0
    assert buckets(source).tolist() == [24.0] * 58


def test_an_empty_bucket_of_a_number_of_points_is_a_measured_zero(store):
    source = DataSource(name="Visits", time_interval="1d", aggregate="count").save()
    days = [day for day in range(50) if day % 3]
    times = np.concatenate([HOURS[24 * np.array(days)], HOURS[24 * np.array(days) + 5]])
    source.write(np.sort(times), np.ones(len(times)))
    model = model_of(source)
    source.write(HOURS[[24 * 52, 24 * 52 + 9, 24 * 55, 24 * 55 + 9]], np.ones(4))
    expected = source.create_snapshot().read()[1].tolist()
    assert expected[-6:] == [0.0, 0.0, 2.0, 0.0, 0.0, 2.0]
    (rows,) = rows_of_inputs(model)
    assert rows.values.tolist() == expected[-len(rows.values) :]
    assert np.isfinite(rows.values).all()
    assert (_facts(source).gaps, _facts(source).minimum) == (0, 0.0)
    assert buckets(source).tolist() == expected


@pytest.mark.parametrize("aggregate", ["mean", "count"])
def test_a_source_without_points_has_no_rows(store, aggregate):
    source = DataSource(name="Empty", time_interval="1d", aggregate=aggregate).save()
    assert _facts(source).values == 0
    assert buckets(source).tolist() == []
    assert CheckValuesArguments(source=source.id).sources(store) == [source]
