"""Alerts: made when several windows in a row exceed their limits, closed by people or by a window that does not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from enorchestrator.registry.find import registered_of
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.errors import NotFoundError
from enstorage.ledger import ModelVersion, MonitorAlert, Observation, RegisteredModel
from enstorage.ledger.base import now

#: Who closes the alerts whose cause is over.
MONITOR = "monitor"


@dataclass(frozen=True, slots=True)
class Seen:
    """A window that was observed.

    Attributes:
        kind: "drift", "quality", "verdict" or "staleness".
        series: id of the data source; 0 for none.
        time_from: its first time, ns.
        time_to: right after it, ns.
        statistics: figures with their limits, as JSON.
        exceeded: what is beyond its limits; empty for nothing.
    """

    kind: str
    series: int
    time_from: int
    time_to: int
    statistics: dict[str, Any]
    exceeded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class WatchFinding:
    """Windows of one series, and the alert that the latest of them raise if they exceed their limits.

    Attributes:
        kind: of the alert: "drift", "sensor", "staleness", "quality" or "verdict".
        windows: in the order of time.
        in_a_row: so many have to.
        message: one sentence for people.
        proposal: "retrain", "rollback", "look" or "load".
    """

    kind: str
    windows: Sequence[Seen]
    in_a_row: int
    message: str
    proposal: str


def keep_observations(session: Session, version: ModelVersion, seen: Sequence[Seen]) -> int:
    """Keep windows that were not observed before; returns their number."""
    own = Observation.version_id == version.id
    columns = (Observation.kind, Observation.series, Observation.time_to)
    known = {tuple(row) for row in session.execute(select(*columns).where(own))}
    fresh = [each for each in seen if (each.kind, each.series, each.time_to) not in known]
    session.add_all(
        Observation(
            registered_id=version.registered_id,
            version_id=version.id,
            kind=each.kind,
            series=each.series,
            time_from=each.time_from,
            time_to=each.time_to,
            statistics=each.statistics,
            exceeded=bool(each.exceeded),
        )
        for each in fresh
    )
    session.flush()
    return len(fresh)


def raised(session: Session, version: ModelVersion, finding: WatchFinding) -> MonitorAlert | None:
    """Make an alert if the latest windows of a series exceed their limits, and none of the kind is open for it.

    Args:
        session: of a transaction.
        version: in production.
        finding: the windows.

    Returns:
        The new alert; None where there is none, or one that is open.
    """
    kind, windows = finding.kind, finding.in_a_row
    latest = finding.windows[-windows:]
    if not latest:
        return None
    series, end = latest[-1].series, latest[-1].time_to
    own = MonitorAlert.version_id == version.id, MonitorAlert.kind == kind, MonitorAlert.series == series
    if not latest[-1].exceeded:
        for alert in session.scalars(select(MonitorAlert).where(*own, MonitorAlert.closed_at.is_(None))):
            alert.closed_at, alert.closed_by = now(), MONITOR
        return None
    if len(latest) < windows or not all(each.exceeded for each in latest):
        return None
    known = select(MonitorAlert.id).where(*own)
    is_open = session.scalar(known.where(MonitorAlert.closed_at.is_(None)).limit(1)) is not None
    was_told = session.scalar(known.where(MonitorAlert.time_to == end).limit(1)) is not None
    if is_open or was_told:
        return None
    made = MonitorAlert(
        registered_id=version.registered_id,
        version_id=version.id,
        kind=kind,
        series=series,
        time_to=end,
        message=finding.message,
        proposal=finding.proposal,
        data={"exceeded": list(latest[-1].exceeded), "statistics": latest[-1].statistics, "windows": windows},
    )
    session.add(made)
    session.flush()
    return made


def close_of_others(session: Session, version: ModelVersion) -> None:
    """Close the open alerts of versions that are no longer in production; that one is watched from now on."""
    own = MonitorAlert.registered_id == version.registered_id, MonitorAlert.version_id != version.id
    for alert in session.scalars(select(MonitorAlert).where(*own, MonitorAlert.closed_at.is_(None))):
        alert.closed_at, alert.closed_by = now(), MONITOR


def list_alerts(
    name: str | None = None, *, only_open: bool = False, limit: int = 1_000, connector: Connector | None = None
) -> list[tuple[MonitorAlert, str]]:
    """Alerts with the names of their registered models, the newest first.

    Raises:
        NotFoundError: there is no such registered model.
    """
    with bound_to(connector) as store, store.database.reading() as session:
        wanted = (
            select(MonitorAlert, RegisteredModel.name)
            .join(RegisteredModel, RegisteredModel.id == MonitorAlert.registered_id)
            .order_by(MonitorAlert.id.desc())
            .limit(limit)
        )
        if name is not None:
            wanted = wanted.where(MonitorAlert.registered_id == registered_of(session, name).id)
        if only_open:
            wanted = wanted.where(MonitorAlert.closed_at.is_(None))
        return store.database.believed([(alert, of) for alert, of in session.execute(wanted)], wanted)


def close_alert(alert_id: int, *, closed_by: str = "", connector: Connector | None = None) -> MonitorAlert:
    """Close an alert; what is closed already stays as it is.

    Raises:
        NotFoundError: there is none.
    """
    with bound_to(connector) as store, store.transaction() as session:
        found = session.get(MonitorAlert, alert_id)
        if found is None:
            raise NotFoundError(f"There is no alert {alert_id}. List them: enstorage monitor alerts")
        if found.closed_at is None:
            found.closed_at, found.closed_by = now(), closed_by
        return found


def list_observations(
    name: str, *, kind: str | None = None, limit: int = 5_000, connector: Connector | None = None
) -> list[Observation]:
    """The windows that were observed of a registered model, the newest first.

    Raises:
        NotFoundError: there is no such registered model.
    """
    with bound_to(connector) as store, store.database.reading() as session:
        own = Observation.registered_id == registered_of(session, name).id
        wanted = select(Observation).where(own).order_by(Observation.id.desc()).limit(limit)
        wanted = wanted if kind is None else wanted.where(Observation.kind == kind)
        return store.database.believed(list(session.scalars(wanted)), wanted)
