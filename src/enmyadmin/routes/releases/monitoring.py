"""Monitoring of released models: observations, alerts, feedback."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue

from enmyadmin.access.audit import note
from enmyadmin.access.permission import allowed
from enmyadmin.access.principal import Principal
from enmyadmin.routes.answers import Json
from enmyadmin.routes.dependencies import Store
from enmyadmin.routes.work.runs import SUBMITTED, submitted
from enorchestrator import (
    aliases_of,
    close_alert,
    give_feedback,
    leaking_steps,
    list_alerts,
    list_feedback,
    list_observations,
    list_registered,
    list_versions,
    submit,
)
from enorchestrator.monitoring.feedback import FeedbackRow
from enstorage import DataSource
from enstorage.ledger import MonitorAlert

router = APIRouter(prefix="/monitoring", tags=["monitoring"])
Name = Annotated[str, Path(max_length=255)]
AlertId = Annotated[int, Path(ge=1, lt=2**63)]
_Reader = Depends(allowed("read", "monitor"))


class MonitoredAnswer(BaseModel):
    """A registered model in use."""

    name: str
    production: Annotated[int | None, Field(description="Number of the version in production; null for none.")]
    open_alerts: int
    observed_at: Annotated[datetime | None, Field(description="Time of the latest observation.")]


class MonitoredList(BaseModel):
    """All registered models, by name."""

    items: list[MonitoredAnswer]


class AlertAnswer(BaseModel):
    """An alert."""

    id: int
    name: str
    version_id: int
    kind: str
    series: Annotated[int, Field(description="Id of the data source.")]
    time: Annotated[int, Field(description="End of the window that raised it, ns.")]
    message: str
    proposal: Literal["retrain", "rollback", "look", "load"]
    data: dict[str, JsonValue]
    created_at: datetime
    closed_at: datetime | None
    closed_by: str | None


class AlertList(BaseModel):
    """Alerts, the newest first."""

    items: list[AlertAnswer]


class ObservationAnswer(BaseModel):
    """A window that was observed."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    version: int
    kind: Literal["drift", "quality", "verdict", "staleness"]
    series: Annotated[int, Field(description="Id of the data source.")]
    series_name: str
    time_from: Annotated[int, Field(description="First time of the window, ns.")]
    time_to: Annotated[int, Field(description="End of the window, itself excluded, ns.")]
    from_label: Annotated[str, Field(description="The first time, as people at the source write it.")]
    statistics: dict[str, JsonValue]
    exceeded: bool


class ObservationList(BaseModel):
    """Observations in the order of time."""

    items: list[ObservationAnswer]


class MonitorRequest(BaseModel):
    """A look at the version in production."""

    settings: Annotated[dict[str, Any], Field(description="When an alert is made, see `MonitorSettings`.")] = {}


class FeedbackRequest(BaseModel):
    """Truths and verdicts."""

    rows: Annotated[list[FeedbackRow], Field(min_length=1, max_length=10_000)]


class FeedbackCounts(BaseModel):
    """Numbers of rows."""

    new: int
    known: int
    changed: int


