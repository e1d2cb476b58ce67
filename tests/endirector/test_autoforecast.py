"""`autoforecast`: a table goes in, forecasts of every series come out, and the steps by hand give the same."""

import json

import numpy as np
import polars as pl
import pytest

import endirector
from commands import run_command
from endirector.forecaster.seasonality import is_seasonal, share_of_seasonal
from enstorage import Connector, Model, progress
from enstorage.errors import CancelledError, InvalidInputError, NotFoundError

HORIZON = 6
MONTHS = pl.date_range(pl.date(2018, 1, 1), pl.date(2021, 12, 1), "1mo", eager=True)


def shop(name, values):
    """The last months of a shop."""
    return pl.DataFrame({"shop": name, "month": MONTHS[-len(values) :], "units": np.asarray(values, float)})


@pytest.fixture(scope="module")
def table():
    t, random = np.arange(len(MONTHS)), np.random.default_rng(0)
    return pl.concat(
        [
            shop("seasonal", 100 + 20 * np.sin(t * np.pi / 6) + random.normal(0, 2, len(t))),
            shop("growing", 50 + t + random.normal(0, 3, len(t))),
            shop("constant", np.full(len(t), 7.0)),
            shop("young", np.arange(10.0) + 5),
            shop("new", [3.0]),
        ]
    )


@pytest.fixture(scope="module")
def made(table, tmp_path_factory):
    connector = Connector.in_folder(tmp_path_factory.mktemp("auto") / "store")
    return endirector.autoforecast(table, HORIZON, name="Shops", connector=connector, progress=False), connector


def points(forecast):
    return forecast.table.filter(pl.col("quantile").is_null())


def test_every_series_has_every_step_in_the_order_of_the_table(made):
    forecast, _ = made
    found = points(forecast).group_by("series", maintain_order=True).agg("step", "time", "value")
    assert found["series"].to_list() == ["seasonal", "growing", "constant", "young", "new"]
    assert found["step"].to_list() == [[1, 2, 3, 4, 5, 6]] * 5
    assert found["time"].to_list() == [[f"2022-0{month}-01T00:00:00Z" for month in range(1, 7)]] * 5
    assert np.isfinite(np.array(found["value"].to_list())).all()


def test_the_forecasts_are_what_one_would_expect(made):
    found = dict(points(made[0]).group_by("series").agg("value").rows())
    season = 100 + 20 * np.sin(np.arange(48, 54) * np.pi / 6)
    assert np.abs(np.array(found["seasonal"]) - season).mean() < 4
    assert np.abs(np.array(found["growing"]) - (98 + np.arange(6))).mean() < 5
    assert found["constant"] == pytest.approx([7.0] * 6, abs=0.5)
    assert found["new"] == [3.0] * 6


def test_every_step_of_a_series_with_a_model_has_nested_intervals(made):
    wide = made[0].table.filter(pl.col("series") != "new").pivot("quantile", index=["series", "step"], values="value")
    assert wide.height == 4 * HORIZON
    ends = wide.select("0.025", "0.1", "null", "0.9", "0.975").to_numpy()
    assert np.isfinite(ends).all()
    assert (np.diff(ends[:, [0, 1]], axis=1) >= 0).all()
    assert (np.diff(ends[:, [3, 4]], axis=1) >= 0).all()


def test_what_was_found_and_chosen_is_told(made):
    forecast, _ = made
    assert any(remark.startswith("Season: 12 buckets") for remark in forecast.remarks)
    assert any("1 series is too short for a model at horizon 6" in remark for remark in forecast.remarks)
    assert [(group.tier.name, len(group.tier.keys)) for group in forecast.groups] == [
        ("long", 4),
        ("tiny", 1),
    ]


def test_the_ensemble_is_stored_with_its_lineage_and_verifies(made):
    forecast, connector = made
    assert forecast.ensemble.mark() in {"out-of-fold", "held-out"}  # the second: a mean or median, which fits nothing
    assert endirector.Conductor(forecast.ensemble).verify()
    assert forecast.leaderboard.filter(group="long")["mase"].is_sorted()
    assert {"Naive", "AutoETS", "Seasonal naive"} <= {model.name for model in Model.get_list(connector=connector)}


