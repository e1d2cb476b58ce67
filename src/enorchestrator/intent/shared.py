"""The clauses that all verbs share, as parts of a plan: times, channels, priority."""

from datetime import UTC, datetime

from enorchestrator.intent.clauses import Span, Times
from enorchestrator.intent.plan import IntentPlan, PlannedSchedule
from enorchestrator.intent.verb import IntentVerb
from enorchestrator.notification.channels import PREFIX, channels
from enorchestrator.scheduler.calendar import next_times
from enstorage.terminal import printable

URGENT = 10
_SECONDS = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
#: By unit: minute, hour, day of the month, month, day of the week.
_CRON = {
    "minute": "* * * * *",
    "hour": "0 * * * *",
    "day": "0 0 * * *",
    "week": "0 0 * * 1",
    "month": "0 0 1 * *",
    "quarter": "0 0 1 */3 *",
    "year": "0 0 1 1 *",
}
#: Units of which a number can be given, with the largest one.
_MULTIPLES = {"minute": 59, "hour": 23}


def add_shared(plan: IntentPlan, intent: IntentVerb, time_zone: str) -> None:
    """Add what all verbs share.

    Args:
        plan: takes it.
        intent: the tree.
        time_zone: in which times of day are meant.
    """
    plan.priority = URGENT if intent.urgent else 0
    if intent.urgent:
        plan.constraints.append(f"Its runs have the priority {URGENT}: they start before others.")
    if intent.times is not None:
        _schedule(plan, intent.times, time_zone)
    for name in intent.notify:
        _channel(plan, name)


def seconds(plan: IntentPlan, span: Span | None) -> float | None:
    """A time limit in seconds."""
    if span is None:
        return None
    if span.unit not in _SECONDS:
        plan.questions.append(f"How long is {span}? Say a time limit in seconds, minutes, hours, days or weeks.")
        return None
    return float(span.count * _SECONDS[span.unit])


def cron_of(times: Times) -> str | None:
    """The five fields; None where there are none such."""
    if times.every not in _CRON:
        return None
    fields = _CRON[times.every].split()
    if times.count > 1:
        if times.count > _MULTIPLES.get(times.every, 0):
            return None
        fields[0 if times.every == "minute" else 1] = f"*/{times.count}"
    if times.month is not None:
        fields[3] = str(times.month)
    if times.weekday is not None:
        fields[4] = str(times.weekday)
    if times.at is not None:
        if times.every in _MULTIPLES:
            return None
        hour, minute = times.at.split(":")
        fields[:2] = [str(int(minute)), str(int(hour))]
    return " ".join(fields)


def _schedule(plan: IntentPlan, times: Times, time_zone: str) -> None:
    cron = cron_of(times)
    if cron is None:
        plan.questions.append(
            "When is it to run? Say such as every day at 06:00, every monday, every january, every hour or every 15 minutes."
        )
        return
    plan.schedule = PlannedSchedule(cron, time_zone)
    shown = ", ".join(f"{each:%Y-%m-%d %H:%M}" for each in next_times(cron, time_zone, 3, datetime.now(UTC)))
    plan.constraints.append(f"It runs at the times {cron} of {time_zone}; next at {shown} UTC.")


def _channel(plan: IntentPlan, name: str) -> None:
    known = channels()
    if name in known:
        plan.channels = (*plan.channels, name)
        plan.constraints.append(f"The channel {name} is told when a run succeeds or fails.")
        return
    there = f"There {'is' if len(known) == 1 else 'are'} {', '.join(known)}" if known else "There is none here"
    example = f"{PREFIX}OPS=mailtos://user:password@example.org"
    plan.questions.append(
        f"By which channel is {printable(name)[:100]} told? {there}. Addresses stand in variables such as {example}: set "
        "one, and say its name."
    )
