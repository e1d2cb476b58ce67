"""The secrets that stand for a user: sessions of browsers and tokens of programs."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from enstorage.database.types import Id, Name, UtcDateTime
from enstorage.ledger.base import LedgerRow


class Token(LedgerRow):
    """A secret that stands for a user until it expires or is revoked; only its hash is stored.

    Attributes:
        user_id: the user.
        kind: "session" (cookie of a browser) or "api" (bearer token of a program).
        name: what it is for, given by the user.
        secret_sha256: hexadecimal SHA-256 of the secret, which has 256 random bits.
        role: the most that it may do; never more than the user may. None for all that the user may.
        expires_at: None for never.
        last_used_at: to the minute.
        revoked_at: since when it is refused.
    """

    __tablename__ = "token"

    user_id: Mapped[int] = mapped_column(Id, ForeignKey("user_account.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(Name, default="")
    secret_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    role: Mapped[str | None] = mapped_column(String(16))
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
