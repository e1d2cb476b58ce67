"""Candidates that the caller adds to those of `autoforecast`."""

import numpy as np
import polars as pl
import pytest

import endirector
from endirector import AutoForecast
from endirector.forecaster.members import with_members
from endirector.forecaster.plan import tiers_of
from enstorage import Connector
from enstorage.errors import InvalidInputError, NotFoundError
from entrainer.local import Statistical
from entrainer.networks import LSTM


def table(shops):
    months = pl.date_range(pl.date(2016, 1, 1), pl.date(2021, 12, 1), "1mo", eager=True)
    return pl.concat(pl.DataFrame({"shop": key, "month": months, "units": values}) for key, values in shops.items())


def test_further_members_are_trained_last_and_names_are_taken_once():
    values = np.random.default_rng(0).normal(size=72)
    (tier,) = with_members(
        tiers_of({"a": values}, 6, 12), {"Theta": Statistical("Theta"), "Naive": Statistical("Theta")}
    )
    assert (tier.plan.members[-1].name, tier.plan.members[-1].is_naive) == ("Theta", False)
    assert [member.name for member in tier.plan.members].count("Naive") == 1
    assert tier.plan.remarks[-1] == "Naive is the name of a usual member, and was not taken twice."


@pytest.mark.parametrize("other", ["lstm", LSTM(units=(2,))])
def test_what_is_no_local_model_is_refused_at_once(other):
    with pytest.raises(InvalidInputError, match=r"The member 'LSTM' is .*; expected a local model"):
        endirector.autoforecast(table({"a": np.arange(72.0)}), 3, members={"LSTM": other}, progress=False)


@pytest.mark.long
def test_a_further_member_is_judged_and_printed_as_code():
    random = np.random.default_rng(0)
    shops = {key: 50 + random.normal(size=72) for key in "ab"}
    forecast = endirector.autoforecast(table(shops), 6, members={"Theta": Statistical("Theta")}, progress=False)
    assert "Theta" in forecast.leaderboard["name"].to_list()
    assert "'Theta', Statistical(model='Theta'" in forecast.code()


@pytest.mark.long
def test_networks_over_all_series_are_candidates_that_one_asks_for(tmp_path):
    t, random = np.arange(60), np.random.default_rng(0)
    months = pl.date_range(pl.date(2017, 1, 1), pl.date(2021, 12, 1), "1mo", eager=True)
    table = pl.concat(
        pl.DataFrame({"shop": key, "month": months, "units": 50 + 9 * np.sin(t * np.pi / 6) + random.normal(size=60)})
        for key in "abcd"
    )
    connector = Connector.in_folder(tmp_path / "store")
    forecast = endirector.autoforecast(table, 6, networks="mlp", connector=connector, progress=False)
    board = forecast.leaderboard
    assert "MLP over all series" in board["name"].to_list()
    assert board.filter(name="MLP over all series")["mase"].item() < board.filter(name="Naive")["mase"].item()
    assert "from entrainer.pooled.network import PooledNetwork" in forecast.code()
    assert "from entrainer.networks.dense import MLP" in forecast.code()
    with connector:
        assert AutoForecast.open(forecast.panel).update(table, progress=False).table.height == forecast.table.height


@pytest.mark.parametrize("name", ["naive", "cnn", "no-such"])
def test_what_is_no_network_over_a_series_is_refused(name):
    with pytest.raises((InvalidInputError, NotFoundError)):
        endirector.autoforecast(
            pl.DataFrame({"time": ["2020-01-01"], "value": [1.0]}), 2, networks=[name], progress=False
        )
