"""The version: an ensemble or a model as it was when it was registered."""

from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, Id, JsonValue, LongText, Name
from enstorage.ledger.base import LedgerRow


class ModelVersion(LedgerRow):
    """A version of a registered model. What it says never changes, only whether it was rejected.

    Attributes:
        registered_id: the registered model.
        version: from 1.
        entity: "ensemble" or "model".
        entity_id: its id.
        fingerprint: SHA-256 of everything that determines its forecasts, and of these.
        parameters: JSON: of the method, of its members and of their training.
        inputs: JSON: ids and hashes of the data sets, preparations and snapshots that it was made from.
        metrics: JSON: errors by part, in source units.
        state: "registered", or "rejected" for one that is kept for comparison alone.
        description: free text.
        created_by: name of the user who registered it.
    """

    __tablename__ = "model_version"
    __table_args__ = (UniqueConstraint("registered_id", "version"), Index(None, "entity", "entity_id"), TABLE_OPTIONS)

    registered_id: Mapped[int] = mapped_column(Id, ForeignKey("registered_model.id"))
    version: Mapped[int] = mapped_column(Integer)
    entity: Mapped[str] = mapped_column(String(16))
    entity_id: Mapped[int] = mapped_column(BigInteger)
    fingerprint: Mapped[str] = mapped_column(String(64))
    parameters: Mapped[Any] = mapped_column(JsonValue)
    inputs: Mapped[Any] = mapped_column(JsonValue)
    metrics: Mapped[Any] = mapped_column(JsonValue)
    state: Mapped[str] = mapped_column(String(16), default="registered")
    description: Mapped[str] = mapped_column(LongText, default="")
    created_by: Mapped[str] = mapped_column(Name, default="")
