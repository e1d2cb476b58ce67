"""`plan_intent` and `start_intent`: a sentence to a plan, and a plan to a pipeline with its times and notices."""

from dataclasses import dataclass
from typing import Any

from enorchestrator.intent.parser import LanguageModel, parse
from enorchestrator.intent.plan import IntentPlan
from enorchestrator.notification.rules import create_rule, delete_rule, list_rules
from enorchestrator.pipeline.check import check_pipeline
from enorchestrator.pipeline.manager import save_pipeline
from enorchestrator.pipeline.submit import run_pipeline
from enorchestrator.scheduler.schedules import create_schedule, delete_schedule, list_schedules
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.errors import InvalidInputError
from enstorage.ledger import NotificationRule, Pipeline, PipelineSchedule, Run


@dataclass(frozen=True, slots=True)
class StartedIntent:
    """The records that a plan became.

    Attributes:
        pipeline: the version that was saved.
        run: None where it runs at times of the calendar.
        schedule: None for a single run.
        rules: one for each channel.
    """

    pipeline: Pipeline
    run: Run | None
    schedule: PipelineSchedule | None
    rules: tuple[NotificationRule, ...]


def plan_intent(sentence: str, *, model: LanguageModel | None = None, connector: Connector | None = None) -> IntentPlan:
    """Plan what a sentence asks for. Nothing is stored and nothing starts.

    Args:
        sentence: in English or Russian, such as `forecast "Solar activity" 11 years ahead every january`.
        model: a language model, which is asked before the grammar: a function of the sentence and the JSON Schema of the
            syntax trees by verb, that gives JSON: `{"verb": …, "intent": …}`. What is no such tree, or names what does not
            stand in the sentence, is not used.
        connector: the store; the current one by default.

    Raises:
        InvalidInputError: the sentence cannot be read; the message tells the place, and what may stand there.
    """
    intent, remarks = parse(sentence, model)
    said = intent.model_dump(mode="json", exclude_unset=True)
    plan = IntentPlan(" ".join(sentence.split()), said, remarks=remarks)
    with bound_to(connector) as store:
        intent.fill(plan, store)
    if plan.pipeline is not None:
        check_pipeline(plan.pipeline)
    return plan


def start_intent(plan: IntentPlan, *, created_by: str = "", connector: Connector | None = None) -> StartedIntent:
    """Save the pipeline of a plan, and have it run: now, or at the times of the sentence; all or nothing.

    The same sentence again replaces its schedule and its notices.

    Args:
        plan: with an answer to every question, and without conflicts.
        created_by: name of who asks for it.
        connector: the store; the current one by default.

    Raises:
        InvalidInputError: something is missing, or cannot be met.
    """
    open_points = [*plan.questions, *(each.fact for each in plan.conflicts)]
    if open_points or plan.pipeline is None:
        raise InvalidInputError(f"Nothing was started. {' '.join(open_points)}".strip(), field="sentence")
    name = plan.pipeline.name
    with bound_to(connector) as store, store.transaction():
        saved = save_pipeline(plan.pipeline, created_by=created_by, connector=store)
        run = schedule = None
        shared: dict[str, Any] = {"created_by": created_by, "connector": store}
        if plan.schedule is None:
            run = run_pipeline(name, priority=plan.priority, **shared)
        else:
            if any(each.name == name for each in list_schedules(connector=store)):
                delete_schedule(name, connector=store)
            times = plan.schedule
            schedule = create_schedule(
                name, name, times.cron, time_zone=times.time_zone, priority=plan.priority, **shared
            )
        known = {each.name for each in list_rules(connector=store)}
        rules = []
        for channel in plan.channels:
            rule = f"{name}: {channel}"[:255]
            if rule in known:
                delete_rule(rule, connector=store)
            events = ("run.succeeded", "run.failed", "run.alert")
            rules.append(create_rule(rule, channel, events=events, condition={"pipeline": name}, **shared))
        return StartedIntent(saved, run, schedule, tuple(rules))