def test_the_same_steps_by_hand_give_the_same_numbers(made, capsys):
    forecast, connector = made
    program = forecast.code().split("\n\n\n")[0]
    known = {}
    with connector:
        exec(compile(program, "forecast.py", "exec"), known)
    by_hand = forecast.panel.with_keys(known["forecast"]).select("key", "step", "quantile", "value")
    ours = forecast.table.filter(pl.col("series").is_in(known["keys"])).select("series", "step", "quantile", "value")
    joined = ours.join(
        by_hand, left_on=["series", "step", "quantile"], right_on=["key", "step", "quantile"], nulls_equal=True
    )
    assert joined.height == ours.height == 4 * HORIZON * 5
    assert joined["value"].to_numpy() == pytest.approx(joined["value_right"].to_numpy(), rel=1e-9)


def test_a_short_time_limit_leaves_members_out_and_says_so(table, tmp_path):
    forecast = endirector.autoforecast(
        table, HORIZON, time_limit=0.01, connector=Connector.in_folder(tmp_path), progress=False
    )
    assert points(forecast)["value"].is_not_null().all()
    assert points(forecast).height == 5 * HORIZON
    assert any("time limit" in remark for remark in forecast.remarks)


def test_a_series_alone_without_a_store(table):
    forecast = endirector.autoforecast(
        table.filter(pl.col("shop") == "growing").drop("shop"), 3, levels=(), time_limit=0.01, progress=False
    )
    assert forecast.table["step"].to_list() == [1, 2, 3]
    assert forecast.table["quantile"].is_null().all()


@pytest.mark.parametrize(
    "values", [np.full(48, 5.0), np.tile([1.0, 2, 3], 16), np.zeros(48)], ids=["equal", "periodic", "0"]
)
def test_a_series_without_a_scale_has_a_forecast_and_a_remark(values):
    forecast = endirector.autoforecast(shop("odd", values), 3, season=3, time_limit=0.01, progress=False)
    assert points(forecast).height == 3
    assert np.isfinite(points(forecast)["value"].to_numpy()).all()
    assert any("judged by the mean absolute error instead" in remark for remark in forecast.remarks)


def test_the_temporary_store_does_not_become_that_of_the_process(tmp_path):
    own = Connector.in_folder(tmp_path)
    forecast = endirector.autoforecast(shop("new", [3.0, 4.0]), 4, time_interval="1mo", progress=False)
    assert Connector.current() is own
    assert forecast.panel.connector is not own


def test_series_that_are_all_too_short_have_no_ensemble():
    forecast = endirector.autoforecast(shop("new", [3.0, 4.0]), 4, time_interval="1mo", progress=False)
    assert points(forecast)["value"].to_list() == [4.0] * 4
    with pytest.raises(NotFoundError, match="all series are too short for a model"):
        forecast.ensemble  # noqa: B018 - reading it is refused


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"horizon": 0}, "horizon"),
        ({"time_limit": 0}, "time_limit is 0; expected seconds above 0"),
        ({"levels": (1.5,)}, "between 0 and 1"),
        ({"metric": "f1"}, "f1"),
        ({"metric": "wql"}, "expected one of mse, .* rmsse"),
        ({"season": 0}, "season is 0; expected an integer from 1"),
    ],
)
def test_wrong_arguments_are_refused_at_once(table, tmp_path, options, message):
    connector = Connector.in_folder(tmp_path)
    with pytest.raises(InvalidInputError, match=message):
        endirector.autoforecast(table, **{"horizon": 3, "connector": connector, "progress": False} | options)
    assert not Model.get_list(connector=connector)


def test_it_can_be_stopped(table, tmp_path):
    calls = []

    def stop(what, done, total):
        calls.append((done, total))
        return what.startswith("Training AutoETS")

    with pytest.raises(CancelledError):
        endirector.autoforecast(table, HORIZON, connector=Connector.in_folder(tmp_path), progress=stop)
    assert calls == sorted(calls)
    assert {total for _, total in calls} == {calls[0][1]}


