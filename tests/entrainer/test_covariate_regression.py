"""`CovariateRegression`: a local model that sees covariates in the store."""

import numpy as np
import pytest

import entrainer
from enstorage import Connector, DataSet, DataSource, Panel, Project, write_all
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError
from entrainer.local import CovariateRegression, LocalSpec
from entrainer.testing import LocalContract

DAYS = np.arange("2023-01-01", "2023-06-01", dtype="datetime64[D]")


class TestRegression(LocalContract):
    """Without covariates it is a regression on its own values, and needs no store."""

    def make_model(self) -> LocalSpec:
        return CovariateRegression({"id": 1, "name": "Sales"}, season=6)


@pytest.fixture
def shops(tmp_path):
    """Sales that follow the price and yesterday's weather; 14 days of prices are known ahead."""
    Connector.in_folder(tmp_path / "store")
    random, n = np.random.default_rng(0), len(DAYS)
    future = np.arange(DAYS[-1] + 1, DAYS[-1] + 15, dtype="datetime64[D]")
    all_days = np.concatenate([DAYS, future])
    points = {}
    for name in ("Bern", "Oslo"):
        price, rain = random.normal(10, 1, n + 14), random.normal(0, 1, n)
        sales = 100 - 8 * (price[:n] - 10) + 5 * np.append(0, rain[:-1]) + random.normal(0, 1, n)
        points[name] = sales, price, rain
    panels = {}
    for place, (panel, days) in enumerate((("Sales", DAYS), ("price", all_days), ("rain", DAYS))):
        made = panels[panel] = Panel(name=panel)
        sources = {name: DataSource(name=f"{panel} {name}", time_interval="1d") for name in points}
        write_all(sources.values(), [(days, each[place]) for each in points.values()])
        made.add_all(sources)
    return panels, points


def reference(panel):
    return {"id": panel.id, "name": panel.name}


def trained(panels, **covariates):
    project = Project(name="Shops", panel=panels["Sales"]).save()
    data = DataSet.from_preparations(
        panels["Sales"].create_preparations("linear", train_part=1.0), Window(1, horizon=7)
    )
    spec = CovariateRegression(reference(panels["Sales"]), **covariates)
    model = project.create_research("Local").create_model("regression", spec)
    model.data_set(data)
    entrainer.fit(model, progress=False)
    return model


def test_prices_that_are_known_ahead_move_the_forecast(shops):
    panels, points = shops
    model = trained(panels, known={"price": reference(panels["price"])})
    ahead = panels["Sales"].with_keys(entrainer.forecast(model, 14))
    for name, (_, price, _) in points.items():
        found = ahead.filter(key=name)["value"].to_numpy()
        expected = 100 - 8 * (price[len(DAYS) :] - 10)
        # The steps 1 to 7 are direct; later ones see forecasts.
        assert np.abs(found[:7] - expected[:7]).mean() < 3
        assert np.corrcoef(found, expected)[0, 1] > 0.9


def test_what_is_known_up_to_now_helps_the_next_step_alone(shops):
    panels, points = shops
    model = trained(panels, past={"rain": reference(panels["rain"])})
    entrainer.backtest(model, folds=2, progress=False)
    ahead = panels["Sales"].with_keys(entrainer.forecast(model, 1))
    plain = panels["Sales"].with_keys(entrainer.forecast(trained(panels), 1))
    moved = {name: ahead.filter(key=name)["value"][0] - plain.filter(key=name)["value"][0] for name in points}
    for name, (_, _, rain) in points.items():
        assert moved[name] == pytest.approx(5 * rain[-1], abs=6)


def test_a_covariate_of_one_source_is_that_of_all_series(shops):
    panels, _ = shops
    common = Panel(name="holiday")
    source = DataSource(name="holiday", time_interval="1d")
    write_all([source], [(DAYS, (np.arange(len(DAYS)) % 5 == 0).astype(float))])
    common.add("holiday", source)
    model = trained(panels, known={"holiday": reference(common)})
    with pytest.warns(UserWarning, match=r"holiday is not known at the last 7 times, and its last value is kept"):
        assert np.isfinite(entrainer.forecast(model, 7)["value"].to_numpy()).all()


def test_a_series_without_the_covariate_is_forecast_and_it_is_told(shops):
    panels, _ = shops
    panels["price"].remove("Oslo")
    lone = Panel(name="other")
    sources = {key: DataSource(name=key, time_interval="1d") for key in ("Bern", "Rome")}
    write_all(sources.values(), [(DAYS, np.arange(len(DAYS))) for _ in sources])
    lone.add_all(sources)
    model = trained(panels, past={"other": reference(lone)})
    with pytest.warns(UserWarning, match="other has no values for it"):
        assert entrainer.forecast(model, 7).height == 14


def test_another_store_is_refused(shops):
    panels, _ = shops
    model = trained(panels, known={"price": reference(panels["price"])})
    panels["price"].name = "cost"
    panels["price"].save()
    with pytest.raises(InvalidInputError, match=r"'price'; in this store it is 'cost'"):
        entrainer.forecast(model, 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"panel": 3}, "the id and name of a panel"),
        ({"known": {"price": 3}}, "the id and name of a panel"),
        ({"learner": "forest"}, "one of: ridge, boosting"),
        ({"season": 0}, "season"),
    ],
)
def test_wrong_parameters_are_refused(options, message):
    with pytest.raises(InvalidInputError, match=message):
        CovariateRegression(**{"panel": {"id": 1, "name": "a"}} | options)
