"""Models of statsforecast as local models: equal values, odd series, and nothing seen that is not known yet."""

import lzma
import subprocess
import sys

import numpy as np
import polars as pl
import pytest

import enstorage
import entrainer
from enstorage.adapter import Window
from enstorage.errors import InvalidInputError, MissingLibraryError
from entrainer.local import Histories, Statistical
from entrainer.local.models_of_statsforecast import KINDS
from entrainer.testing import LocalContract

statsforecast = pytest.importorskip("statsforecast.models")

#: That take a second for each fit.
SLOW = {"AutoARIMA"}
FAST = sorted(KINDS.keys() - SLOW)
SEASON = 100 + 20 * np.sin(np.arange(90) * np.pi / 6) + np.random.default_rng(4).normal(size=90)


class TestAutoETS(LocalContract):
    def make_model(self):
        return Statistical("AutoETS", season=12, options={"damped": True})


class TestTSB(LocalContract):
    def make_model(self):
        return Statistical("TSB", options={"alpha_d": 0.3})


@pytest.mark.long
class TestMSTL(LocalContract):
    def make_model(self):
        return Statistical("MSTL", season=12)


@pytest.mark.long
class TestHoltWinters(LocalContract):
    def make_model(self):
        return Statistical("HoltWinters", season=12)


def at_the_end(*values, season=12):
    ends = [len(each) for each in values]
    return Histories.of(
        [np.asarray(each, float) for each in values], [season] * len(ends), ends, range(len(ends)), ends
    )


def theirs(name, season=12):
    own = {"season_length": season} if KINDS[name].is_seasonal else {}
    return getattr(statsforecast, name)(**own, **dict(KINDS[name].defaults))


@pytest.fixture(scope="module")
def monthly(test_data):
    """The first monthly series of M1 by their names: train values, and those of the last 18 months."""
    with lzma.open(test_data / "forecast/m1/M1.csv.xz") as file:
        table = pl.read_csv(file.read(), infer_schema_length=None)
    table = table.filter(pl.col("period") == "MONTHLY")
    train, test = (table.filter(pl.col("split") == part) for part in ("train", "test"))
    names = train["series"].unique(maintain_order=True)[:4].to_list()
    return {
        name: tuple(part.filter(pl.col("series") == name)["value"].to_numpy().astype(float) for part in (train, test))
        for name in names
    }


@pytest.mark.parametrize("name", [*FAST, *(pytest.param(each, marks=pytest.mark.long) for each in sorted(SLOW))])
def test_real_series_have_the_forecasts_of_statsforecast_called_directly(monthly, name):
    known = [train for train, _ in monthly.values()][: 1 if name in SLOW else None]
    levels = (0.1, 0.9) if KINDS[name].gives_quantiles else ()
    found = Statistical(name).forecast(at_the_end(*known), 18, levels)
    for place, values in enumerate(known):
        fitted = theirs(name).fit(values)
        expected = fitted.predict(h=18, **({"level": [80]} if levels else {}))
        np.testing.assert_array_equal(found.values[place], expected["mean"])
        if levels:
            np.testing.assert_array_equal(found.quantiles[0.1][place], expected["lo-80"])
            np.testing.assert_array_equal(found.quantiles[0.9][place], expected["hi-80"])
    assert found.remarks == {}


@pytest.mark.parametrize("name", ["AutoETS", "DynamicOptimizedTheta", "AutoCES", "CrostonSBA"])
def test_parameters_are_of_the_first_values_and_the_state_of_all_known(name):
    histories = Histories.of([SEASON], [12], [60], [0, 0, 0], [60, 75, 40])
    found = Statistical(name).forecast(histories, 6).values
    fitted = theirs(name).fit(SEASON[:60])
    np.testing.assert_array_equal(found[0], fitted.predict(h=6)["mean"])
    for place, known in ((1, 75), (2, 40)):
        seen = SEASON[:known]
        if hasattr(fitted, "forward"):
            expected = fitted.forward(y=seen, h=6)["mean"]
        if not hasattr(fitted, "forward") or np.abs(expected - seen[-1]).max() > 1.5 * np.ptp(seen):  # it ran away
            expected = theirs(name).fit(seen).predict(h=6)["mean"]
        np.testing.assert_array_equal(found[place], expected)