def test_ctrl_c_leaves_the_forecasts_of_the_finished_members(table, monkeypatch):
    monkeypatch.setattr(progress, "INTERVAL_SECONDS", 0.0)  # every report comes
    pressed = []

    def press(what, _done, _total):
        if what == "Training Drift" and not pressed:
            pressed.append(what)
            raise KeyboardInterrupt

    forecast = endirector.autoforecast(table, HORIZON, levels=(), progress=press)
    assert points(forecast)["value"].is_not_null().all()
    assert set(forecast.leaderboard["name"]) == {"Naive", "Mean", "Seasonal naive", "ensemble"}
    told = [remark for remark in forecast.remarks if "Ctrl-C" in remark]
    assert told[0] == "Drift was stopped by Ctrl-C: the finished members are combined."
    assert "AutoETS was not trained: Ctrl-C." in told


def test_the_command_writes_forecasts_report_and_program(table, tmp_path):
    table.filter(pl.col("shop").is_in(["growing", "seasonal"])).write_csv(tmp_path / "shops.csv")
    done = run_command(
        "autoforecast",
        tmp_path / "shops.csv",
        "--horizon",
        3,
        "--out",
        tmp_path / "out",
        "--time-limit",
        "1s",
        "--json",
    )
    assert done.status == 0, done.errors
    told = json.loads(done.output)
    assert len(told["forecasts"]) == pl.read_csv(tmp_path / "out" / "forecasts.csv").height
    assert "Season" in " ".join(told["remarks"])
    assert "<html" in (tmp_path / "out" / "report.html").read_text()
    assert "endirector.form(" in (tmp_path / "out" / "forecast.py").read_text()


def test_the_command_takes_the_columns_and_levels_as_one_would_write_them(tmp_path):
    two = pl.concat([shop("a", np.arange(12.0)), shop("b", [5.0, 7.0])]).with_columns(visitors=pl.lit(1.0))
    two.write_csv(tmp_path / "shops.csv")
    words = (
        "--horizon 2 --series shop --time month --value units --past visitors --levels 0.5,0.9 --time-limit 1s --quiet"
    )
    done = run_command("autoforecast", tmp_path / "shops.csv", *words.split(), "--output", tmp_path / "out")
    assert done.status == 0, done.errors
    assert done.errors == ""  # what there is to say stands among the remarks
    found = pl.read_csv(tmp_path / "out" / "forecasts.csv")
    assert set(found["series"]) == {"a", "b"}
    assert found["quantile"].drop_nulls().unique().sort().to_list() == [0.05, 0.25, 0.75, 0.95]
    refused = run_command("autoforecast", tmp_path / "shops.csv", "--horizon", 2, "--levels", "half")
    assert refused.status == 1
    assert "--level is a number between 0 and 1" in refused.errors


@pytest.mark.parametrize(
    ("time", "interval", "following"),
    [
        ("2015-01-01", "1d", "2015-01-02T00:00:00Z"),
        ("2015-01-01T13:00", "1h", "2015-01-01T14:00:00Z"),
        ("2015-01-01T13:30", "1m", "2015-01-01T13:31:00Z"),
    ],
)
def test_one_time_alone_is_a_day_or_as_fine_as_it_is_written(time, interval, following):
    forecast = endirector.autoforecast(pl.DataFrame({"time": [time], "value": [5.0]}), 1, progress=False)
    assert points(forecast).select("time", "value").rows() == [(following, 5.0)]
    assert f"steps of {interval} are taken" in " ".join(forecast.remarks)


def test_a_series_of_irregular_times_has_the_buckets_of_the_others(tmp_path):
    events = np.datetime64("2020-01-01", "ms") + np.sort(np.random.default_rng(2).integers(0, 60 * 10**9, 80)).astype(
        "m8[ms]"
    )
    odd = pl.DataFrame({"shop": "odd", "month": events, "units": np.arange(80.0)})
    usual = [shop(name, np.arange(40.0)).with_columns(pl.col("month").cast(odd["month"].dtype)) for name in "ab"]
    forecast = endirector.autoforecast(pl.concat([*usual, odd]), 2, time_limit=1e-6, progress=False)
    assert {len(set(own["time"])) for own in points(forecast).partition_by("series")} == {2}
    assert "The times of odd are irregular: the values of each bucket of 1mo, as others have" in " ".join(
        forecast.remarks
    )
    with pytest.raises(InvalidInputError, match="lie at no equal distance"):
        endirector.autoforecast(odd.drop("shop"), 2, progress=False)


