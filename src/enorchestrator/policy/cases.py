"""Tests of policies: questions with the answers that are expected, as a file that is kept beside the policies."""

from dataclasses import dataclass
from typing import Annotated, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from sqlalchemy import select

from enorchestrator.policy.engine import Answer, PolicyEngine, Question
from enorchestrator.policy.roles import ACTIONS, ROLES
from enorchestrator.policy.stored import TABLES, check_policy, policies_in_force
from enstorage.connector import Connector
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.ledger import User
from enstorage.terminal import printable

LARGEST = 1_000_000
_CHECKED = ConfigDict(frozen=True, extra="forbid")


class PolicyCase(BaseModel):
    """A question with the answer that is expected: by a user of the store, or by anybody of a role."""

    model_config = _CHECKED

    user: str = ""
    role: Literal["viewer", "analyst", "releaser", "administrator"] | None = None
    via: Literal["link", "session", "token"] = "session"
    address: str = ""
    action: str
    table: str
    expect: Literal["allow", "deny"]

    @model_validator(mode="after")
    def _is_about_what_there_is(self) -> Self:
        if self.action not in ACTIONS:
            raise ValueError(f"there is no action {self.action!r}; expected one of {', '.join(ACTIONS)}")
        if self.table not in TABLES:
            raise ValueError(f"there is no table {self.table!r}; expected one of {', '.join(TABLES)}")
        if not self.user and self.role is None:
            raise ValueError("give user, role or both")
        return self


class PolicyCases(BaseModel):
    """Cases, and policies that are tried with those in force but not stored."""

    model_config = _CHECKED

    policies: dict[str, str] = {}
    cases: Annotated[tuple[PolicyCase, ...], Field(min_length=1, max_length=10_000)]

    @classmethod
    def read(cls, text: str) -> Self:
        """The cases of a text in YAML or JSON.

        Raises:
            InvalidInputError: it has none; the message names the place.
        """
        try:
            if len(text) > LARGEST:
                raise yaml.YAMLError(f"it has more than {LARGEST} characters")
            return cls.model_validate(yaml.safe_load(text))
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"])) or "the file"
            raise InvalidInputError(
                f"The cases cannot be used: {place}: {printable(first['msg'])}; expected cases, each with action, table, "
                "expect (allow or deny), and user or role. Correct it."
            ) from None
        except yaml.YAMLError as error:
            shown = " ".join(printable(str(error)).split())[:200]
            raise InvalidInputError(f"The cases are no YAML that can be read: {shown}. Correct it.") from None


@dataclass(frozen=True, slots=True)
class PolicyCaseResult:
    """The answer to a case.

    Attributes:
        case: the case.
        answer: of the policies.
    """

    case: PolicyCase
    answer: Answer

    @property
    def is_as_expected(self) -> bool:
        """True if the answer is the expected one."""
        return self.answer.is_allowed == (self.case.expect == "allow")


def explain(
    connector: Connector,
    action: str,
    table: str,
    *,
    user: str = "",
    role: str | None = None,
    via: str = "session",
    address: str = "",
) -> Answer:
    """Tell whether the policies in force permit something, and which of them decide.

    Args:
        connector: the store.
        action: one of `enorchestrator.policy.roles.ACTIONS`.
        table: such as "model".
        user: name of a user of the store; empty for anybody of the role.
        role: by default that of the user; otherwise as if the user had it.
        via: "link", "session" or "token".
        address: IP address of the client; empty if it is not known.

    Raises:
        InvalidInputError: there is no such action, table or role.
        NotFoundError: there is no such user.
    """
    asked = {"user": user, "role": role, "via": via, "address": address, "action": action, "table": table}
    (found,) = try_policies(connector, PolicyCases.read(yaml.safe_dump({"cases": [asked | {"expect": "allow"}]})))
    return found.answer


def try_policies(connector: Connector, cases: PolicyCases) -> list[PolicyCaseResult]:
    """Ask the policies in force, and those of the cases, about each case; nothing is stored.

    Raises:
        InvalidInputError: a policy of the cases cannot be used.
        NotFoundError: there is no such user.
    """
    with connector.database.reading() as session:
        for text in cases.policies.values():
            check_policy(session, text)
        names = {case.user for case in cases.cases if case.user}
        asked = select(User.name, User.role).where(User.name.in_(names))
        roles = {row.name: row.role for row in session.execute(asked)}
        disabled = set(session.scalars(select(User.name).where(User.name.in_(names), User.disabled_at.is_not(None))))
        engine = PolicyEngine((*policies_in_force(session), *cases.policies.items()))
    if unknown := sorted(names - roles.keys()):
        raise NotFoundError(f"There is no user {printable(unknown[0])}. List them: enstorage user list")
    found = []
    for case in cases.cases:
        role = case.role or roles[case.user]
        if case.user in disabled:
            answer = Answer(False, "the user is disabled")
        else:
            answer = engine.decide(Question(case.user, role, case.via, case.address, case.action, case.table))
        found.append(PolicyCaseResult(case, answer))
    return found


def permissions(connector: Connector) -> dict[str, dict[str, list[str]]]:
    """Permissions: by role and action the tables on which it is allowed, by session and from no known address."""
    with connector.database.reading() as session:
        engine = PolicyEngine(policies_in_force(session))
    return {
        role: {
            action: [
                table for table in TABLES if engine.decide(Question("", role, "session", "", action, table)).is_allowed
            ]
            for action in ACTIONS
        }
        for role in ROLES
    }
