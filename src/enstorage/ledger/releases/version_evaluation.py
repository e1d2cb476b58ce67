"""The evaluation of a version: its gates, and its comparison with the one in production."""

from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import Id, JsonText, JsonValue, Name
from enstorage.ledger.base import LedgerRow


class VersionEvaluation(LedgerRow):
    """One evaluation of a version. The latest one counts.

    Attributes:
        version_id: the version.
        against_id: the version in production that it was compared with; None for none.
        state: "passed", "failed" (a gate), or "error" (the evaluation itself failed, which says nothing of the version).
        gates: JSON: the gates that were in force.
        report: JSON: a result for each gate, metrics, the comparison; None after an error.
        error: a problem document (RFC 9457); None if there was none.
        created_by: name of the user who asked for it.
    """

    __tablename__ = "version_evaluation"

    version_id: Mapped[int] = mapped_column(Id, ForeignKey("model_version.id"), index=True)
    against_id: Mapped[int | None] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(16))
    gates: Mapped[Any] = mapped_column(JsonValue)
    report: Mapped[Any] = mapped_column(JsonText, nullable=True)
    error: Mapped[Any] = mapped_column(JsonText, nullable=True)
    created_by: Mapped[str] = mapped_column(Name, default="")
