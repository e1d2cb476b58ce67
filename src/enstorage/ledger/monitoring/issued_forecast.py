"""The issued forecast: what a version said of a target before it was known."""

from sqlalchemy import BigInteger, Double, ForeignKey, Integer, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, Id
from enstorage.ledger.base import LedgerRow


class IssuedForecast(LedgerRow):
    """One forecast of one target. The first one that was issued from an origin counts.

    Attributes:
        version_id: the version.
        series: id of the data source.
        target: time of the target, ns.
        step: steps ahead, from 1.
        value: in the units of the source.
    """

    __tablename__ = "issued_forecast"
    __table_args__ = (UniqueConstraint("version_id", "series", "target", "step"), TABLE_OPTIONS)

    version_id: Mapped[int] = mapped_column(Id, ForeignKey("model_version.id"))
    series: Mapped[int] = mapped_column(BigInteger)
    target: Mapped[int] = mapped_column(BigInteger)
    step: Mapped[int] = mapped_column(Integer)
    value: Mapped[float] = mapped_column(Double)
