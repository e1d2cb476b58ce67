"""The pipeline: a graph of steps that was described once and is run often; each change is a new version."""

from datetime import datetime
from typing import Any

from sqlalchemy import Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, JsonValue, LongText, Name, UtcDateTime
from enstorage.ledger.base import LedgerRow


class Pipeline(LedgerRow):
    """A version of a pipeline. It never changes, so that a run says by it what was executed.

    Attributes:
        name: the versions of a pipeline have the same.
        version: from 1.
        description: free text.
        definition: parameters and steps, as `enorchestrator.pipeline` checked them.
        created_by: name of the user who stored it.
        archived_at: since when it is neither listed nor run; None for one in use.
    """

    __tablename__ = "pipeline"
    __table_args__ = (UniqueConstraint("name", "version"), TABLE_OPTIONS)

    name: Mapped[str] = mapped_column(Name)
    version: Mapped[int] = mapped_column(Integer)
    description: Mapped[str] = mapped_column(LongText, default="")
    definition: Mapped[Any] = mapped_column(JsonValue)
    created_by: Mapped[str] = mapped_column(Name, default="")
    archived_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
