"""Users, for administrators."""

from datetime import datetime

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field, SecretStr
from sqlalchemy import select

from enmyadmin.access.audit import note
from enmyadmin.access.page import page
from enmyadmin.access.permission import allowed
from enmyadmin.access.users import add_user, change_user
from enmyadmin.routes.access.parameters import Cursor, Limit, RowId
from enmyadmin.routes.dependencies import Store
from enstorage.ledger import User

router = APIRouter(prefix="/users", tags=["users"], dependencies=[Depends(allowed("manage_users", "user_account"))])


class UserItem(BaseModel):
    """A user, without the hash of the password."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    name: str
    role: str
    disabled_at: datetime | None
    last_login_at: datetime | None
    created_at: datetime


class UserPage(BaseModel):
    """A page of users."""

    items: list[UserItem]
    next: str | None


class NewUser(BaseModel):
    """A user to add."""

    name: str = Field(max_length=300)
    password: SecretStr = Field(max_length=1000)
    role: str = Field(max_length=50)


class UserChange(BaseModel):
    """Changes of a user; what is null stays."""

    role: str | None = Field(None, max_length=50)
    disabled: bool | None = None
    password: SecretStr | None = Field(None, max_length=1000)


@router.get("")
def list_users(store: Store, limit: Limit = 50, cursor: Cursor = None) -> UserPage:
    """List the users, the newest first."""
    rows, following = page(store, select(User), User, limit, cursor)
    return UserPage(items=[UserItem.model_validate(row) for row in rows], next=following)


@router.post("", status_code=201)
def create_user(request: Request, store: Store, given: NewUser) -> UserItem:
    """Add a user."""
    note(request, detail={"name": given.name, "role": given.role})
    user = add_user(store, given.name, given.password.get_secret_value(), given.role)
    note(request, entity_id=user.id)
    return UserItem.model_validate(user)


@router.patch("/{id}")
def update_user(request: Request, store: Store, id: RowId, given: UserChange) -> UserItem:
    """Change the role, the password or the state of a user."""
    changes = given.model_dump(exclude_none=True)
    note(request, detail={name: "***" if name == "password" else value for name, value in changes.items()})
    password = None if given.password is None else given.password.get_secret_value()
    user = change_user(store, id, role=given.role, is_disabled=given.disabled, password=password)
    return UserItem.model_validate(user)
