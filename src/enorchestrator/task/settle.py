"""Settling claims: the ends of many at once are rows in one transaction, each under the fence of its claim."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, update

from enorchestrator.task.back_off import pause_after
from enorchestrator.task.claim import Claim, ProcessEnd, WorkOutcome
from enorchestrator.task.graph import Over, let_go_on
from enorchestrator.task.limits import Timing
from enorchestrator.task.moves import ATTEMPT, RUN, STEP, add_event, memory_of, settle_runs, too_large
from enorchestrator.task.problem import plain_problem
from enorchestrator.task.state import RunState
from enstorage.database.direct import change, rows
from enstorage.ledger.base import now

_LOG = logging.getLogger("enorchestrator")
#: So often a step is executed again whose process was killed, as by itself; then it fails. More often where its dispatcher
#: was lost too: a server that is started anew is seldom the fault of a step.
MOST_KILLED, MOST_LOST = 1, 4

_UNCHANGED: dict[str, Any] = {"outputs": None, "retry_at": None}
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
_FREED = (
    update(STEP)
    .where(STEP.c.id == bindparam("of_step"), STEP.c.fence == bindparam("of_fence"), STEP.c.state == RunState.RUNNING)
    .values(owner=None, lease_until=None)
)
_MOVED = _FREED.values(
    {
        name: bindparam(f"new_{name}")
        for name in ("state", "outputs", "user_attempts", "infra_attempts", "retry_at", "finished_at")
    }
)
#: The commonest end needs no look at the step: it moves under the fence of its claim, or it does not.
_SUCCEEDED = _FREED.values(
    state=RunState.SUCCEEDED, outputs=bindparam("gave"), retry_at=None, finished_at=bindparam("moment")
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


_DONE = _Verdict(RunState.SUCCEEDED, "succeeded")


def settle(connection: Connection, ends: Sequence[tuple[Claim, ProcessEnd]], timing: Timing) -> int:
    """Settle the ends of claims: move the steps, let go on what waited for them, keep what the processes printed.

    A claim that a later one has made void moves nothing: its outcome is thrown away, and the log says so.

    Args:
        connection: of the transaction.
        ends: claims with their ends.
        timing: with the pauses after errors that may pass.

    Returns:
        The number of steps that moved.
    """
    moment = now()
    settled, rest = _Settled(moment), []
    for claim, end in ends:
        if end.outcome is None or end.outcome.reason != "succeeded":
            rest.append((claim, end))
        elif change(connection, _SUCCEEDED, [_of(claim) | {"gave": end.outcome.outputs, "moment": moment}]):
            settled.add(claim, end, _DONE, claim.parent_id, may_fail=False)
        else:
            settled.add_void(claim, end)
    if rest:
        _settle_others(connection, rest, timing, settled)
    if settled.void:
        change(connection, _KEPT, settled.void)
    if settled.attempts:
        change(connection, _ENDED, settled.attempts)
        problems = let_go_on(connection, settled.over)
        settle_runs(connection, [*settled.run_ids, *problems], problems | settled.errors)
    return len(settled.attempts)


class _Settled:
    """The consequences of the ends of some claims."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment
        self.attempts: list[dict[str, Any]] = []
        self.void: list[dict[str, Any]] = []
        self.over: list[Over] = []
        self.run_ids: list[int] = []
        self.errors: dict[int, Any] = {}

    def add(self, claim: Claim, end: ProcessEnd, verdict: _Verdict, parent_id: int | None, *, may_fail: bool) -> None:
        """Add the end of a claim whose step has moved."""
        ended = {"reason": verdict.reason, "problem": verdict.problem, "moment": self.moment}
        self.attempts.append(_told(claim, end) | ended)
        if verdict.state.is_final:
            self.over.append(Over(claim.step_id, claim.run_id, parent_id, verdict.state, may_fail))
        if parent_id is None or verdict.state != RunState.SUCCEEDED:  # a run with further parts stays at work
            self.run_ids.append(claim.run_id)
        if verdict.state == RunState.FAILED and not may_fail:
            self.errors.setdefault(claim.run_id, verdict.problem)

    def add_void(self, claim: Claim, end: ProcessEnd) -> None:
        """Add the end of a claim that moved nothing."""
        if end.outcome is not None:
            _LOG.warning("The claim %s is void; its outcome was thrown away.", claim.external_id)
        if end.pid or end.log or end.peak_bytes:
            self.void.append(_told(claim, end))


def _settle_others(
    connection: Connection, ends: Sequence[tuple[Claim, ProcessEnd]], timing: Timing, settled: _Settled
) -> None:
    """Settle ends whose consequences depend on the step: what it allows, and how often it was tried."""
    found = {step.id: step for step in rows(connection, _CLAIMED, {"ids": [claim.step_id for claim, _ in ends]})}
    moves: list[dict[str, Any]] = []
    for claim, end in ends:
        step = found.get(claim.step_id)
        if step is None or step.fence != claim.fence or step.state != RunState.RUNNING:
            settled.add_void(claim, end)
            continue
        verdict = _verdict(step, end, timing)
        values = _UNCHANGED | {"user_attempts": step.user_attempts, "infra_attempts": step.infra_attempts}
        values |= {
            "state": verdict.state,
            "finished_at": settled.moment if verdict.state.is_final else None,
        } | verdict.values
        moves.append(_of(claim) | {f"new_{name}": value for name, value in values.items()})
        settled.add(claim, end, verdict, step.parent_id, may_fail=step.may_fail)
        if verdict.alert:
            told = {"severity": "error", "what": verdict.alert, "step": step.name, "detail": verdict.detail}
            add_event(connection, claim.run_id, claim.step_id, "alert", told)
    if moves:
        change(connection, _MOVED, moves)


def note_begun(connection: Connection, begun: Sequence[tuple[Claim, int, datetime | None]]) -> None:
    """Note the processes that execute claims, by their ids, and since when they do."""
    if begun:
        told = [_of(claim) | {"process": pid, "began": began_at} for claim, pid, began_at in begun]
        change(connection, _BEGUN, told)


def begin_once(connection: Connection, claim: Claim, pid: int) -> bool:
    """Note the process that executes a claim; false if one was noted before."""
    return change(connection, _FIRST, [_of(claim) | {"process": pid, "began": now()}]) == 1


def _of(claim: Claim) -> dict[str, Any]:
    return {"of_step": claim.step_id, "of_fence": claim.fence}


def _told(claim: Claim, end: ProcessEnd) -> dict[str, Any]:
    told = {"told_pid": end.pid, "told_started_at": end.began_at, "told_peak_bytes": end.peak_bytes}
    return _of(claim) | told | {"told_log": end.log or None}


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
