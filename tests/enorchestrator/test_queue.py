"""Runs in the store: submitted once, claimed once, committed once, on every database."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from claims import HERE, claimed, end, fail, succeed
from enorchestrator import (
    PipelineDefinition,
    Resources,
    cancel,
    events,
    retry,
    run_pipeline,
    save_pipeline,
    submit,
)
from enorchestrator.dispatch.owner import Owner
from enorchestrator.dispatch.queue import claim, has_ready, renew, to_cancel
from enorchestrator.dispatch.read import details, list_runs
from enorchestrator.dispatch.settle import LostClaims
from enorchestrator.task.back_off import MOST_TRIES
from enorchestrator.task.child.reporter import MOST_LINES, Reporter
from enorchestrator.task.claim import ProcessEnd, WorkOutcome
from enorchestrator.task.limits import Timing
from enorchestrator.task.settle import settle
from enorchestrator.task.state import MOVES, RunState, state_of_run
from enstorage.errors import (
    ConflictError,
    DatabaseCorruptError,
    InvalidInputError,
    NotFoundError,
    StoreError,
    UpgradeError,
)
from enstorage.ledger import Run, RunStep
from enstorage.ledger.base import now

TIMING = Timing()
SHORT = Timing(lease_seconds=0.8, renew_seconds=0.1)
ELSEWHERE = Owner("another machine", 1, 1, 1)


def states(run):
    return [event.data["state"] for event in events(run.id) if event.kind == "state"]


class QueueContract:
    """The promises, whatever database keeps the queue."""

    def test_a_key_stands_for_one_run(self, store):
        first = submit("gc", {"grace_hours": 3}, key="nightly", created_by="ada", priority=2)
        again = submit("gc", {"grace_hours": 3}, key="nightly")
        assert again.id == first.id
        assert len(list_runs()) == 1
        with pytest.raises(ConflictError, match="The key 'nightly' belongs to run 1, which has another kind or other"):
            submit("gc", {"grace_hours": 4}, key="nightly")
        with pytest.raises(ConflictError):
            submit("check", {}, key="nightly")
        assert len(list_runs()) == 1

    def test_a_key_stands_for_one_run_also_among_callers_at_once(self, store):
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(lambda _: submit("check", {}, key="one", connector=store).id, range(8)))
        assert len(set(found)) == 1

    def test_two_dispatchers_claim_each_step_once(self, store):
        runs = [submit("check", {}) for _ in range(12)]
        with ThreadPoolExecutor(4) as threads:
            claims = list(threads.map(lambda number: claimed(store, Owner.here(number), most=4), range(4)))
        steps = [each.step_id for group in claims for each in group]
        assert len(steps) == len(set(steps)) == len(runs)
        assert not has_ready(store)

    def test_runs_of_a_higher_priority_are_claimed_first_then_the_oldest(self, store):
        first, urgent, second = (submit("check", {}, priority=priority) for priority in (0, 5, 0))
        assert [each.run_id for each in claimed(store)] == [urgent.id, first.id, second.id]

    def test_a_claim_that_is_void_commits_nothing(self, store):
        run = submit("check", {})
        (stale,) = claimed(store)
        end(store, stale, ProcessEnd("killed", "It was killed."))
        (valid,) = claimed(store)
        assert valid.fence == stale.fence + 1
        succeed(store, stale, {"by": "stale"})
        assert details(run.id).run.state == "running"
        succeed(store, valid, {"by": "valid"})
        fail(store, valid, ValueError("late"))
        found = details(run.id)
        assert (found.run.state, found.run.result) == ("succeeded", {"by": "valid"})
        assert [attempt.exit_reason for attempt in found.attempts] == ["killed", "succeeded"]
        assert states(run) == ["ready", "running", "ready", "running", "succeeded"]

    def test_a_step_whose_process_is_lost_twice_fails_with_the_reason(self, store):
        run = submit("check", {})
        for _ in range(2):
            (each,) = claimed(store)
            end(
                store, each, ProcessEnd("killed", "The process of the work ended with signal 9 (SIGKILL).", log="help!")
            )
        found = details(run.id)
        assert found.run.state == "failed"
        assert found.run.error == {
            "title": "Process killed",
            "detail": "The process of the work ended with signal 9 (SIGKILL). It was executed 2 times.",
        }
        assert [attempt.log for attempt in found.attempts] == ["help!", "help!"]
        assert (found.steps[0].infra_attempts, found.steps[0].user_attempts) == (2, 0)

    def test_a_step_outlives_its_dispatchers_four_times(self, store):
        run = submit("check", {})
        for times in range(1, 6):
            assert len(claimed(store, ELSEWHERE)) == 1
            assert expired(store) == 1
            found = details(run.id)
            assert (found.run.state, found.steps[0].infra_attempts) == ("ready" if times < 5 else "failed", times)
        assert found.run.error["detail"].endswith("It was executed 5 times.")

    @pytest.mark.parametrize("reason", ["timeout", "memory"])
    def test_a_step_that_takes_too_much_fails_at_once(self, store, reason):
        run = submit("check", {})
        (each,) = claimed(store)
        end(store, each, ProcessEnd(reason, "It took too much."))
        assert details(run.id).run.error["detail"] == "It took too much."

    def test_a_lease_that_expired_is_taken_back_and_a_renewed_one_is_not(self, store):
        run = submit("check", {})
        claimed(store, ELSEWHERE)
        lost = LostClaims(store, HERE, SHORT)
        for _ in range(4):
            renew(store, ELSEWHERE, 45.0)
            assert lost.settle() == 0
            time.sleep(0.4 * SHORT.lease_seconds)
        assert sum(watched(lost)) == 1
        assert details(run.id).run.state == "ready"
        assert details(run.id).steps[0].infra_attempts == 1

    @pytest.mark.parametrize("hours", [-30, 30])
    def test_a_lease_does_not_go_by_the_clock_of_another_machine(self, store, hours):
        submit("check", {})
        claimed(store, ELSEWHERE)
        lost = LostClaims(store, HERE, SHORT)
        for _ in range(4):  # it is renewed, by a clock that is far off
            renew(store, ELSEWHERE, hours * 3600.0)
            assert lost.settle() == 0
            time.sleep(0.4 * SHORT.lease_seconds)
        assert sum(watched(lost)) == 1

    def test_while_the_store_was_away_nobody_could_renew(self, store):
        submit("check", {})
        claimed(store, ELSEWHERE)
        lost = LostClaims(store, HERE, SHORT)
        assert lost.settle() == 0
        time.sleep(1.5 * SHORT.lease_seconds)  # without a look
        assert lost.settle() == 0
        assert sum(watched(lost)) == 1

    def test_a_clock_that_is_set_back_delays_no_repetition(self, store):
        submit("check", {})
        (first,) = claimed(store)
        fail(store, first, StoreError("503"))
        assert claimed(store) == []
        with store.transaction() as session:
            session.execute(update(RunStep).values(retry_at=now() + timedelta(hours=3)))
        assert len(claimed(store)) == 1

    def test_the_claims_of_a_dispatcher_that_is_gone_are_taken_back_at_once(self, store):
        run = submit("check", {})
        claimed(store, Owner(HERE.host, HERE.pid, HERE.started - 1, 1))  # an earlier process with this number
        assert LostClaims(store, HERE, TIMING).settle() == 1
        assert details(run.id).run.state == "ready"

    def test_a_run_that_has_not_started_is_cancelled_at_once_and_never_starts(self, store):
        run = submit("check", {})
        assert cancel(run.id).state == "cancelled"
        assert not has_ready(store)
        assert claimed(store) == []
        assert cancel(run.id).state == "cancelled"
        assert states(run) == ["ready", "ready", "cancelled"]

    def test_a_run_that_runs_is_cancelled_when_its_process_is_gone(self, store):
        run = submit("check", {})
        (each,) = claimed(store)
        assert to_cancel(store, [each]) == []
        assert cancel(run.id).state == "running"
        assert to_cancel(store, [each]) == [each]
        end(store, each, ProcessEnd("cancelled", "The work was stopped."))
        assert details(run.id).run.state == "cancelled"

    def test_a_run_that_failed_is_executed_again_on_request(self, store):
        run = submit("check", {})
        (each,) = claimed(store)
        with pytest.raises(ConflictError, match=r"Run 1 is running; expected one that failed or was cancelled\."):
            retry(run.id)
        fail(store, each, ValueError("Oh"))
        assert retry(run.id).state == "ready"
        (again,) = claimed(store)
        succeed(store, again)
        found = details(run.id).run
        assert (found.state, found.error, found.result) == ("succeeded", None, {})

    def test_an_error_that_may_pass_is_tried_again_later_each_time_and_not_for_ever(self, store):
        run = submit("check", {})
        for tries in range(1, MOST_TRIES + 1):
            (each,) = claimed(store)
            fail(store, each, StoreError("The server answers 503."))
            step = details(run.id).steps[0]
            if tries == MOST_TRIES:
                break
            assert (step.state, step.user_attempts, step.infra_attempts) == ("ready", tries, 0)
            pause = (step.retry_at - step.updated_at).total_seconds()
            assert pause == pytest.approx(TIMING.retry_seconds * 4 ** (tries - 1), abs=1)
            assert not has_ready(store)
            with store.transaction() as session:
                session.execute(update(RunStep).values(retry_at=now()))
        assert details(run.id).run.error["detail"] == "The server answers 503."
        assert [attempt.exit_reason for attempt in details(run.id).attempts] == ["error"] * MOST_TRIES

    def test_an_error_that_will_not_pass_is_not_tried_again(self, store):
        for error in (InvalidInputError("no"), DatabaseCorruptError("broken"), UpgradeError("old"), ValueError("bug")):
            run = submit("check", {})
            (each,) = claimed(store)
            fail(store, each, error)
            assert details(run.id).run.state == "failed"

    def test_the_latest_progress_and_partial_results_are_kept_and_log_lines_are_bounded(self, store):
        run = submit("check", {})
        (each,) = claimed(store)
        reporter = Reporter(store, each, lambda: None)
        for number in range(5):
            reporter.progress("Checking", number, 5)
            reporter.partial("leaderboard", {"best": number, "error": float("nan")})
            for _ in range(MOST_LINES):
                reporter.line("x" * 5000)
            reporter.report()
        found = events(run.id)
        by_kind = {
            kind: [event.data for event in found if event.kind == kind] for kind in ("progress", "partial", "log")
        }
        assert by_kind["progress"] == [{"what": "Checking", "done": 4, "total": 5}]
        assert by_kind["partial"] == [{"name": "leaderboard", "data": {"best": 4, "error": None}}]
        assert len(by_kind["log"]) == MOST_LINES
        assert details(run.id).steps[0].progress_done == 4

    def test_a_child_whose_claim_is_void_is_told_to_stop_and_reports_nothing(self, store):
        run = submit("check", {})
        (stale,) = claimed(store)
        end(store, stale, ProcessEnd("killed"))
        claimed(store)
        told = []
        reporter = Reporter(store, stale, lambda: told.append(True))
        assert reporter.progress("Checking", 1, 5) is False
        reporter.report()
        assert (told, reporter.progress("Checking", 2, 5)) == ([True], True)
        assert [event for event in events(run.id) if event.kind == "progress"] == []

    def test_steps_that_ask_for_resources_are_claimed_when_they_are_free(self, store):
        asking = {"kind": "check", "resources": {"cpus": 1}}
        steps = {"first": asking, "second": asking, "third": asking, "free": {"kind": "check"}}
        save_pipeline(PipelineDefinition.read({"name": "asking", "steps": steps}))
        run = run_pipeline("asking")
        machine = Resources(cpus=1, gpus=0, memory_mb=1, disk_mb=1)
        names = {step.id: step.name for step in details(run.id).steps}

        def next_ones(owner=HERE):
            return [(names[each.step_id], each) for each in claimed(store, owner, resources=machine)]

        (first, of_first), (free, _) = next_ones()
        assert (first, free) == ("first", "free")
        assert next_ones(Owner.here(2)) == []
        (elsewhere, _), *more = next_ones(ELSEWHERE)  # another machine has resources of its own
        assert (elsewhere, more) == ("second", [])
        end(store, of_first, ProcessEnd("killed"))
        assert [name for name, _ in next_ones()] == ["first"]

    def test_a_step_takes_the_outputs_of_an_equal_one(self, store):
        steps = {"check": {"kind": "check", "cache": True}, "gc": {"kind": "gc", "cache": True, "needs": ["check"]}}
        save_pipeline(PipelineDefinition.read({"name": "cached", "steps": steps}))
        run_pipeline("cached")
        for outputs in ({"damaged": False}, {"bytes": 7}):
            (each,) = claimed(store)
            succeed(store, each, outputs)
        again = run_pipeline("cached")
        assert [step.state for step in details(again.id).steps] == ["cached", "cached"]
        assert (again.state, again.result) == ("succeeded", {"gc": {"bytes": 7}})
        assert claimed(store) == []

    def test_events_are_read_behind_the_last_one_that_was_seen(self, store):
        run = submit("check", {})
        first = events(run.id)
        cancel(run.id)
        assert [event.id for event in events(run.id)] == [
            first[0].id,
            *(event.id for event in events(run.id, after=first[0].id)),
        ]
        with pytest.raises(NotFoundError, match="There is no run 99"):
            events(99)


def expired(store):
    """Wait until the leases of others are seen to be over; returns their number."""
    lost = LostClaims(store, HERE, SHORT)
    return sum(watched(lost))


def watched(lost):
    """The numbers of lost claims that are found within the time of a lease."""
    for _ in range(4):
        yield lost.settle()
        time.sleep(0.4 * SHORT.lease_seconds)


class TestQueueOnSqlite(QueueContract):
    database = "sqlite"


class TestQueueOnMariaDb(QueueContract):
    database = "mariadb"


class TestQueueOnPostgresql(QueueContract):
    database = "postgresql"


@pytest.mark.parametrize(
    ("kind", "arguments", "field", "message"),
    [
        ("boil", {}, "kind", "There is no kind of work 'boil'; expected one of create_data_source, "),
        (
            "fit",
            {"models": ["x"]},
            "models.0",
            "The argument models.0 of fit cannot be used: Input should be a valid int",
        ),
        (
            "fit",
            {"models": []},
            "models",
            "The argument models of fit cannot be used: List should have at least 1 item",
        ),
        ("fit", {}, "models", "The argument models of fit cannot be used: Field required"),
        ("fit", 3, "arguments", "The arguments of fit cannot be used: "),
        (
            "render",
            {"ensemble": 1, "x": 1},
            "x",
            "The argument x of render cannot be used: Extra inputs are not permitted",
        ),
        ("forecast", {"horizon": 3}, "arguments", "Value error, expected either a model or an ensemble"),
        ("gc", {"grace_hours": -1}, "grace_hours", "Input should be greater than or equal to 0; received -1"),
    ],
)
def test_wrong_arguments_are_refused_with_their_field_and_nothing_is_stored(store, kind, arguments, field, message):
    with pytest.raises(InvalidInputError) as error:
        submit(kind, arguments)
    assert message in str(error.value)
    assert error.value.field == field
    assert list_runs() == []


def test_what_is_not_stored_is_refused_when_it_is_submitted(store):
    for kind, arguments in {
        "render": {"ensemble": 7},
        "fit": {"models": [7]},
        "tune": {"research": 7, "data_sets": [1], "network": {"name": "lstm"}},
        "form": {"project": 7},
        "forecast": {"model": 7, "horizon": 1},
        "import_bundle": {"file": {"object": "0" * 64, "name": "x.enz"}},
    }.items():
        with pytest.raises(NotFoundError):
            submit(kind, arguments)
    assert list_runs() == []


def test_runs_are_listed_the_newest_first_a_page_at_a_time(store):
    runs = [submit("check" if number % 2 else "gc", {}) for number in range(6)]
    newest = [run.id for run in reversed(runs)]
    assert [run.id for run in list_runs(limit=4)] == newest[:4]
    assert [run.id for run in list_runs(before=newest[3])] == newest[4:]
    assert [run.kind for run in list_runs(kind="gc")] == ["gc"] * 3
    cancel(runs[0].id)
    assert [run.id for run in list_runs(state="cancelled")] == [runs[0].id]


def test_a_submitted_run_belongs_to_the_transaction_of_its_caller(store):
    def submit_and_fail():
        with store.transaction():
            submit("check", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        submit_and_fail()
    assert list_runs() == []


def test_a_step_of_many_is_settled_and_the_next_one_claimed_by_six_statements(store):
    save_pipeline(
        PipelineDefinition.read(
            {
                "name": "parts",
                "parameters": {"hours": {"type": "integer[]"}},
                "steps": {"parts": {"kind": "gc", "for_each": "${hours}", "with": {"grace_hours": "${each}"}}},
            }
        )
    )
    run_pipeline("parts", {"hours": [3, 4, 5]})
    (first,) = claimed(store, most=1)
    made, by_driver = [], []
    event.listen(store.database.engine, "before_cursor_execute", lambda *given: made.append(given[2]))
    with store.database.changing() as connection:
        connection.connection.driver_connection.set_trace_callback(by_driver.append)
        outcome = WorkOutcome("succeeded", {"damaged": False, "bytes": 7})
        settle(connection, [(first, ProcessEnd("returned", outcome=outcome))], TIMING)
        (second,) = claim(connection, HERE, "local", 1, 45.0)
        connection.connection.driver_connection.set_trace_callback(None)
    assert [first.step_id, second.step_id] == [2, 3]
    kinds = [" ".join(each.split()[:2]) for each in by_driver]
    assert kinds == ["UPDATE step", "UPDATE attempt", "UPDATE step", "SELECT step.id,", "UPDATE step", "INSERT INTO"]
    assert made == []


def test_states_lead_to_states():
    assert set(MOVES) == set(RunState)
    assert state_of_run([RunState.SUCCEEDED, RunState.READY]) == RunState.RUNNING
    assert state_of_run([RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED]) == RunState.FAILED
    assert state_of_run([RunState.SUCCEEDED, RunState.CANCELLED]) == RunState.CANCELLED


def test_an_owner_is_read_from_its_text():
    assert Owner.parse(str(HERE)) == HERE
    assert Owner.parse("host:with:colons:1:2:3") == Owner("host:with:colons", 1, 2, 3)
    assert Owner.parse("nonsense") is None
    assert not HERE.is_gone()
    assert not ELSEWHERE.is_gone()


def test_a_run_keeps_its_facts(store):
    run = submit("gc", {"delete": True}, key="k", created_by="ada", priority=3)
    with store.database.reading() as session:
        kept = session.scalars(select(Run)).one()
    assert (kept.title, kept.arguments, kept.created_by, kept.priority) == (
        "Sweep the store",
        {"delete": True},
        "ada",
        3,
    )
    assert len(run.trace_id) == 32
