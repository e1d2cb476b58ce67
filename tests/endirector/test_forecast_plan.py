"""Plans of `autoforecast`: members, lags and origins by the lengths and the seasons of the series."""

import numpy as np
import pytest

from endirector.forecaster.plan import tiers_of


def plan_of(lengths, horizon, season, longer_season=None):
    series = {f"s{place}": np.arange(float(length)) + 1 for place, length in enumerate(lengths)}
    return tiers_of(series, horizon, season, longer_season)


def members(plan):
    return {member.name: member.network for member in plan.members}


def test_series_of_all_lengths_are_together_and_those_without_values_enough_have_no_model():
    long, tiny = plan_of([120, 60, 30, 5, 2], 18, 12)
    assert (long.name, long.keys) == ("long", ("s0", "s1", "s2", "s3"))
    assert (tiny.name, tiny.keys, tiny.plan.members) == ("tiny", ("s4",), ())
    assert [tier.name for tier in plan_of([8, 5], 18, 12)] == ["all"]  # shorter than the horizon


@pytest.mark.parametrize(
    ("lengths", "origins", "judged", "start"),
    [([100], 4, 72, 24), ([60] * 100, 2, 36, 24), ([100] * 400, 2, 36, 24), ([40] * 3, 2, 36, 4), ([22], 1, 18, 3)],
)
def test_origins_are_as_many_as_a_typical_series_has_after_its_start(lengths, origins, judged, start):
    plan = plan_of(lengths, 18, 12)[0].plan
    assert (plan.origins, plan.judged, plan.start) == (origins, judged, start)


def test_rows_are_few_where_they_cost_much():
    assert [plan_of([100] * count, 18, 12)[0].plan.step for count in (1, 50, 500)] == [1, 4, 18]
    assert [plan_of([2000] * count, 48, 24)[0].plan.step for count in (1, 9)] == [12, 48]


def test_the_shortest_series_is_judged_from_all_origins_that_leave_two_horizons():
    assert plan_of([600, 600, 80], 13, 52)[0].plan.start == 80 - 4 * 13
    assert plan_of([600, 600, 60], 13, 52)[0].plan.start == 2 * 13
    assert plan_of([600, 600, 30], 13, 52)[0].plan.start == 30 - 13
    assert plan_of([600, 600, 80, 8], 13, 52)[0].plan.start == 3


@pytest.mark.parametrize(
    ("lengths", "season", "longer_season", "lag"),
    [
        ([120] * 20, 12, None, 37),
        ([60], 12, None, 6),
        ([100], 12, None, 13),
        ([30] * 20, 1, None, 6),
        ([700] * 4, 24, 168, 169),
    ],
)
def test_the_lag_is_the_longest_usual_one_that_can_be_learned(lengths, season, longer_season, lag):
    assert members(plan_of(lengths, 18, season, longer_season)[0].plan)["Autoregression"].lag == lag


def test_members_suit_the_season():
    monthly, hourly, yearly = (members(plan_of([800] * 3, 6, *seasons)[0].plan) for seasons in ((12,), (24, 168), (1,)))
    assert {"AutoETS", "AutoCES", "DynamicOptimizedTheta", "Seasonal naive"} <= monthly.keys()
    assert "AutoETS" not in members(plan_of([40] * 400, 6, 12)[0].plan)
    assert hourly["MSTL"].season == (24, 168)
    assert {"Autoregression", "Autoregression of each series"} <= hourly.keys()
    assert not {"AutoETS", "AutoCES"} & hourly.keys()
    naive = {"Seasonal naive", "Longer seasonal naive"}
    assert not any(member.is_naive for member in plan_of([800] * 3, 6, 24, 168)[0].plan.members if member.name in naive)
    yardsticks = {member.name for member in plan_of([800] * 3, 6, 24, 168)[0].plan.members if member.is_yardstick}
    assert yardsticks == {"Naive", "Mean", "Drift", *naive}  # the report compares with those that are combined too
    assert "DynamicOptimizedTheta" not in hourly
    short = plan_of([160] * 3, 6, 24, 168)[0].plan  # without a whole week
    assert "DynamicOptimizedTheta" in members(short)
    assert not {"MSTL", "Longer seasonal naive"} & members(short).keys()
    assert not {"Seasonal naive", "AutoETS"} & yearly.keys()


def test_statistical_models_see_the_last_values_of_long_series():
    known = {length: members(plan_of([length], 48, 48, 336)[0].plan)["MSTL"].last for length in (900, 10_000)}
    assert known == {900: None, 10_000: 4 * 336}


def test_demand_that_is_mostly_zero_has_members_for_it():
    values = np.where(np.arange(60) % 3, 0.0, 5.0)
    (tier,) = tiers_of({"part": values}, 6, 12)
    assert {"CrostonSBA", "ADIDA", "TSB"} <= members(tier.plan).keys()
