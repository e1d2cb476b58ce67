"""The events of a run, in their order: what its viewers are sent."""

from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, Id, JsonValue, Name
from enstorage.ledger.base import LedgerRow


class RunEvent(LedgerRow):
    """Something that happened in a run; ids grow in the order in which they were committed.

    Attributes:
        run_id: the run.
        step_id: the step; None for what concerns the run.
        kind: "state", "progress", "log", "alert" (what people should be told of), "partial" (an intermediate result such as
            a leaderboard or a curve) or "result".
        data: JSON about it.
    """

    __tablename__ = "run_event"
    __table_args__ = (Index(None, "run_id", "id"), TABLE_OPTIONS)

    run_id: Mapped[int] = mapped_column(Id, ForeignKey("run.id"))
    step_id: Mapped[int | None] = mapped_column(Id, ForeignKey("step.id"), index=True)
    kind: Mapped[str] = mapped_column(Name)
    data: Mapped[Any] = mapped_column(JsonValue)
