"""Scenarios of monitoring: drift, quality on truths that come later, leaks, staleness, feedback."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from sqlalchemy import select

from enorchestrator import (
    Dispatcher,
    aliases_of,
    change_registered,
    close_alert,
    evaluate,
    give_feedback,
    issue_forecasts,
    leaking_steps,
    list_alerts,
    list_feedback,
    list_observations,
    monitor,
    promote,
    register,
    submit,
)
from enorchestrator.dispatch.read import details
from enstorage import DataSource
from enstorage.errors import ConflictError, InvalidInputError, NotFoundError
from enstorage.ledger import Attempt, IssuedForecast, Run, RunEvent, RunStep
from released import MONTHS, load, make_ensemble, make_source

#: Half a year of windows: so that an alert comes in the two years after the release.
SETTINGS = {"rows": 12, "truths": 6, "patience": 10_000}


def fill():
    register("load", make_ensemble(make_source()), progress=False)
    promote("load", 1)


@pytest.fixture
def filled_with():
    return fill


@pytest.fixture
def source(store):
    return DataSource.get_list()[0]


def come(source, first, last, change=lambda values: values, issue=False):
    """Write the months of a period, changed; forecast each before, if asked for."""
    values = change(load()[first:last].copy())
    for place, month in enumerate(MONTHS[first:last]):
        if issue:
            issue_forecasts("load")
        if np.isfinite(values[place]):
            source.write(np.array([month], "datetime64[ns]"), values[place : place + 1])


def look(**more):
    return monitor("load", settings=SETTINGS, progress=False, **more)


def test_drift_over_several_windows_is_an_alert_that_proposes_to_train_again(store, source):
    come(source, 180, 192)
    assert (look().proposal, len(list_observations("load", kind="drift"))) == ("none", 1)
    come(source, 192, 204, lambda values: values + 40)
    assert look().proposal == "none", "one window is not enough"
    come(source, 204, 216, lambda values: values + 40)
    found = look()
    assert (found.proposal, [each.kind for each in found.alerts]) == ("retrain", ["drift"])
    (alert,) = found.alerts
    assert "The inputs of load have changed since 2021-01-01" in alert.message
    assert {"psi", "ks", "wasserstein"} <= set(alert.data["exceeded"])
    again = look()
    assert (again.observations, again.alerts) == (0, ()), "a window is observed once, an open alert is told once"
    assert len(list_observations("load", kind="drift")) == 3


def test_a_lone_spike_is_no_alert(store, source):
    def spike(values):
        values[5] += 500
        return values

    come(source, 180, 228, spike)
    assert look().alerts == ()


def test_what_passes_by_itself_closes_its_alert(store, source):
    come(source, 180, 204, lambda values: values + 40)
    assert [each.kind for each in look().alerts] == ["drift"]
    come(source, 204, 216)
    look()
    ((alert, name),) = list_alerts("load")
    assert (name, alert.closed_by) == ("load", "monitor")
    come(source, 216, 240, lambda values: values + 40)
    assert [each.kind for each in look().alerts] == ["drift"]
    closed = close_alert(list_alerts("load", only_open=True)[0][0].id, closed_by="anton")
    assert closed.closed_by == "anton"
    assert list_alerts("load", only_open=True) == []


@pytest.mark.parametrize("dead", ["still", "missing"])
def test_a_dead_sensor_is_told_as_that(store, source, dead):
    def stop(values):
        values[3:] = values[3] if dead == "still" else np.nan
        values[-1] = load()[0] if dead == "missing" else values[-1]
        return values

    come(source, 180, 204, stop)
    found = look()
    assert ([each.kind for each in found.alerts], found.proposal) == (["sensor"], "look")


def test_truths_that_come_later_show_worse_forecasts(store, source):
    come(source, 180, 192, issue=True)
    found = look()
    assert [each.kind for each in found.alerts] == []
    assert [each.exceeded for each in list_observations("load", kind="quality")] == [False, False]
    come(source, 192, 204, lambda values: values + 40, issue=True)
    found = look()
    assert {each.kind: each.proposal for each in found.alerts} == {"quality": "retrain"}
    (alert,) = found.alerts
    assert alert.data["statistics"]["error"] > alert.data["statistics"]["limit"] > alert.data["statistics"]["released"]


def release_worse(source):
    """A second version, worse than the first one, gets into production by gates that ask for nothing."""
    change_registered("load", gates={"challenge": "none", "regression": None})
    evaluate("load", 1, progress=False)
    register("load", make_ensemble(source, "worse", alpha=3000.0), progress=False)
    promote("load", 2)


@pytest.mark.parametrize("allowed", [False, True])
def test_a_worse_version_is_rolled_back_if_that_is_allowed(store, source, allowed):
    release_worse(source)
    come(source, 180, 192, lambda values: 100 + 1.6 * (values - 100), issue=True)
    found = look(may_roll_back=allowed)
    assert [(each.kind, each.proposal) for each in found.alerts] == [("quality", "rollback")]
    assert "Version 1 would have had" in found.alerts[0].message
    assert found.rolled_back_to == (1 if allowed else None)
    assert aliases_of("load")["production"] == (1 if allowed else 2)


def test_a_source_that_sends_nothing_is_stale(store, source):
    patient = {"patience": 3}
    last = datetime(2019, 12, 1, tzinfo=UTC)
    assert monitor("load", settings=patient, at=last + timedelta(days=100), progress=False).alerts == ()
    found = monitor("load", settings=patient, at=last + timedelta(days=200), progress=False)
    assert ([each.kind for each in found.alerts], found.proposal) == (["staleness"], "load")
    assert "Load has no value after 2019-12-01" in found.alerts[0].message
    come(source, 180, 186)
    assert monitor("load", settings=patient, at=last + timedelta(days=201), progress=False).alerts == ()
    assert list_alerts("load", only_open=True) == []


@pytest.mark.parametrize(("grows", "told"), [(40, True), (0, False)])
def test_a_step_whose_memory_grows_from_run_to_run_is_named(store, grows, told):
    random = np.random.default_rng(1)
    with store.transaction() as session:
        for number in range(12):
            run = Run(
                kind="pipeline", pipeline_id=1, title="nightly", state="succeeded", arguments={}, trace_id="0" * 32
            )
            session.add(run)
            session.flush()
            for name in ("leaking", "steady"):
                step = RunStep(run_id=run.id, name=name, kind="gc", state="succeeded", arguments={})
                session.add(step)
                session.flush()
                peak = 300e6 + random.normal(0, 10e6) + (grows * number * 1e6 if name == "leaking" else 0)
                about = {"fence": 1, "executor": "local", "exit_reason": "succeeded", "peak_bytes": int(peak)}
                session.add(Attempt(step_id=step.id, **about))
    found = leaking_steps()
    assert [each.step for each in found] == (["leaking"] if told else [])
    if told:
        assert "The memory of the step leaking of nightly grew from" in found[0].message


def test_an_alert_of_a_run_is_an_event_that_notifications_tell(store, source):
    come(source, 180, 204, lambda values: values + 40)
    with Dispatcher(store, workers=1):
        run = submit("monitor", {"name": "load", "settings": SETTINGS}, created_by="anton")
        end = datetime.now(UTC) + timedelta(seconds=120)
        while details(run.id).run.state not in ("succeeded", "failed"):
            assert datetime.now(UTC) < end
    with store.database.reading() as session:
        own = RunEvent.run_id == run.id, RunEvent.kind == "alert"
        (event,) = session.scalars(select(RunEvent).where(*own)).all()
    assert event.data["what"] == "drift"
    assert details(run.id).run.result["proposal"] == "retrain"


def test_feedback_is_taken_once_and_counts_as_truth(store, source):
    issue_forecasts("load", 3)
    rows = [{"time": "2020-01-01", "value": 101.5}, {"time": "2020-02-15", "verdict": "bad", "remark": "far too low"}]
    assert give_feedback("load", rows, given_by="vera") == {"new": 2, "known": 0, "changed": 0}
    assert give_feedback("load", rows, given_by="vera") == {"new": 0, "known": 2, "changed": 0}
    assert give_feedback("load", [rows[1] | {"verdict": "good"}], given_by="vera")["changed"] == 1
    kept = {each.kind: each for each in list_feedback("load")}
    assert (kept["truth"].value, kept["verdict"].verdict) == (101.5, "good")
    with pytest.raises(ConflictError, match=r"known as 101\.5, from vera; received 99"):
        give_feedback("load", [{"time": "2020-01-01", "value": 99}], given_by="anton")


def test_what_people_call_bad_is_an_alert_that_proposes_to_train_again(store, source):
    come(source, 180, 196, issue=True)
    months = [str(month)[:10] for month in MONTHS[180:196].astype("datetime64[D]")]
    give_feedback("load", [{"time": month, "verdict": "good"} for month in months[:8]], given_by="vera")
    give_feedback("load", [{"time": month, "verdict": "bad"} for month in months[8:15]], given_by="vera")
    assert look().proposal == "none"  # seven are no window
    give_feedback("load", [{"time": months[8], "verdict": "good"}], given_by="anton")  # it is half bad now
    give_feedback("load", [{"time": months[15], "verdict": "wrong"}], given_by="anton")
    found = look()
    assert {each.kind: each.proposal for each in found.alerts} == {"verdict": "retrain"}
    assert (
        found.alerts[0].message
        == "People call the forecasts of load bad: 94% of the last 8 targets of Load that they judged."
    )
    assert [each.statistics["bad"] for each in list_observations("load", kind="verdict")] == [7.5 / 8, 0.0]
    assert look().alerts == ()


@pytest.mark.parametrize(
    ("row", "error", "message"),
    [
        ({"time": "2031-01-01", "value": 1}, NotFoundError, "no forecast of 2031-01-01"),
        ({"series": 77, "time": "2020-01-01", "value": 1}, NotFoundError, "series 77"),
        ({"time": "2020-01-01"}, InvalidInputError, "either a value or a verdict"),
        ({"time": "2020-01-01", "value": float("nan")}, InvalidInputError, "finite"),
        ({"time": "2020-01-01", "verdict": "ugly"}, InvalidInputError, "verdict"),
        ({"time": "yesterday", "value": 1}, InvalidInputError, "yesterday"),
    ],
)
def test_feedback_on_what_was_not_forecast_changes_nothing(store, source, row, error, message):
    issue_forecasts("load", 2)
    with pytest.raises(error, match=message):
        give_feedback("load", [{"time": "2020-01-01", "value": 5}, row], given_by="vera")
    assert list_feedback("load") == []


def test_a_forecast_that_was_issued_stays_as_it_was(store, source):
    issue_forecasts("load", 2)
    issue_forecasts("load", 2)
    come(source, 180, 181)
    issue_forecasts("load", 2)
    with store.database.reading() as session:
        kept = session.scalars(select(IssuedForecast).order_by(IssuedForecast.target, IssuedForecast.step)).all()
    assert [(each.step) for each in kept] == [1, 1, 2, 2]
    assert len({each.target for each in kept}) == 3


def test_settings_that_cannot_be_used_are_refused(store):
    with pytest.raises(InvalidInputError, match="windows"):
        monitor("load", settings={"windows": 0}, progress=False)
    with pytest.raises(NotFoundError):
        monitor("wind", progress=False)
