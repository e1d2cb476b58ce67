"""The body of a step in its child process: calls the work, reports, and commits the outcome under its claim."""

import logging
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import delete, select, update

from enorchestrator.task.back_off import pause_after
from enorchestrator.task.claim import Claim
from enorchestrator.task.graph import settle_graph, values_of
from enorchestrator.task.moves import end_attempt, move_step, settle_run
from enorchestrator.task.problem import as_plain_json, problem_of
from enorchestrator.task.reporter import Reporter
from enorchestrator.task.state import RunState
from enorchestrator.trace.redaction import redactor_of
from enorchestrator.work.registry import find_kind
from enstorage import Connector
from enstorage.errors import CancelledError
from enstorage.ledger import Attempt, RunEvent, RunStep
from enstorage.settings import Settings

_LOG = logging.getLogger("enorchestrator")
_VOID = "The claim %s is void; its outcome was thrown away."


def run_step(settings: Settings, claim: Claim, allow_pickle: bool, told_to_stop: Callable[[], None]) -> None:
    """Execute a step and commit its outcome; what the claim does not cover any more is thrown away.

    Args:
        settings: of the store, which the child opens itself.
        claim: of the step.
        allow_pickle: see `Connector`.
        told_to_stop: called once when the work is asked to stop.
    """
    connector = _connector(settings, allow_pickle)
    with connector:
        started = _start(connector, claim)
        if started is None:
            return
        kind_name, values = started
        reporter = Reporter(connector, claim, told_to_stop)
        try:
            with reporter.reporting():
                kind = find_kind(kind_name)
                outputs = kind.call(kind.read(values), connector, reporter.progress, reporter.partial)
        except CancelledError as error:
            _commit(
                connector, claim, RunState.CANCELLED, "cancelled", error=redactor_of(settings).json(problem_of(error))
            )
        except Exception as error:  # noqa: BLE001 - whatever the work raises is the outcome of the step
            _LOG.exception("The work ended by an error.")
            _commit_error(connector, claim, error)
        else:
            _commit(connector, claim, RunState.SUCCEEDED, "succeeded", outputs=as_plain_json(outputs))


@cache
def _connector(settings: Settings, allow_pickle: bool) -> Connector:
    """The connector of this process, which executes the steps of one store one after the other."""
    return Connector(*settings, allow_pickle=allow_pickle)


def _start(connector: Connector, claim: Claim) -> tuple[str, Any] | None:
    """Note that the attempt has started; the kind and the arguments, or None for a void claim."""
    with connector.transaction() as session:
        step = session.get(RunStep, claim.step_id)
        if step is None or step.fence != claim.fence or step.state != RunState.RUNNING:
            return None
        session.execute(
            update(Attempt)
            .where(Attempt.step_id == claim.step_id, Attempt.fence == claim.fence)
            .values(pid=os.getpid(), started_at=datetime.now(UTC))
        )
        # Progress and partial results of an earlier attempt.
        replaced = (RunEvent.run_id == claim.run_id, RunEvent.kind.in_(("progress", "partial")))
        session.execute(delete(RunEvent).where(*replaced, RunEvent.step_id == claim.step_id))
        return step.kind, values_of(session, step, step.arguments)


def _commit(
    connector: Connector,
    claim: Claim,
    state: RunState,
    reason: str,
    *,
    outputs: Mapping[str, Any] | None = None,
    error: Mapping[str, Any] | None = None,
) -> None:
    with connector.transaction() as session:
        if not move_step(session, claim.step_id, state, fence=claim.fence, outputs=outputs):
            _LOG.warning(_VOID, claim.external_id)
            return
        end_attempt(session, claim, reason, error=error)
        problem = settle_graph(session, [claim.step_id])
        settle_run(session, claim.run_id, error=problem)


def _commit_error(connector: Connector, claim: Claim, error: Exception) -> None:
    """Commit that the work ended by an error: it is executed again after a pause if that may pass, else the step fails."""
    problem = redactor_of(connector.settings).json(problem_of(error))
    with connector.transaction() as session:
        step = session.execute(
            select(RunStep.user_attempts, RunStep.may_fail, RunStep.settings).where(RunStep.id == claim.step_id)
        ).one()
        tries = 1 + step.user_attempts
        pause = pause_after(error, tries, (step.settings or {}).get("retries"))
        state = RunState.FAILED if pause is None else RunState.READY
        retry_at = None if pause is None else datetime.now(UTC) + pause
        if not move_step(session, claim.step_id, state, fence=claim.fence, user_attempts=tries, retry_at=retry_at):
            _LOG.warning(_VOID, claim.external_id)
            return
        end_attempt(session, claim, "error", error=problem)
        settle_graph(session, [claim.step_id])
        settle_run(session, claim.run_id, error=None if retry_at or step.may_fail else problem)
