"""Moves of steps and runs as rows: each in the transaction of its caller, with its event."""

from collections.abc import Sequence
from functools import cache
from typing import Any, cast

from sqlalchemy import Connection, ScalarSelect, Table, Update, bindparam, func, insert, select, update

from enorchestrator.task.state import RunState, sources_of, state_of_run
from enstorage.database.direct import change, rows
from enstorage.ledger import Attempt, Run, RunEvent, RunStep, StepNeed
from enstorage.ledger.base import now

# For statements that are built once: to load rows as objects takes longer than the queue may.
RUN = cast("Table", Run.__table__)
STEP = cast("Table", RunStep.__table__)
ATTEMPT = cast("Table", Attempt.__table__)
NEED = cast("Table", StepNeed.__table__)
EVENT = cast("Table", RunEvent.__table__)


_EVENT_ADDED = insert(EVENT)


def add_event(connection: Connection, run_id: int, step_id: int | None, kind: str, data: Any) -> None:
    """Add an event; events are read in the order in which they are added."""
    event = {"run_id": run_id, "step_id": step_id, "kind": kind, "data": data}
    change(connection, _EVENT_ADDED, [event])


def move_step(connection: Connection, step_id: int, state: RunState, **values: Any) -> bool:
    """Move a step that nobody has claimed, unless its state does not allow it.

    Args:
        connection: of the transaction.
        step_id: the step.
        state: the new one.
        **values: further columns of the step.

    Returns:
        True if it was moved.
    """
    if state.is_final:
        values["finished_at"] = now()
    new = {f"new_{name}": value for name, value in values.items()}
    return change(connection, _moved(state, frozenset(values)), [{"of_step": step_id, **new}]) == 1


@cache
def _moved(state: RunState, names: frozenset[str]) -> Update:
    sources = sources_of(state) - {RunState.RUNNING}
    moved = update(STEP).where(STEP.c.id == bindparam("of_step"), STEP.c.state.in_(sources))
    return moved.values(state=state, owner=None, lease_until=None, **{name: bindparam(f"new_{name}") for name in names})


def settle_run(connection: Connection, run_id: int, *, error: Any = None) -> RunState:
    """Set the state of a run by those of its steps, with an event where it changed; returns the state.

    Rows alone are changed: a caller that holds the run as an object refreshes it.

    Args:
        connection: of the transaction.
        run_id: the run.
        error: problem document of the step that has just failed.
    """
    (row,) = rows(connection, _RUN_AND_STATES, {"run": run_id})
    state = state_of_run([each for each in RunState if getattr(row, f"has_{each}")])
    error = error if row.error is None else row.error
    if state == row.state:
        if error is not None and row.error is None:
            _set_run(connection, run_id, {"error": error})
        return state
    values: dict[str, Any] = {"state": state, "finished_at": now() if state.is_final else None, "error": error}
    if state == RunState.RUNNING and row.started_at is None:
        values["started_at"] = now()
    if state == RunState.SUCCEEDED:
        values |= {"result": _result(connection, run_id, row.pipeline_id), "error": None}
    elif not state.is_final:
        values["error"] = None
    _set_run(connection, run_id, values)
    add_event(connection, run_id, None, "state", {"state": state, "error": values["error"]})
    if state == RunState.SUCCEEDED:
        add_event(connection, run_id, None, "result", values["result"])
    return state


def _set_run(connection: Connection, run_id: int, values: dict[str, Any]) -> None:
    new = {f"new_{name}": value for name, value in values.items()}
    change(connection, _run_set(frozenset(values)), [{"of_run": run_id, **new}])


@cache
def _run_set(names: frozenset[str]) -> Update:
    return update(RUN).where(RUN.c.id == bindparam("of_run")).values({name: bindparam(f"new_{name}") for name in names})


def _has(state: RunState) -> Any:
    """One look at the index, however many steps there are; failures that are allowed do not count."""
    wanted = select(STEP.c.id).where(STEP.c.run_id == RUN.c.id, STEP.c.state == state)
    wanted = wanted.where(STEP.c.may_fail.is_(False)) if state == RunState.FAILED else wanted
    return wanted.correlate(RUN).exists().label(f"has_{state}")


_RUN_AND_STATES = select(RUN.c.state, RUN.c.error, RUN.c.started_at, RUN.c.pipeline_id, *map(_has, RunState)).where(
    RUN.c.id == bindparam("run")
)


def _result(connection: Connection, run_id: int, pipeline_id: int | None) -> Any:
    """Of one step its outputs; of a pipeline those of the steps that none waits for, by their names."""
    if pipeline_id is None:
        return connection.scalars(select(STEP.c.outputs).where(STEP.c.run_id == run_id)).one()
    is_needed = select(NEED.c.id).where(NEED.c.needs_id == STEP.c.id).exists()
    last = select(STEP.c.name, STEP.c.outputs).where(STEP.c.run_id == run_id, STEP.c.parent_id.is_(None), ~is_needed)
    return {each.name: each.outputs for each in connection.execute(last.order_by(STEP.c.position))}


def settle_runs(connection: Connection, run_ids: Sequence[int], errors: dict[int, Any]) -> None:
    """Set the states of several runs.

    Args:
        connection: of the transaction.
        run_ids: the runs; some may be named more than once.
        errors: problem documents of steps that have just failed, by run.
    """
    for run_id in dict.fromkeys(run_ids):
        settle_run(connection, run_id, error=errors.get(run_id))


def too_large() -> ScalarSelect[int]:
    """The number of attempts of a step that took too much memory, as a part of a query of steps."""
    wanted = select(func.count()).where(ATTEMPT.c.step_id == STEP.c.id, ATTEMPT.c.exit_reason == "memory")
    return wanted.correlate(STEP).scalar_subquery()


def memory_of(settings: Any) -> float | None:
    """The memory that the settings of a step ask for, in 1,000,000 bytes; None for none."""
    found: float | None = ((settings or {}).get("resources") or {}).get("memory_mb")
    return found
