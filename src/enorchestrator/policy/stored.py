"""Policies that administrators add: checked before they are stored, so that they say what they seem to say."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from enorchestrator.policy.engine import PolicyEngine, Question, cedar, parsed
from enorchestrator.policy.roles import ACTIONS, ROLES
from enstorage.connector import Connector
from enstorage.entity import ENTITIES
from enstorage.errors import InUseError, InvalidInputError, NotFoundError
from enstorage.ledger import StoredPolicy, User

#: What actions are done to; "store" is what concerns no single table.
TABLES = (
    *(each.__tablename__ for each in ENTITIES),
    "pipeline",
    "schedule",
    "run",
    "dispatcher",
    "notification",
    "registered_model",
    "monitor",
    "feedback",
    "sink",
    "user_account",
    "token",
    "session",
    "policy",
    "audit",
    "store",
)
_LONGEST_NAME = 100
#: What administrators must be able to do, so that every policy can be taken back.
_KEYS = (("manage_policies", "policy"), ("manage_users", "user_account"))


def enabled_policies(connector: Connector) -> tuple[tuple[str, str], ...]:
    """The names and texts of the policies in force."""
    with connector.database.reading() as session:
        return connector.database.believed(policies_in_force(session), StoredPolicy.__table__)


def add_policy(connector: Connector, name: str, text: str, changed_by: str, address: str = "127.0.0.1") -> StoredPolicy:
    """Store a policy, which is in force at once.

    Args:
        connector: the store.
        name: a new one.
        text: one policy in the language of Cedar.
        changed_by: name of the user.
        address: of the user, from which administrators must still be let in.

    Raises:
        InvalidInputError: the name or the text cannot be used.
        InUseError: an administrator could no longer manage users and policies.
    """
    if (
        not 0 < len(name) <= _LONGEST_NAME
        or not name.isprintable()
        or name != name.strip()
        or name.startswith("product ")
    ):
        raise InvalidInputError(
            f"The name {name[:_LONGEST_NAME]!r} cannot be used; expected 1 to {_LONGEST_NAME} characters that can be "
            "printed, without spaces at the ends, not beginning with `product`. Choose another.",
            field="name",
        )
    with connector.transaction() as session:
        if session.scalar(select(StoredPolicy.id).where(StoredPolicy.name == name)) is not None:
            raise InvalidInputError(
                f"There is a policy {name!r} already; expected a new name. Choose one.", field="name"
            )
        check_policy(session, text)
        policy = StoredPolicy(name=name, text=text, changed_by=changed_by)
        session.add(policy)
        session.flush()
        _check_keys(session, address)
    return policy


def change_policy(
    connector: Connector,
    policy_id: int,
    changed_by: str,
    *,
    text: str | None = None,
    is_enabled: bool | None = None,
    address: str = "127.0.0.1",
) -> StoredPolicy:
    """Change a policy; what is None stays.

    Args:
        connector: the store.
        policy_id: the policy.
        changed_by: name of the user.
        text: the new one.
        is_enabled: false to keep the policy and no longer ask it.
        address: of the user, from which administrators must still be let in.

    Raises:
        NotFoundError: there is no such policy.
        InvalidInputError: the text cannot be used.
        InUseError: an administrator could no longer manage users and policies.
    """
    with connector.transaction() as session:
        policy = _found(session, policy_id)
        if text is not None:
            check_policy(session, text)
            policy.text = text
        policy.enabled = policy.enabled if is_enabled is None else is_enabled
        policy.changed_by = changed_by
        session.flush()
        if policy.enabled:
            _check_keys(session, address)
    return policy


def remove_policy(connector: Connector, policy_id: int) -> None:
    """Delete a policy for good.

    Raises:
        NotFoundError: there is no such policy.
    """
    with connector.transaction() as session:
        session.delete(_found(session, policy_id))


def find_policy(connector: Connector, name: str) -> StoredPolicy:
    """The policy of a name.

    Raises:
        NotFoundError: there is none.
    """
    with connector.database.reading() as session:
        policy = session.scalars(select(StoredPolicy).where(StoredPolicy.name == name)).one_or_none()
    if policy is None:
        raise NotFoundError(f"There is no policy {name!r}. List them: enstorage policy list")
    return policy


def policies_in_force(session: Session | Connection) -> tuple[tuple[str, str], ...]:
    """The names and texts of the policies in force, as a transaction sees them."""
    wanted = select(StoredPolicy.name, StoredPolicy.text).where(StoredPolicy.enabled).order_by(StoredPolicy.id)
    return tuple((name, text) for name, text in session.execute(wanted))


def _found(session: Session, policy_id: int) -> StoredPolicy:
    policy = session.get(StoredPolicy, policy_id)
    if policy is None:
        raise NotFoundError(f"There is no policy {policy_id}. List them: enstorage policy list")
    return policy


def check_policy(session: Session, text: str) -> None:
    """Refuse a text that is not exactly one policy about roles, users, actions, tables and facts that there are.

    A misspelt table would never match, and a policy that forbids would then forbid nothing.

    Raises:
        InvalidInputError: it is not.
    """
    try:
        found = parsed(text)
    except ValueError as error:
        raise _refused(str(error)) from None
    if len(found) != 1:
        raise _refused(f"it has {len(found)} policies; expected one, so that each can be disabled by its name")
    result = cedar().validate_policies(text, _schema())
    if not result.validation_passed:
        raise _refused("; ".join(each.error for each in result.errors))
    named = set(_users_in(found))
    unknown = named - set(session.scalars(select(User.name).where(User.name.in_(named))))
    if unknown:
        raise _refused(f"there is no user {min(unknown)!r}")


def _users_in(value: Any) -> Iterator[str]:
    """The users that a policy in the JSON form of Cedar names."""
    if isinstance(value, dict):
        if value.get("type") == "User" and isinstance(value.get("id"), str):
            yield value["id"]
        value = list(value.values())
    if isinstance(value, list):
        for each in value:
            yield from _users_in(each)


def _check_keys(session: Session, address: str) -> None:
    """Refuse policies that lock an administrator out; the transaction is rolled back."""
    engine = PolicyEngine(policies_in_force(session))
    active = select(User).where(User.role == "administrator", User.disabled_at.is_(None))
    for user in session.scalars(active):
        via = "session" if user.password_hash else "link"
        for action, table in _KEYS:
            answer = engine.decide(Question(user.name, user.role, via, address, action, table))
            if not answer.is_allowed:
                raise InUseError(
                    f"The administrator {user.name} could no longer {action} ({answer.reason}), so nobody might be able to "
                    "take this policy back. Except administrators from it, or give the user another role first."
                )


def _refused(reason: str) -> InvalidInputError:
    return InvalidInputError(
        f"The policy cannot be used: {reason}. Expected one policy in the language of Cedar, such as "
        '`forbid(principal in Role::"analyst", action == Action::"trash", resource == Table::"ensemble");`. '
        "The reference of access lists the roles, actions and tables.",
        field="text",
    )


def _schema() -> str:
    def names(each: tuple[str, ...]) -> str:
        return ", ".join(json.dumps(name) for name in each)

    return f"""
        entity Role enum [{names(ROLES)}];
        entity Table enum [{names(TABLES)}];
        entity User in [Role] {{ name: String, role: String, via: String, address?: ipaddr }};
        action {names(tuple(ACTIONS))} appliesTo {{ principal: User, resource: Table }};
    """
