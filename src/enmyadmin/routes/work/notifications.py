"""Notifications: rules, notices, channels."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from enmyadmin.access.audit import note
from enmyadmin.access.permission import allowed
from enmyadmin.access.principal import Principal
from enmyadmin.routes.dependencies import Store
from enorchestrator import change_rule, create_rule, delete_rule, list_notices, list_rules
from enorchestrator.notification.channels import channels, send
from enorchestrator.notification.rules import EVENTS, LONGEST_DIGEST_SECONDS, RunCondition

router = APIRouter(prefix="/notifications", tags=["notifications"])
_Reader = Depends(allowed("read", "notification"))
Name = Annotated[str, Path(max_length=255)]
Channel = Annotated[str, Field(max_length=64, description="Name of a channel.")]
Digest = Annotated[int, Field(ge=0, le=LONGEST_DIGEST_SECONDS, description="Events within it are told by one message.")]


class RuleAnswer(BaseModel):
    """A rule."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    channel: str
    fallback: str | None
    events: list[str]
    condition: RunCondition
    digest_seconds: int
    enabled: bool
    created_by: str
    created_at: datetime


class RuleList(BaseModel):
    """All rules, by name."""

    items: list[RuleAnswer]


class NewRule(BaseModel):
    """A rule to make."""

    name: Annotated[str, Field(min_length=1, max_length=255)]
    channel: Channel
    fallback: Annotated[str | None, Field(max_length=64, description="Used when the channel fails.")] = None
    events: Annotated[list[str], Field(max_length=len(EVENTS), description="Names of events.")] = ["run.failed"]
    condition: Annotated[RunCondition, Field(description="Facts that a run has to have.")] = RunCondition()
    digest_seconds: Digest = 0


class RuleChange(BaseModel):
    """Changes of a rule; what is left out stays."""

    channel: Channel | None = None
    fallback: Annotated[str | None, Field(max_length=64, description="Empty for none.")] = None
    events: Annotated[list[str] | None, Field(max_length=len(EVENTS))] = None
    condition: RunCondition | None = None
    digest_seconds: Digest | None = None
    enabled: bool | None = None


class NoticeAnswer(BaseModel):
    """A notice."""

    id: int
    rule: str
    run_id: int
    event: str
    data: dict[str, JsonValue]
    state: Literal["waiting", "sent", "given up"]
    due_at: datetime
    attempts: int
    channel: str | None
    error: dict[str, JsonValue] | None
    sent_at: datetime | None
    created_at: datetime


class NoticeList(BaseModel):
    """Notices, the newest first."""

    items: list[NoticeAnswer]


class ChannelList(BaseModel):
    """The channels that the server knows, and the events that can be told."""

    channels: list[str]
    events: list[str]


class ChannelTest(BaseModel):
    """A channel to be tried."""

    channel: Channel


@router.get("", dependencies=[_Reader])
def list_all_notices(
    store: Store,
    state: Literal["waiting", "sent", "given up"] | None = None,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> NoticeList:
    """List notices, the newest first, with what became of them."""
    names = NoticeAnswer.model_fields.keys() - {"rule"}
    found = list_notices(state=state, limit=limit, connector=store)
    return NoticeList(
        items=[NoticeAnswer(rule=rule, **{name: getattr(each, name) for name in names}) for each, rule in found]
    )


@router.get("/channels", dependencies=[_Reader])
def list_channels() -> ChannelList:
    """List the channels that the server knows by its variables, and the events that can be told."""
    return ChannelList(channels=channels(), events=[*EVENTS])


@router.post("/test", status_code=204, dependencies=[Depends(allowed("run", "notification"))])
def test_channel(request: Request, given: ChannelTest) -> Response:
    """Send a test message to a channel; the answer comes when it was taken."""
    send(given.channel, "Test of enstorage", "This channel receives messages of enstorage.")
    note(request, detail={"channel": given.channel})
    return Response(status_code=204)


@router.get("/rules", dependencies=[_Reader])
def list_all_rules(store: Store) -> RuleList:
    """List the rules."""
    return RuleList(items=[RuleAnswer.model_validate(each) for each in list_rules(connector=store)])


@router.post("/rules", status_code=201)
def create_notification_rule(
    request: Request,
    store: Store,
    given: NewRule,
    who: Annotated[Principal, Depends(allowed("create", "notification"))],
) -> RuleAnswer:
    """Have a channel told of events of runs from now on."""
    values = given.model_dump() | {"condition": given.condition.model_dump(exclude_none=True)}
    made = create_rule(**values, created_by=who.name, connector=store)
    note(request, entity_id=made.id, detail={"name": made.name, "channel": made.channel})
    return RuleAnswer.model_validate(made)


@router.patch("/rules/{name}", dependencies=[Depends(allowed("change", "notification"))])
def change_notification_rule(request: Request, store: Store, name: Name, given: RuleChange) -> RuleAnswer:
    """Change a rule, pause it, or have it go on."""
    values = given.model_dump(exclude_none=True)
    changed = change_rule(name, **values, connector=store)
    note(request, entity_id=changed.id, detail={"name": name, "changed": sorted(values)})
    return RuleAnswer.model_validate(changed)


@router.delete("/rules/{name}", status_code=204, dependencies=[Depends(allowed("trash", "notification"))])
def delete_notification_rule(request: Request, store: Store, name: Name) -> Response:
    """Delete a rule with its notices."""
    delete_rule(name, connector=store)
    note(request, detail={"name": name})
    return Response(status_code=204)
