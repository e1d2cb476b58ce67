"""`orchestrator_status` and `stop_orchestrators`: those at work on a store as others see and stop them."""

import time
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enorchestrator.service.presence import PresentDispatcher, ask_to_stop, leave, present
from enorchestrator.task.state import RunState
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.errors import StoreError
from enstorage.ledger import Attempt, PipelineSchedule, Run, RunStep
from enstorage.ledger.base import now

_LOOK_SECONDS = 0.1
#: Beyond the grace period, for children that have to be killed.
_KILL_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class QueueLength:
    """The steps of runs that are not over.

    Attributes:
        ready: those that a dispatcher could claim now.
        delayed: those that are tried again later, after an error.
        waiting: those that wait for others.
        running: those that are executed.
        oldest_ready_at: when the oldest of the ready ones was last changed; None for none.
    """

    ready: int
    delayed: int
    waiting: int
    running: int
    oldest_ready_at: datetime | None


@dataclass(frozen=True, slots=True)
class ChildProcess:
    """A step that is executed.

    Attributes:
        run_id: its run.
        title: of the run.
        step: its name.
        kind: of its work.
        owner: the dispatcher that claimed it.
        pid: of the process that executes it; None until it has begun.
        started_at: when it began; None until then.
        progress: of it, such as "Training: 3 of 10"; empty for none.
    """

    run_id: int
    title: str
    step: str
    kind: str
    owner: str
    pid: int | None
    started_at: datetime | None
    progress: str


@dataclass(frozen=True, slots=True)
class OrchestratorStatus:
    """The dispatchers at work on a store, and its queue.

    Attributes:
        dispatchers: the oldest first.
        queue: numbers of steps.
        children: what is executed.
        schedules: number of those that are not paused.
        next_at: the next time of them; None for none.
    """

    dispatchers: list[PresentDispatcher]
    queue: QueueLength
    children: list[ChildProcess]
    schedules: int
    next_at: datetime | None

    @property
    def is_at_work(self) -> bool:
        """True if a dispatcher claims steps."""
        return any(each.state == "working" for each in self.dispatchers)


def orchestrator_status(*, connector: Connector | None = None) -> OrchestratorStatus:
    """The dispatchers at work on a store, its queue, what is executed, and the next time of its schedules."""
    with bound_to(connector) as store:
        dispatchers = present(store)
        with store.database.reading() as session:
            count, next_at = session.execute(
                select(func.count(), func.min(PipelineSchedule.next_at)).where(PipelineSchedule.next_at.is_not(None))
            ).one()
            return OrchestratorStatus(dispatchers, _queue(session), _children(session), count, next_at)


def stop_orchestrators(grace_seconds: float = 60.0, *, connector: Connector | None = None) -> list[PresentDispatcher]:
    """Stop the orchestrators of a store that are processes of their own, and wait until they are gone.

    They fire and claim nothing more. What still runs after the grace period is stopped, and executed again by the next one.
    Those of servers (`enstorage serve`) go on.

    Args:
        grace_seconds: time that what runs has to end.
        connector: the store; the current one by default.

    Returns:
        Those that stopped; empty if none was at work.

    Raises:
        StoreError: one is still there.
    """
    with bound_to(connector) as store:
        asked = ask_to_stop(store, "orchestrator", grace_seconds)
        names = {each.owner for each in asked}
        end = time.monotonic() + grace_seconds + _KILL_SECONDS
        while left := [each for each in present(store) if each.owner in names]:
            for each in left:
                if each.state == "lost":
                    leave(store, each.owner)
            if time.monotonic() > end:
                raise StoreError(
                    f"The orchestrator of process {left[0].pid} on {left[0].host} has not stopped within "
                    f"{grace_seconds + _KILL_SECONDS:g} seconds. Kill the process; its steps are executed again."
                )
            time.sleep(_LOOK_SECONDS)
        return asked


def _queue(session: Session) -> QueueLength:
    def count(state: RunState) -> int:
        return session.scalar(select(func.count()).select_from(RunStep).where(RunStep.state == state)) or 0

    moment = now()
    is_delayed = (RunStep.state == RunState.READY) & (RunStep.retry_at > moment)
    delayed = session.scalar(select(func.count()).select_from(RunStep).where(is_delayed)) or 0
    oldest = session.scalar(
        select(func.min(RunStep.updated_at)).where(
            RunStep.state == RunState.READY, RunStep.retry_at.is_(None) | (RunStep.retry_at <= moment)
        )
    )
    return QueueLength(
        ready=count(RunState.READY) - delayed,
        delayed=delayed,
        waiting=count(RunState.WAITING),
        running=count(RunState.RUNNING),
        oldest_ready_at=oldest,
    )


def _children(session: Session) -> list[ChildProcess]:
    found = session.execute(
        select(RunStep, Run.title, Attempt.pid, Attempt.started_at)
        .join(Run, Run.id == RunStep.run_id)
        .join(Attempt, (Attempt.step_id == RunStep.id) & (Attempt.fence == RunStep.fence))
        .where(RunStep.state == RunState.RUNNING)
        .order_by(RunStep.id)
    ).all()
    return [
        ChildProcess(
            run_id=step.run_id,
            title=title,
            step=step.name,
            kind=step.kind,
            owner=step.owner or "",
            pid=pid,
            started_at=started_at,
            progress=f"{step.progress_what}: {step.progress_done} of {step.progress_total}"
            if step.progress_total
            else "",
        )
        for step, title, pid, started_at in found
    ]
