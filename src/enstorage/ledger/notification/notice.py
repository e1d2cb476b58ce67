"""The notice: one event that a rule tells of, until its channel has taken it."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, Id, JsonText, JsonValue, Name, UtcDateTime
from enstorage.ledger.base import LedgerRow


class Notice(LedgerRow):
    """One event for one rule; the notices of a rule that are due at the same time are sent as one message.

    Attributes:
        rule_id: the rule.
        dedupe_key: unique: rule and event, so that no event is told twice.
        run_id: of the event.
        event: its name, such as "run.failed".
        data: JSON: what the message says.
        state: "waiting", "sent" or "given up".
        due_at: when it is sent, or tried again.
        attempts: number of tries that failed.
        channel: that took it; None until then.
        error: why the last try failed; None for none.
        sent_at: when it was taken.
    """

    __tablename__ = "notice"
    __table_args__ = (Index(None, "state", "due_at"), TABLE_OPTIONS)

    rule_id: Mapped[int] = mapped_column(Id, ForeignKey("notification_rule.id"), index=True)
    dedupe_key: Mapped[str] = mapped_column(Name, unique=True)
    run_id: Mapped[int] = mapped_column(Id, index=True)
    event: Mapped[str] = mapped_column(Name)
    data: Mapped[Any] = mapped_column(JsonValue)
    state: Mapped[str] = mapped_column(String(16), default="waiting")
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int] = mapped_column(Integer, default=0)
    channel: Mapped[str | None] = mapped_column(Name)
    error: Mapped[Any] = mapped_column(JsonText, nullable=True)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
