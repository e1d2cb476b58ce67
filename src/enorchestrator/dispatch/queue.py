"""The queue of steps: claims with fences and leases. Each function is one transaction, so several dispatchers do no harm."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update

from enorchestrator.dispatch.owner import Owner
from enorchestrator.task.claim import Claim
from enorchestrator.task.moves import settle_run
from enorchestrator.task.state import RunState
from enstorage import Connector
from enstorage.ledger import Attempt, Run, RunStep
from enstorage.ledger.base import now

#: A claim expires unless it is renewed within this time.
LEASE = timedelta(seconds=45)


def _is_claimable() -> ColumnElement[bool]:
    return and_(RunStep.state == RunState.READY, or_(RunStep.retry_at.is_(None), RunStep.retry_at <= now()))


def has_ready(connector: Connector) -> bool:
    """True if a step could be claimed; reads only, so it waits for no writer."""
    with connector.database.reading() as session:
        return session.scalar(select(RunStep.id).where(_is_claimable()).limit(1)) is not None


def claim(connector: Connector, owner: Owner, executor: str, most: int) -> list[Claim]:
    """Claim steps that are ready: those of the lowest rank first, which runs have by their priority and age.

    Args:
        connector: the store.
        owner: who claims them.
        executor: name of the executor, for the attempts.
        most: largest number.
    """
    with connector.transaction() as session:
        found = session.execute(
            select(RunStep.id, RunStep.run_id, RunStep.fence, RunStep.started_at, RunStep.settings)
            .join(Run, Run.id == RunStep.run_id)
            .where(_is_claimable(), Run.cancel_requested_at.is_(None))
            .order_by(RunStep.queue_rank, RunStep.id)
            .limit(most)
        ).all()
        claims = [
            Claim(each.run_id, each.id, each.fence + 1, (each.settings or {}).get("timeout_seconds")) for each in found
        ]
        moment = now()
        for each, claimed in zip(found, claims, strict=True):
            session.execute(
                update(RunStep)
                .where(RunStep.id == each.id)
                .values(
                    state=RunState.RUNNING,
                    fence=claimed.fence,
                    owner=str(owner),
                    lease_until=moment + LEASE,
                    started_at=each.started_at or moment,
                    updated_at=moment,
                )
            )
            session.add(
                Attempt(
                    step_id=each.id, fence=claimed.fence, executor=executor, external_id=claimed.external_id, log=""
                )
            )
        for run_id in dict.fromkeys(each.run_id for each in claims):
            settle_run(session, run_id)
    return claims


def renew(connector: Connector, owner: Owner) -> None:
    """Renew the leases of all claims of an owner."""
    with connector.database.transaction(before=False) as session:
        session.execute(
            update(RunStep)
            .where(RunStep.owner == str(owner), RunStep.state == RunState.RUNNING)
            .values(lease_until=now() + LEASE),
            execution_options={"synchronize_session": False},
        )


def to_cancel(connector: Connector, claims: Collection[Claim]) -> list[Claim]:
    """Those of some claims whose runs were asked to stop, or that are void: another dispatcher took them for lost."""
    with connector.database.reading() as session:
        found = session.execute(
            select(RunStep.id, RunStep.fence, Run.cancel_requested_at)
            .join(Run, Run.id == RunStep.run_id)
            .where(RunStep.id.in_([each.step_id for each in claims]))
        ).all()
    by_step = {each.id: each for each in found}
    return [
        each
        for each in claims
        if by_step[each.step_id].cancel_requested_at is not None or by_step[each.step_id].fence != each.fence
    ]
