"""Runs as JSON."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, JsonValue

from enorchestrator.dispatch.read import RunDetails
from enstorage.ledger import Attempt, Run, RunStep

States = Literal["ready", "running", "succeeded", "failed", "cancelled"]
StepStates = Literal[States, "waiting", "expanded", "skipped", "cached"]


class RunProblem(BaseModel):
    """A problem document of work that failed."""

    title: str
    detail: str
    field: str | None = None


class RunAnswer(BaseModel):
    """A run."""

    id: int
    kind: str
    pipeline_id: int | None
    title: str
    state: States
    arguments: dict[str, JsonValue]
    result: dict[str, JsonValue] | None
    error: RunProblem | None
    key: str | None
    created_by: str
    trace_id: str
    priority: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None


class AttemptAnswer(BaseModel):
    """One execution of a step."""

    id: int
    step_id: int
    fence: int
    executor: str
    started_at: datetime | None
    finished_at: datetime | None
    exit_reason: str | None
    error: RunProblem | None
    peak_bytes: int | None
    log: str


class StepAnswer(BaseModel):
    """A step of a run, with its latest progress."""

    id: int
    parent_id: int | None
    name: str
    kind: str
    state: StepStates
    progress_what: str
    progress_done: int
    progress_total: int
    user_attempts: int
    infra_attempts: int
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    updated_at: datetime
    needs: list[str]
    attempts: list[AttemptAnswer]


class PipelineReference(BaseModel):
    """A version of a pipeline."""

    name: str
    version: int


class RunDetailsAnswer(RunAnswer):
    """A run with its steps and attempts."""

    pipeline: PipelineReference | None
    steps: list[StepAnswer]


class RunPage(BaseModel):
    """Some runs, the newest first."""

    items: list[RunAnswer]
    next: str | None


class LogAnswer(BaseModel):
    """The end of what an attempt printed and logged."""

    step: str
    fence: int
    exit_reason: str | None
    text: str


class LogList(BaseModel):
    """The logs of the attempts of a run, the oldest first."""

    items: list[LogAnswer]


class KindAnswer(BaseModel):
    """A kind of work, with the JSON Schema of its arguments and the types of its outputs."""

    name: str
    title: str
    action: str
    arguments: dict[str, JsonValue]
    outputs: dict[str, str]


class KindList(BaseModel):
    """All kinds of work."""

    items: list[KindAnswer]


def run_json(run: Run) -> dict[str, Any]:
    """A run."""
    return _columns(run, RunAnswer.model_fields)


def details_json(found: RunDetails) -> dict[str, Any]:
    """A run with its steps and attempts."""
    attempts: dict[int, list[dict[str, Any]]] = {step.id: [] for step in found.steps}
    for each in found.attempts:
        attempts[each.step_id].append(_columns(each, AttemptAnswer.model_fields))
    names = StepAnswer.model_fields.keys() - {"attempts", "needs"}
    steps = [
        _columns(step, names) | {"needs": found.needs.get(step.id, []), "attempts": attempts[step.id]}
        for step in found.steps
    ]
    pipeline = None if found.pipeline is None else dict(zip(("name", "version"), found.pipeline, strict=True))
    return run_json(found.run) | {"pipeline": pipeline, "steps": steps}


def _columns(row: Run | RunStep | Attempt, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}
