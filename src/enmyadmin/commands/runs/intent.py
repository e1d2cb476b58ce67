"""The command `intent`: a sentence becomes a plan, which is shown, and then started."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from enmyadmin.arguments.confirmation import Yes
from enmyadmin.arguments.opening import Store, open_store
from enmyadmin.commands.access import person
from enmyadmin.output import Json, confirm, print_json, print_line

if TYPE_CHECKING:
    from enorchestrator.intent.plan import IntentPlan
    from enorchestrator.intent.planner import StartedIntent


def intent(
    sentence: Annotated[
        str, typer.Argument(help="In English or Russian, in quotation marks.", metavar="SENTENCE", show_default=False)
    ],
    plan_only: Annotated[bool, typer.Option("--plan", help="Show the plan, and start nothing.")] = False,
    yes: Yes = False,
    store: Store = None,
    as_json: Json = False,
) -> None:
    """Plan what a sentence asks for, and start it.

    The plan is shown first: requirements, constraints, how the data are to behave, the model and the pipeline. What is
    missing is asked for, and what cannot be met is told with what would do. It starts when that is confirmed.

    Example: enstorage intent 'forecast "Solar activity" 11 years ahead with RMSE below 20 every january, notify ops'
    """
    from enorchestrator.intent.planner import plan_intent, start_intent

    connector = open_store(store)
    plan = plan_intent(sentence, connector=connector)
    if not as_json:
        for line in _lines(plan):
            print_line(line)
    is_started = plan.is_ready and not plan_only and (yes or (sys.stdin.isatty() and not as_json))
    if not is_started:
        if as_json:
            print_json({"plan": plan.to_json(), "started": None})
        else:
            print_line("Nothing was started." + (" Start it with --yes." if plan.is_ready and not plan_only else ""))
        if not plan.is_ready:
            raise typer.Exit(1)
        return
    if not yes:
        confirm("Start it?")
    made = start_intent(plan, created_by=person(), connector=connector)
    if as_json:
        print_json({"plan": plan.to_json(), "started": _as_json(made)})
    else:
        for line in _started(made):
            print_line(line)


def _lines(plan: "IntentPlan") -> list[str]:
    behaviour = {name: value for name, value in plan.behaviour.items() if value not in (None, False)}
    steps = [] if plan.pipeline is None else [f"{name}: {step.kind}" for name, step in plan.pipeline.steps.items()]
    sections = {
        "Requirements": plan.requirements,
        "Constraints": plan.constraints,
        "The data": [f"{name.replace('_', ' ')}: {_shown(value)}" for name, value in behaviour.items()],
        "The model": [f"{name.replace('_', ' ')}: {_shown(value)}" for name, value in plan.profile.items()],
        "The pipeline": steps,
        "Remarks": plan.remarks,
        "Questions": plan.questions,
        "Conflicts": [f"{each.fact} {' Or: '.join(each.relaxations)}" for each in plan.conflicts],
    }
    return [line for title, lines in sections.items() if lines for line in (title, *(f"  {each}" for each in lines))]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value))
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _started(made: "StartedIntent") -> list[str]:
    lines = [f"The pipeline {made.pipeline.name} is saved as version {made.pipeline.version}."]
    if made.run is not None:
        lines.append(f"The run {made.run.id} waits for an orchestrator. See: enstorage run follow {made.run.id}")
    if made.schedule is not None and made.schedule.next_at is not None:
        lines.append(f"It runs next at {made.schedule.next_at:%Y-%m-%dT%H:%M}Z. See: enstorage schedule list")
    return lines + [f"The channel {rule.channel} is told." for rule in made.rules]


def _as_json(made: "StartedIntent") -> dict[str, Any]:
    return {
        "pipeline": {"id": made.pipeline.id, "name": made.pipeline.name, "version": made.pipeline.version},
        "run": None if made.run is None else made.run.id,
        "schedule": None if made.schedule is None else made.schedule.name,
        "rules": [rule.name for rule in made.rules],
    }
