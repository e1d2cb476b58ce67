"""`autoforecast` of series that are in the store: nothing is copied, and the lineage begins at their sources."""

import numpy as np
import polars as pl
import pytest

import endirector
from endirector import AutoForecast
from enstorage import DataSource, Panel
from enstorage.errors import InvalidInputError

STEPS = 3


def months(count, seed=0):
    random = np.random.default_rng(seed)
    times = (np.datetime64("2019-01") + np.arange(count)).astype("datetime64[ns]")
    return times, 10 + np.sin(np.arange(count) * np.pi / 6) + random.normal(0, 0.1, count)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """A source, and two forecasts of it."""
    from enstorage import Connector

    with Connector.in_folder(tmp_path_factory.mktemp("store")):
        source = DataSource(name="Load", time_interval="1mo", unit="MW")
        source.write(*months(48))
        found = [endirector.autoforecast(source, STEPS, metric="rmse", progress=False) for _ in range(2)]
        yield source, found


def test_a_source_is_forecast_where_it_is(told):
    source, (first, second) = told
    assert [each.id for each in DataSource.get_list()] == [source.id]
    assert first.panel.sources() == {"Load": source}
    assert first.panel == second.panel
    assert first.snapshots["Load"].data_source == source
    assert first.table.equals(second.table)
    points = first.table.filter(first.table["quantile"].is_null())
    assert points["time"].to_list() == [f"2023-0{month}-01T00:00:00Z" for month in (1, 2, 3)]
    assert first.remarks[0] == "Read the source Load: 48 buckets."
    assert AutoForecast.open(first.panel).table.equals(second.table)


def test_the_error_is_that_of_the_metric(told):
    _, (found, _) = told
    (backtest,) = found.backtests
    ensemble = backtest.forecasts["ensemble"]
    judged = np.isfinite(ensemble) & np.isfinite(backtest.truth)
    assert found.error == pytest.approx(float(np.sqrt(np.mean((ensemble - backtest.truth)[judged] ** 2))), rel=1e-12)


def test_a_table_gives_the_same_forecasts(told):
    _, (found, _) = told
    times, values = months(48)
    table = {"time": times, "Load": values}
    again = endirector.autoforecast(pl.DataFrame(table), STEPS, metric="rmse", progress=False)
    assert again.table["value"].to_list() == found.table["value"].to_list()


def test_what_cannot_be_forecast_is_told(store):
    source = DataSource(name="Load", time_interval="1mo")
    source.write(*months(24))
    daily = DataSource(name="Day", time_interval="1d")
    daily.write(*months(24))
    both = Panel(name="Both")
    both.add_all({"a": source, "b": daily})
    with pytest.raises(InvalidInputError, match=r"several intervals: .* 1mo and .* 1d"):
        endirector.autoforecast(both, STEPS, progress=False)
    events = DataSource(name="Events", time_interval=None)
    events.write(*months(24))
    with pytest.raises(InvalidInputError, match="has no time_interval"):
        endirector.autoforecast(events, STEPS, progress=False)
    with pytest.raises(InvalidInputError, match="time_interval says how a table is to be read"):
        endirector.autoforecast(source, STEPS, time_interval="1d", progress=False)
