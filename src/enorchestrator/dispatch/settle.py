"""Settling claims whose dispatcher is gone, or renewed them no more."""

from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime

import psutil
from sqlalchemy import select

from enorchestrator.dispatch.owner import Owner
from enorchestrator.executor.local import LocalExecutor
from enorchestrator.task.claim import Claim, ProcessEnd
from enorchestrator.task.limits import Timing
from enorchestrator.task.moves import ATTEMPT, STEP
from enorchestrator.task.settle import settle
from enorchestrator.task.state import RunState
from enstorage import Connector
from enstorage.ledger.base import now


def settle_lost(connector: Connector, mine: Owner, timing: Timing, known: Collection[Claim] = ()) -> int:
    """Settle the claims of dispatchers that are gone, and those whose lease has expired; returns their number.

    A process of such a claim that is still there, on this machine, is killed first.

    Args:
        connector: the store.
        mine: the dispatcher that looks.
        timing: see `Timing`.
        known: its claims. Others under its name are lost as well: it did not learn that their transaction held.
    """
    held = {(each.step_id, each.fence) for each in known}
    with connector.database.reading() as session:
        found = session.execute(
            select(STEP.c.id, STEP.c.run_id, STEP.c.fence, STEP.c.owner, STEP.c.lease_until, ATTEMPT.c.pid)
            .add_columns(ATTEMPT.c.started_at, ATTEMPT.c.executor)
            .join(ATTEMPT, (ATTEMPT.c.step_id == STEP.c.id) & (ATTEMPT.c.fence == STEP.c.fence))
            .where(STEP.c.state == RunState.RUNNING)
        ).all()
    lost = []
    for each in found:
        if each.owner == str(mine):
            if (each.id, each.fence) not in held:
                detail = "The dispatcher did not learn that it had claimed the work, since the database did not answer."
                lost.append((Claim(each.run_id, each.id, each.fence), ProcessEnd("stopped", detail)))
            continue
        owner = Owner.parse(each.owner or "")
        is_gone = owner is not None and owner.is_gone()
        if not is_gone and each.lease_until is not None and each.lease_until > now():
            continue
        is_here = owner is not None and owner.host == mine.host and each.executor == LocalExecutor.name
        if is_here and each.pid is not None:
            _kill(each.pid, each.started_at)
        reason = "ended" if is_gone else "renewed its claim no more"
        detail = f"The dispatcher that executed the work {reason}, such as by a restart of the server."
        lost.append((Claim(each.run_id, each.id, each.fence), ProcessEnd("lost", detail)))
    if lost:
        with connector.transaction() as session:
            settle(session, lost, timing)
    return len(lost)


def _kill(pid: int, since: datetime | None) -> None:
    """Kill a process that outlived its dispatcher, if it is still the one that ran since then."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if since is not None and datetime.fromtimestamp(process.create_time(), UTC) <= since:
            process.kill()
