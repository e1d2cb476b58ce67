"""The principal: the user for whom a request is made, with what it was known by."""

from dataclasses import dataclass
from typing import Literal

from enorchestrator.policy.roles import lower

Via = Literal["link", "session", "token"]


@dataclass(frozen=True)
class Principal:
    """A user at work.

    Attributes:
        name: of the user.
        role_of_user: as administrators set it.
        via: "link" (a browser that opened the printed link), "session" (a browser that logged in) or "token" (a program).
        address: IP address of the client; empty if it is not known.
        user_id: of the row of the user.
        token_id: of the row of the session or token; None for a program that sends the printed link's own token.
        limit: the most that the token may do; None for all that the user may.
    """

    name: str
    role_of_user: str
    via: Via
    address: str
    user_id: int
    token_id: int | None = None
    limit: str | None = None

    @property
    def role(self) -> str:
        """The role in force: that of the user, or the lower one that limits the token."""
        return lower(self.role_of_user, self.limit)
