"""The outbox: notices made of run events, claimed when they are due, and settled by what their channel did.

Run events are written in the transaction of the change that they tell of, so no change is missed. A notice has a unique key
of rule and event: however many orchestrators look, each event is noted once. Each function is one transaction.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from enorchestrator.notification.rules import EVENTS, TOLD, RunCondition, latest_told
from enstorage import Connector
from enstorage.ledger import Notice, NotificationRule, Run, RunEvent
from enstorage.ledger.base import now

#: Pauses after tries that failed; after the last one a notice is given up.
PAUSES = tuple(timedelta(seconds=each) for each in (5, 30, 120, 600, 1800, 3600, 3600, 3600))
#: After so many tries that failed the fallback is used.
FALLBACK_AFTER = 2
#: A claimed notice is due again after this time, should its process be lost.
CLAIM = timedelta(seconds=90)
_MOST_EVENTS = 1_000
_NAMES = {"running": "run.started"}


@dataclass(frozen=True, slots=True)
class DueMessage:
    """The notices of a rule that are due, told by one message.

    Attributes:
        rule: name of the rule.
        channel: that it goes to now.
        ids: of the notices.
        data: the facts of each, in their order.
        attempts: largest number of tries that failed.
    """

    rule: str
    channel: str
    ids: list[int]
    data: list[dict[str, Any]]
    attempts: int


def collect(connector: Connector) -> int:
    """Make the notices of the run events that no rule has seen yet; returns their number."""
    with connector.database.reading() as session:
        latest = latest_told(session)
        behind = select(NotificationRule.id).where(NotificationRule.enabled, NotificationRule.seen_event < latest)
        ids = session.scalars(behind).all()
    return sum(_collect(connector, id) for id in ids)


def claim_due(connector: Connector, busy: Collection[str]) -> list[DueMessage]:
    """Claim the notices that are due, by their rules.

    Args:
        connector: the store.
        busy: channels that are left out now.
    """
    moment = now()
    with connector.database.reading() as session:
        is_due = (Notice.state == "waiting", Notice.due_at <= moment)
        if session.scalar(select(Notice.id).where(*is_due).limit(1)) is None:
            return []
    found = []
    with connector.transaction() as session:
        rows = session.execute(
            select(Notice, NotificationRule)
            .join(NotificationRule, NotificationRule.id == Notice.rule_id)
            .where(*is_due)
            .order_by(Notice.id)
        ).all()
        by_rule: dict[int, list[Notice]] = {}
        rules = {}
        for notice, rule in rows:
            rules[rule.id] = rule
            by_rule.setdefault(rule.id, []).append(notice)
        for rule_id, notices in by_rule.items():
            rule, attempts = rules[rule_id], max(each.attempts for each in notices)
            channel = (rule.fallback if attempts >= FALLBACK_AFTER else None) or rule.channel
            if channel in busy:
                continue
            for each in notices:
                each.due_at = moment + CLAIM
            data = [each.data for each in notices]
            found.append(DueMessage(rule.name, channel, [each.id for each in notices], data, attempts))
    return found


def settle_sent(connector: Connector, message: DueMessage) -> None:
    """Note that a channel has taken a message."""
    _settle(connector, message, state="sent", channel=message.channel, sent_at=now(), error=None)


def settle_failed(connector: Connector, message: DueMessage, reason: str) -> bool:
    """Note that a channel has not taken a message; false if it is given up by that."""
    failed = message.attempts + 1
    is_over = failed > len(PAUSES)
    values: dict[str, Any] = {"state": "given up"} if is_over else {"due_at": now() + PAUSES[failed - 1]}
    _settle(connector, message, attempts=failed, error={"detail": reason}, **values)
    return not is_over


def list_notices(
    *, state: str | None = None, limit: int = 100, connector: Connector | None = None
) -> list[tuple[Notice, str]]:
    """Notices with the names of their rules, the newest first.

    Args:
        state: "waiting", "sent" or "given up"; None for all.
        limit: largest number.
        connector: the store; the current one by default.
    """
    wanted = select(Notice, NotificationRule.name).join(NotificationRule).order_by(Notice.id.desc()).limit(limit)
    if state is not None:
        wanted = wanted.where(Notice.state == state)
    store = connector or Connector.current()
    with store.database.reading() as session:
        return store.database.believed([(notice, name) for notice, name in session.execute(wanted)], wanted)


def _settle(connector: Connector, message: DueMessage, **values: Any) -> None:
    with connector.transaction() as session:
        for start in range(0, len(message.ids), 500):
            session.execute(
                update(Notice)
                .where(Notice.id.in_(message.ids[start : start + 500]), Notice.state == "waiting")
                .values(**values),
                execution_options={"synchronize_session": False},
            )


def _collect(connector: Connector, rule_id: int) -> int:
    made = 0
    with connector.transaction() as session:
        rule = session.get(NotificationRule, rule_id, populate_existing=True)
        if rule is None or not rule.enabled:
            return 0
        rows = session.execute(
            select(RunEvent, Run)
            .join(Run, Run.id == RunEvent.run_id)
            .where(RunEvent.id > rule.seen_event, RunEvent.kind.in_(TOLD))
            .order_by(RunEvent.id)
            .limit(_MOST_EVENTS)
        ).all()
        condition = RunCondition.model_validate(rule.condition)
        due = _digest_of(session, rule)
        for event, run in rows:
            name = _name_of(event)
            if name is not None and name in rule.events and condition.matches(run):
                session.add(
                    Notice(
                        rule_id=rule.id,
                        dedupe_key=f"rule {rule.id}, event {event.id}",
                        run_id=run.id,
                        event=name,
                        data=_told(name, event, run),
                        due_at=due,
                    )
                )
                made += 1
        if rows:
            rule.seen_event = rows[-1][0].id
    return made


def _digest_of(session: Session, rule: NotificationRule) -> datetime:
    """The time at which new notices of a rule are sent: with those that wait already, else after the time of a digest."""
    waiting = session.scalar(
        select(func.min(Notice.due_at)).where(
            Notice.rule_id == rule.id, Notice.state == "waiting", Notice.attempts == 0, Notice.due_at > now()
        )
    )
    return waiting if waiting is not None and rule.digest_seconds else now() + timedelta(seconds=rule.digest_seconds)


def _name_of(event: RunEvent) -> str | None:
    if event.kind == "alert":
        return "run.alert"
    if event.data.get("cancel_requested"):
        return None
    state = event.data["state"]
    name = _NAMES.get(state, f"run.{state}")
    return name if name in EVENTS else None


def _told(name: str, event: RunEvent, run: Run) -> dict[str, Any]:
    """The facts of an event that a message tells."""
    error = event.data.get("error") or {}
    return {
        "event": name,
        "severity": event.data.get("severity", EVENTS[name]),
        "run": run.id,
        "title": run.title or run.kind,
        "detail": error.get("detail") or _alert(event.data),
        "at": event.created_at.isoformat(),
        "trace": run.trace_id,
    }


def _alert(data: dict[str, Any]) -> str:
    """The step of an alert and its detail; empty for other events."""
    return ": ".join(str(data[name]) for name in ("step", "detail") if data.get(name))
