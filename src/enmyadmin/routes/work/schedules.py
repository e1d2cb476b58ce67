"""Schedules: made, listed, paused, resumed, deleted."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from enmyadmin.access.audit import note
from enmyadmin.access.permission import allowed
from enmyadmin.access.principal import Principal
from enmyadmin.routes.dependencies import Store
from enmyadmin.routes.work.runs import demand_steps
from enorchestrator import (
    create_schedule,
    delete_schedule,
    find_pipeline,
    list_schedules,
    pause_schedule,
    resume_schedule,
)

router = APIRouter(prefix="/schedules", tags=["pipelines"])
Name = Annotated[str, Path(max_length=255)]


class ScheduleAnswer(BaseModel):
    """A schedule with its next time."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    pipeline: str
    parameters: dict[str, JsonValue]
    cron: str
    time_zone: str
    misfire: str
    priority: int
    enabled: bool
    next_at: datetime | None
    created_by: str
    created_at: datetime


class ScheduleList(BaseModel):
    """All schedules, by name."""

    items: list[ScheduleAnswer]


class NewSchedule(BaseModel):
    """A schedule to make."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    pipeline: Annotated[str, Field(max_length=255, description="Its name.")]
    cron: Annotated[
        str, Field(max_length=255, description="Minute, hour, day of the month, month, day of the week: 30 6 * * 1-5.")
    ]
    parameters: Annotated[dict[str, Any], Field(description="Of the runs.")] = {}
    time_zone: Annotated[str, Field(max_length=64, description="In which the times are meant; an IANA name.")] = "UTC"
    misfire: Annotated[Literal["once", "skip"], Field(description="For times at which no scheduler was at work.")] = (
        "once"
    )
    priority: Annotated[int, Field(ge=-100, le=100, description="Runs of a higher one start first.")] = 0


@router.get("", dependencies=[Depends(allowed("read", "schedule"))])
def list_all_schedules(store: Store) -> ScheduleList:
    """List the schedules."""
    return ScheduleList(items=[ScheduleAnswer.model_validate(each) for each in list_schedules(connector=store)])


@router.post("", status_code=201)
def create(
    request: Request,
    store: Store,
    given: NewSchedule,
    who: Annotated[Principal, Depends(allowed("create", "schedule"))],
) -> ScheduleAnswer:
    """Have a pipeline run at times of the calendar; it also takes the permissions that its steps name."""
    found = find_pipeline(given.pipeline, connector=store)
    demand_steps(request, who, (step["kind"] for step in found.definition["steps"].values()))
    made = create_schedule(**given.model_dump(), created_by=who.name, connector=store)
    note(request, entity_id=made.id, detail={"name": made.name, "pipeline": made.pipeline, "cron": made.cron})
    return ScheduleAnswer.model_validate(made)


@router.post("/{name}/pause", dependencies=[Depends(allowed("change", "schedule"))])
def pause(store: Store, name: Name) -> ScheduleAnswer:
    """Have a schedule start nothing until it is resumed."""
    return ScheduleAnswer.model_validate(pause_schedule(name, connector=store))


@router.post("/{name}/resume", dependencies=[Depends(allowed("change", "schedule"))])
def resume(store: Store, name: Name) -> ScheduleAnswer:
    """Have a paused schedule go on with its next time."""
    return ScheduleAnswer.model_validate(resume_schedule(name, connector=store))


@router.delete("/{name}", status_code=204, dependencies=[Depends(allowed("trash", "schedule"))])
def delete(request: Request, store: Store, name: Name) -> Response:
    """Delete a schedule; its runs stay."""
    delete_schedule(name, connector=store)
    note(request, detail={"name": name})
    return Response(status_code=204)
