"""`timeline`: what happened to a registered model: versions, evaluations, releases, alerts, in the order of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from enorchestrator.monitoring.alerts import list_alerts
from enorchestrator.registry.find import (
    CHALLENGER,
    PREVIOUS,
    PRODUCTION,
    alias_history,
    list_evaluations,
    list_versions,
)
from enstorage import Connector
from enstorage.connector import bound_to
from enstorage.ledger import ModelVersion

EventKind = Literal["registered", "evaluated", "promoted", "rolled_back", "withdrawn", "named", "alert", "closed"]


@dataclass(frozen=True, slots=True)
class TimelineEvent:
    """Something that happened to a registered model.

    Attributes:
        at: when, UTC.
        kind: "registered", "evaluated", "promoted", "rolled_back", "withdrawn" (from production), "named" (another alias),
            "alert", or "closed" (an alert).
        version: number of the version that it is about; None where it is gone.
        message: one sentence for people.
        by: name of who did it; empty for the product itself.
        alert: id of the alert; None for other events.
    """

    at: datetime
    kind: EventKind
    version: int | None
    message: str
    by: str = ""
    alert: int | None = None


def timeline(name: str, *, connector: Connector | None = None) -> list[TimelineEvent]:
    """Everything that happened to a registered model, the oldest first.

    Args:
        name: of the registered model.
        connector: the store; the current one by default.

    Raises:
        NotFoundError: there is no such registered model.
    """
    with bound_to(connector) as store:
        versions = {each.id: each for each in list_versions(name, connector=store)}
        found = [
            *_versions(name, versions, store),
            *_aliases(name, versions, store),
            *_alerts(name, versions, store),
        ]
    return sorted(found, key=lambda each: each.at)


def _versions(name: str, versions: dict[int, ModelVersion], store: Connector) -> Iterator[TimelineEvent]:
    for each in versions.values():
        again = each.parameters.get("given", {}).get("renewed_from")
        how = f", trained again from version {again}" if again else ""
        message = f"Version {each.version} was registered{how}."
        yield TimelineEvent(each.created_at, "registered", each.version, message, each.created_by)
    for made in list_evaluations(name, connector=store):
        number = versions[made.version_id].version
        proposal = f"; proposed: {made.report['proposal']}" if made.report else ""
        word = {"passed": "passed its gates", "failed": "failed a gate"}.get(made.state, "could not be evaluated")
        yield TimelineEvent(
            made.created_at, "evaluated", number, f"Version {number} {word}{proposal}.", made.created_by
        )


def _aliases(name: str, versions: dict[int, ModelVersion], store: Connector) -> Iterator[TimelineEvent]:
    for each in alias_history(name, connector=store):
        known = versions.get(each.to_version_id or 0)
        number = None if known is None else known.version
        if each.alias in (PREVIOUS, CHALLENGER):  # they follow from the others
            continue
        remark = f": {each.remark.removesuffix('.')}." if each.remark else "."
        if each.alias != PRODUCTION:
            message = (
                f"{each.alias} is version {number} since." if number else f"The alias {each.alias} was taken away."
            )
            kind: EventKind = "named"
        elif number is None:
            kind, message = "withdrawn", "Nothing is in production since."
        elif each.reason == "rollback":
            kind, message = "rolled_back", f"Rolled back to version {number}{remark}"
        else:
            kind, message = "promoted", f"Version {number} was promoted{remark}"
        yield TimelineEvent(each.created_at, kind, number, message, each.changed_by)


def _alerts(name: str, versions: dict[int, ModelVersion], store: Connector) -> Iterator[TimelineEvent]:
    for alert, _ in list_alerts(name, connector=store):
        known = versions.get(alert.version_id)
        number = None if known is None else known.version
        yield TimelineEvent(alert.created_at, "alert", number, alert.message, alert=alert.id)
        if alert.closed_at is not None:
            message = f"Alert {alert.id} was closed."
            yield TimelineEvent(alert.closed_at, "closed", number, message, alert.closed_by or "", alert.id)
