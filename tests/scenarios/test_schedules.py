"""Scenarios of the calendar: times, time zones, times that were missed, several schedulers."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from enorchestrator import (
    Dispatcher,
    PipelineDefinition,
    Scheduler,
    Timing,
    archive_pipeline,
    create_schedule,
    delete_schedule,
    list_schedules,
    pause_schedule,
    resume_schedule,
    save_pipeline,
)
from enorchestrator.dispatch.read import list_runs
from enorchestrator.scheduler.calendar import next_time
from enorchestrator.scheduler.schedules import fire_due
from enstorage.errors import ConflictError, InvalidInputError, NotFoundError
from enstorage.ledger import PipelineSchedule
from enstorage.ledger.base import now


@pytest.fixture
def nightly(store):
    save_pipeline(PipelineDefinition.read({"name": "nightly", "steps": {"sweep": {"kind": "gc"}}}))
    return create_schedule("each night", "nightly", "30 2 * * *")


def come(store, ago=timedelta(seconds=1)):
    """Have the times of all schedules come."""
    moment = now() - ago
    with store.transaction() as session:
        session.execute(update(PipelineSchedule).values(next_at=moment))
    return moment


@pytest.mark.parametrize(
    ("cron", "zone", "after", "expected"),
    [
        ("30 6 * * 1-5", "UTC", "2026-11-27T06:30:00+00:00", "2026-11-30T06:30:00+00:00"),
        ("0 9 1 * *", "Europe/Riga", "2026-03-15T00:00:00+00:00", "2026-04-01T06:00:00+00:00"),
        # At 02:30 of a night in which clocks go from 02:00 to 03:00 cron runs at 03:00.
        ("30 2 * * *", "Europe/London", "2026-03-28T12:00:00+00:00", "2026-03-29T01:30:00+00:00"),
        ("30 1 * * *", "Europe/London", "2026-03-28T12:00:00+00:00", "2026-03-29T01:00:00+00:00"),
        ("0 0 29 2 *", "UTC", "2026-01-01T00:00:00+00:00", "2028-02-29T00:00:00+00:00"),
    ],
)
def test_times_are_those_of_the_calendar_in_its_zone(cron, zone, after, expected):
    assert next_time(cron, zone, datetime.fromisoformat(after)) == datetime.fromisoformat(expected)


def test_a_day_of_25_hours_has_each_time_once():
    first = next_time("30 1 * * *", "Europe/London", datetime(2026, 10, 24, 12, tzinfo=UTC))
    second = next_time("30 1 * * *", "Europe/London", first)
    assert [each.astimezone(ZoneInfo("Europe/London")).day for each in (first, second)] == [25, 26]


def test_a_time_that_has_come_is_one_run_with_the_latest_version(store, nightly):
    assert fire_due() == []
    fired = come(store)
    (run,) = fire_due()
    assert (run.title, run.created_by) == ("nightly", "schedule each night")
    assert run.key == f"schedule {nightly.id} at {fired.isoformat()}"
    assert fire_due() == []
    (schedule,) = list_schedules()
    assert schedule.next_at > now()


def test_several_schedulers_fire_a_time_once(store, nightly):
    come(store)
    with ThreadPoolExecutor(8) as threads:
        fired = list(threads.map(lambda _: len(fire_due(connector=store)), range(8)))
    assert sum(fired) == 1
    assert len(list_runs()) == 1


@pytest.mark.parametrize(("misfire", "runs"), [("once", 1), ("skip", 0)])
def test_times_that_were_missed_are_run_once_or_left_out(store, nightly, misfire, runs, caplog):
    delete_schedule("each night")
    create_schedule("each night", "nightly", "30 2 * * *", misfire=misfire)
    come(store, ago=timedelta(days=3))
    assert len(fire_due()) == runs
    assert fire_due() == []
    assert list_schedules()[0].next_at > now()
    assert ("left out" in caplog.text) == (misfire == "skip")


def test_a_scheduler_and_a_dispatcher_run_what_is_due(store, nightly, eventually):
    with Dispatcher(store, workers=1), Scheduler(store, Timing(schedule_seconds=0.05)):
        come(store)
        eventually(lambda: [run.state for run in list_runs(connector=store)] == ["succeeded"])


def test_a_paused_schedule_starts_nothing(store, nightly):
    assert pause_schedule("each night").next_at is None
    assert fire_due() == []
    assert resume_schedule("each night").next_at == next_time("30 2 * * *", "UTC", now())


def test_a_schedule_that_cannot_be_fired_is_paused_and_the_others_go_on(store, nightly, caplog):
    save_pipeline(PipelineDefinition.read({"name": "other", "steps": {"check": {"kind": "check"}}}))
    create_schedule("other", "other", "0 0 * * *")
    archive_pipeline("nightly")
    come(store)
    assert [run.title for run in fire_due()] == ["other"]
    assert [each.enabled for each in list_schedules()] == [False, True]
    assert "The schedule each night is paused: There is no pipeline nightly." in caplog.text


def test_what_is_wrong_is_refused_with_its_place(store, nightly):
    for change, field, error in (
        ({"name": "each night"}, "name", ConflictError),
        ({"name": ""}, "name", InvalidInputError),
        ({"cron": "soon"}, "cron", InvalidInputError),
        ({"cron": "0 0 30 2 *"}, "cron", InvalidInputError),
        ({"time_zone": "Mars/Base"}, "time_zone", InvalidInputError),
        ({"misfire": "twice"}, "misfire", InvalidInputError),
        ({"parameters": {"x": 1}}, "x", InvalidInputError),
        ({"pipeline": "absent"}, None, NotFoundError),
    ):
        arguments = {"name": "new", "pipeline": "nightly", "cron": "0 0 * * *"} | change
        with pytest.raises(error) as caught:
            create_schedule(**arguments)
        assert caught.value.field == field
    assert len(list_schedules()) == 1
    with pytest.raises(NotFoundError, match="There is no schedule absent"):
        delete_schedule("absent")
