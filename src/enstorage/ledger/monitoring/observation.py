"""Observations of versions in use, and the alerts that several of them raise."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, Id, JsonValue, LongText, Name, UtcDateTime
from enstorage.ledger.base import LedgerRow


class Observation(LedgerRow):
    """Figures of a series in one window.

    Attributes:
        registered_id: the registered model.
        version_id: the version that was in production.
        kind: "drift", "quality", "verdict", "staleness" or "resources".
        series: id of the data source; 0 for what concerns no single one.
        time_from: first time of the window, ns.
        time_to: end of the window, itself excluded, ns; a window is observed once.
        statistics: JSON: the figures, with their limits.
        exceeded: true if one is beyond its limit.
    """

    __tablename__ = "observation"
    __table_args__ = (UniqueConstraint("version_id", "kind", "series", "time_to"), TABLE_OPTIONS)

    registered_id: Mapped[int] = mapped_column(Id, ForeignKey("registered_model.id"), index=True)
    version_id: Mapped[int] = mapped_column(Id, ForeignKey("model_version.id"))
    kind: Mapped[str] = mapped_column(String(16))
    series: Mapped[int] = mapped_column(BigInteger, default=0)
    time_from: Mapped[int] = mapped_column(BigInteger)
    time_to: Mapped[int] = mapped_column(BigInteger)
    statistics: Mapped[Any] = mapped_column(JsonValue)
    exceeded: Mapped[bool] = mapped_column(Boolean, default=False)


class MonitorAlert(LedgerRow):
    """A message to people about a version in use; made once for consecutive windows.

    Attributes:
        registered_id: the registered model.
        version_id: the version that was in production.
        kind: of the observations.
        series: id of the data source; 0 for none.
        time_to: end of the window that raised it, ns.
        message: one sentence for people.
        proposal: "retrain", "rollback", "look" or "load".
        data: JSON: the figures of the window.
        closed_at: when it was closed by a person, or by windows without a finding; None while it is open.
        closed_by: name of who closed it.
    """

    __tablename__ = "monitor_alert"
    __table_args__ = (
        UniqueConstraint("version_id", "kind", "series", "time_to"),
        Index(None, "registered_id", "id"),
        TABLE_OPTIONS,
    )

    registered_id: Mapped[int] = mapped_column(Id, ForeignKey("registered_model.id"))
    version_id: Mapped[int] = mapped_column(Id, ForeignKey("model_version.id"))
    kind: Mapped[str] = mapped_column(String(16))
    series: Mapped[int] = mapped_column(BigInteger, default=0)
    time_to: Mapped[int] = mapped_column(BigInteger)
    message: Mapped[str] = mapped_column(LongText)
    proposal: Mapped[str] = mapped_column(String(16))
    data: Mapped[Any] = mapped_column(JsonValue)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    closed_by: Mapped[str | None] = mapped_column(Name)
