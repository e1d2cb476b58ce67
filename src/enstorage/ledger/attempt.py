"""The attempt: one execution of a step."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, Id, JsonText, LongText, Name, UtcDateTime
from enstorage.ledger.base import LedgerRow


class Attempt(LedgerRow):
    """One execution of a step by an executor.

    Attributes:
        step_id: the step.
        fence: the claim under which it ran.
        executor: name of the executor, such as "local".
        external_id: its id there.
        pid: of the child process; None if it has none here.
        started_at: when its body started.
        finished_at: when it ended.
        exit_reason: "succeeded", "error", "cancelled", "timeout", "memory", "killed" or "lost"; None while it runs.
        error: a problem document (RFC 9457); None if there was none.
        peak_bytes: largest resident memory of the child.
        log: the last part of what it printed and logged.
    """

    __tablename__ = "attempt"
    __table_args__ = (UniqueConstraint("step_id", "fence"), TABLE_OPTIONS)

    step_id: Mapped[int] = mapped_column(Id, ForeignKey("step.id"))
    fence: Mapped[int] = mapped_column(Integer)
    executor: Mapped[str] = mapped_column(Name)
    external_id: Mapped[str | None] = mapped_column(Name)
    pid: Mapped[int | None] = mapped_column(Integer)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    exit_reason: Mapped[str | None] = mapped_column(Name)
    error: Mapped[Any] = mapped_column(JsonText, nullable=True)
    peak_bytes: Mapped[int | None] = mapped_column(BigInteger)
    log: Mapped[str] = mapped_column(LongText, default="")
