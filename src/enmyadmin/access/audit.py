"""The audit log: who changed what, and what was refused."""

from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request

from enmyadmin.access.principal import Principal
from enstorage.connector import Connector
from enstorage.ledger import AuditEntry

Outcome = Literal["done", "denied", "failed"]


@dataclass
class AuditNote:
    """The entry that a request will leave; its permission fills it in, its route may add to it."""

    who: Principal | None = None
    action: str = ""
    entity: str | None = None
    entity_id: int | None = None
    detail: Any = None
    #: False for what only reads: such requests leave an entry when they are denied.
    is_change: bool = False
    is_written: bool = False


def record(
    connector: Connector,
    who: Principal | None,
    action: str,
    entity: str | None,
    entity_id: int | None,
    outcome: Outcome,
    detail: Any = None,
    *,
    name: str = "",
    address: str = "",
) -> None:
    """Add an entry.

    Args:
        connector: the store.
        who: the principal; None for nobody who is known.
        action: such as "create" or "login".
        entity: table of what it was done to.
        entity_id: its id.
        outcome: "done", "denied" or "failed".
        detail: JSON without secrets.
        name: of whoever is not known, such as the name that a failed log-in gave.
        address: of whoever is not known.
    """
    entry = AuditEntry(
        who=name if who is None else who.name,
        role=None if who is None else who.role,
        action=action,
        entity=entity,
        entity_id=entity_id,
        outcome=outcome,
        detail=detail,
        address=(address if who is None else who.address) or None,
    )
    with connector.transaction() as session:
        session.add(entry)


def note(request: Request, *, entity_id: int | None = None, detail: Any = None) -> None:
    """Add to the entry of this request what its permission cannot know.

    Args:
        request: the request of a route with `allowed(…)`.
        entity_id: of what was created.
        detail: JSON without secrets, such as the columns that changed.
    """
    kept: AuditNote = request.state.audit
    kept.entity_id = kept.entity_id if entity_id is None else entity_id
    kept.detail = kept.detail if detail is None else detail
