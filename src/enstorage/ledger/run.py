"""The run: one piece of work that was asked for, with its state and its result."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, Id, JsonText, JsonValue, Name, UtcDateTime
from enstorage.ledger.base import LedgerRow


class Run(LedgerRow):
    """Long work, of one step or of a pipeline's many.

    Attributes:
        key: the idempotency key of who asked for it; the same key is the same run. None for none.
        kind: name of the work, such as "fit" or "render"; "pipeline" for that of a pipeline.
        pipeline_id: the version of the pipeline that it executes; None for work of one step.
        title: one line for people, such as "Fit 3 models of Standard data".
        state: "ready", "running", "succeeded", "failed" or "cancelled".
        arguments: JSON that the work gets; of a pipeline its parameters.
        result: JSON that it gave, of a pipeline by the steps that none waits for; None until it succeeded.
        error: a problem document (RFC 9457) of why it failed; None otherwise.
        created_by: name of the user or token who asked for it.
        trace_id: 32 hexadecimal digits that all of its records and logs share.
        priority: runs of a higher one start first.
        started_at: when its first step started.
        finished_at: when it reached its last state.
        cancel_requested_at: when somebody asked to cancel it.
    """

    __tablename__ = "run"
    __table_args__ = (Index(None, "state", "priority", "id"), TABLE_OPTIONS)

    key: Mapped[str | None] = mapped_column(Name, unique=True)
    kind: Mapped[str] = mapped_column(Name)
    pipeline_id: Mapped[int | None] = mapped_column(Id, index=True)
    title: Mapped[str] = mapped_column(Name, default="")
    state: Mapped[str] = mapped_column(String(16), default="ready")
    arguments: Mapped[Any] = mapped_column(JsonValue)
    result: Mapped[Any] = mapped_column(JsonText, nullable=True)
    error: Mapped[Any] = mapped_column(JsonText, nullable=True)
    created_by: Mapped[str] = mapped_column(Name, default="")
    trace_id: Mapped[str] = mapped_column(String(32))
    priority: Mapped[int] = mapped_column(Integer, default=0)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cancel_requested_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
