"""Feedback from use: the truth of a target, or what a user says of its forecast."""

from sqlalchemy import BigInteger, Double, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import TABLE_OPTIONS, Id, LongText, Name
from enstorage.ledger.base import LedgerRow


class Feedback(LedgerRow):
    """The outcome of a target that a registered model had forecast.

    Attributes:
        registered_id: the registered model.
        series: id of the data source.
        target: time of the target, ns.
        kind: "truth" or "verdict".
        value: the truth, in the units of the source; None for a verdict.
        verdict: "good", "bad" or "wrong"; None for a truth.
        remark: free text.
        given_by: name of the user.
    """

    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("registered_id", "series", "target", "kind", "given_by"), TABLE_OPTIONS)

    registered_id: Mapped[int] = mapped_column(Id, ForeignKey("registered_model.id"))
    series: Mapped[int] = mapped_column(BigInteger)
    target: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(String(16))
    value: Mapped[float | None] = mapped_column(Double)
    verdict: Mapped[str | None] = mapped_column(String(16))
    remark: Mapped[str] = mapped_column(LongText, default="")
    given_by: Mapped[str] = mapped_column(Name, default="")
