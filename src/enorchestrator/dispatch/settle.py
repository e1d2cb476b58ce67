"""Settling claims whose process did not commit: killed, too slow, too large, stopped, or lost with its dispatcher."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import psutil
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from enorchestrator.dispatch.owner import Owner
from enorchestrator.executor.base import ProcessEnd
from enorchestrator.task.claim import Claim
from enorchestrator.task.graph import settle_graph
from enorchestrator.task.moves import end_attempt, move_step, settle_run
from enorchestrator.task.problem import plain_problem
from enorchestrator.task.state import RunState
from enorchestrator.trace.redaction import redactor_of
from enstorage import Connector
from enstorage.ledger import Attempt, Run, RunStep
from enstorage.ledger.base import now

#: So often a step is executed again whose process was lost; then it fails.
MOST_LOST = 1

_TITLES = {"timeout": "Out of time", "memory": "Out of memory", "killed": "Process killed", "lost": "Process lost"}


def settle(connector: Connector, claim: Claim, outcome: ProcessEnd) -> None:
    """Settle the end of a process: keep its log, and move its step if the process itself did not."""
    with connector.transaction() as session:
        step = session.get(RunStep, claim.step_id)
        if step is not None and step.fence == claim.fence and step.state == RunState.RUNNING:
            problem = _settle_step(session, step, claim, outcome)
            settle_graph(session, [claim.step_id])
            settle_run(session, claim.run_id, error=problem)
        session.execute(
            update(Attempt)
            .where(Attempt.step_id == claim.step_id, Attempt.fence == claim.fence)
            .values(log=redactor_of(connector.settings).text(outcome.log), peak_bytes=outcome.peak_bytes),
            execution_options={"synchronize_session": False},
        )


def settle_lost(connector: Connector, mine: Owner) -> int:
    """Settle the claims of dispatchers that are gone, and those whose lease has expired; returns their number.

    A process of such a claim that is still there, on this machine, is killed first.
    """
    with connector.database.reading() as session:
        found = session.execute(
            select(RunStep.id, RunStep.run_id, RunStep.fence, RunStep.owner, RunStep.lease_until, Attempt.pid)
            .add_columns(Attempt.started_at)
            .join(Attempt, (Attempt.step_id == RunStep.id) & (Attempt.fence == RunStep.fence))
            .where(RunStep.state == RunState.RUNNING, or_(RunStep.owner != str(mine), RunStep.owner.is_(None)))
        ).all()
    lost = 0
    for each in found:
        owner = Owner.parse(each.owner or "")
        is_gone = owner is not None and owner.is_gone()
        if not is_gone and each.lease_until is not None and each.lease_until > now():
            continue
        if owner is not None and owner.host == mine.host and each.pid is not None:
            _kill(each.pid, each.started_at)
        reason = "ended" if is_gone else "renewed its claim no more"
        detail = f"The dispatcher that executed the work {reason}, such as by a restart of the server."
        settle(connector, Claim(each.run_id, each.id, each.fence), ProcessEnd("lost", detail))
        lost += 1
    return lost


def _settle_step(session: Session, step: RunStep, claim: Claim, outcome: ProcessEnd) -> dict[str, Any] | None:
    """Move a step whose process did not; returns the problem document of a step that failed by that."""
    run = session.get(Run, claim.run_id)
    assert run is not None  # noqa: S101 - the step refers to it
    if run.cancel_requested_at is not None:
        move_step(session, step.id, RunState.CANCELLED, fence=claim.fence)
        end_attempt(session, claim, "cancelled")
        return None
    if outcome.reason == "stopped":
        move_step(session, step.id, RunState.READY, fence=claim.fence)
        end_attempt(session, claim, "lost")
        return None
    reason = "killed" if outcome.reason == "returned" else outcome.reason
    detail = outcome.detail or "The process of the work ended without a result."
    problem = plain_problem(_TITLES[reason], detail)
    if reason in ("killed", "lost"):
        lost = step.infra_attempts + 1
        if lost <= MOST_LOST:
            move_step(session, step.id, RunState.READY, fence=claim.fence, infra_attempts=lost)
            end_attempt(session, claim, reason, error=problem)
            return None
        problem["detail"] = f"{detail} It was executed {lost} times."
        move_step(session, step.id, RunState.FAILED, fence=claim.fence, infra_attempts=lost)
    else:
        move_step(session, step.id, RunState.FAILED, fence=claim.fence, user_attempts=step.user_attempts + 1)
    end_attempt(session, claim, reason, error=problem)
    return None if step.may_fail else problem


def _kill(pid: int, since: datetime | None) -> None:
    """Kill a process that outlived its dispatcher, if it is still the one that ran since then."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if since is not None and datetime.fromtimestamp(process.create_time(), UTC) <= since:
            process.kill()
