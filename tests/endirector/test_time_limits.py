"""A time limit is kept: slow members are stopped, and what comes after the members has its time."""

import subprocess
import sys
import time
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from typing import ClassVar

import numpy as np
import polars as pl
import pytest

import endirector
from endirector.forecaster import time_limit
from endirector.forecaster.autoforecast import limit_shares
from endirector.forecaster.plan import tiers_of
from endirector.forecaster.time_limit import MemberWatch, TimeLimit
from enmyadmin.forecaster import command
from enmyadmin.forecaster.command import _seconds
from enstorage import progress
from enstorage.errors import CancelledError, NotFoundError
from enstorage.plugins import entry_points
from enstorage.progress import checkpoint, listening
from entrainer.local import LocalForecast, LocalSpec, Naive, PooledAutoregression, Statistical
from entrainer.local.covariates.regression import boosted

MONTHS = pl.date_range(pl.date(2018, 1, 1), pl.date(2021, 12, 1), "1mo", eager=True)


@dataclass(frozen=True)
class Slow(LocalSpec):
    """The last value, after a while; it can be stopped after each tenth of a second."""

    name: ClassVar[str] = "slow-of-test"
    gives_quantiles = False

    seconds: float = 0.1

    def forecast(self, histories, horizon, quantiles=()):
        for _ in range(round(self.seconds * 10)):
            checkpoint()
            time.sleep(0.1)
        return LocalForecast(Naive().forecast(histories, horizon).values)


@pytest.fixture
def with_slow(monkeypatch):
    point = EntryPoint(Slow.name, f"{__name__}:Slow", "enstorage.networks")
    ours = {**entry_points._ours(), (point.group, point.name): point}
    monkeypatch.setattr(entry_points, "_ours", lambda: ours)


def table(count, rows=48):
    random = np.random.default_rng(0)
    return pl.concat(
        pl.DataFrame({"shop": f"s{place}", "month": MONTHS[-rows:], "units": 50 + random.normal(size=rows)})
        for place in range(count)
    )


def stopped(forecast):
    return [remark.split(" was ")[0] for remark in forecast.remarks if "stopped by the time limit" in remark]


@pytest.mark.usefixtures("with_slow")
@pytest.mark.long  # it waits for members that take seconds
def test_members_that_cannot_be_finished_are_stopped_early_and_others_take_their_place():
    slow = {"Endless": Slow(600.0), "Quick": Slow(0.1)}
    started = time.monotonic()
    forecast = endirector.autoforecast(table(3), 3, season=1, members=slow, time_limit=30.0, progress=False)
    assert time.monotonic() - started < 30 * 1.1
    assert stopped(forecast) == ["Endless"]
    assert "Quick" in forecast.leaderboard["name"].to_list()


@pytest.mark.usefixtures("with_slow")
@pytest.mark.long  # it waits for members that take seconds
def test_the_forecasts_of_slow_members_past_the_end_have_their_time():
    # 1 s to train, 1 s for each of the four origins, 1 s past the end: three of them are too many for 15 s.
    slow = {"First": Slow(1.0), "Second": Slow(1.0), "Third": Slow(1.0)}
    started = time.monotonic()
    forecast = endirector.autoforecast(table(3), 3, season=1, members=slow, time_limit=15.0, progress=False)
    assert time.monotonic() - started < 15 * 1.1
    assert "Third" not in forecast.leaderboard["name"].to_list()


def test_a_member_is_stopped_when_judging_it_and_its_forecasts_would_take_too_long():
    limit = TimeLimit(3.0)  # of which 0.3 s are for all that comes after the members
    seen = []
    with limit.within(lambda *place: seen.append(place), "Training", 1, 4) as watch:
        assert not watch("", 0, 1)
        time.sleep(0.5)
        assert not watch("", 0, 1)  # 2.2 s are left, 1 s is needed
        time.sleep(0.6)
        assert watch("", 0, 1)  # 1.6 s and 2.2 s
        raise CancelledError("as a listener does")
    assert seen == [("Training", 1, 4)] * 3
    with limit.within(lambda *_: None, "Training", 1, 4) as watch:
        time.sleep(0.2)
        watch.trained()
        assert not watch("", 0, 1)
        limit.first_took(1.4, series=3)  # 1.7 s for what comes after the members: nothing is left
        assert watch("", 0, 1)


