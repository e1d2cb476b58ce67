"""Series that end long before the others are judged from origins of their own."""

import numpy as np
import polars as pl

import endirector
from endirector.forecaster.ends import split_by_end

MONTHS = pl.date_range(pl.date(2014, 1, 1), pl.date(2021, 12, 1), "1mo", eager=True)


def test_series_that_share_origins_stay_together():
    assert [group.keys for group in split_by_end({"a": 100, "b": 95, "c": 100}, 6)] == [("a", "b", "c")]


def test_those_that_end_earlier_are_apart_and_at_last_all_that_remain():
    last = {"a": 100, "b": 50, "c": 52, "d": 20, "e": 2, "f": -40}
    found = split_by_end(last, 6)
    assert [(group.keys, group.last) for group in found] == [
        (("a",), 100),
        (("b", "c"), 52),
        (("d",), 20),
        (("e", "f"), 2),
    ]


def test_a_closed_shop_is_forecast_and_judged():
    random = np.random.default_rng(0)
    table = pl.concat(
        pl.DataFrame({"shop": key, "month": MONTHS[:rows], "units": 50 + random.normal(0, 2, rows)})
        for key, rows in (("Bern", 96), ("Oslo", 94), ("Closed", 40))
    )
    forecast = endirector.autoforecast(table, 3, season=1, time_limit=1e-6, progress=False)
    assert {group.tier.name: group.tier.keys for group in forecast.groups} == {
        "current": ("Bern", "Oslo"),
        "until 2017-04-01T00:00:00Z": ("Closed",),
    }
    assert set(forecast.errors["series"]) == {"Bern", "Oslo", "Closed"}
    closed = forecast.table.filter(pl.col("quantile").is_null(), series="Closed")
    assert closed["time"].to_list() == [f"2017-0{month}-01T00:00:00Z" for month in (5, 6, 7)]
    assert any(remark.startswith("1 series ends by 2017-04-01T00:00:00Z") for remark in forecast.remarks)
