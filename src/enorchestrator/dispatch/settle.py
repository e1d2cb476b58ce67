"""Settling claims whose dispatcher is gone, or renewed them no more."""

import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import psutil
from sqlalchemy import Row, select

from enorchestrator.dispatch.owner import Owner
from enorchestrator.executor.local import LocalExecutor
from enorchestrator.task.claim import Claim, ProcessEnd
from enorchestrator.task.limits import Timing
from enorchestrator.task.moves import ATTEMPT, STEP
from enorchestrator.task.settle import settle
from enorchestrator.task.state import RunState
from enstorage import Connector
from enstorage.errors import StoreError

_RUNNING = (
    select(STEP.c.id, STEP.c.run_id, STEP.c.fence, STEP.c.parent_id, STEP.c.owner, STEP.c.lease_until, ATTEMPT.c.pid)
    .add_columns(ATTEMPT.c.started_at, ATTEMPT.c.executor)
    .join(ATTEMPT, (ATTEMPT.c.step_id == STEP.c.id) & (ATTEMPT.c.fence == STEP.c.fence))
    .where(STEP.c.state == RunState.RUNNING)
)


class LostClaims:
    """Finds and settles the claims of dispatchers that are gone, and those whose lease has expired.

    A lease has expired when it was seen unchanged for its length, by the clock of this process that cannot be set. So the
    clocks of several machines may differ, and may jump.

    Args:
        connector: the store.
        mine: the dispatcher that looks.
        timing: see `Timing`.
    """

    def __init__(self, connector: Connector, mine: Owner, timing: Timing) -> None:
        self._connector, self._mine, self._timing = connector, mine, timing
        #: The leases of others as they were seen, and since when they have been so.
        self._seen: dict[tuple[int, int], tuple[datetime | None, float]] = {}
        self._looked_at = float("-inf")

    def settle(self, known: Collection[Claim] = ()) -> int:
        """Settle what is lost; returns the number of claims. Their processes, where they are still there, are killed.

        Args:
            known: the claims of this dispatcher. Others under its name are lost as well: it did not learn that their
                transaction held.
        """
        held = {(each.step_id, each.fence) for each in known}
        with self._connector.database.reading() as session:
            found = session.execute(_RUNNING).all()
        lost = []
        self._look(found)
        for each in found:
            if each.owner == str(self._mine):
                if (each.id, each.fence) not in held:
                    detail = (
                        "The dispatcher did not learn that it had claimed the work, since the database did not answer."
                    )
                    lost.append(
                        (Claim(each.run_id, each.id, each.fence, each.parent_id), ProcessEnd("stopped", detail))
                    )
                continue
            owner = Owner.parse(each.owner or "")
            is_gone = owner is not None and owner.is_gone()
            if not (is_gone or self._has_expired(each)):
                continue
            is_here = owner is not None and owner.host == self._mine.host and each.executor == LocalExecutor.name
            if is_here and each.pid is not None:
                _kill(each.pid, each.started_at)
            reason = "ended" if is_gone else "renewed its claim no more"
            detail = f"The dispatcher that executed the work {reason}, such as by a restart of the server."
            lost.append((Claim(each.run_id, each.id, each.fence, each.parent_id), ProcessEnd("lost", detail)))
        if lost:
            try:
                with self._connector.database.changing() as connection:
                    settle(connection, lost, self._timing)
            except StoreError:
                self._seen.clear()  # nobody could renew either: all have the time of a lease, once the store works again
                raise
        return len(lost)

    def _look(self, found: Sequence[Row[Any]]) -> None:
        """Note the leases that are new or renewed, and forget those that are over."""
        moment = time.monotonic()
        if moment - self._looked_at > self._timing.lease_seconds:
            self._seen.clear()  # the store was away, for others too
        self._looked_at = moment
        now_seen = {}
        for each in found:
            before = self._seen.get((each.id, each.fence))
            is_same = before is not None and before[0] == each.lease_until
            now_seen[each.id, each.fence] = before if is_same and before else (each.lease_until, moment)
        self._seen = now_seen

    def _has_expired(self, step: Row[Any]) -> bool:
        since = self._seen[step.id, step.fence][1]
        return step.lease_until is None or time.monotonic() - since >= self._timing.lease_seconds


def _kill(pid: int, since: datetime | None) -> None:
    """Kill a process that outlived its dispatcher, if it is still the one that ran since then."""
    with suppress(psutil.Error):
        process = psutil.Process(pid)
        if since is not None and datetime.fromtimestamp(process.create_time(), UTC) <= since:
            process.kill()