def test_the_first_member_is_never_stopped_and_others_are_when_the_caller_asks():
    limit = TimeLimit(1e-6)
    with limit.within(lambda *_: None, "Training", 0, 4) as watch:
        assert not watch("", 0, 1)
    watch = MemberWatch(TimeLimit(None), lambda *_: None, "Training", 1, 4)
    assert not watch("", 0, 1)
    unlimited = TimeLimit(None).within(lambda *_: None, "Training", 1, 4)
    unlimited.__enter__()
    stopped = CancelledError("by the caller")
    assert not unlimited.__exit__(CancelledError, stopped, None)  # it is passed on


def test_the_time_of_a_process_is_that_of_the_clock():
    assert command._since_start() >= time.process_time()
    began = command._since_start()
    time.sleep(0.3)
    assert command._since_start() - began > 0.25


def test_the_time_until_a_command_begins_counts(monkeypatch):
    monkeypatch.setattr(command, "_since_start", lambda: 2.0)
    assert _seconds("1m") == 58
    assert 0 < _seconds("1s") < 1


class Clock:
    """The clock and the processor time of a process that gets a part of a processor."""

    def __init__(self, share):
        self.share, self.now = share, 100.0

    def monotonic(self):
        return self.now

    def process_time(self):
        return self.now * self.share


@pytest.fixture
def clock(monkeypatch):
    def of(share):
        found = Clock(share)
        monkeypatch.setattr(time_limit, "time", found)
        return found

    return of


def test_on_a_busy_machine_all_that_cannot_be_stopped_has_more_time(clock):
    for share, pace in ((1.0, 1.0), (0.2, 6.0)):  # 5 times as long until now, and it may become worse
        now = clock(share)
        limit = TimeLimit(100.0)
        now.now += 40.0  # 60 s are left, of which 10 s are for what comes after the members
        assert limit.left() == pytest.approx(50)
        assert limit.allows(50 / pace - 0.1)
        assert not limit.allows(50 / pace + 0.1)
        limit.keep_for_report(series=100)
        assert limit.left() == pytest.approx(50 - 2.9 * pace)
        part = limit.part(1.0)
        part.first_took(1.0, series=500)
        assert part.left() == pytest.approx(60 - 2.9 * pace - 1.2 - 6.0 * pace)
        part.keep_for_member()
        assert part.left() == pytest.approx(60 - 2.9 * pace - 1.3 - 6.0 * pace)
        assert not TimeLimit(30.0, limit).is_too_short(1000, storing=1.0) if share == 1.0 else True
    assert TimeLimit(30.0, limit).is_too_short(1000, storing=1.0)  # 20 s of the processor, and 6 times as much here


def test_a_member_whose_library_there_is_no_time_to_load_is_left_out(monkeypatch):
    monkeypatch.setattr(Statistical, "seconds_to_load", 1e6)
    forecast = endirector.autoforecast(table(1), 3, season=1, time_limit=600.0, progress=False)
    names = forecast.leaderboard["name"].to_list()
    assert "Autoregression" in names
    assert "AutoCES" not in names
    assert "AutoCES was not trained: the time limit." in forecast.remarks


def test_forecasts_past_the_end_are_made_within_the_time_of_a_member_and_once(monkeypatch):
    made = []
    forecast = PooledAutoregression.forecast
    monkeypatch.setattr(
        PooledAutoregression,
        "forecast",
        lambda self, known, horizon, quantiles=(): (made.append(len(known.end)), forecast(self, known, horizon))[1],
    )
    boards = []

    def watch(board):
        boards.append([len(made), [member["name"] for member in board["members"]]])

    found = endirector.autoforecast(table(3), 3, season=1, time_limit=600.0, watch=watch, progress=False)
    assert found.groups[0].ensemble is not None
    finished = next(count for count, names in boards if "Autoregression" in names)
    assert made[finished - 1] == 3  # an origin for each series: the end
    assert len(made) == finished


def test_networks_and_plots_are_loaded_only_where_they_are_used():
    loaded = "import sys, endirector; endirector.autoforecast; print({'jax', 'keras', 'matplotlib'} & {*sys.modules})"
    ran = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "set()"


