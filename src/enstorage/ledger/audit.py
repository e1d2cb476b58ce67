"""The audit log: who did what, and what was refused."""

from typing import Any

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, JsonText, Name
from enstorage.ledger.base import LedgerRow


class AuditEntry(LedgerRow):
    """One action that changed something, or that was refused. Entries are added and never changed.

    Attributes:
        who: name of the user; empty for nobody who was known.
        role: at that time; None for nobody who was known.
        action: such as "create", "trash", "login" or "promote".
        entity: table of what it was done to; None for none.
        entity_id: its id.
        outcome: "done", "denied" or "failed".
        detail: JSON, without secrets: columns that changed, the reason of a refusal.
        address: of the client.
    """

    __tablename__ = "audit"
    __table_args__ = (Index(None, "entity", "entity_id"), TABLE_OPTIONS)

    who: Mapped[str] = mapped_column(Name)
    role: Mapped[str | None] = mapped_column(String(16))
    action: Mapped[str] = mapped_column(Name)
    entity: Mapped[str | None] = mapped_column(Name)
    entity_id: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[str] = mapped_column(String(16))
    detail: Mapped[Any] = mapped_column(JsonText, nullable=True)
    address: Mapped[str | None] = mapped_column(Name)