@pytest.mark.parametrize("name", FAST)
def test_no_series_is_lost(name):
    odd = {
        "constant": np.full(40, 5.0),
        "zeros": np.zeros(40),
        "one value": [3.0],
        "two values": [3.0, 4.0],
        "less than two seasons": SEASON[:20],
        "intermittent": np.where(np.arange(40) % 5 == 0, 4.0, 0.0),
        "negative": SEASON - 100,
        "huge": SEASON * 1e12,
    }
    found = Statistical(name).forecast(at_the_end(*odd.values()), 4)
    assert np.isfinite(found.values).all()
    if KINDS[name].is_seasonal:
        assert "fewer than two seasons of 12" in found.remarks[4] or "by its last value" in found.remarks[4]


def test_a_model_over_series_of_a_panel_is_one_record_in_source_units(store, monthly):
    panel = enstorage.Panel(name="M1").save()
    sources = {}
    for name, (train, _) in monthly.items():
        times = pl.date_range(pl.date(1980, 1, 1), pl.date(2020, 1, 1), "1mo", eager=True)[: len(train)]
        sources[name] = enstorage.DataSource(name=name, time_interval="1mo").save()
        sources[name].write(times.to_list(), train)
    panel.add_all(sources)
    preparations = panel.create_preparations("linear", "log1p+standard", train_part=0.7)
    pooled = enstorage.DataSet.from_preparations(preparations, Window(1, horizon=3))
    research = enstorage.Project(name="M1", panel=panel).save().create_research("local")
    model = research.create_model("ets", Statistical("AutoETS"))
    model.data_set(pooled)
    entrainer.fit(model, progress=False)
    entrainer.backtest(model, folds=2, progress=False)
    assert model.forecasts()["series"].n_unique() == len(sources)
    assert b'"model": "AutoETS"' in model.connector.objects.get(model.object_sha256)

    for name, source in sources.items():
        own = entrainer.forecast(model, 18, series=source).sort("step")["value"].to_numpy()
        np.testing.assert_array_equal(own, theirs("AutoETS").fit(monthly[name][0]).predict(h=18)["mean"])

    name, source = next(iter(sources.items()))
    values, rows = monthly[name][0], int(len(monthly[name][0]) * 0.7 + 0.5)
    own = model.forecasts("test").filter(pl.col("series") == source.id)
    first = own.sort("id").group_by("step").first().sort("step")["value"].to_numpy()
    np.testing.assert_array_equal(first, theirs("AutoETS").fit(values[:rows]).predict(h=3)["mean"])


@pytest.mark.long
def test_many_series_are_spread_over_processes_with_the_same_forecasts(monkeypatch):
    from entrainer.local import spread

    many = at_the_end(*(SEASON + shift for shift in range(6)))
    alone = Statistical("Theta").forecast(many, 3).values
    monkeypatch.setattr(spread, "_WORTH_SECONDS", 0.0)
    np.testing.assert_array_equal(Statistical("Theta").forecast(many, 3).values, alone)


def test_an_unknown_model_and_wrong_options_are_refused():
    with pytest.raises(
        InvalidInputError, match=r"model is 'AutoEts'; expected one of: ADIDA, AutoARIMA, AutoCES, AutoETS"
    ):
        Statistical("AutoEts")
    with pytest.raises(
        InvalidInputError, match=r"expected a dictionary with parameters of AutoETS: model, damped, phi"
    ):
        Statistical("AutoETS", options={"alias": "x"})
    with pytest.raises(InvalidInputError, match=r"expected a dictionary with parameters of ADIDA: it has none"):
        Statistical("ADIDA", options={"alpha": 1})
    with pytest.raises(InvalidInputError, match="season is 0"):
        Statistical("AutoETS", season=0)


