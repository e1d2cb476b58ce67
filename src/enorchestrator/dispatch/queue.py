"""The queue of steps: claims with fences and leases. Transactions follow one another, so several dispatchers do no harm."""

from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import and_, bindparam, delete, insert, or_, select, update
from sqlalchemy.orm import Session

from enorchestrator.dispatch.owner import Owner
from enorchestrator.task.claim import Claim
from enorchestrator.task.moves import ATTEMPT, EVENT, RUN, STEP, settle_runs
from enorchestrator.task.state import RunState
from enstorage import Connector
from enstorage.ledger.base import now

_IS_CLAIMABLE = and_(
    STEP.c.state == RunState.READY, or_(STEP.c.retry_at.is_(None), STEP.c.retry_at <= bindparam("moment"))
)
_ONE_READY = select(STEP.c.id).where(_IS_CLAIMABLE).limit(1)
_NEXT = (
    select(STEP.c.id, STEP.c.run_id, STEP.c.fence, STEP.c.started_at, STEP.c.settings)
    .add_columns(RUN.c.state.label("state_of_run"))
    .join(RUN, RUN.c.id == STEP.c.run_id)
    .where(_IS_CLAIMABLE, RUN.c.cancel_requested_at.is_(None))
    .order_by(STEP.c.queue_rank, STEP.c.id)
    .limit(bindparam("most"))
)
_CLAIMED = (
    update(STEP)
    .where(STEP.c.id == bindparam("step"))
    .values(
        state=RunState.RUNNING,
        fence=bindparam("next_fence"),
        owner=bindparam("dispatcher"),
        lease_until=bindparam("until"),
        started_at=bindparam("started"),
    )
)
_STALE_NEWS = delete(EVENT).where(
    EVENT.c.run_id == bindparam("run"), EVENT.c.step_id == bindparam("step"), EVENT.c.kind.in_(("progress", "partial"))
)
_OF_CLAIMS = (
    select(STEP.c.id, STEP.c.fence, STEP.c.state, RUN.c.cancel_requested_at)
    .join(RUN, RUN.c.id == STEP.c.run_id)
    .where(STEP.c.id.in_(bindparam("ids", expanding=True)))
)


def has_ready(connector: Connector) -> bool:
    """True if a step could be claimed; reads only, so it waits for no writer."""
    with connector.database.reading() as session:
        return session.scalar(_ONE_READY, {"moment": now()}) is not None


def claim(session: Session, owner: Owner, executor: str, most: int, lease_seconds: float) -> list[Claim]:
    """Claim steps that are ready: those of the lowest rank first, which runs have by their priority and age.

    Args:
        session: of the transaction.
        owner: who claims them.
        executor: name of the executor, for the attempts.
        most: largest number.
        lease_seconds: the claims expire unless they are renewed within this time.
    """
    moment = now()
    found = session.execute(_NEXT, {"moment": moment, "most": most}).all()
    if not found:
        return []
    claims = [
        Claim(each.run_id, each.id, each.fence + 1, (each.settings or {}).get("timeout_seconds")) for each in found
    ]
    by_dispatcher = {"dispatcher": str(owner), "until": moment + timedelta(seconds=lease_seconds)}
    session.execute(
        _CLAIMED,
        [
            {
                "step": claimed.step_id,
                "next_fence": claimed.fence,
                "started": each.started_at or moment,
                **by_dispatcher,
            }
            for each, claimed in zip(found, claims, strict=True)
        ],
    )
    session.execute(
        insert(ATTEMPT),
        [
            {"step_id": each.step_id, "fence": each.fence, "executor": executor, "external_id": each.external_id}
            for each in claims
        ],
    )
    for each in claims:
        if each.fence > 1:  # progress and partial results of an earlier attempt
            session.execute(_STALE_NEWS, {"run": each.run_id, "step": each.step_id})
    settle_runs(session, [each.run_id for each in found if each.state_of_run != RunState.RUNNING], {})
    return claims


def renew(connector: Connector, owner: Owner, lease_seconds: float) -> None:
    """Renew the leases of all claims of an owner."""
    with connector.database.transaction(before=False) as session:
        session.execute(
            update(STEP)
            .where(STEP.c.owner == str(owner), STEP.c.state == RunState.RUNNING)
            .values(lease_until=now() + timedelta(seconds=lease_seconds))
        )


def to_cancel(connector: Connector, claims: Collection[Claim]) -> list[Claim]:
    """Those of some claims whose runs were asked to stop, or that are void: another dispatcher took them for lost."""
    with connector.database.reading() as session:
        found = session.execute(_OF_CLAIMS, {"ids": [each.step_id for each in claims]}).all()
    by_step = {each.id: each for each in found}
    return [
        each
        for each in claims
        if by_step[each.step_id].cancel_requested_at is not None or by_step[each.step_id].fence != each.fence
    ]
