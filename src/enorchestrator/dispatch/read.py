"""Reading runs: one, its events, its steps, attempts and logs."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, defer
from sqlalchemy.orm.attributes import set_committed_value

from enorchestrator.task.state import RunState
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.errors import NotFoundError
from enstorage.ledger import Attempt, Pipeline, Run, RunEvent, RunStep, StepNeed
from enstorage.terminal import printable

MOST_EVENTS = 500


@dataclass(frozen=True, slots=True)
class RunDetails:
    """A run with all that belongs to it.

    Attributes:
        run: the run.
        steps: in their order.
        attempts: of all steps, the oldest first.
        needs: by the id of a step, the names of those that go before it.
        pipeline: name and version of the pipeline that it executes; None for work of one step.
    """

    run: Run
    steps: list[RunStep]
    attempts: list[Attempt]
    needs: dict[int, list[str]]
    pipeline: tuple[str, int] | None


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
        return store.database.believed(found, wanted)


def details(run_id: int, *, logs: bool = True, connector: Connector | None = None) -> RunDetails:
    """A run with its steps and attempts.

    Args:
        run_id: the run.
        logs: false to leave the logs of the attempts empty; those of many attempts are large.
        connector: the store; the current one by default.

    Raises:
        NotFoundError: there is no such run.
    """
    with bound_to(connector) as store, store.database.reading() as session:
        run = find_run(session, run_id)
        steps = list(session.scalars(select(RunStep).where(RunStep.run_id == run_id).order_by(RunStep.position)))
        wanted = select(Attempt).join(RunStep).where(RunStep.run_id == run_id).order_by(Attempt.id)
        attempts = list(session.scalars(wanted if logs else wanted.options(defer(Attempt.log))))
        store.database.believed(steps and attempts, wanted)
        if not logs:
            for each in attempts:
                set_committed_value(each, "log", "")
        return RunDetails(run, steps, attempts, _needs(session, steps), _pipeline_of(session, run))


def _needs(session: Session, steps: Collection[RunStep]) -> dict[int, list[str]]:
    """The names of the steps that go before each, for those that have some."""
    names = {step.id: step.name for step in steps}
    found: dict[int, list[str]] = {}
    run_ids = {step.run_id for step in steps}
    wanted = select(StepNeed.step_id, StepNeed.needs_id).join(RunStep, RunStep.id == StepNeed.step_id)
    for need in session.execute(wanted.where(RunStep.run_id.in_(run_ids)).order_by(StepNeed.id)):
        found.setdefault(need.step_id, []).append(names[need.needs_id])
    return found


def _pipeline_of(session: Session, run: Run) -> tuple[str, int] | None:
    pipeline = None if run.pipeline_id is None else session.get(Pipeline, run.pipeline_id)
    return None if pipeline is None else (pipeline.name, pipeline.version)


@dataclass(frozen=True, slots=True)
class AttemptLog:
    """The end of what an attempt printed and logged.

    Attributes:
        step: name of the step.
        fence: number of the attempt.
        exit_reason: why it ended; None while it runs.
        text: at most 64 KiB. While the attempt runs, its log records and warnings so far.
    """

    step: str
    fence: int
    exit_reason: str | None
    text: str


def logs(
    run_id: int, *, step: str | None = None, attempt: int | None = None, connector: Connector | None = None
) -> list[AttemptLog]:
    """The logs of the attempts of a run, the oldest first.

    Args:
        run_id: the run.
        step: name of the step whose attempts are wanted; None for all.
        attempt: its number; None for all.
        connector: the store; the current one by default.

    Raises:
        NotFoundError: there is no such run, or it has no such step.
    """
    with bound_to(connector) as store, store.database.reading() as session:
        find_run(session, run_id)
        wanted = select(Attempt, RunStep.name).join(RunStep).where(RunStep.run_id == run_id).order_by(Attempt.id)
        if step is not None:
            known = select(RunStep.id).where(RunStep.run_id == run_id, RunStep.name == step)
            if session.scalar(known) is None:
                raise NotFoundError(
                    f"Run {run_id} has no step {printable(step)[:60]}. See those that it has: enstorage run show {run_id}"
                )
            wanted = wanted.where(RunStep.name == step)
        if attempt is not None:
            wanted = wanted.where(Attempt.fence == attempt)
        return [
            AttemptLog(name, each.fence, each.exit_reason, each.log or _lines(session, each))
            for each, name in session.execute(wanted).all()
        ]


def _lines(session: Session, attempt: Attempt) -> str:
    """The log events of an attempt whose process has not ended yet, or has left nothing."""
    if attempt.started_at is None:
        return ""
    wanted = (
        select(RunEvent.data)
        .where(RunEvent.step_id == attempt.step_id, RunEvent.kind == "log", RunEvent.created_at >= attempt.started_at)
        .order_by(RunEvent.id)
    )
    if attempt.finished_at is not None:
        wanted = wanted.where(RunEvent.created_at <= attempt.finished_at)
    return "\n".join(data["line"] for data in session.scalars(wanted))


def list_runs(
    *,
    state: str | None = None,
    kind: str | None = None,
    pipeline: str | None = None,
    before: int | None = None,
    limit: int = 50,
    connector: Connector | None = None,
) -> list[Run]:
    """Runs, the newest first.

    Args:
        state: of the runs; None for all.
        kind: of the runs; None for all.
        pipeline: name of the one that they execute, in any version; None for all.
        before: id of a run; those older than it are given.
        limit: largest number of runs.
        connector: the store; the current one by default.
    """
    wanted = select(Run).order_by(Run.id.desc()).limit(limit)
    if state is not None:
        wanted = wanted.where(Run.state == state)
    if kind is not None:
        wanted = wanted.where(Run.kind == kind)
    if pipeline is not None:
        wanted = wanted.where(Run.pipeline_id.in_(select(Pipeline.id).where(Pipeline.name == pipeline)))
    if before is not None:
        wanted = wanted.where(Run.id < before)
    with bound_to(connector) as store, store.database.reading() as session:
        return store.database.believed(list(session.scalars(wanted)), wanted)


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
