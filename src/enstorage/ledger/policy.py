"""The policies that administrators add to those of the product."""

from sqlalchemy import Boolean
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import LongText, Name
from enstorage.ledger.base import LedgerRow


class StoredPolicy(LedgerRow):
    """A Cedar policy.

    Attributes:
        name: unique.
        text: the policy in the language of Cedar; checked before it is stored.
        enabled: false if it is kept but not asked.
        changed_by: name of the user who wrote it last.
    """

    __tablename__ = "policy"

    name: Mapped[str] = mapped_column(Name, unique=True)
    text: Mapped[str] = mapped_column(LongText)
    enabled: Mapped[bool] = mapped_column(Boolean, default=True)
    changed_by: Mapped[str] = mapped_column(Name, default="")
