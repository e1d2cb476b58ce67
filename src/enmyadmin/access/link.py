"""The link that `enstorage serve` prints on a machine of one's own, as Jupyter does, and the user that it stands for."""

import hmac
import secrets

from sqlalchemy import select

from enstorage.connector import Connector
from enstorage.ledger import User

#: The user that the link stands for; it has no password.
OWNER = "owner"


class Link:
    """A secret that opens one server until it stops; browsers that opened it keep a session."""

    def __init__(self) -> None:
        self._secret = secrets.token_urlsafe(32)

    def url(self, origin: str) -> str:
        """The link to print.

        Args:
            origin: of the server, such as `http://127.0.0.1:8080`.
        """
        return f"{origin}/?token={self._secret}"

    def opens(self, secret: str) -> bool:
        """True for the secret of the link."""
        return hmac.compare_digest(secret.encode(errors="replace"), self._secret.encode())

    def __repr__(self) -> str:
        return "Link(…)"


def owner(connector: Connector) -> User:
    """The user that the link stands for; made at the first time."""
    wanted = select(User).where(User.name == OWNER)
    with connector.database.reading() as session:
        user = session.scalars(wanted).one_or_none()
    if user is None:
        with connector.transaction() as session:
            user = session.scalars(wanted).one_or_none()
            if user is None:
                user = User(name=OWNER, password_hash="", role="administrator")
                session.add(user)
                session.flush()
    return user
