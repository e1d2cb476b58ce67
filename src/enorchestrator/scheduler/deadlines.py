"""Deadlines of runs: a warning when one is going to be missed, and the end that the pipeline has declared when it is."""

import logging
from datetime import timedelta
from typing import Any

from sqlalchemy import case, func, select

from enorchestrator.dispatch.submit import cancel
from enorchestrator.pipeline.definition import PipelineDefinition
from enorchestrator.pipeline.manager import find_pipeline
from enorchestrator.pipeline.submit import run_pipeline
from enorchestrator.task.moves import EVENT, RUN, STEP, add_event
from enorchestrator.task.state import FINAL, RunState
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.errors import EnstorageError
from enstorage.ledger import Pipeline
from enstorage.ledger.base import now
from enstorage.terminal import printable

_LOG = logging.getLogger(__name__)
WARNED, PASSED = "deadline_projected", "deadline_passed"
_OPEN = (
    select(
        RUN.c.id, RUN.c.pipeline_id, RUN.c.title, RUN.c.created_at, RUN.c.arguments, RUN.c.created_by, RUN.c.priority
    )
    .where(RUN.c.state.in_((RunState.READY, RunState.RUNNING)), RUN.c.pipeline_id.is_not(None))
    .where(RUN.c.cancel_requested_at.is_(None))
)


class Deadlines:
    """Looks after the deadlines of the runs of a store; several may look at once.

    Args:
        connector: the store.
    """

    def __init__(self, connector: Connector) -> None:
        self._connector = connector
        #: By the version of a pipeline, which never changes.
        self._definitions: dict[int, PipelineDefinition] = {}
        self._warned: set[int] = set()

    def look(self) -> None:
        """Warn of deadlines that are going to be missed, and end the runs whose deadlines are over."""
        with bound_to(self._connector) as store:
            with store.database.reading() as session:
                runs = session.execute(_OPEN).all()
                unknown = {run.pipeline_id for run in runs} - set(self._definitions)
                if unknown:
                    for each in session.scalars(select(Pipeline).where(Pipeline.id.in_(unknown))):
                        self._definitions[each.id] = PipelineDefinition.model_validate(each.definition)
            self._warned &= {run.id for run in runs}
            for run in runs:
                definition = self._definitions[run.pipeline_id]
                if definition.deadline_seconds is None:
                    continue
                if now() - run.created_at > timedelta(seconds=definition.deadline_seconds):
                    self._end(run, definition)
                elif run.id not in self._warned:
                    self._warn(run, definition.deadline_seconds)

    def _warn(self, run: Any, seconds: float) -> None:
        elapsed = (now() - run.created_at).total_seconds()
        with self._connector.database.reading() as session:
            counted = select(func.count(), func.sum(case((STEP.c.state.in_(FINAL), 1), else_=0)))
            steps, over = session.execute(counted.where(STEP.c.run_id == run.id)).one()
        projected = elapsed * steps / over if over else 0.0
        if projected <= seconds:
            return
        with self._connector.transaction() as session:
            known = select(EVENT.c.id, EVENT.c.data).where(EVENT.c.run_id == run.id, EVENT.c.kind == "alert")
            if not any(each.data["what"] == WARNED for each in session.execute(known)):
                detail = (
                    f"{int(over)} of {steps} steps are over after {elapsed:.0f} seconds: at this pace the run takes "
                    f"{projected:.0f} seconds, and its deadline is {seconds:g}."
                )
                add_event(session.connection(), run.id, None, "alert", _alert("warning", WARNED, detail))
        self._warned.add(run.id)

    def _end(self, run: Any, definition: PipelineDefinition) -> None:
        with self._connector.transaction() as session:
            asked = session.execute(_OPEN.where(RUN.c.id == run.id)).first()
            if asked is None:
                return  # it is over, or another one was faster
            detail = f"The run took more than {definition.deadline_seconds:g} seconds, its deadline, and was cancelled."
            if definition.alternative is not None:
                detail += f" {self._run_alternative(run, definition.alternative)}"
            add_event(session.connection(), run.id, None, "alert", _alert("error", PASSED, detail))
            cancel(run.id, connector=self._connector)

    def _run_alternative(self, run: Any, name: str) -> str:
        """Ask for the run of the alternative, with those parameters that it has; returns a sentence about it."""
        shown = printable(name)
        try:
            taken = PipelineDefinition.model_validate(find_pipeline(name).definition).parameters
            parameters = {each: value for each, value in run.arguments.items() if each in taken}
            key = f"alternative of run {run.id}"
            made = run_pipeline(name, parameters, key=key, created_by=run.created_by, priority=run.priority)
        except EnstorageError as error:
            _LOG.error("The alternative of run %d cannot be run: %s", run.id, error)
            return f"Its alternative {shown} cannot be run: {error}"
        return f"Run {made.id} of its alternative {shown} was asked for."


def _alert(severity: str, what: str, detail: str) -> dict[str, Any]:
    return {"severity": severity, "what": what, "step": None, "detail": detail}
