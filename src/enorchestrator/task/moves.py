"""Moves of steps and runs as rows: each in the transaction of its caller, with its event."""

from typing import Any

from sqlalchemy import ColumnElement, CursorResult, select, update
from sqlalchemy.orm import Session

from enorchestrator.task.claim import Claim
from enorchestrator.task.state import RunState, sources_of, state_of_run
from enstorage.ledger import Attempt, Run, RunEvent, RunStep, StepNeed
from enstorage.ledger.base import now


def add_event(session: Session, run_id: int, step_id: int | None, kind: str, data: Any) -> RunEvent:
    """Add an event; its id is known after the next flush."""
    event = RunEvent(run_id=run_id, step_id=step_id, kind=kind, data=data)
    session.add(event)
    return event


def move_step(session: Session, step_id: int, state: RunState, *, fence: int | None = None, **values: Any) -> bool:
    """Move a step, unless its state does not allow it or, where a fence is given, a later claim has made that void.

    Args:
        session: of the transaction.
        step_id: the step.
        state: the new one.
        fence: of the claim under which it is moved; None for moves from states without a claim.
        **values: further columns of the step.

    Returns:
        True if it was moved.
    """
    statement = update(RunStep).where(RunStep.id == step_id)
    if fence is None:
        statement = statement.where(RunStep.state.in_(sources_of(state) - {RunState.RUNNING}))
    else:
        statement = statement.where(RunStep.fence == fence, RunStep.state == RunState.RUNNING)
    if state != RunState.RUNNING:
        values |= {"owner": None, "lease_until": None}
    if state.is_final:
        values["finished_at"] = now()
    statement = statement.values(state=state, updated_at=now(), **values)
    moved = session.execute(statement, execution_options={"synchronize_session": False})
    assert isinstance(moved, CursorResult)  # noqa: S101 - of an UPDATE
    return moved.rowcount == 1


def end_attempt(session: Session, claim: Claim, reason: str, *, error: Any = None) -> None:
    """Note why the attempt of a claim ended, unless that is known already."""
    session.execute(
        update(Attempt)
        .where(Attempt.step_id == claim.step_id, Attempt.fence == claim.fence, Attempt.exit_reason.is_(None))
        .values(exit_reason=reason, error=error, finished_at=now(), updated_at=now()),
        execution_options={"synchronize_session": False},
    )


def settle_run(session: Session, run_id: int, *, error: Any = None) -> RunState:
    """Set the state of a run by those of its steps, with an event where it changed; returns the state.

    Args:
        session: of the transaction.
        run_id: the run.
        error: problem document of the step that has just failed.
    """
    run = session.get(Run, run_id, populate_existing=True)
    assert run is not None  # noqa: S101 - steps refer to it
    state = state_of_run(_states_of_steps(session, run_id))
    if error is not None and run.error is None:
        run.error = error
    if state == run.state:
        return state
    run.state = state
    if state == RunState.RUNNING and run.started_at is None:
        run.started_at = now()
    run.finished_at = now() if state.is_final else None
    if state == RunState.SUCCEEDED:
        run.result, run.error = _result(session, run), None
    elif not state.is_final:
        run.error = None
    session.flush()
    add_event(session, run_id, None, "state", {"state": state, "error": run.error})
    if state == RunState.SUCCEEDED:
        add_event(session, run_id, None, "result", run.result)
    return state


def _states_of_steps(session: Session, run_id: int) -> list[RunState]:
    """The states that steps of a run have, but failures that are allowed; one look at the index for each, however many."""

    def found(state: RunState) -> ColumnElement[bool]:
        wanted = select(RunStep.id).where(RunStep.run_id == run_id, RunStep.state == state)
        return (wanted.where(RunStep.may_fail.is_(False)) if state == RunState.FAILED else wanted).exists()

    row = session.execute(select(*(found(state).label(state) for state in RunState))).one()
    return [state for state, is_there in zip(RunState, row, strict=True) if is_there]


def _result(session: Session, run: Run) -> Any:
    """Of one step its outputs; of a pipeline those of the steps that none waits for, by their names."""
    if run.pipeline_id is None:
        return session.scalars(select(RunStep.outputs).where(RunStep.run_id == run.id)).one()
    is_needed = select(StepNeed.id).where(StepNeed.needs_id == RunStep.id).exists()
    last = select(RunStep.name, RunStep.outputs).where(
        RunStep.run_id == run.id, RunStep.parent_id.is_(None), ~is_needed
    )
    return {each.name: each.outputs for each in session.execute(last.order_by(RunStep.position))}
