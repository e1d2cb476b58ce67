"""The delivery: content that was given to a sink, so that it is not given twice."""

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import Name, UtcDateTime
from enstorage.ledger.base import LedgerRow


class SinkDelivery(LedgerRow):
    """One content given to one sink.

    Attributes:
        key: SHA-256 of the recipe of the sink and of the content; unique.
        sink: name of its kind, such as "csv".
        target: where it went, without secrets.
        rows: number of rows.
        delivered_at: when the sink had taken it; None while that is not known.
    """

    __tablename__ = "sink_delivery"

    key: Mapped[str] = mapped_column(String(64), unique=True)
    sink: Mapped[str] = mapped_column(Name)
    target: Mapped[str] = mapped_column(Name)
    rows: Mapped[int] = mapped_column(BigInteger)
    delivered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
