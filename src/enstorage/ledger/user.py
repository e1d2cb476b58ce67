"""The user who may log in."""

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import LongText, Name, UtcDateTime
from enstorage.ledger.base import LedgerRow


class User(LedgerRow):
    """A person who may log in.

    Attributes:
        name: unique; compared by code points.
        password_hash: argon2id, in the PHC string format.
        role: "viewer", "analyst", "releaser" or "administrator".
        disabled_at: since when the user may not log in; None for an active one.
        last_login_at: of the latest log-in that succeeded.
    """

    __tablename__ = "user_account"  # `user` is a reserved word of PostgreSQL

    name: Mapped[str] = mapped_column(Name, unique=True)
    password_hash: Mapped[str] = mapped_column(LongText)
    role: Mapped[str] = mapped_column(String(16))
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_login_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