def test_what_statsforecast_refuses_is_refused_before_anything_is_trained(store, sunspots):
    preparation = sunspots.create_snapshot().create_preparation(train_part=0.8)
    research = enstorage.Project(name="Sun", data_source=sunspots).save().create_research("local", preparation)
    wrong = research.create_model("wrong", Statistical("AutoETS", options={"model": "QQQ"}))
    croston = research.create_model("croston", Statistical("CrostonClassic"))
    for model in (wrong, croston):
        model.data_set(preparation.create_set(Window(1)))
    with pytest.raises(InvalidInputError, match=r"AutoETS of statsforecast cannot be fitted with the options"):
        entrainer.fit(wrong, progress=False)
    with pytest.raises(InvalidInputError, match="forecasts no quantiles"):
        entrainer.fit(croston, entrainer.Training(loss="pinball", quantiles=(0.1, 0.5, 0.9)), progress=False)
    assert wrong.object_sha256 is None


def test_without_the_library_the_message_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "statsforecast", None)
    with pytest.raises(MissingLibraryError, match=r'pip install "enstorage\[statistical\]"'):
        Statistical("AutoETS").check()


def test_importing_local_models_loads_no_statistical_library():
    code = "import sys, entrainer, entrainer.local; print({'statsforecast', 'pandas', 'joblib'} & sys.modules.keys())"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"


def test_a_model_of_several_seasons_has_those_that_the_series_has_twice():
    hours = np.arange(120)
    values = (
        50 + 10 * np.sin(hours * np.pi / 3) + 5 * np.sin(hours * np.pi / 12) + np.random.default_rng(1).normal(size=120)
    )
    two = Statistical("MSTL", season=(6, 24))
    long = two.forecast(at_the_end(values, season=6), 24).values[0]
    np.testing.assert_array_equal(long, statsforecast.MSTL(season_length=[6, 24]).fit(values).predict(h=24)["mean"])
    short = two.forecast(at_the_end(values[:40], season=6), 6).values[0]
    np.testing.assert_array_equal(short, statsforecast.MSTL(season_length=[6]).fit(values[:40]).predict(h=6)["mean"])
    assert Statistical.from_json(two.to_json()) == two


@pytest.mark.parametrize(("model", "season"), [("AutoETS", (6, 24)), ("MSTL", (24, 6)), ("MSTL", ()), ("MSTL", (6, 0))])
def test_several_seasons_ascend_and_are_of_models_that_take_them(model, season):
    with pytest.raises(InvalidInputError, match="season"):
        Statistical(model, season=season)


def test_few_values_are_forecast_by_a_model_that_does_not_search_for_seconds():
    values = SEASON[:9]
    found = Statistical("AutoCES").forecast(at_the_end(values, season=1), 3)
    np.testing.assert_array_equal(
        found.values, Statistical("DynamicOptimizedTheta").forecast(at_the_end(values, season=1), 3).values
    )
    assert found.remarks[0] == "It has 9 values, and AutoCES needs 12: forecast by DynamicOptimizedTheta."


def test_a_model_may_see_the_last_values_alone():
    values = np.concatenate([np.full(30, 500.0), SEASON])
    found = Statistical("AutoETS", season=1, last=len(SEASON)).forecast(at_the_end(values, season=1), 3)
    assert (
        found.values.tolist()
        == Statistical("AutoETS", season=1).forecast(at_the_end(SEASON, season=1), 3).values.tolist()
    )
    with pytest.raises(InvalidInputError, match="last is 2; expected an integer of at least 3"):
        Statistical("AutoETS", last=2)


def test_a_forecast_that_runs_away_gives_way_to_one_that_does_not(monkeypatch):
    def far(self, h, **_):
        return {"mean": np.full(h, 1e6)}

    monkeypatch.setattr(statsforecast.AutoCES, "predict", far)
    found = Statistical("AutoCES").forecast(at_the_end(SEASON, season=1), 3)
    theta = Statistical("DynamicOptimizedTheta").forecast(at_the_end(SEASON, season=1), 3)
    assert found.values.tolist() == theta.values.tolist()
    assert found.remarks[0].endswith("values: forecast by DynamicOptimizedTheta.")
