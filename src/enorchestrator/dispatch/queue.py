"""The queue of steps: claims with fences and leases. Transactions follow one another, so several dispatchers do no harm."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, insert, or_, select, update

from enorchestrator.dispatch.owner import Owner
from enorchestrator.dispatch.resources import Ledger, Needs, Resources
from enorchestrator.task.claim import Claim
from enorchestrator.task.limits import LONGEST_PAUSE_SECONDS
from enorchestrator.task.moves import ATTEMPT, EVENT, RUN, STEP, settle_runs, too_large
from enorchestrator.task.state import RunState
from enstorage import Connector
from enstorage.database.direct import change, rows
from enstorage.ledger.base import now

# No pause is as long as the second bound says: the clock was set back meanwhile.
_IS_CLAIMABLE = and_(
    STEP.c.state == RunState.READY,
    or_(STEP.c.retry_at.is_(None), STEP.c.retry_at <= bindparam("moment"), STEP.c.retry_at > bindparam("beyond")),
)
_ONE_READY = select(STEP.c.id).where(_IS_CLAIMABLE).limit(1)
_ANY_READY = select(STEP.c.id).where(STEP.c.state == RunState.READY).limit(1)
_NEXT = (
    select(STEP.c.id, STEP.c.run_id, STEP.c.fence, STEP.c.parent_id, STEP.c.started_at, STEP.c.settings)
    .add_columns(STEP.c.queue_rank, RUN.c.state.label("state_of_run"), RUN.c.created_by)
    .add_columns(too_large().label("too_large"))
    .join(RUN, RUN.c.id == STEP.c.run_id)
    .where(_IS_CLAIMABLE, RUN.c.cancel_requested_at.is_(None))
    .order_by(STEP.c.queue_rank, STEP.c.id)
    .limit(bindparam("most"))
)
_BEHIND = _NEXT.where(
    or_(
        STEP.c.queue_rank > bindparam("rank"),
        and_(STEP.c.queue_rank == bindparam("rank"), STEP.c.id > bindparam("last")),
    )
)
_AT_WORK = select(STEP.c.owner, STEP.c.settings, too_large().label("too_large")).where(
    STEP.c.state == RunState.RUNNING, STEP.c.settings.is_not(None)
)
#: Where what goes first waits for resources, so many steps behind it are looked at, in pages.
_MOST_LOOKED_AT, _PAGE = 1_000, 100
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
_ATTEMPTED = insert(ATTEMPT)
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
        return session.scalar(_ONE_READY, _moment()) is not None


def is_empty(connector: Connector) -> bool:
    """True if no step is ready, nor will be by the mere passing of time."""
    with connector.database.reading() as session:
        return session.scalar(_ANY_READY) is None


def _moment() -> dict[str, datetime]:
    moment = now()
    return {"moment": moment, "beyond": moment + timedelta(seconds=LONGEST_PAUSE_SECONDS)}


def claim(
    connection: Connection,
    owner: Owner,
    executor: str,
    most: int,
    lease_seconds: float,
    resources: Callable[[], Resources] | None = None,
) -> list[Claim]:
    """Claim steps that are ready: those of the lowest rank first, which runs have by their priority and age.

    Args:
        connection: of the transaction.
        owner: who claims them.
        executor: name of the executor, for the attempts.
        most: largest number.
        lease_seconds: the claims expire unless they are renewed within this time.
        resources: gives those of the machine; a step that asks for some is claimed when they are free.
    """
    moment = now()
    found = _next(connection, owner, most, resources)
    if not found:
        return []
    claims = [
        Claim(
            each.run_id,
            each.id,
            each.fence + 1,
            each.parent_id,
            (each.settings or {}).get("timeout_seconds"),
            _memory_bytes(needs.get("memory_mb")),
            each.created_by,
        )
        for each, needs in found
    ]
    by_dispatcher = {"dispatcher": str(owner), "until": moment + timedelta(seconds=lease_seconds)}
    change(
        connection,
        _CLAIMED,
        [
            {
                "step": claimed.step_id,
                "next_fence": claimed.fence,
                "started": each.started_at or moment,
                **by_dispatcher,
            }
            for (each, _), claimed in zip(found, claims, strict=True)
        ],
    )
    change(
        connection,
        _ATTEMPTED,
        [
            {"step_id": each.step_id, "fence": each.fence, "executor": executor, "external_id": each.external_id}
            for each in claims
        ],
    )
    for each in claims:
        if each.fence > 1:  # progress and partial results of an earlier attempt
            connection.execute(_STALE_NEWS, {"run": each.run_id, "step": each.step_id})
    settle_runs(connection, [each.run_id for each, _ in found if each.state_of_run != RunState.RUNNING], {})
    return claims


def _next(
    connection: Connection, owner: Owner, most: int, resources: Callable[[], Resources] | None
) -> list[tuple[Row[Any], Needs]]:
    """The steps to claim, with their needs."""
    asked = {**_moment(), "most": most}
    found = rows(connection, _NEXT, asked)
    if resources is None or not any((row.settings or {}).get("resources") for row in found):
        return [(row, {}) for row in found]
    have = resources()
    at_work = [row for row in connection.execute(_AT_WORK).all() if _host_of(row.owner) == owner.host]
    ledger = Ledger(have, [_needs(row, have) for row in at_work])
    chosen: list[tuple[Row[Any], Needs]] = []
    looked_at = 0
    while found and looked_at < _MOST_LOOKED_AT:
        looked_at += len(found)
        for row in found:
            needs = _needs(row, have)
            if not needs or ledger.reserve(needs):
                chosen.append((row, needs))
            if len(chosen) == most:
                return chosen
        behind = {"rank": found[-1].queue_rank, "last": found[-1].id}
        found = connection.execute(_BEHIND, asked | behind | {"most": _PAGE}).all()
    return chosen


def _needs(row: Row[Any], have: Resources) -> Needs:
    """The resources that a step asks for; of memory twice as much after an attempt for which it was too little."""
    needs: Needs = dict((row.settings or {}).get("resources") or {})
    if row.too_large and "memory_mb" in needs:
        needs["memory_mb"] = max(needs["memory_mb"], min(2 * needs["memory_mb"], have.memory_mb))
    return needs


def _host_of(owner: str | None) -> str | None:
    found = Owner.parse(owner or "")
    return None if found is None else found.host


def _memory_bytes(megabytes: float | None) -> float | None:
    return None if megabytes is None else megabytes * 1e6


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
