"""The graph of a run: what goes on, what is skipped, and what is joined when steps are over.

Each function belongs to the transaction in which the steps were moved; writers of a store follow one another, so two steps
that end at once do no harm.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from enorchestrator.task.moves import move_step
from enorchestrator.task.problem import plain_problem
from enorchestrator.task.reference import EACH, Reference, replaced
from enorchestrator.task.state import RunState
from enorchestrator.work.port import Port
from enorchestrator.work.registry import find_kind
from enstorage.ledger import Run, RunStep, StepNeed

#: Parts of a step at most.
MOST_PARTS = 100_000


def settle_graph(session: Session, step_ids: Iterable[int]) -> dict[str, Any] | None:
    """Let the steps go on that waited for some steps, if these are over.

    Returns:
        A problem document if a step could not go on, such as one whose list is none.
    """
    problem, over = None, list(step_ids)
    while over:
        step = session.get(RunStep, over.pop(), populate_existing=True)
        assert step is not None  # noqa: S101 - the caller moved it
        if not RunState(step.state).is_final:
            continue
        if step.parent_id is not None:
            over += _join(session, step.parent_id)
        lets_go_on = step.state == RunState.SUCCEEDED or (step.state == RunState.FAILED and step.may_fail)
        for dependant in session.scalars(select(StepNeed.step_id).where(StepNeed.needs_id == step.id)).all():
            if not lets_go_on:
                if move_step(session, dependant, RunState.SKIPPED):
                    over.append(dependant)
                continue
            session.execute(
                update(RunStep).where(RunStep.id == dependant).values(waiting_for=RunStep.waiting_for - 1),
                execution_options={"synchronize_session": False},
            )
            waiting = session.get(RunStep, dependant, populate_existing=True)
            assert waiting is not None  # noqa: S101 - the need refers to it
            if waiting.waiting_for == 0 and waiting.state == RunState.WAITING:
                found = start_step(session, waiting)
                problem = problem or found
                over.append(dependant)
    return problem


def start_step(session: Session, step: RunStep) -> dict[str, Any] | None:
    """Move a step whose needs are met: to ready, or to its parts; returns a problem document if it failed by that."""
    each = (step.settings or {}).get("for_each")
    if each is None:
        move_step(session, step.id, RunState.READY)
        return None
    items = values_of(session, step, each)
    if not isinstance(items, list) or len(items) > MOST_PARTS:
        received = f"{len(items)} items" if isinstance(items, list) else type(items).__name__
        problem = plain_problem(
            "Wrong list",
            f"The step {step.name} takes a list of at most {MOST_PARTS} items from {each}; received {received}.",
        )
        move_step(session, step.id, RunState.FAILED)
        return None if step.may_fail else problem
    if not items:
        move_step(session, step.id, RunState.SUCCEEDED, outputs=_joined(step.kind, []))
        return None
    settings = {name: value for name, value in step.settings.items() if name != "for_each"}
    session.add_all(
        RunStep(
            run_id=step.run_id,
            parent_id=step.id,
            name=f"{step.name}[{number}]",
            position=step.position,
            kind=step.kind,
            state=RunState.READY,
            arguments=step.arguments,
            settings={**settings, "item": item},
            may_fail=step.may_fail,
            queue_rank=step.queue_rank,
        )
        for number, item in enumerate(items, 1)
    )
    session.flush()
    move_step(session, step.id, RunState.EXPANDED, waiting_for=len(items))
    return None


def restart(session: Session, run_id: int) -> dict[str, Any] | None:
    """Have the steps of a run executed again that did not succeed; those that did keep their outputs.

    Returns:
        A problem document if a step could not go on.
    """
    steps = session.scalars(
        select(RunStep).where(RunStep.run_id == run_id).order_by(RunStep.id).execution_options(populate_existing=True)
    ).all()
    open_ids = {step.id for step in steps if step.state != RunState.SUCCEEDED}
    needs = session.execute(
        select(StepNeed.step_id, StepNeed.needs_id).where(
            StepNeed.step_id.in_(select(RunStep.id).where(RunStep.run_id == run_id))
        )
    ).all()
    waits = Counter(need.step_id for need in needs if need.needs_id in open_ids)
    parts = Counter(step.parent_id for step in steps if step.id in open_ids)
    anew = {"user_attempts": 0, "infra_attempts": 0, "retry_at": None, "finished_at": None}
    problem = None
    for step in steps:
        if step.id not in open_ids:
            continue
        if parts[step.id]:
            move_step(session, step.id, RunState.EXPANDED, waiting_for=parts[step.id], finished_at=None)
        elif waits[step.id]:
            move_step(session, step.id, RunState.WAITING, waiting_for=waits[step.id], **anew)
        else:
            move_step(session, step.id, RunState.WAITING, waiting_for=0, **anew)
            problem = start_step(session, step) or problem
    return problem


def values_of(session: Session, step: RunStep, arguments: Any) -> Any:
    """Some arguments of a step of a pipeline with the values of their references.

    These are parameters of the run, outputs of other steps, and the item of a part; they are not looked through again.
    """
    run = session.get(Run, step.run_id)
    assert run is not None  # noqa: S101 - the step refers to it
    if run.pipeline_id is None:
        return arguments

    def value(found: Reference) -> Any:
        if found.port is None:
            return step.settings["item"] if found.name == EACH else run.arguments.get(found.name)
        row = session.execute(
            select(RunStep.kind, RunStep.outputs, RunStep.settings).where(
                RunStep.run_id == step.run_id, RunStep.name == found.name
            )
        ).one()
        port = Port.parse(find_kind(row.kind).outputs[found.port])
        whole = Port(port.type, port.many or "for_each" in (row.settings or {}))
        return None if row.outputs is None else whole.value(row.outputs.get(found.port))

    return replaced(arguments, value)


def _join(session: Session, parent_id: int) -> list[int]:
    """Note that a part is over; the parent, in a list, if it was the last one."""
    session.execute(
        update(RunStep).where(RunStep.id == parent_id).values(waiting_for=RunStep.waiting_for - 1),
        execution_options={"synchronize_session": False},
    )
    parent = session.get(RunStep, parent_id, populate_existing=True)
    assert parent is not None  # noqa: S101 - its parts refer to it
    if parent.waiting_for > 0 or parent.state != RunState.EXPANDED:
        return []
    parts = session.execute(
        select(RunStep.state, RunStep.outputs).where(RunStep.parent_id == parent_id).order_by(RunStep.id)
    ).all()
    states = {part.state for part in parts}
    for state in (RunState.CANCELLED, RunState.FAILED):
        if state in states:
            move_step(session, parent_id, state)
            return [parent_id]
    move_step(session, parent_id, RunState.SUCCEEDED, outputs=_joined(parent.kind, [part.outputs for part in parts]))
    return [parent_id]


def _joined(kind: str, outputs: Collection[Any]) -> dict[str, list[Any]]:
    """The outputs of all parts: a list of each; lists become one."""
    joined: dict[str, list[Any]] = {}
    for name, port in find_kind(kind).outputs.items():
        values = [each.get(name) for each in outputs]
        joined[name] = [item for value in values for item in value] if Port.parse(port).many else values
    return joined
