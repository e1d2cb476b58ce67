"""Scenarios 76 to 78: policies decide before anything is used, also while a run goes on, and deny where they fail."""

import pytest
from sqlalchemy import select, update

from enorchestrator import create_schedule
from enorchestrator.policy.stored import add_policy, change_policy, remove_policy
from enorchestrator.scheduler.schedules import delete_schedule, fire_due
from enstorage.ledger import AuditEntry, PipelineSchedule, StoredPolicy, User
from enstorage.ledger.base import now

NO_RUNS = (
    'forbid(principal, action == Action::"run", resource == Table::"store") unless '
    '{ principal in Role::"administrator" };'
)
RUNS_OF_OLGA = 'permit(principal == User::"olga", action == Action::"run", resource == Table::"store");'


@pytest.fixture
def olga(current):
    """An analyst, gone afterwards, as the policies and the audit log."""
    with current.transaction() as session:
        for name, role in (("olga", "analyst"), ("ada", "administrator")):
            session.add(User(name=name, password_hash="x", role=role))
    yield "olga"
    with current.transaction() as session:
        for kind in (User, StoredPolicy, AuditEntry):
            for each in session.scalars(select(kind)):
                session.delete(each)


def audited(store):
    with store.database.reading() as session:
        return [
            (each.who, each.role, each.action, each.entity, each.outcome, each.detail)
            for each in session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        ]


def waiting(name, **settings):
    return {"kind": "work", "with": {"folder": "${folder}", "name": name}, **settings}


def test_a_deny_beats_a_permit_and_comes_before_anything_is_used(run, over, executed, at_work, current, olga):
    add_policy(current, "olga runs", RUNS_OF_OLGA, "ada")
    add_policy(current, "no runs", NO_RUNS, "ada")
    found = over(
        run({"one": waiting("one", resources={"memory_mb": 10}), "two": waiting("two", needs=["one"])}, created_by=olga)
    )
    assert found.run.state == "failed"
    assert found.run.error["title"] == "Not allowed"
    assert "olga may not do the step one" in found.run.error["detail"]
    assert "the policy 'no runs' forbids it" in found.run.error["detail"]
    assert {step.name: step.state for step in found.steps} == {"one": "failed", "two": "skipped"}
    assert [(each.exit_reason, each.pid) for each in found.attempts] == [("denied", None)]
    assert executed() == []
    told = {"step": "one", "kind": "scenario_steps:work", "reason": "the policy 'no runs' forbids it"}
    assert audited(current) == [("olga", "analyst", "run", "run", "denied", told)]
    # Others may: an administrator, and a program that opens the store by itself.
    for name in ("ada", "a program"):
        assert over(run({"one": waiting("one")}, created_by=name)).run.state == "succeeded"


@pytest.mark.parametrize("revoked_by", ["policy", "role", "disabled user"])
def test_a_right_that_is_revoked_during_a_run_denies_the_next_step(
    run, over, executed, at_work, current, olga, eventually, tmp_path, revoked_by
):
    steps = {
        "first": {"kind": "until", "with": {"folder": "${folder}", "name": "go"}},
        "second": waiting("second", needs=["first"]),
        "third": waiting("third", needs=["second"]),
    }
    going = run(steps, created_by=olga)
    eventually(executed)
    if revoked_by == "policy":
        add_policy(current, "no runs", NO_RUNS, "ada")
        reason = "the policy 'no runs' forbids it"
    else:
        changed = {"role": "viewer"} if revoked_by == "role" else {"disabled_at": now()}
        reason = "no policy permits it" if revoked_by == "role" else "the user is disabled"
        with current.transaction() as session:
            session.execute(update(User).where(User.name == olga).values(**changed))
    (tmp_path / "go").touch()
    found = over(going)
    assert {step.name: step.state for step in found.steps} == {
        "first": "succeeded",
        "second": "failed",
        "third": "skipped",
    }
    assert reason in found.run.error["detail"]
    assert executed() == []
    ((who, _, action, entity, outcome, detail),) = audited(current)
    assert (who, action, entity, outcome) == ("olga", "run", "run", "denied")
    assert (detail["step"], detail["reason"]) == ("second", reason)


def test_the_runs_of_a_schedule_may_what_its_maker_may(run, over, executed, at_work, current, olga):
    over(run({"one": waiting("one")}, name="nightly"))
    executed()
    create_schedule("night", "nightly", "* * * * *", parameters={"folder": "/tmp"}, created_by=olga)
    with current.transaction() as session:
        session.execute(update(User).where(User.name == olga).values(disabled_at=now()))
        session.execute(update(PipelineSchedule).values(next_at=now()))
    (made,) = fire_due()
    found = over(made)
    delete_schedule("night")
    assert found.run.state == "failed"
    assert "the user is disabled" in found.run.error["detail"]


def test_policies_that_cannot_be_asked_deny(run, over, executed, at_work, current, olga):
    kept = add_policy(current, "mine", RUNS_OF_OLGA, "ada")
    with current.transaction() as session:  # as a version with another language would have left it
        session.execute(update(StoredPolicy).values(text="permit(princi"))
    found = over(run({"one": waiting("one")}, created_by=olga))
    assert found.run.state == "failed"
    assert "the policy 'mine' cannot be read" in found.run.error["detail"]
    assert executed() == []
    change_policy(current, kept.id, "ada", is_enabled=False)
    assert over(run({"one": waiting("one")}, created_by=olga)).run.state == "succeeded"
    remove_policy(current, kept.id)
