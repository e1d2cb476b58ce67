"""Rules of notifications in the store: made, listed, changed, deleted."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from enorchestrator.notification.channels import check_channel
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.errors import ConflictError, InvalidInputError, NotFoundError
from enstorage.ledger import Notice, NotificationRule, Run, RunEvent
from enstorage.terminal import printable

#: The events that can be told, with how serious each is.
EVENTS = {
    "run.started": "info",
    "run.succeeded": "info",
    "run.cancelled": "warning",
    "run.alert": "error",
    "run.failed": "error",
}
#: Kinds of run events that are told. Their writers follow one another, so their ids grow in the order of the commits.
TOLD = ("state", "alert")
LONGEST_DIGEST_SECONDS = 7 * 24 * 3600
_LONGEST_NAME = 255


class RunCondition(BaseModel):
    """Facts that a run has to have for a rule; fields that are None ask for nothing.

    Attributes:
        pipeline: name of its pipeline.
        kind: of its work, such as "fit"; "pipeline" for those of pipelines.
        created_by: name of who asked for it.
        project: id of the project that it is given.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    pipeline: Annotated[str | None, Field(max_length=_LONGEST_NAME)] = None
    kind: Annotated[str | None, Field(max_length=_LONGEST_NAME)] = None
    created_by: Annotated[str | None, Field(max_length=_LONGEST_NAME)] = None
    project: Annotated[int | None, Field(ge=1)] = None

    def matches(self, run: Run) -> bool:
        """True if a run is asked for."""
        arguments = run.arguments if isinstance(run.arguments, dict) else {}
        facts = {
            "pipeline": run.title if run.pipeline_id is not None else None,
            "kind": run.kind,
            "created_by": run.created_by,
            "project": arguments.get("project"),
        }
        return all(facts[name] == wanted for name, wanted in self.model_dump(exclude_none=True).items())


def create_rule(
    name: str,
    channel: str,
    *,
    events: Sequence[str] = ("run.failed",),
    condition: Mapping[str, Any] | None = None,
    fallback: str | None = None,
    digest_seconds: int = 0,
    created_by: str = "",
    connector: Connector | None = None,
) -> NotificationRule:
    """Have a channel told of events of runs from now on, by whatever `Orchestrator` is at work then.

    Args:
        name: of the rule; unique.
        channel: its name; the address stands in the variable `ENSTORAGE_NOTIFY_NAME` where the orchestrator starts.
        events: of `EVENTS`.
        condition: what a run has to be, see `RunCondition`; None for every run.
        fallback: channel that is used when the other one fails.
        digest_seconds: events within this time are told by one message; 0 to tell them at once.
        created_by: name of who makes it.
        connector: the store; the current one by default.

    Raises:
        ConflictError: there is a rule of this name.
        InvalidInputError: something is wrong; `field` names it.
    """
    if not isinstance(name, str) or not 0 < len(name) <= _LONGEST_NAME:
        raise InvalidInputError(f"The name is {name!r:.60}; expected 1 to {_LONGEST_NAME} characters.", field="name")
    rule = NotificationRule(name=name, created_by=created_by)
    _set(rule, channel=channel, fallback=fallback, events=events, condition=condition or {}, digest=digest_seconds)
    with bound_to(connector) as store, store.transaction() as session:
        if _of_name(session, name) is not None:
            raise ConflictError(f"There is a rule {printable(name)}. Delete it, or choose another name.", field="name")
        rule.seen_event = latest_told(session)
        session.add(rule)
        session.flush()
        return rule


def change_rule(
    name: str,
    *,
    channel: str | None = None,
    events: Sequence[str] | None = None,
    condition: Mapping[str, Any] | None = None,
    fallback: str | None = None,
    digest_seconds: int | None = None,
    enabled: bool | None = None,
    connector: Connector | None = None,
) -> NotificationRule:
    """Change a rule, see `create_rule`; what is None stays, and a fallback of "" is none. A paused rule makes no notices.

    Raises:
        InvalidInputError: something is wrong; `field` names it.
        NotFoundError: there is no such rule.
    """
    with bound_to(connector) as store, store.transaction() as session:
        rule = _known(session, name)
        _set(
            rule,
            channel=rule.channel if channel is None else channel,
            fallback=rule.fallback if fallback is None else fallback or None,
            events=rule.events if events is None else events,
            condition=rule.condition if condition is None else condition,
            digest=rule.digest_seconds if digest_seconds is None else digest_seconds,
        )
        if enabled is not None and enabled != rule.enabled:
            rule.enabled = enabled
            # What happened while it was paused is not told afterwards.
            rule.seen_event = latest_told(session)
        session.flush()
        return rule


def list_rules(*, connector: Connector | None = None) -> list[NotificationRule]:
    """All rules, by name."""
    with bound_to(connector) as store, store.database.reading() as session:
        wanted = select(NotificationRule).order_by(NotificationRule.name)
        return store.database.believed(list(session.scalars(wanted)), wanted)


def delete_rule(name: str, *, connector: Connector | None = None) -> None:
    """Delete a rule with its notices; those that wait are not sent.

    Raises:
        NotFoundError: there is none.
    """
    with bound_to(connector) as store, store.transaction() as session:
        rule = _known(session, name)
        session.execute(delete(Notice).where(Notice.rule_id == rule.id))
        session.execute(delete(NotificationRule).where(NotificationRule.id == rule.id))


def latest_told(session: Session) -> int:
    """The id of the latest run event that can be told; 0 for none."""
    wanted = select(RunEvent.id).where(RunEvent.kind.in_(TOLD)).order_by(RunEvent.id.desc()).limit(1)
    return session.scalar(wanted) or 0


def _set(
    rule: NotificationRule, *, channel: str, fallback: str | None, events: Sequence[str], condition: Any, digest: int
) -> None:
    unknown = [each for each in events if each not in EVENTS]
    if unknown or not events:
        raise InvalidInputError(
            f"events has {printable(str(unknown[0]))[:60] if unknown else 'nothing'}; expected some of {', '.join(EVENTS)}. "
            "Correct it.",
            field="events",
        )
    if not isinstance(digest, int) or not 0 <= digest <= LONGEST_DIGEST_SECONDS:
        raise InvalidInputError(
            f"digest_seconds is {digest!r:.60}; expected an integer from 0 to {LONGEST_DIGEST_SECONDS}. Correct it.",
            field="digest_seconds",
        )
    try:
        checked = RunCondition.model_validate(condition)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(map(str, ("condition", *first["loc"])))
        raise InvalidInputError(
            f"{place} cannot be used: {first['msg']}. Expected some of {', '.join(RunCondition.model_fields)}. Correct it.",
            field=place,
        ) from None
    rule.channel = check_channel(channel)
    rule.fallback = None if fallback is None else check_channel(fallback, "fallback")
    rule.events, rule.digest_seconds = list(dict.fromkeys(events)), digest
    rule.condition = checked.model_dump(exclude_none=True)


def _known(session: Session, name: str) -> NotificationRule:
    found = _of_name(session, name)
    if found is None:
        raise NotFoundError(
            f"There is no rule {printable(name)[:60]}. See those that there are: enstorage notify rules"
        )
    return found


def _of_name(session: Session, name: str) -> NotificationRule | None:
    return session.scalar(select(NotificationRule).where(NotificationRule.name == name))
