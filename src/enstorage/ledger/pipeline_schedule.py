"""The schedule: times at which a pipeline is run."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, JsonValue, Name, UtcDateTime
from enstorage.ledger.base import LedgerRow


class PipelineSchedule(LedgerRow):
    """Times at which the latest version of a pipeline is run.

    Attributes:
        name: unique.
        pipeline: its name.
        parameters: of the runs.
        cron: the times, in five fields: minute, hour, day of the month, month, day of the week.
        time_zone: in which they are meant; an IANA name.
        misfire: "once" to run once for the times at which no scheduler was at work, "skip" to leave them out.
        priority: of the runs.
        enabled: false while it is paused.
        next_at: the next time; None for a paused one.
        created_by: name of the user who made it.
    """

    __tablename__ = "schedule"
    __table_args__ = (Index(None, "next_at"), TABLE_OPTIONS)

    name: Mapped[str] = mapped_column(Name, unique=True)
    pipeline: Mapped[str] = mapped_column(Name)
    parameters: Mapped[Any] = mapped_column(JsonValue)
    cron: Mapped[str] = mapped_column(Name)
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    misfire: Mapped[str] = mapped_column(String(16), default="once")
    priority: Mapped[int] = mapped_column(Integer, default=0)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(Name, default="")
