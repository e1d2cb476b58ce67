"""The body of a step in its child process: calls the work, reports, and tells the outcome."""

import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from sqlalchemy import bindparam, select

from enorchestrator.task.back_off import may_pass
from enorchestrator.task.child.commit import StepCommit, VoidClaimError
from enorchestrator.task.child.reporter import Reporter
from enorchestrator.task.claim import Claim, ProcessEnd, WorkOutcome
from enorchestrator.task.disk import wait_for_space
from enorchestrator.task.graph import values_of
from enorchestrator.task.limits import Timing
from enorchestrator.task.moves import ATTEMPT, RUN, STEP
from enorchestrator.task.problem import as_plain_json, problem_of
from enorchestrator.task.settle import begin_once, settle
from enorchestrator.task.state import RunState
from enorchestrator.trace.parent import as_parent
from enorchestrator.trace.redaction import redactor_of
from enorchestrator.work.current import executing
from enorchestrator.work.registry import find_kind
from enstorage import Connector
from enstorage.database.types import to_json_text
from enstorage.errors import CancelledError, StoreError
from enstorage.settings import Settings

_LOG = logging.getLogger("enorchestrator")
#: Work that took longer is committed by its own process, so that it does not depend on the dispatcher any more. The outcomes
#: of shorter work are left to the dispatcher, which commits many at once.
COMMIT_ITSELF_SECONDS = 0.5
_STEP = (
    select(STEP.c.run_id, STEP.c.kind, STEP.c.arguments, STEP.c.settings)
    .add_columns(RUN.c.trace_id, ATTEMPT.c.id.label("attempt_id"))
    .join(RUN, RUN.c.id == STEP.c.run_id)
    .join(ATTEMPT, (ATTEMPT.c.step_id == STEP.c.id) & (ATTEMPT.c.fence == STEP.c.fence))
    .where(STEP.c.id == bindparam("step"), STEP.c.fence == bindparam("claimed"), STEP.c.state == RunState.RUNNING)
)


def run_step(
    settings: Settings,
    claim: Claim,
    allow_pickle: bool,
    timing: Timing,
    told_to_stop: Callable[[], None],
    *,
    commit_after_seconds: float = COMMIT_ITSELF_SECONDS,
) -> WorkOutcome | None:
    """Execute a step; returns its outcome, or None if it is committed, or if the claim is void.

    Args:
        settings: of the store, which the child opens itself.
        claim: of the step.
        allow_pickle: see `Connector`.
        timing: see `Timing`.
        told_to_stop: called once when the work is asked to stop.
        commit_after_seconds: work that took less leaves its commit to the dispatcher.
    """
    connector, began = _connector(settings, allow_pickle), time.monotonic()
    with connector:
        reporter = Reporter(connector, claim, told_to_stop, timing.report_seconds)
        outcome = _outcome(connector, claim, reporter, timing)
        if outcome is None or time.monotonic() - began < commit_after_seconds:
            return outcome
        try:
            with connector.database.changing() as connection:
                settle(connection, [(claim, ProcessEnd("returned", outcome=outcome))], timing)
        except StoreError:
            return outcome  # the dispatcher keeps it until the store can be worked with
        return None


def run_step_once(
    settings: Settings, claim: Claim, allow_pickle: bool, timing: Timing, told_to_stop: Callable[[], None]
) -> WorkOutcome | None:
    """Execute a step as `run_step` does, for an engine that may call it again: then nothing is executed.

    The outcome is always committed here, and returned only where the store could not be worked with.

    Raises:
        StoreError: the claim was executed before.
    """
    connector = _connector(settings, allow_pickle)
    with connector.database.changing() as connection:
        if not begin_once(connection, claim, os.getpid()):
            raise StoreError("The work had begun before, in a process that was lost. It is executed again.")
    return run_step(settings, claim, allow_pickle, timing, told_to_stop, commit_after_seconds=0.0)


@cache
def _connector(settings: Settings, allow_pickle: bool) -> Connector:
    """The connector of this process, which executes the steps of one store one after the other."""
    return Connector(*settings, allow_pickle=allow_pickle)


def _outcome(connector: Connector, claim: Claim, reporter: Reporter, timing: Timing) -> WorkOutcome | None:
    commit = StepCommit(claim, reporter, timing)
    connector.before_put = partial(wait_for_space, connector, reporter.progress)
    try:
        with reporter.reporting():
            started = _start(connector, claim)
            if started is None:
                return None
            kind = find_kind(started.kind)
            arguments = kind.read(started.arguments)
            with (
                as_parent(started.trace_id, started.attempt_id),
                commit.joined(connector, kind, arguments),
                executing(claim.run_id, claim.step_id),
            ):
                outputs = as_plain_json(kind.call(arguments, connector, reporter.progress, reporter.partial))
            to_json_text(outputs)  # what cannot be stored is an error of the work
    except VoidClaimError:
        return None
    except CancelledError as error:
        return WorkOutcome("cancelled", error=redactor_of(connector.settings).json(problem_of(error)))
    except Exception as error:  # noqa: BLE001 - whatever the work raises is the outcome of the step
        _LOG.exception("The work ended by an error.")
        problem = redactor_of(connector.settings).json(problem_of(error))
        return WorkOutcome("error", error=problem, may_pass=may_pass(error))
    return None if commit.is_done else WorkOutcome("succeeded", outputs)


@dataclass(frozen=True, slots=True)
class _Started:
    """Work that begins: its kind, its arguments, and its place in the trace."""

    kind: str
    arguments: Any
    trace_id: str
    attempt_id: int


def _start(connector: Connector, claim: Claim) -> _Started | None:
    """The work of a claim; None for a void one."""
    with connector.database.reading() as session:
        step = session.execute(_STEP, {"step": claim.step_id, "claimed": claim.fence}).one_or_none()
        if step is None:
            return None
        return _Started(
            step.kind, values_of(session.connection(), step, step.arguments), step.trace_id, step.attempt_id
        )
