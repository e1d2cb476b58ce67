"""Sessions of browsers and tokens of programs: secrets that stand for a user. The store keeps only their hashes."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Literal

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from enmyadmin.access.principal import Principal, Via
from enorchestrator.policy.roles import check_role
from enstorage.connector import Connector
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.ledger import Token, User

Kind = Literal["session", "api"]

SESSION_PERIOD = timedelta(days=7)
_NOTED_EVERY = timedelta(minutes=1)
_LONGEST_NAME = 100
#: Scanners of repositories and logs find secrets by a prefix.
_PREFIX = {"session": "", "api": "ens_"}


def issue(
    connector: Connector,
    user_id: int,
    kind: Kind,
    *,
    name: str = "",
    limit: str | None = None,
    expires_at: datetime | None = None,
) -> tuple[Token, str]:
    """Make a session or a token; the secret is known now and never again.

    Args:
        connector: the store.
        user_id: for whom it stands.
        kind: "session" or "api".
        name: what it is for.
        limit: role that is the most it may do; None for all that the user may.
        expires_at: None for never.

    Raises:
        InvalidInputError: the name cannot be used, there is no such role, or the time has passed.
    """
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise InvalidInputError(
            f"A name of {len(name)} characters cannot be used; expected at most {_LONGEST_NAME} that can be printed. "
            "Shorten it.",
            field="name",
        )
    if limit is not None:
        check_role(limit)
    now = datetime.now(UTC)
    if expires_at is not None and expires_at <= now:
        raise InvalidInputError(
            f"The token would expire at {expires_at.isoformat()}, which has passed. Give a later time.",
            field="expires_at",
        )
    secret = _PREFIX[kind] + secrets.token_urlsafe(32)
    token = Token(
        user_id=user_id, kind=kind, name=name, secret_sha256=_sha256(secret), role=limit, expires_at=expires_at
    )
    with connector.transaction() as session:
        session.add(token)
        session.flush()
    return token, secret


def holder(connector: Connector, secret: str, kind: Kind, address: str) -> Principal | None:
    """The principal that a secret stands for; None if it is unknown, expired or revoked, or the user is disabled."""
    sha256, now = _sha256(secret), datetime.now(UTC)
    token, user = connector.database.until_changed(
        ("secret", sha256), partial(_found, connector, Token.secret_sha256 == sha256)
    )
    if token is None or not hmac.compare_digest(token.secret_sha256, sha256) or token.kind != kind:
        return None
    if not _is_valid(token, user, now):
        return None
    if token.last_used_at is None or now - token.last_used_at >= _NOTED_EVERY:
        with connector.transaction() as session:
            session.execute(update(Token).where(Token.id == token.id).values(last_used_at=now))
    return principal_of(token, user, address)


def known_again(connector: Connector, who: Principal) -> Principal | None:
    """The same principal as it is now; None if its session or token is no longer valid."""
    if who.token_id is None:
        return who
    token, user = _found(connector, Token.id == who.token_id)
    is_valid = token is not None and _is_valid(token, user, datetime.now(UTC))
    return principal_of(token, user, who.address) if is_valid else None


def _found(connector: Connector, condition: ColumnElement[bool]) -> Any:
    with connector.database.reading() as session:
        query = select(Token, User).join(User, User.id == Token.user_id).where(condition)
        return session.execute(query).one_or_none() or (None, None)


def _is_valid(token: Token, user: User, now: datetime) -> bool:
    return (
        token.revoked_at is None and (token.expires_at is None or token.expires_at > now) and user.disabled_at is None
    )


def principal_of(token: Token, user: User, address: str) -> Principal:
    """The principal of a session or token."""
    via: Via = "token" if token.kind == "api" else "session" if user.password_hash else "link"
    return Principal(user.name, user.role, via, address, user.id, token.id, token.role)


def revoke(session: Session, token_id: int) -> Token:
    """Have a session or token refused from now on.

    Raises:
        NotFoundError: there is none of this id.
    """
    token = session.get(Token, token_id)
    if token is None:
        raise NotFoundError(f"There is no token {token_id}. List them: enstorage token list")
    token.revoked_at = token.revoked_at or datetime.now(UTC)
    return token


def revoke_all(session: Session, user_id: int, *, kind: Kind, but: int | None = None) -> None:
    """Have all sessions, or all tokens, of a user refused from now on.

    Args:
        session: of the transaction.
        user_id: the user.
        kind: "session" or "api".
        but: id of the one that stays.
    """
    session.execute(
        update(Token)
        .where(Token.user_id == user_id, Token.kind == kind, Token.revoked_at.is_(None), Token.id != (but or 0))
        .values(revoked_at=datetime.now(UTC))
    )


def _sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()
