"""Schedules in the store: saved, listed, paused, deleted, and fired when their times have come."""

import logging
from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from enorchestrator.pipeline.definition import PipelineDefinition
from enorchestrator.pipeline.manager import find_pipeline
from enorchestrator.pipeline.submit import check_parameters, run_pipeline
from enorchestrator.scheduler.calendar import next_time
from enorchestrator.task.limits import Timing
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.errors import ConflictError, EnstorageError, InvalidInputError, NotFoundError
from enstorage.ledger import PipelineSchedule, Run
from enstorage.ledger.base import now
from enstorage.terminal import printable

_LOG = logging.getLogger(__name__)
MISFIRES = ("once", "skip")
_LONGEST_NAME = 255


def create_schedule(
    name: str,
    pipeline: str,
    cron: str,
    *,
    parameters: Mapping[str, Any] | None = None,
    time_zone: str = "UTC",
    misfire: str = "once",
    priority: int = 0,
    created_by: str = "",
    connector: Connector | None = None,
) -> PipelineSchedule:
    """Have a pipeline run at times of the calendar, by whatever `Scheduler` is at work then.

    Args:
        name: of the schedule; unique.
        pipeline: its name; each run executes the version that is the latest one then.
        cron: minute, hour, day of the month, month, day of the week, such as `0 6 * * 1-5`.
        parameters: of the runs.
        time_zone: in which the times are meant; an IANA name.
        misfire: "once" to run once for all times at which no scheduler was at work, "skip" to leave them out.
        priority: of the runs.
        created_by: name of who makes it.
        connector: the store; the current one by default.

    Raises:
        ConflictError: there is a schedule of this name.
        InvalidInputError: the times, the time zone or a parameter is wrong; `field` names it.
        NotFoundError: there is no such pipeline.
    """
    if not 0 < len(name) <= _LONGEST_NAME:
        raise InvalidInputError(f"The name has {len(name)} characters; expected 1 to {_LONGEST_NAME}.", field="name")
    _check_misfire(misfire)
    with bound_to(connector) as store:
        definition = PipelineDefinition.model_validate(find_pipeline(pipeline, connector=store).definition)
        values = check_parameters(definition, dict(parameters or {}), store)
        with store.transaction() as session:
            if _of_name(session, name) is not None:
                raise ConflictError(
                    f"There is a schedule {printable(name)}. Delete it, or choose another name.", field="name"
                )
            made = PipelineSchedule(
                name=name,
                pipeline=pipeline,
                parameters=values,
                cron=cron,
                time_zone=time_zone,
                misfire=misfire,
                priority=priority,
                next_at=next_time(cron, time_zone, now()),
                created_by=created_by,
            )
            session.add(made)
            session.flush()
        return made


def change_schedule(
    name: str,
    *,
    cron: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    time_zone: str | None = None,
    misfire: str | None = None,
    priority: int | None = None,
    connector: Connector | None = None,
) -> PipelineSchedule:
    """Change a schedule, see `create_schedule`; what is None stays. A paused one stays paused.

    Raises:
        InvalidInputError: the times, the time zone or a parameter is wrong; `field` names it.
        NotFoundError: there is no such schedule, or no longer its pipeline.
    """
    _check_misfire(misfire or MISFIRES[0])
    with bound_to(connector) as store:
        with store.database.reading() as session:
            pipeline = _known(session, name).pipeline
        values = None
        if parameters is not None:
            definition = PipelineDefinition.model_validate(find_pipeline(pipeline, connector=store).definition)
            values = check_parameters(definition, dict(parameters), store)
        with store.transaction() as session:
            schedule = _known(session, name)
            given = {
                "cron": cron,
                "parameters": values,
                "time_zone": time_zone,
                "misfire": misfire,
                "priority": priority,
            }
            for column, value in given.items():
                if value is not None:
                    setattr(schedule, column, value)
            following = next_time(schedule.cron, schedule.time_zone, now())
            schedule.next_at = following if schedule.enabled else None
            return schedule


