"""Policies that administrators add to those of the product."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select

from enmyadmin.access.audit import note
from enmyadmin.access.page import page
from enmyadmin.access.permission import allowed
from enmyadmin.access.principal import Principal
from enmyadmin.routes.access.parameters import Cursor, Limit, RowId
from enmyadmin.routes.dependencies import Store
from enorchestrator.policy.cases import LARGEST, PolicyCases, explain, permissions, try_policies
from enorchestrator.policy.engine import texts_of_product
from enorchestrator.policy.stored import TABLES, add_policy, change_policy, enabled_policies, remove_policy
from enstorage.ledger import StoredPolicy

router = APIRouter(prefix="/policies", tags=["policies"])
_Manager = Annotated[Principal, Depends(allowed("manage_policies", "policy"))]


class PolicyItem(BaseModel):
    """A policy in the language of Cedar."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    text: str
    enabled: bool
    changed_by: str
    created_at: datetime
    updated_at: datetime


class PolicyPage(BaseModel):
    """A page of policies."""

    items: list[PolicyItem]
    next: str | None


class NewPolicy(BaseModel):
    """A policy to add."""

    name: str = Field(max_length=300)
    text: str = Field(max_length=10_000)


class PolicyChange(BaseModel):
    """Changes of a policy; what is null stays."""

    text: str | None = Field(None, max_length=10_000)
    enabled: bool | None = None


class PolicyQuestion(BaseModel):
    """A question to the policies."""

    action: str = Field(max_length=255)
    table: str = Field(max_length=255)
    user: str | None = Field(None, max_length=255, description="Name of a user; or a role is given.")
    role: str | None = Field(None, max_length=255)
    via: Literal["link", "session", "token"] = "session"
    address: str = Field("", max_length=255)


class PolicyExplanation(BaseModel):
    """A decision with the policies that made it."""

    is_allowed: bool
    reason: str
    policies: list[str] = Field(description="Names of those that decide; `product 0` and so on are of the product.")
    texts: dict[str, str] = Field(description="Their texts in the language of Cedar.")


class PermissionTable(BaseModel):
    """Permissions: by role and action the tables on which it is allowed."""

    roles: dict[str, dict[str, list[str]]]
    tables: list[str] = Field(description="All tables.")


class PolicyTestRequest(BaseModel):
    """Tests of policies, as `enstorage policy test` takes them."""

    text: str = Field(max_length=LARGEST, description="Cases, and policies to try with them, in YAML or JSON.")


class PolicyTestItem(BaseModel):
    """A question with the expected answer, and the answer."""

    user: str
    role: str | None
    via: str
    action: str
    table: str
    expect: Literal["allow", "deny"]
    is_allowed: bool
    is_as_expected: bool
    reason: str
    policies: list[str]


class PolicyTests(BaseModel):
    """Results of tests, in the order of the cases."""

    items: list[PolicyTestItem]


@router.get("")
def list_policies(store: Store, _who: _Manager, limit: Limit = 50, cursor: Cursor = None) -> PolicyPage:
    """List the policies, the newest first."""
    rows, following = page(store, select(StoredPolicy), StoredPolicy, limit, cursor)
    return PolicyPage(items=[PolicyItem.model_validate(row) for row in rows], next=following)


@router.post("", status_code=201)
def create_policy(request: Request, store: Store, given: NewPolicy, who: _Manager) -> PolicyItem:
    """Add a policy, which is in force at once."""
    policy = add_policy(store, given.name, given.text, who.name, who.address)
    note(request, entity_id=policy.id, detail={"name": policy.name, "text": policy.text})
    return PolicyItem.model_validate(policy)


@router.get("/permissions")
def list_permissions(store: Store, _who: _Manager) -> PermissionTable:
    """Tell by role and action the tables on which it is allowed."""
    return PermissionTable(roles=permissions(store), tables=[*TABLES])


@router.post("/explain")
def explain_policies(store: Store, given: PolicyQuestion, _who: _Manager) -> PolicyExplanation:
    """Try out whether a user or a role may do something, and by which policies; nothing is done."""
    asked = given.model_dump() | {"user": given.user or ""}
    found = explain(store, **asked)
    texts = texts_of_product() | dict(enabled_policies(store))
    deciding = {name: texts[name] for name in found.policies if name in texts}
    return PolicyExplanation(
        is_allowed=found.is_allowed, reason=found.reason, policies=list(found.policies), texts=deciding
    )


@router.post("/test")
def run_policy_tests(store: Store, given: PolicyTestRequest, _who: _Manager) -> PolicyTests:
    """Ask the policies in force, and those of the text, about each case; nothing is stored or done."""
    return PolicyTests(
        items=[
            PolicyTestItem(
                **each.case.model_dump(exclude={"address"}),
                is_allowed=each.answer.is_allowed,
                is_as_expected=each.is_as_expected,
                reason=each.answer.reason,
                policies=list(each.answer.policies),
            )
            for each in try_policies(store, PolicyCases.read(given.text))
        ]
    )


@router.patch("/{id}")
def update_policy(request: Request, store: Store, id: RowId, given: PolicyChange, who: _Manager) -> PolicyItem:
    """Change the text of a policy, enable or disable it."""
    note(request, detail=given.model_dump(exclude_none=True))
    policy = change_policy(store, id, who.name, text=given.text, is_enabled=given.enabled, address=who.address)
    return PolicyItem.model_validate(policy)


@router.delete("/{id}", status_code=204)
def delete_policy(store: Store, id: RowId, _who: _Manager) -> None:
    """Delete a policy for good."""
    remove_policy(store, id)
