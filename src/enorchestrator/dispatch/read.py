"""Reading runs: one, its events, its steps and attempts."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enorchestrator.task.state import RunState
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.errors import NotFoundError
from enstorage.ledger import Attempt, Run, RunEvent, RunStep

MOST_EVENTS = 500


@dataclass(frozen=True, slots=True)
class RunDetails:
    """A run with all that belongs to it.

    Attributes:
        run: the run.
        steps: in their order.
        attempts: of all steps, the oldest first.
    """

    run: Run
    steps: list[RunStep]
    attempts: list[Attempt]


def events(
    run_id: int, after: int = 0, *, limit: int = MOST_EVENTS, connector: Connector | None = None
) -> list[RunEvent]:
    """The events of a run, in the order in which they were committed.

    Of the progress, and of each partial result, the latest event alone is kept.

    Args:
        run_id: the run.
        after: id of an event; those behind it are given.
        limit: largest number of events.
        connector: the store; the current one by default.

    Raises:
        NotFoundError: there is no such run.
    """
    with bound_to(connector) as store, store.database.reading() as session:
        wanted = (
            select(RunEvent).where(RunEvent.run_id == run_id, RunEvent.id > after).order_by(RunEvent.id).limit(limit)
        )
        found = list(session.scalars(wanted))
        if not found:
            find_run(session, run_id)
        return found


def details(run_id: int, *, connector: Connector | None = None) -> RunDetails:
    """A run with its steps and attempts.

    Raises:
        NotFoundError: there is no such run.
    """
    with bound_to(connector) as store, store.database.reading() as session:
        run = find_run(session, run_id)
        steps = list(session.scalars(select(RunStep).where(RunStep.run_id == run_id).order_by(RunStep.position)))
        ids = [step.id for step in steps]
        attempts = list(session.scalars(select(Attempt).where(Attempt.step_id.in_(ids)).order_by(Attempt.id)))
        return RunDetails(run, steps, attempts)


def list_runs(
    *,
    state: str | None = None,
    kind: str | None = None,
    before: int | None = None,
    limit: int = 50,
    connector: Connector | None = None,
) -> list[Run]:
    """Runs, the newest first.

    Args:
        state: of the runs; None for all.
        kind: of the runs; None for all.
        before: id of a run; those older than it are given.
        limit: largest number of runs.
        connector: the store; the current one by default.
    """
    wanted = select(Run).order_by(Run.id.desc()).limit(limit)
    if state is not None:
        wanted = wanted.where(Run.state == state)
    if kind is not None:
        wanted = wanted.where(Run.kind == kind)
    if before is not None:
        wanted = wanted.where(Run.id < before)
    with bound_to(connector) as store, store.database.reading() as session:
        return list(session.scalars(wanted))


def is_over(run_id: int, *, connector: Connector | None = None) -> bool:
    """True if a run has reached a state that only a retry leaves.

    Raises:
        NotFoundError: there is no such run.
    """
    with bound_to(connector) as store, store.database.reading() as session:
        return RunState(find_run(session, run_id).state).is_final


def latest_event(connector: Connector) -> int:
    """The id of the latest event of all runs; 0 if there is none."""
    with connector.database.reading() as session:
        return session.scalar(select(func.max(RunEvent.id))) or 0


def runs_with_news(connector: Connector, after: int) -> tuple[set[int], int]:
    """The runs that have events behind the one with an id, and the id of the latest event."""
    with connector.database.reading() as session:
        found = session.execute(select(RunEvent.run_id, RunEvent.id).where(RunEvent.id > after)).all()
    return {each.run_id for each in found}, max((each.id for each in found), default=after)


def find_run(session: Session, run_id: int) -> Run:
    """The run with an id.

    Raises:
        NotFoundError: there is none.
    """
    run = session.get(Run, run_id)
    if run is None:
        raise NotFoundError(f"There is no run {run_id}. See those that there are: enstorage run list")
    return run
