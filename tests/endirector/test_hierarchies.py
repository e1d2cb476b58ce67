"""Hierarchies: sums of series are forecast beside them, and all forecasts add up."""

import datetime

import numpy as np
import polars as pl
import pytest

import endirector
from endirector.forecaster.hierarchy.hierarchy import Hierarchy
from endirector.forecaster.hierarchy.reconcile import reconciled
from endirector.forecaster.hierarchy.sums import write_sums
from enstorage import Connector, DataSource, Panel
from enstorage.errors import InvalidInputError

MONTHS = pl.date_range(pl.date(2018, 1, 1), pl.date(2021, 12, 1), "1mo", eager=True)
SHOPS = {"Bern": "south", "Rome": "south", "Oslo": "north"}
HORIZON = 3


@pytest.fixture(scope="module")
def table():
    random = np.random.default_rng(0)
    return pl.concat(
        pl.DataFrame({"shop": shop, "region": region, "month": MONTHS, "units": 50 + random.normal(0, 3, 48)})
        for shop, region in SHOPS.items()
    )


@pytest.fixture(scope="module")
def made(table, tmp_path_factory):
    """By the naive members: others have no time."""
    connector = Connector.in_folder(tmp_path_factory.mktemp("hierarchy") / "store")
    options = {"season": 1, "time_limit": 0.5, "connector": connector, "progress": False, "name": "Shops"}
    return endirector.autoforecast(table, HORIZON, hierarchy="region", **options)


def points(forecast, key):
    return forecast.table.filter(pl.col("quantile").is_null(), series=key)["value"].to_numpy()


def check_sums(forecast):
    south, north = points(forecast, "all / south"), points(forecast, "all / north")
    np.testing.assert_allclose(points(forecast, "Bern") + points(forecast, "Rome"), south, rtol=0, atol=1e-9)
    np.testing.assert_allclose(points(forecast, "Oslo"), north, rtol=0, atol=1e-9)
    np.testing.assert_allclose(south + north, points(forecast, "all"), rtol=0, atol=1e-9)


def test_forecasts_add_up(made):
    assert made.table["series"].unique(maintain_order=True).to_list() == [
        *SHOPS,
        "all",
        "all / south",
        "all / north",
    ]
    check_sums(made)
    assert "3 sums by region are forecast too; all forecasts are reconciled, so that they add up." in made.remarks


def test_sums_are_series_of_the_panel(made, table):
    total = made.panel.sources()["all"].read()[1]
    expected = table.group_by("month", maintain_order=True).agg(pl.col("units").sum())["units"].to_numpy()
    np.testing.assert_allclose(total, expected)


def test_new_rows_come_into_the_sums(made):
    january = pl.DataFrame(
        {"shop": [*SHOPS], "region": [*SHOPS.values()], "month": datetime.date(2022, 1, 1), "units": [50.0, 60.0, 70.0]}
    )
    updated = made.update(january, progress=False)
    assert made.panel.sources()["all"].read()[1][-1] == 180.0
    assert updated.table["time"][0] == "2022-02-01T00:00:00Z"
    check_sums(updated)
    again = endirector.AutoForecast.open(Panel.get(made.panel.id, connector=made.panel.connector))
    assert again.hierarchy == made.hierarchy
    check_sums(again)


def test_the_page_has_the_sums_too(made):
    assert "all / south" in made.report(progress=False).html


def forecasts(values):
    rows = [
        (key, "t1", 1, quantile, value + shift)
        for key, value in values.items()
        for quantile, shift in ((None, 0.0), (0.1, -1.0), (0.9, 2.0))
    ]
    return pl.DataFrame(rows, schema=["series", "time", "step", "quantile", "value"], orient="row")


def test_quantiles_keep_their_distance_and_nothing_falls_below_zero():
    hierarchy = Hierarchy.of({"region": {"a": "x", "b": "x"}}, ["a", "b"])
    found = reconciled(forecasts({"all": 1.0, "all / x": 1.0, "a": 0.0, "b": 30.0}), hierarchy)
    point = dict(found.filter(pl.col("quantile").is_null()).select("series", "value").rows())
    assert point["a"] + point["b"] == pytest.approx(point["all"], abs=1e-9)
    assert point["all"] == pytest.approx(point["all / x"], abs=1e-9)
    assert min(point.values()) >= 0
    upper = dict(found.filter(pl.col("quantile") == 0.9).select("series", "value").rows())
    assert {key: upper[key] - point[key] for key in point} == pytest.approx(dict.fromkeys(point, 2.0))


def test_times_that_a_series_lacks_stay_as_they_are():
    hierarchy = Hierarchy.of({"region": {"a": "x", "b": "x"}}, ["a", "b"])
    table = forecasts({"all": 1.0, "all / x": 1.0, "a": 5.0})
    assert reconciled(table, hierarchy).equals(table)


def test_several_levels_lie_in_one_another():
    found = Hierarchy.of({"land": {"a": "CH", "b": "CH", "c": "IT"}, "city": {"a": "B", "b": "Z", "c": "R"}}, "abc")
    assert found.sums == {
        "all": ("a", "b", "c"),
        "all / CH": ("a", "b"),
        "all / IT": ("c",),
        "all / CH / B": ("a",),
        "all / CH / Z": ("b",),
        "all / IT / R": ("c",),
    }
    assert Hierarchy.from_json(found.to_json()) == found


def test_a_series_without_a_group_is_refused_and_nothing_is_stored(table, tmp_path):
    connector = Connector.in_folder(tmp_path)
    lacking = table.with_columns(pl.when(pl.col("shop") != "Oslo").then("region").alias("region"))
    with pytest.raises(InvalidInputError, match="'Oslo' has no region"):
        endirector.autoforecast(lacking, 3, hierarchy="region", connector=connector, progress=False)
    assert not Panel.get_list(connector=connector)


def test_a_month_that_points_cover_only_in_part_has_no_sum(store):
    panel = Panel(name="Shops").save()
    for key, first, value in (("Bern", datetime.date(2024, 1, 1), 1.0), ("Oslo", datetime.date(2024, 2, 10), 2.0)):
        source = DataSource(name=key, time_interval="1mo", aggregate="sum").save()
        days = pl.date_range(first, pl.date(2024, 4, 10), "1d", eager=True)
        source.write(days, np.full(len(days), value))
        panel.add(key, source)
    write_sums(panel, Hierarchy((), ("Bern", "Oslo"), {"all": ("Bern", "Oslo")}))
    times, values = panel.sources()["all"].read()
    assert times.astype("datetime64[ns]").astype("datetime64[M]").astype(str).tolist() == [
        "2024-01",
        "2024-02",
        "2024-03",
    ]
    assert values.tolist() == [31, 29 + 2 * 20, 31 + 2 * 31]
