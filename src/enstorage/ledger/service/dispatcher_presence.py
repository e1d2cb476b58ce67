"""The presence of a dispatcher: who is at work on a store, and who was asked to stop."""

from datetime import datetime

from sqlalchemy import Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, Name, UtcDateTime
from enstorage.ledger.base import LedgerRow


class DispatcherPresence(LedgerRow):
    """A dispatcher that is at work, or was when its process was lost. One that stops takes its row away.

    Attributes:
        owner: the dispatcher, as the steps that it claims name it.
        program: that it belongs to, such as "serve" or "orchestrator".
        workers: largest number of steps at once.
        heartbeat_at: when its loop was last seen to turn.
        stop_by: it claims nothing more, and what runs is stopped at this time; None while nobody asked for that.
    """

    __tablename__ = "dispatcher"
    __table_args__ = (UniqueConstraint("owner"), TABLE_OPTIONS)

    owner: Mapped[str] = mapped_column(Name)
    program: Mapped[str] = mapped_column(Name)
    workers: Mapped[int] = mapped_column(Integer)
    heartbeat_at: Mapped[datetime] = mapped_column(UtcDateTime)
    stop_by: Mapped[datetime | None] = mapped_column(UtcDateTime)
