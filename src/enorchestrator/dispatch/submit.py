"""Asking for work: `submit`, `cancel`, `retry`. Each is one transaction; a dispatcher does the work."""

from typing import Any
from uuid import uuid4

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from enorchestrator.dispatch.read import find_run
from enorchestrator.dispatch.wake import wake_on_commit
from enorchestrator.task.graph import restart, settle_graph
from enorchestrator.task.limits import Timing
from enorchestrator.task.moves import STEP, add_event, move_step, settle_run
from enorchestrator.task.state import RunState
from enorchestrator.work.registry import find_kind
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.errors import ConflictError, InvalidInputError
from enstorage.ledger import Run, RunStep
from enstorage.ledger.base import now
from enstorage.terminal import printable

_LONGEST_NAME = 255
_IDLE = select(STEP.c.id).where(STEP.c.run_id == bindparam("run"), STEP.c.state.in_((RunState.READY, RunState.WAITING)))


def submit(
    kind: str,
    arguments: Any,
    *,
    connector: Connector | None = None,
    key: str | None = None,
    created_by: str = "",
    priority: int = 0,
) -> Run:
    """Ask for long work; a `Dispatcher` of this process or another one does it.

    Args:
        kind: of the work, such as "render", see `docs/reference/runs.md`.
        arguments: JSON as the kind describes it.
        connector: the store; the current one by default.
        key: idempotency key; the same key gives the same run, however often it is submitted.
        created_by: name of who asks for it.
        priority: runs of a higher one start first.

    Returns:
        The run, as it is stored.

    Raises:
        ConflictError: the key belongs to a run of another kind or with other arguments.
        InvalidInputError: there is no such kind, or the arguments do not fit; `field` names the place.
        NotFoundError: an argument refers to a record that is not stored.
    """
    with bound_to(connector) as store:
        found = find_kind(kind)
        checked = found.read(arguments)
        check_name("key", key)
        check_name("created_by", created_by)
        body = checked.model_dump(mode="json", exclude_unset=True)
        with store.database.reading() as session:
            if (earlier := same_run(session, key, kind, body)) is not None:
                return earlier
        # Outside of the transaction: it may import much, and other writers would wait.
        found.check(checked, store)
        with store.transaction() as session:
            if (earlier := same_run(session, key, kind, body)) is not None:
                return earlier
            title = f"{found.title} {checked.subject()}".strip()
            run = Run(key=key, kind=kind, title=title, arguments=body, created_by=created_by, priority=priority)
            add_run(session, run)
            session.add(
                RunStep(
                    run_id=run.id,
                    name=kind,
                    kind=kind,
                    state=RunState.READY,
                    arguments=body,
                    queue_rank=rank_of(run),
                )
            )
            wake_on_commit(session, store)
        return run


def add_run(session: Session, run: Run) -> None:
    """Add a run that nothing has happened in yet."""
    if len(run.title) > _LONGEST_NAME:
        run.title = f"{run.title[: _LONGEST_NAME - 1]}…"
    run.state, run.trace_id, run.created_at = RunState.READY, uuid4().hex, now()
    session.add(run)
    session.flush()
    add_event(session.connection(), run.id, None, "state", {"state": RunState.READY, "error": None})


def rank_of(run: Run) -> int:
    """The place of a run in the queue, in milliseconds: a higher priority stands for an earlier time of submission.

    So the oldest goes first among equals, and nothing waits for ever behind what has a higher priority.
    """
    return int(run.created_at.timestamp() * 1000) - round(run.priority * Timing.read().priority_seconds * 1000)


def cancel(run_id: int, *, connector: Connector | None = None) -> Run:
    """Ask to stop a run: what has not started never starts, what runs is stopped; a run that is over stays as it is.

    Returns:
        The run. Where a step of it runs, it becomes cancelled once its process is gone.

    Raises:
        NotFoundError: there is no such run.
    """
    with bound_to(connector) as store, store.transaction() as session:
        run = find_run(session, run_id)
        if RunState(run.state).is_final or run.cancel_requested_at is not None:
            return run
        run.cancel_requested_at = now()
        session.flush()
        connection = session.connection()
        add_event(connection, run.id, None, "state", {"state": run.state, "error": None, "cancel_requested": True})
        idle = session.scalars(_IDLE, {"run": run_id}).all()
        settle_graph(connection, [id for id in idle if move_step(connection, id, RunState.CANCELLED)])
        settle_run(connection, run_id)
        session.refresh(run)
        wake_on_commit(session, store)
        return run


def retry(run_id: int, *, connector: Connector | None = None) -> Run:
    """Have the steps of a run that failed or were cancelled executed again; those that succeeded keep their outputs.

    Raises:
        ConflictError: the run has not failed and was not cancelled.
        NotFoundError: there is no such run.
    """
    with bound_to(connector) as store, store.transaction() as session:
        run = find_run(session, run_id)
        if run.state not in (RunState.FAILED, RunState.CANCELLED):
            raise ConflictError(
                f"Run {run.id} is {run.state}; expected one that failed or was cancelled. Submit its work as a new run."
            )
        run.cancel_requested_at = run.error = None
        session.flush()
        connection = session.connection()
        settle_run(connection, run_id, error=restart(connection, run_id))
        session.refresh(run)
        wake_on_commit(session, store)
        return run


def same_run(
    session: Session, key: str | None, kind: str, arguments: Any, pipeline_id: int | None = None
) -> Run | None:
    """The run that a key belongs to; None if there is none yet.

    Raises:
        ConflictError: it is a run of something else.
    """
    run = None if key is None else session.scalar(select(Run).where(Run.key == key))
    if run is not None and (run.kind, run.arguments, run.pipeline_id) != (kind, arguments, pipeline_id):
        raise ConflictError(
            f"The key {printable(str(run.key))!r} belongs to run {run.id}, which has another kind or other arguments. Give "
            "each piece of work a key of its own.",
            field="key",
        )
    return run


def check_name(field: str, text: str | None) -> None:
    """Raise an error for a key or a name of a user that cannot be stored."""
    if text is not None and not (isinstance(text, str) and len(text) <= _LONGEST_NAME):
        raise InvalidInputError(
            f"{field} is {text!r:.60}; expected a text of at most {_LONGEST_NAME} characters. Correct it.", field=field
        )
