"""The commands `schedule …`: create, list, pause, resume, delete."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.commands.access import person
from enmyadmin.commands.runs.pipelines import Parameters, Priority, read_parameters
from enmyadmin.output import Json, print_json, print_line, print_table

if TYPE_CHECKING:
    from enstorage.ledger import PipelineSchedule

Name = Annotated[str, typer.Argument(help="Name of the schedule.", metavar="NAME", show_default=False)]


def create(
    name: Name,
    pipeline: Annotated[str, typer.Argument(help="Name of the pipeline.", metavar="PIPELINE", show_default=False)],
    cron: Annotated[
        str,
        typer.Argument(
            help="Minute, hour, day of the month, month, day of the week.", metavar="CRON", show_default=False
        ),
    ],
    parameters: Parameters = None,
    time_zone: Annotated[str, typer.Option(help="In which the times are meant.")] = "UTC",
    misfire: Annotated[str, typer.Option(help="Times that were missed: once or skip.")] = "once",
    priority: Priority = 0,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Have a pipeline run at times of the calendar.

    Example: enstorage schedule create workdays nightly "30 6 * * 1-5" --time-zone Europe/Riga
    """
    from enorchestrator.scheduler.schedules import create_schedule

    made = create_schedule(
        name,
        pipeline,
        cron,
        parameters=read_parameters(parameters),
        time_zone=time_zone,
        misfire=misfire,
        priority=priority,
        created_by=person(),
        connector=open_store(store),
    )
    _print(made, as_json=as_json)


def list_schedules(store: Store = None, as_json: Json = False) -> None:
    """List the schedules with their next times.

    Example: enstorage schedule list
    """
    from enorchestrator.scheduler.schedules import list_schedules as read_schedules

    found = read_schedules(connector=open_store(store))
    if as_json:
        print_json([_as_json(each) for each in found])
        return
    rows = [[each.name, each.pipeline, each.cron, each.time_zone, each.next_at or "paused"] for each in found]
    heads = ["name", "pipeline", "times", "time zone", "next"]
    print_table(heads, rows) if rows else print_line("There are no schedules.")


def pause(name: Name, store: Store = None, as_json: Json = False) -> None:
    """Have a schedule start nothing until it is resumed.

    Example: enstorage schedule pause workdays
    """
    from enorchestrator.scheduler.schedules import pause_schedule

    _print(pause_schedule(name, connector=open_store(store)), as_json=as_json)


def resume(name: Name, store: Store = None, as_json: Json = False) -> None:
    """Have a paused schedule go on with its next time.

    Example: enstorage schedule resume workdays
    """
    from enorchestrator.scheduler.schedules import resume_schedule

    _print(resume_schedule(name, connector=open_store(store)), as_json=as_json)


def delete(name: Name, store: Store = None) -> None:
    """Delete a schedule; its runs stay.

    Example: enstorage schedule delete workdays
    """
    from enorchestrator.scheduler.schedules import delete_schedule

    delete_schedule(name, connector=open_store(store))
    print_line(f"The schedule {name} is deleted.")


def _print(schedule: "PipelineSchedule", *, as_json: bool) -> None:
    if as_json:
        print_json(_as_json(schedule))
    elif schedule.next_at is None:
        print_line(f"The schedule {schedule.name} is paused.")
    else:
        print_line(f"The schedule {schedule.name} runs {schedule.pipeline} next at {schedule.next_at:%Y-%m-%dT%H:%M}Z.")


def _as_json(schedule: "PipelineSchedule") -> dict[str, Any]:
    names = ("name", "pipeline", "parameters", "cron", "time_zone", "misfire", "priority", "enabled", "next_at")
    return {name: getattr(schedule, name) for name in (*names, "created_by", "created_at")}
