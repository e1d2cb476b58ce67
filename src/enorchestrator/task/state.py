"""`RunState`: the states of steps and runs, and the moves between them."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType


class RunState(StrEnum):
    """The state of a step, or of a run; a run is never waiting, expanded, cached or skipped.

    A step waits for those that it needs. It is skipped where one of them did not succeed. An expanded step has one part for
    each item of a list, and is over when all of them are. A cached step got the outputs of an equal one.
    """

    WAITING = "waiting"
    READY = "ready"
    RUNNING = "running"
    EXPANDED = "expanded"
    SUCCEEDED = "succeeded"
    CACHED = "cached"
    FAILED = "failed"
    CANCELLED = "cancelled"
    SKIPPED = "skipped"

    @property
    def is_final(self) -> bool:
        """True for the states that only a person leaves, by a retry."""
        return self in FINAL


FINAL = frozenset({RunState.SUCCEEDED, RunState.CACHED, RunState.FAILED, RunState.CANCELLED, RunState.SKIPPED})
_AGAIN = frozenset({RunState.READY, RunState.WAITING, RunState.EXPANDED})

#: Who moves a step: the transaction in which the last of its needs succeeds, from waiting to ready, expanded or cached; the
#: dispatcher from ready to running, and back where the child was lost; the child to succeeded, failed or, where it stopped
#: by itself, cancelled; the dispatcher in its place where the child ended without a word; people by cancel, and by retry.
MOVES: Mapping[RunState, frozenset[RunState]] = MappingProxyType(
    {
        RunState.WAITING: frozenset({RunState.READY, RunState.EXPANDED, *FINAL}),
        RunState.READY: frozenset({RunState.RUNNING, RunState.CANCELLED}),
        RunState.RUNNING: frozenset({RunState.READY, RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}),
        RunState.EXPANDED: frozenset({RunState.SUCCEEDED, RunState.FAILED, RunState.CANCELLED}),
        RunState.SUCCEEDED: frozenset(),
        RunState.CACHED: frozenset(),
        RunState.FAILED: _AGAIN,
        RunState.CANCELLED: _AGAIN,
        RunState.SKIPPED: _AGAIN,
    }
)


def sources_of(state: RunState) -> frozenset[RunState]:
    """The states from which a step may move to a state."""
    return frozenset(source for source, targets in MOVES.items() if state in targets)


def state_of_run(steps: Collection[RunState]) -> RunState:
    """The state of a run by the states that its steps have.

    A run is over when all of its steps are: failed if one has failed, else cancelled if one was cancelled.
    """
    if RunState.RUNNING in steps:
        return RunState.RUNNING
    if not FINAL.issuperset(steps):
        return RunState.READY if {RunState.SUCCEEDED, RunState.CACHED}.isdisjoint(steps) else RunState.RUNNING
    for state in (RunState.FAILED, RunState.CANCELLED):
        if state in steps:
            return state
    return RunState.SUCCEEDED
