"""The dispatchers of a store, as their rows tell: who is at work, who was asked to stop, who was lost."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import CursorResult, delete, select, update

from enorchestrator.dispatch.owner import Owner
from enorchestrator.task.limits import Timing
from enstorage import Connector
from enstorage.ledger import DispatcherPresence
from enstorage.ledger.base import now


@dataclass(frozen=True, slots=True)
class PresentDispatcher:
    """A dispatcher that has a row.

    Attributes:
        owner: its name, by which steps tell who claimed them.
        host: its machine.
        pid: its process there.
        program: that it belongs to, such as "serve" or "orchestrator".
        workers: largest number of steps at once.
        state: "working", "stopping", or "lost" for one whose process is gone or silent for longer than the lease.
        started_at: when it began.
        heartbeat_at: when its loop was last seen to turn.
    """

    owner: str
    host: str
    pid: int
    program: str
    workers: int
    state: str
    started_at: datetime
    heartbeat_at: datetime


def appear(connector: Connector, owner: Owner, program: str, workers: int) -> None:
    """Note that a dispatcher has begun; rows of lost ones are taken away."""
    lost = [each.owner for each in present(connector) if each.state == "lost"]
    with connector.transaction() as session:
        session.execute(delete(DispatcherPresence).where(DispatcherPresence.owner.in_(lost)))
        session.add(DispatcherPresence(owner=str(owner), program=program, workers=workers, heartbeat_at=now()))


def beat(connector: Connector, owner: Owner) -> bool:
    """Renew the heartbeat of a dispatcher; false if its row is gone, since others took it for lost."""
    with connector.database.transaction(before=False) as session:
        renewed = session.execute(
            update(DispatcherPresence).where(DispatcherPresence.owner == str(owner)).values(heartbeat_at=now()),
            execution_options={"synchronize_session": False},
        )
        assert isinstance(renewed, CursorResult)  # noqa: S101 - of an UPDATE
        return renewed.rowcount == 1


def stop_asked_by(connector: Connector, owner: Owner) -> datetime | None:
    """The time by which a dispatcher was asked to have stopped; None while it was not."""
    with connector.database.reading() as session:
        return session.scalar(select(DispatcherPresence.stop_by).where(DispatcherPresence.owner == str(owner)))


def leave(connector: Connector, owner: str) -> None:
    """Take the row of a dispatcher away."""
    with connector.transaction() as session:
        session.execute(delete(DispatcherPresence).where(DispatcherPresence.owner == owner))


def ask_to_stop(connector: Connector, program: str, grace_seconds: float) -> list[PresentDispatcher]:
    """Ask the dispatchers of a program to claim nothing more, and to stop what still runs after a grace period.

    Returns:
        Those that were asked and are not lost.
    """
    asked = [each for each in present(connector) if each.program == program and each.state != "lost"]
    with connector.transaction() as session:
        session.execute(
            update(DispatcherPresence)
            .where(DispatcherPresence.owner.in_([each.owner for each in asked]))
            .values(stop_by=now() + timedelta(seconds=grace_seconds)),
            execution_options={"synchronize_session": False},
        )
    return asked


def present(connector: Connector) -> list[PresentDispatcher]:
    """All dispatchers that have rows, the oldest first."""
    with connector.database.reading() as session:
        rows = session.scalars(select(DispatcherPresence).order_by(DispatcherPresence.id)).all()
    return [_told(row) for row in rows]


def _told(row: DispatcherPresence) -> PresentDispatcher:
    owner = Owner.parse(row.owner)
    is_lost = (
        owner is None or owner.is_gone() or (now() - row.heartbeat_at).total_seconds() > Timing.read().lease_seconds
    )
    return PresentDispatcher(
        owner=row.owner,
        host="" if owner is None else owner.host,
        pid=0 if owner is None else owner.pid,
        program=row.program,
        workers=row.workers,
        state="lost" if is_lost else "working" if row.stop_by is None else "stopping",
        started_at=row.created_at,
        heartbeat_at=row.heartbeat_at,
    )
