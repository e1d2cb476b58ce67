"""The orchestrators at work on the store: who they are, what they execute, and what waits."""

from dataclasses import asdict
from datetime import datetime
from typing import Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel

from enmyadmin.access.permission import allowed
from enmyadmin.routes.answers import Json
from enmyadmin.routes.dependencies import Store
from enorchestrator import orchestrator_status

router = APIRouter(prefix="/orchestrator", tags=["runs"])


class DispatcherAnswer(BaseModel):
    """A dispatcher at work, or one whose process was lost."""

    owner: str
    host: str
    pid: int
    program: str
    workers: int
    state: Literal["working", "stopping", "lost"]
    started_at: datetime
    heartbeat_at: datetime


class QueueAnswer(BaseModel):
    """Numbers of steps."""

    ready: int
    delayed: int
    waiting: int
    running: int
    oldest_ready_at: datetime | None


class ChildAnswer(BaseModel):
    """A step that is executed."""

    run_id: int
    title: str
    step: str
    kind: str
    owner: str
    pid: int | None
    started_at: datetime | None
    progress: str


class OrchestratorAnswer(BaseModel):
    """The dispatchers at work, the steps that are executed, and those that wait."""

    is_at_work: bool
    dispatchers: list[DispatcherAnswer]
    queue: QueueAnswer
    children: list[ChildAnswer]
    schedules: int
    next_at: datetime | None


@router.get("", response_model=OrchestratorAnswer, dependencies=[Depends(allowed("read", "dispatcher"))])
def get_orchestrator(store: Store) -> Json:
    """Tell who executes runs, what is executed, and how much waits."""
    found = orchestrator_status(connector=store)
    return Json({"is_at_work": found.is_at_work, **asdict(found)})
