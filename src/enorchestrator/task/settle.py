"""Settling claims: the ends of many at once are rows in one transaction, each under the fence of its claim."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Row, bindparam, func, select, update
from sqlalchemy.orm import Session

from enorchestrator.task.back_off import pause_after
from enorchestrator.task.claim import Claim, ProcessEnd, WorkOutcome
from enorchestrator.task.graph import Over, let_go_on
from enorchestrator.task.limits import Timing
from enorchestrator.task.moves import ATTEMPT, RUN, STEP, add_event, memory_of, settle_runs, too_large
from enorchestrator.task.problem import plain_problem
from enorchestrator.task.state import RunState
from enstorage.ledger.base import now

_LOG = logging.getLogger("enorchestrator")
#: So often a step is executed again whose process was killed, as by itself; then it fails. More often where its dispatcher
#: was lost too: a server that is started anew is seldom the fault of a step.
MOST_KILLED, MOST_LOST = 1, 4

_UNCHANGED = {"outputs": None, "retry_at": None}
_TITLES = {
    "denied": "Not allowed",
    "timeout": "Out of time",
    "memory": "Out of memory",
    "killed": "Process killed",
    "lost": "Process lost",
}
_CLAIMED = (
    select(
        STEP.c.id, STEP.c.name, STEP.c.state, STEP.c.fence, STEP.c.user_attempts, STEP.c.infra_attempts, STEP.c.may_fail
    )
    .add_columns(STEP.c.run_id, STEP.c.parent_id, STEP.c.settings)
    .add_columns(RUN.c.cancel_requested_at, too_large().label("too_large"))
    .join(RUN, RUN.c.id == STEP.c.run_id)
    .where(STEP.c.id.in_(bindparam("ids", expanding=True)))
)
_MOVED = (
    update(STEP)
    .where(STEP.c.id == bindparam("of_step"), STEP.c.fence == bindparam("of_fence"), STEP.c.state == RunState.RUNNING)
    .values(
        **{name: bindparam(f"new_{name}") for name in ("state", "outputs", "user_attempts", "infra_attempts")},
        **{name: bindparam(f"new_{name}") for name in ("retry_at", "finished_at")},
        owner=None,
        lease_until=None,
    )
)
_OF_CLAIM = (ATTEMPT.c.step_id == bindparam("of_step"), ATTEMPT.c.fence == bindparam("of_fence"))
#: What the process told; what it did not tell stays.
_KEPT = (
    update(ATTEMPT)
    .where(*_OF_CLAIM)
    .values(
        {
            name: func.coalesce(bindparam(f"told_{name}", type_=ATTEMPT.c[name].type), ATTEMPT.c[name])
            for name in ("pid", "started_at", "log", "peak_bytes")
        }
    )
)
_ENDED = _KEPT.where(ATTEMPT.c.exit_reason.is_(None)).values(
    exit_reason=bindparam("reason"), error=bindparam("problem"), finished_at=bindparam("moment")
)
_BEGUN = update(ATTEMPT).where(*_OF_CLAIM).values(pid=bindparam("process"), started_at=bindparam("began"))
_FIRST = _BEGUN.where(ATTEMPT.c.started_at.is_(None))


@dataclass(frozen=True, slots=True)
class _Verdict:
    """The move of a step by the end of its claim.

    Attributes:
        state: the new one.
        reason: of the end of the attempt.
        problem: of the attempt; None without one.
        values: further columns of the step.
        alert: what people are told of: "quarantined" for a step whose process is lost each time, "gave_up" for an error
            that did not pass; empty for nothing.
        detail: of the alert.
    """

    state: RunState
    reason: str
    problem: Any = None
    values: dict[str, Any] = field(default_factory=dict)
    alert: str = ""
    detail: str = ""


def settle(session: Session, ends: Sequence[tuple[Claim, ProcessEnd]], timing: Timing) -> int:
    """Settle the ends of claims: move the steps, let go on what waited for them, keep what the processes printed.

    A claim that a later one has made void moves nothing: its outcome is thrown away, and the log says so.

    Args:
        session: of the transaction.
        ends: claims with their ends.
        timing: with the pauses after errors that may pass.

    Returns:
        The number of steps that moved.
    """
    connection = session.connection()
    ids = [claim.step_id for claim, _ in ends]
    found = {step.id: step for step in connection.execute(_CLAIMED, {"ids": ids}).all()}
    moment = now()
    moves: list[dict[str, Any]] = []
    attempts: list[dict[str, Any]] = []
    kept: list[dict[str, Any]] = []
    over: list[Over] = []
    run_ids: list[int] = []
    errors: dict[int, Any] = {}
    for claim, end in ends:
        step = found.get(claim.step_id)
        if step is None or step.fence != claim.fence or step.state != RunState.RUNNING:
            if end.outcome is not None:
                _LOG.warning("The claim %s is void; its outcome was thrown away.", claim.external_id)
            if end.pid or end.log or end.peak_bytes:
                kept.append(_told(claim, end))
            continue
        verdict, of_claim = _verdict(step, end, timing), {"of_step": claim.step_id, "of_fence": claim.fence}
        values = _UNCHANGED | {"user_attempts": step.user_attempts, "infra_attempts": step.infra_attempts}
        values |= {"state": verdict.state, "finished_at": moment if verdict.state.is_final else None} | verdict.values
        moves.append(of_claim | {f"new_{name}": value for name, value in values.items()})
        attempts.append(_told(claim, end) | {"reason": verdict.reason, "problem": verdict.problem, "moment": moment})
        if verdict.state.is_final:
            over.append(Over(step.id, step.run_id, step.parent_id, verdict.state, step.may_fail))
        if step.parent_id is None or verdict.state != RunState.SUCCEEDED:  # a run with further parts stays at work
            run_ids.append(claim.run_id)
        if verdict.state == RunState.FAILED and not step.may_fail:
            errors.setdefault(claim.run_id, verdict.problem)
        if verdict.alert:
            told = {"severity": "error", "what": verdict.alert, "step": step.name, "detail": verdict.detail}
            add_event(session, claim.run_id, claim.step_id, "alert", told)
    if kept:
        connection.execute(_KEPT, kept)
    if moves:
        connection.execute(_MOVED, moves)
        connection.execute(_ENDED, attempts)
        problems = let_go_on(session, over)
        settle_runs(session, [*run_ids, *problems], problems | errors)
    return len(moves)


def note_begun(session: Session, begun: Sequence[tuple[Claim, int, datetime | None]]) -> None:
    """Note the processes that execute claims, by their ids, and since when they do."""
    for claim, pid, began_at in begun:
        session.execute(_BEGUN, {"of_step": claim.step_id, "of_fence": claim.fence, "process": pid, "began": began_at})


def begin_once(session: Session, claim: Claim, pid: int) -> bool:
    """Note the process that executes a claim; false if one was noted before."""
    of_claim = {"of_step": claim.step_id, "of_fence": claim.fence}
    noted = session.execute(_FIRST, of_claim | {"process": pid, "began": now()})
    assert isinstance(noted, CursorResult)  # noqa: S101 - of an UPDATE
    return noted.rowcount == 1


def _told(claim: Claim, end: ProcessEnd) -> dict[str, Any]:
    told = {"pid": end.pid, "started_at": end.began_at, "log": end.log or None, "peak_bytes": end.peak_bytes}
    return {"of_step": claim.step_id, "of_fence": claim.fence, **{f"told_{name}": told[name] for name in told}}


def _verdict(step: Row[Any], end: ProcessEnd, timing: Timing) -> _Verdict:
    if end.outcome is not None:
        return _verdict_of_work(step, end.outcome, timing)
    if step.cancel_requested_at is not None:
        return _Verdict(RunState.CANCELLED, "cancelled")
    return _Verdict(RunState.READY, "lost") if end.reason == "stopped" else _verdict_of_process(step, end)


def _verdict_of_process(step: Row[Any], end: ProcessEnd) -> _Verdict:
    reason = "killed" if end.reason == "returned" else end.reason
    detail = end.detail or "The process of the work ended without a result."
    problem = plain_problem(_TITLES[reason], detail)
    if reason == "memory" and not step.too_large and memory_of(step.settings) is not None:
        return _Verdict(RunState.READY, reason, problem)
    if reason not in ("killed", "lost"):
        return _Verdict(RunState.FAILED, reason, problem, {"user_attempts": step.user_attempts + 1})
    lost = step.infra_attempts + 1
    if lost > (MOST_KILLED if reason == "killed" else MOST_LOST):
        problem["detail"] = f"{detail} It was executed {lost} times."
        return _Verdict(RunState.FAILED, reason, problem, {"infra_attempts": lost}, "quarantined", problem["detail"])
    return _Verdict(RunState.READY, reason, problem, {"infra_attempts": lost})


def _verdict_of_work(step: Row[Any], outcome: WorkOutcome, timing: Timing) -> _Verdict:
    if outcome.reason == "succeeded":
        return _Verdict(RunState.SUCCEEDED, "succeeded", None, {"outputs": outcome.outputs})
    if outcome.reason == "cancelled":
        return _Verdict(RunState.CANCELLED, "cancelled", outcome.error)
    tries = step.user_attempts + 1
    values: dict[str, Any] = {"user_attempts": tries}
    pause: timedelta | None = None
    if outcome.may_pass:
        pause = pause_after(tries, timing, (step.settings or {}).get("retries"))
    if pause is None and outcome.may_pass:
        detail = f"{(outcome.error or {}).get('detail', '')} It was tried {tries} times."
        return _Verdict(RunState.FAILED, "error", outcome.error, values, "gave_up", detail)
    if pause is None:
        return _Verdict(RunState.FAILED, "error", outcome.error, values)
    if step.cancel_requested_at is not None:
        return _Verdict(RunState.CANCELLED, "error", outcome.error, values)
    return _Verdict(RunState.READY, "error", outcome.error, {**values, "retry_at": now() + pause})
