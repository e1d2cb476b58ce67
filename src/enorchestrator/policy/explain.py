"""Explaining policies: who may do what and why, tried out; and expectations that are tested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from enorchestrator.policy.engine import Answer, Question, engine_with
from enorchestrator.policy.roles import ACTIONS, ROLES, check_role
from enorchestrator.policy.stored import TABLES, enabled_policies
from enstorage.connector import Connector
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.ledger import User

#: The policies of the product in the order of `policies.cedar`, in words.
PRODUCT = (
    "viewers and all higher roles read, download and infer",
    "viewers and all higher roles have their own session, password and tokens",
    "analysts and all higher roles create, change, trash, train, render, upload, run and cancel",
    "releasers and administrators release",
    "administrators purge, manage users and policies, and read the audit log",
    "tokens make no tokens and change no password",
    "users, policies and the audit log concern administrators alone",
)
_ALWAYS = ("user", "role", "via", "address")


@dataclass(frozen=True, slots=True)
class Explained:
    """A decision with the policies that made it.

    Attributes:
        is_allowed: true if the principal may.
        reason: a sentence.
        by: each policy that decided, in words.
    """

    is_allowed: bool
    reason: str
    by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExpectationResult:
    """An expectation, tried out.

    Attributes:
        question: as it was given.
        expected: true if it should be allowed.
        found: the decision.
    """

    question: Mapping[str, Any]
    expected: bool
    found: Explained

    @property
    def is_met(self) -> bool:
        """True if the decision is the expected one."""
        return self.found.is_allowed == self.expected


def explain(
    connector: Connector,
    action: str,
    table: str,
    *,
    user: str | None = None,
    role: str | None = None,
    via: str = "session",
    address: str = "",
) -> Explained:
    """Tell whether a user, or a role, may do something, and by which policies. Nothing is done, and nothing is noted.

    Args:
        connector: the store.
        action: one of `ACTIONS`.
        table: of what it is done to.
        user: name of a user; or a role is given.
        role: one of `ROLES`; or a user is given.
        via: "link", "session" or "token".
        address: IP address of the client.

    Raises:
        InvalidInputError: there is no such action, table or role.
        NotFoundError: there is no such user.
    """
    for value, known, field in ((action, ACTIONS, "action"), (table, TABLES, "table"), (via, _VIA, "via")):
        if value not in known:
            raise InvalidInputError(
                f"There is no {field} {value!r:.60}; expected one of {', '.join(known)}. Correct it.", field=field
            )
    if (user is None) == (role is None):
        raise InvalidInputError("Expected either a user or a role. Give one of them.", field="role")
    name, is_disabled = user or "", False
    if user is not None:
        with connector.database.reading() as session:
            found = session.scalar(select(User).where(User.name == user))
        if found is None:
            raise NotFoundError(f"There is no user {user!r:.60}. List them: enstorage user list")
        role, is_disabled = found.role, found.disabled_at is not None
    if is_disabled:
        return Explained(False, "the user is disabled", ())
    question = Question(name, check_role(role or ""), via, address, action, table)
    return _in_words(engine_with(enabled_policies(connector)).decide(question))


def permissions(connector: Connector) -> dict[str, dict[str, list[str]]]:
    """Who may do what: by role and action the tables on which it is allowed, by session and from no known address."""
    engine = engine_with(enabled_policies(connector))
    return {
        role: {
            action: [
                table for table in TABLES if engine.decide(Question("", role, "session", "", action, table)).is_allowed
            ]
            for action in ACTIONS
        }
        for role in ROLES
    }


def try_policies(connector: Connector, expectations: Sequence[Mapping[str, Any]]) -> list[ExpectationResult]:
    """Try out expectations, such as `{"role": "analyst", "action": "trash", "table": "ensemble", "allowed": false}`.

    Args:
        connector: the store.
        expectations: each with `action`, `table`, `allowed`, and `role` or `user`; also `via` and `address`.

    Raises:
        InvalidInputError: one cannot be read; the message has its number.
        NotFoundError: there is no such user.
    """
    results = []
    for number, each in enumerate(expectations, 1):
        known = {"action", "table", "allowed", *_ALWAYS}
        if not isinstance(each, Mapping) or not {"action", "table", "allowed"} <= each.keys() <= known:
            raise InvalidInputError(
                f"Expectation {number} is {each!r:.80}; expected an object with action, table, allowed, and role or user "
                "(also via and address). Correct it."
            )
        asked = {name: value for name, value in each.items() if name != "allowed"}
        if not isinstance(each["allowed"], bool) or not all(isinstance(value, str) for value in asked.values()):
            raise InvalidInputError(f"Expectation {number}: expected texts, and true or false for allowed. Correct it.")
        results.append(ExpectationResult(asked, each["allowed"], explain(connector, **asked)))
    return results


_VIA = ("link", "session", "token")


def _in_words(answer: Answer) -> Explained:
    words = tuple(
        f"product: {PRODUCT[int(each.removeprefix('product '))]}" if each.startswith("product ") else f"policy {each!r}"
        for each in answer.by
    )
    reason = answer.reason or "a policy permits it, and none forbids it"
    return Explained(answer.is_allowed, reason, words)