def test_groups_of_series_share_the_time_and_ctrl_c_ends_all():
    long, short = (np.arange(float(count)) for count in (60, 2))
    tiers = [
        *tiers_of({"a": long, "b": short}, 3, 1),
        *tiers_of(dict.fromkeys("cde", long), 3, 1),
    ]
    assert limit_shares(tiers) == [0.25, 1.0, 1.0]
    whole = TimeLimit(100.0)
    first, second = whole.part(0.25), whole.part(1.0)
    assert 20 < first.left() < 25 < 80 < second.left() < 100
    first.end("Ctrl-C")
    assert whole.part(1.0).left() <= 0
    assert whole.part(1.0).reason == "Ctrl-C"
    assert TimeLimit(None).part(0.5).left() == float("inf")


def test_many_series_in_no_time_keep_their_last_value():
    shops = table(60, rows=20)
    started = time.monotonic()
    forecast = endirector.autoforecast(shops, 3, season=1, time_limit=0.01, progress=False)
    taken = time.monotonic() - started
    last = shops.group_by("shop", maintain_order=True).agg(pl.col("units").last())["units"].to_list()
    found = forecast.table.group_by("series", maintain_order=True).agg("value")["value"].to_list()
    assert found == [[value] * 3 for value in last]
    assert "The time limit leaves no time for a model of 60 series: the last value is kept for each step, without" in (
        " ".join(forecast.remarks)
    )
    assert taken < 10
    with pytest.raises(NotFoundError, match="or the time limit was"):
        forecast.ensemble  # noqa: B018 - reading it is refused


def test_members_of_an_ensemble_are_asked_for_quantiles_only_where_residuals_are_too_few(monkeypatch):
    asked = []
    forecast = Naive.forecast
    monkeypatch.setattr(
        Naive,
        "forecast",
        lambda self, known, horizon, quantiles=(): (asked.append(quantiles), forecast(self, known, horizon, quantiles))[
            1
        ],
    )
    endirector.autoforecast(table(12), 3, season=1, time_limit=1e-6, progress=False)
    assert set(asked) == {()}
    asked.clear()
    endirector.autoforecast(table(1, rows=7), 3, season=1, time_limit=1e-6, progress=False)
    assert asked[-1] == (0.025, 0.1, 0.9, 0.975)


def test_boosting_comes_last_and_can_be_stopped_between_its_trees():
    random = np.random.default_rng(0)
    X, y = random.normal(size=(4000, 20)), random.normal(size=4000)
    started = time.monotonic()
    whole = boosted(X, y)
    taken, seen = time.monotonic() - started, []

    def stop(*_):
        seen.append(time.monotonic())
        return len(seen) > 3

    started = time.monotonic()
    with listening(stop) as report:
        report("Training", 0, 1)
        with pytest.raises(CancelledError):
            boosted(X, y)
    assert len(seen) == 4
    assert whole.n_iter_ == 200
    assert time.monotonic() - started < taken

    days = pl.date_range(pl.date(2018, 1, 1), pl.date(2021, 6, 1), "1d", eager=True)
    table = pl.DataFrame(
        {"day": days, "sales": random.normal(50, 2, len(days)), "price": random.normal(size=len(days))}
    )
    forecast = endirector.autoforecast(table, 3, value="sales", past="price", time_limit=1e-6, progress=False)
    names = [member.name for member in forecast.groups[0].tier.plan.members]
    assert names[-1] == "Boosting on covariates"
    assert names.index("Regression on covariates") < names.index("Autoregression")


def test_of_yardsticks_alone_the_best_is_taken_and_not_the_mean_of_all(monkeypatch):
    monkeypatch.setattr(progress, "INTERVAL_SECONDS", 0.0)  # every report comes
    months = np.arange(48)
    seasonal = pl.DataFrame({"month": MONTHS, "units": 100 + 6 * np.sin(months * np.pi / 6)})
    with_noise = seasonal.with_columns(pl.col("units") + np.random.default_rng(0).normal(0, 2, 48))
    calls = []

    def end(what, _done, _total):
        if what == "Training Drift" and not calls:
            calls.append(what)
            raise KeyboardInterrupt

    forecast = endirector.autoforecast(with_noise, 6, season=12, levels=(), progress=end)
    board = forecast.leaderboard
    assert set(board["name"]) == {"Naive", "Mean", "Seasonal naive", "ensemble"}
    errors = dict(board.select("name", "mase").rows())
    assert errors["ensemble"] == pytest.approx(errors["Seasonal naive"])