def list_schedules(*, pipeline: str | None = None, connector: Connector | None = None) -> list[PipelineSchedule]:
    """Schedules by name: all of them, or those of a pipeline."""
    wanted = select(PipelineSchedule).order_by(PipelineSchedule.name)
    if pipeline is not None:
        wanted = wanted.where(PipelineSchedule.pipeline == pipeline)
    with bound_to(connector) as store, store.database.reading() as session:
        return store.database.believed(list(session.scalars(wanted)), wanted)


def pause_schedule(name: str, *, connector: Connector | None = None) -> PipelineSchedule:
    """Have a schedule start nothing until it is resumed.

    Raises:
        NotFoundError: there is none.
    """
    return _enable(name, enabled=False, connector=connector)


def resume_schedule(name: str, *, connector: Connector | None = None) -> PipelineSchedule:
    """Have a paused schedule go on with its next time.

    Raises:
        NotFoundError: there is none.
    """
    return _enable(name, enabled=True, connector=connector)


def delete_schedule(name: str, *, connector: Connector | None = None) -> None:
    """Delete a schedule; its runs stay.

    Raises:
        NotFoundError: there is none.
    """
    with bound_to(connector) as store, store.transaction() as session:
        session.execute(delete(PipelineSchedule).where(PipelineSchedule.id == _known(session, name).id))


def fire_due(*, late_seconds: float | None = None, connector: Connector | None = None) -> list[Run]:
    """Ask for the runs of the schedules whose times have come; each time is fired once, however many schedulers look.

    A schedule that cannot be fired, such as one whose pipeline was archived, is paused and logged.

    Args:
        late_seconds: a time counts as missed when it is over for longer: no scheduler was at work. By default the setting.
        connector: the store; the current one by default.
    """
    late = Timing.read().late_seconds if late_seconds is None else late_seconds
    with bound_to(connector) as store:
        moment = now()
        with store.database.reading() as session:
            due = session.scalars(select(PipelineSchedule.name).where(PipelineSchedule.next_at <= moment)).all()
        return [run for name in due if (run := _fire(name, store, late)) is not None]


def _check_misfire(misfire: str) -> None:
    if misfire not in MISFIRES:
        raise InvalidInputError(
            f"misfire is {printable(misfire)[:60]!r}; expected {' or '.join(MISFIRES)}. Correct it.", field="misfire"
        )


def _fire(name: str, store: Connector, late_seconds: float) -> Run | None:
    moment = now()
    with store.transaction() as session:
        schedule = _of_name(session, name)
        if schedule is None or schedule.next_at is None or schedule.next_at > moment:
            return None  # another scheduler was faster
        fired = schedule.next_at
        is_late = (moment - fired).total_seconds() > late_seconds
        schedule.next_at = next_time(schedule.cron, schedule.time_zone, moment)
        session.flush()
        if is_late and schedule.misfire == "skip":
            _LOG.warning("The schedule %s left out %s: no scheduler was at work.", name, fired.isoformat())
            return None
        try:
            # In the same transaction, so a time is either fired and over, or neither.
            return run_pipeline(
                schedule.pipeline,
                schedule.parameters,
                key=f"schedule {schedule.id} at {fired.isoformat()}",
                created_by=f"schedule {name}"[:_LONGEST_NAME],
                priority=schedule.priority,
                connector=store,
            )
        except EnstorageError as error:
            schedule.enabled, schedule.next_at = False, None
            _LOG.error("The schedule %s is paused: %s", name, error)
            return None


def _enable(name: str, *, enabled: bool, connector: Connector | None) -> PipelineSchedule:
    with bound_to(connector) as store, store.transaction() as session:
        schedule = _known(session, name)
        schedule.enabled = enabled
        schedule.next_at = next_time(schedule.cron, schedule.time_zone, now()) if enabled else None
        return schedule


def _known(session: Session, name: str) -> PipelineSchedule:
    found = _of_name(session, name)
    if found is None:
        raise NotFoundError(
            f"There is no schedule {printable(name)}. See those that there are: enstorage schedule list"
        )
    return found


def _of_name(session: Session, name: str) -> PipelineSchedule | None:
    return session.scalar(select(PipelineSchedule).where(PipelineSchedule.name == name))
