"""The rule of notifications: which events somebody is told of, and by which channel."""

from typing import Any

from sqlalchemy import BigInteger, Boolean, Integer
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import JsonValue, Name
from enstorage.ledger.base import LedgerRow


class NotificationRule(LedgerRow):
    """Events that a channel is told of.

    Attributes:
        name: unique.
        channel: name of the channel; its address stands in a variable where the orchestrator starts.
        fallback: name of the channel that is used when the other one fails; None for none.
        events: names such as "run.failed".
        condition: JSON of what a run has to be, such as {"pipeline": "nightly"}; {} for every run.
        digest_seconds: events within this time are told together; 0 to tell each at once.
        enabled: false while it is paused.
        seen_event: id of the run event up to which notices were made.
        created_by: name of the user who made it.
    """

    __tablename__ = "notification_rule"

    name: Mapped[str] = mapped_column(Name, unique=True)
    channel: Mapped[str] = mapped_column(Name)
    fallback: Mapped[str | None] = mapped_column(Name)
    events: Mapped[Any] = mapped_column(JsonValue)
    condition: Mapped[Any] = mapped_column(JsonValue)
    digest_seconds: Mapped[int] = mapped_column(Integer, default=0)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    seen_event: Mapped[int] = mapped_column(BigInteger, default=0)
    created_by: Mapped[str] = mapped_column(Name, default="")
