"""Schedules: made, listed, paused, resumed, deleted."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field, JsonValue

from enmyadmin.access.audit import note
from enmyadmin.access.permission import allowed
from enmyadmin.access.principal import Principal
from enmyadmin.routes.dependencies import Store
from enmyadmin.routes.work.runs import Priority, demand_steps
from enorchestrator import (
    change_schedule,
    create_schedule,
    delete_schedule,
    find_pipeline,
    list_schedules,
    next_times,
    pause_schedule,
    resume_schedule,
)
from enstorage.ledger import PipelineSchedule

router = APIRouter(prefix="/schedules", tags=["pipelines"])
Name = Annotated[str, Path(max_length=255)]
Misfire = Literal["once", "skip"]
#: Of a schedule that are told.
_TIMES = 5


class ScheduleAnswer(BaseModel):
    """A schedule with its next time."""

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
    times: Annotated[list[datetime], Field(description="The next ones; empty while it is paused.")]
    created_by: str
    created_at: datetime


class TimeList(BaseModel):
    """Times, the next one first."""

    items: list[datetime]


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
    misfire: Annotated[Misfire, Field(description="For times at which no scheduler was at work.")] = "once"
    priority: Priority = 0


class ScheduleChange(BaseModel):
    """Changes of a schedule; what is left out stays."""

    cron: Annotated[str | None, Field(max_length=255)] = None
    parameters: dict[str, Any] | None = None
    time_zone: Annotated[str | None, Field(max_length=64)] = None
    misfire: Misfire | None = None
    priority: Annotated[int | None, Field(ge=-100, le=100)] = None


@router.get("", dependencies=[Depends(allowed("read", "schedule"))])
def list_all_schedules(
    store: Store, pipeline: Annotated[str | None, Query(max_length=255, description="Its name.")] = None
) -> ScheduleList:
    """List the schedules with their next times."""
    return ScheduleList(items=[_answer(each) for each in list_schedules(pipeline=pipeline, connector=store)])


@router.get("/times", dependencies=[Depends(allowed("read", "schedule"))])
def list_times(
    cron: Annotated[str, Query(max_length=255)],
    time_zone: Annotated[str, Query(max_length=64)] = "UTC",
    count: Annotated[int, Query(ge=1, le=100)] = _TIMES,
) -> TimeList:
    """Tell the next times that a schedule would have."""
    return TimeList(items=next_times(cron, time_zone, count, datetime.now(UTC)))


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
    return _answer(made)


@router.patch("/{name}")
def change(
    request: Request,
    store: Store,
    name: Name,
    given: ScheduleChange,
    who: Annotated[Principal, Depends(allowed("change", "schedule"))],
) -> ScheduleAnswer:
    """Change a schedule; other parameters also take the permissions that the steps of its pipeline name."""
    values = given.model_dump(exclude_none=True)
    if "parameters" in values:
        (pipeline,) = [each.pipeline for each in list_schedules(connector=store) if each.name == name] or [name]
        found = find_pipeline(pipeline, connector=store)
        demand_steps(request, who, (step["kind"] for step in found.definition["steps"].values()))
    changed = change_schedule(name, **values, connector=store)
    note(request, entity_id=changed.id, detail={"name": name, "changed": sorted(values)})
    return _answer(changed)


@router.post("/{name}/pause", dependencies=[Depends(allowed("change", "schedule"))])
def pause(store: Store, name: Name) -> ScheduleAnswer:
    """Have a schedule start nothing until it is resumed."""
    return _answer(pause_schedule(name, connector=store))


@router.post("/{name}/resume", dependencies=[Depends(allowed("change", "schedule"))])
def resume(store: Store, name: Name) -> ScheduleAnswer:
    """Have a paused schedule go on with its next time."""
    return _answer(resume_schedule(name, connector=store))


@router.delete("/{name}", status_code=204, dependencies=[Depends(allowed("trash", "schedule"))])
def delete(request: Request, store: Store, name: Name) -> Response:
    """Delete a schedule; its runs stay."""
    delete_schedule(name, connector=store)
    note(request, detail={"name": name})
    return Response(status_code=204)


def _answer(schedule: PipelineSchedule) -> ScheduleAnswer:
    times = next_times(schedule.cron, schedule.time_zone, _TIMES, datetime.now(UTC)) if schedule.enabled else []
    columns = {name: getattr(schedule, name) for name in ScheduleAnswer.model_fields.keys() - {"times"}}
    return ScheduleAnswer(**columns, times=times)