class FeedbackAnswer(BaseModel):
    """A truth or a verdict."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    series: int
    target: Annotated[int, Field(description="Time of the target, ns.")]
    kind: Literal["truth", "verdict"]
    value: float | None
    verdict: Literal["good", "bad", "wrong"] | None
    remark: str
    given_by: str
    created_at: datetime


class FeedbackList(BaseModel):
    """Feedback, the newest first."""

    items: list[FeedbackAnswer]


class LeakAnswer(BaseModel):
    """A step whose memory grows from run to run."""

    pipeline: str
    step: str
    kind: str
    attempts: int
    first: Annotated[int, Field(description="Bytes of the first attempts.")]
    last: Annotated[int, Field(description="Bytes of the last attempts.")]
    message: str


class LeakList(BaseModel):
    """Steps whose memory grows, the worst first."""

    items: list[LeakAnswer]


@router.get("", dependencies=[_Reader])
def list_monitored(store: Store) -> MonitoredList:
    """List the registered models with their open alerts."""
    opened = [name for _, name in list_alerts(only_open=True, connector=store)]
    items = []
    for each in list_registered(connector=store):
        latest = list_observations(each.name, limit=1, connector=store)
        items.append(
            MonitoredAnswer(
                name=each.name,
                production=aliases_of(each.name, connector=store).get("production"),
                open_alerts=opened.count(each.name),
                observed_at=latest[0].created_at if latest else None,
            )
        )
    return MonitoredList(items=items)


@router.get("/alerts", dependencies=[_Reader])
def list_all_alerts(
    store: Store,
    name: Annotated[str | None, Query(max_length=255, description="Of the registered model.")] = None,
    only_open: bool = False,
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> AlertList:
    """List alerts, the newest first."""
    found = list_alerts(name, only_open=only_open, limit=limit, connector=store)
    return AlertList(items=[_alert(alert, of) for alert, of in found])


@router.post("/alerts/{id}/close")
def close_one_alert(
    request: Request,
    store: Store,
    id: AlertId,
    who: Annotated[Principal, Depends(allowed("change", "monitor"))],
) -> AlertAnswer:
    """Close an alert; the next windows beyond their limits make a new one."""
    closed = close_alert(id, closed_by=who.name, connector=store)
    note(request, entity_id=closed.id, detail={"kind": closed.kind})
    names = {each.id: name for each, name in list_alerts(connector=store)}
    return _alert(closed, names.get(closed.id, ""))


@router.get("/resources", dependencies=[_Reader])
def list_leaks(store: Store) -> LeakList:
    """List the steps whose memory grows from run to run."""
    names = LeakAnswer.model_fields
    return LeakList(
        items=[LeakAnswer(**{name: getattr(each, name) for name in names}) for each in leaking_steps(connector=store)]
    )


@router.post("/models/{name}", **SUBMITTED)
def look_at_model(
    request: Request,
    store: Store,
    name: Name,
    given: MonitorRequest,
    who: Annotated[Principal, Depends(allowed("run", "monitor"))],
) -> Json:
    """Look at the version in production: a run of the kind `monitor`."""
    arguments = {"name": name, "settings": given.settings}
    return submitted(submit("monitor", arguments, connector=store, created_by=who.name), request)


@router.get("/models/{name}/observations", dependencies=[_Reader])
def list_observations_of_model(
    store: Store,
    name: Name,
    kind: Literal["drift", "quality", "verdict", "staleness"] | None = None,
    limit: Annotated[int, Query(ge=1, le=5_000)] = 1_000,
) -> ObservationList:
    """List the latest observations in the order of time, as charts show them."""
    found = list_observations(name, kind=kind, limit=limit, connector=store)
    numbers = {each.id: each.version for each in list_versions(name, connector=store)}
    ids = {each.series for each in found}
    sources = {each.id: each for each in DataSource.get_list(connector=store) if each.id in ids}
    own = ObservationAnswer.model_fields.keys() - {"version", "series_name", "from_label"}
    return ObservationList(
        items=[
            ObservationAnswer(
                **{field: getattr(each, field) for field in own},
                version=numbers[each.version_id],
                series_name=sources[each.series].name if each.series in sources else "",
                from_label=sources[each.series].label(each.time_from) if each.series in sources else "",
            )
            for each in sorted(found, key=lambda each: (each.time_from, each.id))
        ]
    )


@router.get("/models/{name}/feedback", dependencies=[Depends(allowed("read", "feedback"))])
def list_feedback_to_model(
    store: Store, name: Name, limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000
) -> FeedbackList:
    """List the truths and verdicts of a registered model, the newest first."""
    found = list_feedback(name, limit=limit, connector=store)
    return FeedbackList(items=[FeedbackAnswer.model_validate(each) for each in found])


@router.post("/models/{name}/feedback")
def give_feedback_to_model(
    request: Request,
    store: Store,
    name: Name,
    given: FeedbackRequest,
    who: Annotated[Principal, Depends(allowed("create", "feedback"))],
) -> FeedbackCounts:
    """Take truths and verdicts, all or none; what was given before is known."""
    counts = give_feedback(name, given.rows, given_by=who.name, connector=store)
    note(request, detail={"name": name, **counts})
    return FeedbackCounts(**counts)


def _alert(alert: MonitorAlert, name: str) -> AlertAnswer:
    own = AlertAnswer.model_fields.keys() - {"name", "time"}
    return AlertAnswer(**{field: getattr(alert, field) for field in own}, name=name, time=alert.time_to)
