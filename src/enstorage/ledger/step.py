"""The step: the unit of work that is claimed, executed and committed."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, Integer, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, Id, JsonText, JsonValue, LongText, Name, UtcDateTime
from enstorage.ledger.base import LedgerRow


class RunStep(LedgerRow):
    """A step of a run.

    Attributes:
        run_id: the run.
        parent_id: the step that was expanded into this one and its siblings, one for each item; None for none.
        name: unique in its run.
        position: its place among the steps of the run, from 0.
        kind: name of the work that it does.
        state: see `enorchestrator.task.state`.
        arguments: JSON that the work gets; references to outputs of other steps are replaced when it starts.
        settings: JSON: how it is executed, such as `for_each`, `retries` or `timeout_seconds`; None for as usual.
        outputs: JSON that it gave; None until it succeeded.
        may_fail: true if its run goes on, and succeeds, also where it failed.
        waiting_for: number of steps that have to succeed first; of an expanded step, of its parts that are not over.
        queue_rank: the steps of the lowest are claimed first.
        fence: counts its claims. A result is committed only with the present fence.
        owner: the dispatcher that claimed it; None while nobody has.
        lease_until: when the claim expires unless it is renewed.
        user_attempts: attempts that ended by an error of the work.
        infra_attempts: attempts that ended because a process, machine or lease was lost.
        retry_at: not to be claimed before.
        cache_key: SHA-256 of all that determines its outputs; None if it is never reused.
        progress_what: latest message of its progress.
        progress_done: of `progress_total`.
        progress_total: 0 if nothing was reported yet.
        started_at: when it was first claimed.
        finished_at: when it reached its last state.
    """

    __tablename__ = "step"
    __table_args__ = (
        UniqueConstraint("run_id", "name"),
        Index(None, "state", "queue_rank"),
        Index(None, "run_id", "state"),
        TABLE_OPTIONS,
    )

    run_id: Mapped[int] = mapped_column(Id, ForeignKey("run.id"))
    parent_id: Mapped[int | None] = mapped_column(Id, index=True)
    name: Mapped[str] = mapped_column(Name)
    position: Mapped[int] = mapped_column(Integer, default=0)
    kind: Mapped[str] = mapped_column(Name)
    state: Mapped[str] = mapped_column(String(16), default="ready")
    arguments: Mapped[Any] = mapped_column(JsonValue)
    settings: Mapped[Any] = mapped_column(JsonText, nullable=True)
    outputs: Mapped[Any] = mapped_column(JsonText, nullable=True)
    may_fail: Mapped[bool] = mapped_column(Boolean, default=False, server_default=false())
    waiting_for: Mapped[int] = mapped_column(Integer, default=0, server_default="0")
    queue_rank: Mapped[int] = mapped_column(BigInteger, default=0, server_default="0")
    fence: Mapped[int] = mapped_column(Integer, default=0)
    owner: Mapped[str | None] = mapped_column(Name)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    user_attempts: Mapped[int] = mapped_column(Integer, default=0)
    infra_attempts: Mapped[int] = mapped_column(Integer, default=0)
    retry_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    cache_key: Mapped[str | None] = mapped_column(String(64), index=True)
    progress_what: Mapped[str] = mapped_column(LongText, default="")
    progress_done: Mapped[int] = mapped_column(BigInteger, default=0)
    progress_total: Mapped[int] = mapped_column(BigInteger, default=0)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
