"""The audit log, for administrators."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from enmyadmin.access.page import page
from enmyadmin.access.permission import allowed
from enmyadmin.routes.access.parameters import Cursor, Limit, Text
from enmyadmin.routes.dependencies import Store
from enstorage.ledger import AuditEntry

router = APIRouter(prefix="/audit", tags=["audit"])


class AuditItem(BaseModel):
    """An action that changed something, or that was refused."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    created_at: datetime
    who: str
    role: str | None
    action: str
    entity: str | None
    entity_id: int | None
    outcome: str
    detail: Any
    address: str | None


class AuditPage(BaseModel):
    """A page of the audit log."""

    items: list[AuditItem]
    next: str | None


class AuditFilter(BaseModel):
    """The entries to list: all that agree in what is given."""

    who: Text | None = None
    action: Text | None = None
    entity: Text | None = None
    entity_id: int | None = Field(None, ge=1, lt=2**63)
    outcome: Literal["done", "denied", "failed"] | None = None


@router.get("", dependencies=[Depends(allowed("read_audit", "audit"))])
def list_audit(
    store: Store,
    chosen: Annotated[AuditFilter, Depends()],
    limit: Limit = 50,
    cursor: Cursor = None,
) -> AuditPage:
    """List the entries of the audit log, the newest first."""
    query = select(AuditEntry).filter_by(**chosen.model_dump(exclude_none=True))
    rows, following = page(store, query, AuditEntry, limit, cursor)
    return AuditPage(items=[AuditItem.model_validate(row) for row in rows], next=following)
