"""Values that no model can square: a remark and a naive forecast of their series, and models for all others."""

import numpy as np
import polars as pl
import pytest

import endirector
from endirector.forecaster.plan import tiers_of
from endirector.forecaster.run import of_series
from enstorage import Connector

MONTHS = pl.date_range(pl.date(2018, 1, 1), pl.date(2021, 12, 1), "1mo", eager=True)
NOISE = np.random.default_rng(0).normal(size=(3, 48))


def table(series):
    return pl.concat(
        pl.DataFrame({"shop": key, "month": MONTHS[-len(values) :], "units": np.asarray(values, float)})
        for key, values in series.items()
    )


def points(forecast):
    found = forecast.table.filter(pl.col("quantile").is_null())
    return dict(found.group_by("series", maintain_order=True).agg("value").rows())


@pytest.mark.others_long
@pytest.mark.parametrize(
    ("values", "kept"),
    [
        (np.full(48, 1e302), 1e302),
        (np.r_[NOISE[0, :47], -1e300], NOISE[0, 46]),  # rather a mistake
        (1.7e308 * np.sign(NOISE[0]), 1.7e308 * np.sign(NOISE[0, -1])),
    ],
    ids=["all", "the last", "changing signs"],
)
def test_the_others_keep_their_models(values, kept):
    shops = table({"a": 50 + NOISE[1], "huge": values, "b": 50 + NOISE[2]})
    forecast = endirector.autoforecast(shops, 3, season=1, progress=False)
    found = points(forecast)
    assert [*found] == ["a", "huge", "b"]
    assert found["huge"] == [kept] * 3
    assert {group.tier.name: group.tier.keys for group in forecast.groups} == {"usual": ("a", "b"), "huge": ("huge",)}
    assert {"Autoregression", "DynamicOptimizedTheta"} <= set(forecast.leaderboard["name"])
    assert not [remark for remark in forecast.remarks if "takes no part" in remark]
    assert [remark for remark in forecast.remarks if remark.startswith("1 series has values beyond 1e+150")]
    assert "huge" in forecast.report(progress=False).html


def test_a_huge_series_alone_has_a_forecast():
    (tier,) = tiers_of({"a": np.full(48, 1e200)}, 3, 1)
    assert (tier.name, tier.plan.members) == ("all", ())
    forecast = endirector.autoforecast(table({"a": np.full(48, 1e200)}), 3, season=1, progress=False)
    assert points(forecast) == {"units": [1e200] * 3}


def test_a_huge_value_that_comes_later_costs_the_others_nothing(tmp_path):
    shops = table({"a": 50 + NOISE[1], "b": 50 + NOISE[2]})
    options = {"season": 1, "time_limit": 1e-6, "connector": Connector.in_folder(tmp_path), "progress": False}
    forecast = endirector.autoforecast(shops, 3, **options)
    came = pl.DataFrame({"shop": ["a", "b"], "month": ["2022-01-01"] * 2, "units": [1e302, 51.0]})
    updated = forecast.update(came, progress=False)
    assert points(updated) == {"a": [pytest.approx(50 + NOISE[1, -1])] * 3, "b": [51.0] * 3}
    assert [remark for remark in updated.remarks if "(a)" in remark and "beyond 1e+150" in remark]


def test_remarks_on_a_member_name_the_series():
    forecast = endirector.autoforecast(table({"a": 50 + NOISE[1], "b": [3.0]}), 3, season=1, progress=False)
    snapshot = forecast.snapshots["b"]
    told = of_series(f"Model(6, 'AutoCES'), {snapshot}: it is fitted without.", forecast.panel)
    assert told == "AutoCES, b: it is fitted without."
    assert of_series("Drift: none is seen.", forecast.panel) == "Drift: none is seen."