def test_a_season_of_numbered_rows_is_found_in_their_values():
    t, random = np.arange(60), np.random.default_rng(1)
    wave = {key: 10 * (t % 4 == at) + random.normal(0, 1, 60) for at, key in enumerate("abc")}
    found = endirector.understand(pl.DataFrame({"": t + 1, **wave}))
    assert found.season == 4
    assert "found in 3 of 3 series" in found.season_reason
    noise = pl.DataFrame({"": t + 1, **{key: random.normal(0, 1, 60) for key in "abc"}})
    assert endirector.understand(noise).season == 1
    years = pl.DataFrame({"year": [f"{1900 + each}" for each in t], "value": wave["a"]})
    assert endirector.understand(years, time_unit="year").season == 1  # a year has none


def test_rows_that_are_numbered_need_no_times_beside_covariates():
    table = pl.DataFrame({"row": np.arange(1, 41), "units": np.arange(40.0), "rain": np.arange(40.0) % 3})
    found = endirector.understand(table, value="units", past="rain")
    assert {column.name: column.role for column in found.columns} == {"row": "time", "units": "value", "rain": "past"}
    with pytest.raises(InvalidInputError, match="time_unit"):
        endirector.understand(table, time="row", value="units", past="rain")  # as told, it may be anything


def test_a_series_without_any_value_is_named():
    table = pl.concat([shop("a", np.arange(12.0)), shop("none", [np.nan] * 5)])
    forecast = endirector.autoforecast(table, 2, time_limit=1e-6, progress=False)
    assert set(forecast.table["series"]) == {"a"}
    assert "1 series has no value, and so no forecast: none." in forecast.remarks


def test_values_that_are_all_equal_have_a_report(tmp_path):
    same = shop("same", np.full(30, 5.0)).drop("shop")
    forecast = endirector.autoforecast(same, 2, time_limit=1e-6, progress=False)
    assert set(points(forecast)["value"]) == {5.0}
    assert "How good is it?" in forecast.report(tmp_path / "report.html", progress=False).html


def test_the_command_refuses_a_folder_that_is_none_before_it_computes(tmp_path):
    (tmp_path / "out").write_text("mine")
    shop("new", [3.0, 4.0]).write_csv(tmp_path / "new.csv")
    done = run_command("autoforecast", tmp_path / "new.csv", "--horizon", 3, "--out", tmp_path / "out")
    assert done.status == 1
    assert "out" in done.errors
    assert (tmp_path / "out").read_text() == "mine"


def test_without_an_ensemble_there_is_no_program(tmp_path):
    shop("new", [3.0, 4.0]).write_csv(tmp_path / "new.csv")
    words = ("--horizon", 3, "--interval", "1mo", "--out", tmp_path / "out", "--quiet")
    done = run_command("autoforecast", tmp_path / "new.csv", *words)
    assert done.status == 0, done.errors
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["forecasts.csv", "report.html"]
    assert pl.read_csv(tmp_path / "out" / "forecasts.csv")["value"].to_list() == [4.0] * 3


def test_seasons_are_seen_in_values_that_have_them():
    random, t = np.random.default_rng(1), np.arange(72)
    season, noise, trend = np.sin(t * np.pi / 6) + random.normal(0, 0.2, 72), random.normal(size=72), 1.0 * t
    assert is_seasonal(season, 12) is True
    assert is_seasonal(np.where(t % 7 == 0, np.nan, season + trend), 12) is True
    assert is_seasonal(noise, 12) is False
    assert is_seasonal(trend[:30], 12) is None  # fewer than three seasons
    assert is_seasonal(np.ones(72), 12) is None
    assert share_of_seasonal([season, noise, trend[:30]], 12) == (1, 2)


def test_the_report_says_that_errors_on_train_rows_are_too_small(made):
    page = " ".join(endirector.report(made[0].ensemble, progress=False).html.split())
    assert "Members that were trained on these look better here than they are" in page
    assert "the errors on rows that no member was trained on stand under Selection" in page
