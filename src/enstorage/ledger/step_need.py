"""The need of a step: another step of its run that goes first."""

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, Id
from enstorage.ledger.base import LedgerRow


class StepNeed(LedgerRow):
    """An edge of the graph of a run: one step starts after another one.

    Attributes:
        step_id: the step that waits.
        needs_id: the step that it waits for.
    """

    __tablename__ = "step_need"
    __table_args__ = (Index(None, "needs_id", "step_id"), TABLE_OPTIONS)

    step_id: Mapped[int] = mapped_column(Id, ForeignKey("step.id"), index=True)
    needs_id: Mapped[int] = mapped_column(Id, ForeignKey("step.id"))
