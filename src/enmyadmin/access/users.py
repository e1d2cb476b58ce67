"""Users: adding and changing them, with one administrator left at all times."""

import unicodedata
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, func, or_, select
from sqlalchemy.orm import Session

from enmyadmin.access.link import OWNER
from enmyadmin.access.passwords import hashed, matches
from enmyadmin.access.tokens import revoke_all
from enorchestrator.policy.roles import check_role
from enstorage.connector import Connector
from enstorage.errors import InUseError, InvalidInputError, NotFoundError
from enstorage.ledger import Token, User

_LONGEST_NAME = 64


def can_somebody_enter(connector: Connector) -> tuple[bool, bool]:
    """True for users who may log in, and true for tokens that are valid."""
    now = datetime.now(UTC)
    with connector.database.reading() as session:
        users = session.scalar(select(func.count()).select_from(User).where(User.password_hash != "", _is_active()))
        tokens = session.scalar(
            select(func.count())
            .select_from(Token)
            .join(User, User.id == Token.user_id)
            .where(
                Token.kind == "api",
                Token.revoked_at.is_(None),
                or_(Token.expires_at.is_(None), Token.expires_at > now),
                _is_active(),
            )
        )
    return bool(users), bool(tokens)


def add_user(connector: Connector, name: str, password: str, role: str) -> User:
    """Add a user.

    Raises:
        InvalidInputError: the name, password or role cannot be used, the name is taken, or the first user would be no
            administrator.
    """
    _check_name(name)
    check_role(role)
    user = User(name=name, password_hash=hashed(password, name), role=role)
    with connector.transaction() as session:
        if session.scalar(select(User.id).where(User.name == name)) is not None:
            raise InvalidInputError(
                f"There is a user {name!r} already; expected a new name. Choose another.", field="name"
            )
        session.add(user)
        session.flush()
        _check_administrators(session)
    return user


def change_user(
    connector: Connector,
    user_id: int,
    *,
    role: str | None = None,
    is_disabled: bool | None = None,
    password: str | None = None,
    keep_session: int | None = None,
) -> User:
    """Change a user; what is None stays. It holds at once, also for sessions and tokens that are there.

    A new password ends the sessions of the user; to be disabled ends the sessions and the tokens.

    Args:
        connector: the store.
        user_id: the user.
        role: the new one.
        is_disabled: true to refuse the user, false to let the user log in again.
        password: the new one.
        keep_session: id of the session that goes on after a new password.

    Raises:
        NotFoundError: there is no such user.
        InvalidInputError: the role or the password cannot be used.
        InUseError: no administrator would be left.
    """
    if role is not None:
        check_role(role)
    with connector.transaction() as session:
        user = session.get(User, user_id)
        if user is None:
            raise NotFoundError(f"There is no user {user_id}. List them: enstorage user list")
        if user.name == OWNER:
            raise InvalidInputError(
                f"{OWNER!r} is the user of the printed link, which has every right and no password. Add users of their own: "
                "enstorage user add NAME",
                field="name",
            )
        if role is not None:
            user.role = role
        if is_disabled is not None:
            user.disabled_at = (user.disabled_at or datetime.now(UTC)) if is_disabled else None
        if password is not None:
            user.password_hash = hashed(password, user.name)
        session.flush()
        _check_administrators(session)
        if password is not None or is_disabled:
            revoke_all(session, user.id, kind="session", but=keep_session)
        if is_disabled:
            revoke_all(session, user.id, kind="api")
    return user


def find_user(connector: Connector, name: str) -> User:
    """The user of a name.

    Raises:
        NotFoundError: there is none.
    """
    with connector.database.reading() as session:
        user = session.scalars(select(User).where(User.name == name)).one_or_none()
    if user is None:
        raise NotFoundError(f"There is no user {name!r}. List them: enstorage user list")
    return user


def is_user(connector: Connector, name: str) -> bool:
    """True for the name of a user."""
    with connector.database.reading() as session:
        return name.isprintable() and session.scalar(select(User.id).where(User.name == name)) is not None


def log_in(connector: Connector, name: str, password: str) -> User | None:
    """The user of a name and password; None for a wrong one of them, or a disabled user."""
    user = None
    if name.isprintable():  # not every database takes the others
        with connector.database.reading() as session:
            user = session.scalars(select(User).where(User.name == name, _is_active())).one_or_none()
    if not matches(password, user.password_hash if user else None):
        return None
    return user


def _is_active() -> ColumnElement[bool]:
    return User.disabled_at.is_(None)


def _check_name(name: str) -> None:
    is_usable = (
        0 < len(name) <= _LONGEST_NAME
        and name.isprintable()
        and name == name.strip()
        and unicodedata.is_normalized("NFKC", name)
    )
    if not is_usable or name == OWNER:
        raise InvalidInputError(
            f"The name {name[:_LONGEST_NAME]!r} cannot be used; expected 1 to {_LONGEST_NAME} characters that can be "
            f"printed, in normal form (NFKC), without spaces at its ends, and not {OWNER!r}. Choose another.",
            field="name",
        )


def _check_administrators(session: Session) -> None:
    """Refuse a change after which nobody could manage users; the transaction is rolled back.

    A store has one writing transaction at a time, so two changes cannot each leave the other's administrator.
    """
    left = (
        select(func.count())
        .select_from(User)
        .where(User.role == "administrator", User.password_hash != "", _is_active())
    )
    if not session.scalar(left):
        raise InUseError(
            "There would be no administrator who may log in; expected at least one. Add one first, or change the role of "
            "another user: enstorage user add NAME --role administrator"
        )
