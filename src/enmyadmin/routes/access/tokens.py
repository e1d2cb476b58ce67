"""Tokens of programs and sessions of browsers: one's own, and those of all users for administrators."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import AwareDatetime, BaseModel, Field
from sqlalchemy import select

from enmyadmin.access.audit import note
from enmyadmin.access.door import Access
from enmyadmin.access.page import page
from enmyadmin.access.permission import allowed
from enmyadmin.access.principal import Principal
from enmyadmin.access.tokens import issue, revoke
from enmyadmin.routes.access.parameters import Cursor, Limit, RowId
from enmyadmin.routes.dependencies import Store
from enstorage.errors import NotFoundError
from enstorage.ledger import Token, User

router = APIRouter(prefix="/tokens", tags=["tokens"])


class TokenItem(BaseModel):
    """A token or a session, without its secret.

    Attributes:
        user: name of the user it stands for.
        kind: "api" for a program, "session" for a browser.
        role: the most that it may do; None for all that the user may.
        is_own: true for the session or token that asks.
    """

    id: int
    user: str
    kind: str
    name: str
    role: str | None
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    created_at: datetime
    is_own: bool


class TokenPage(BaseModel):
    """A page of tokens."""

    items: list[TokenItem]
    next: str | None


class NewToken(BaseModel):
    """A token to create."""

    name: str = Field(max_length=300)
    role: str | None = Field(None, max_length=50)
    expires_at: AwareDatetime | None = None


class CreatedToken(TokenItem):
    """A new token with its secret, which is shown this once."""

    secret: str


@router.get("")
def list_tokens(
    request: Request,
    store: Store,
    who: Annotated[Principal, Depends(allowed("read", "token"))],
    kind: Literal["api", "session"] | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> TokenPage:
    """List tokens and sessions, the newest first: one's own, or those of all users for administrators."""
    query = select(Token)
    if not _manages(request, who):
        query = query.where(Token.user_id == who.user_id)
    if kind is not None:
        query = query.where(Token.kind == kind)
    rows, following = page(store, query, Token, limit, cursor)
    with store.database.reading() as session:
        users = session.scalars(select(User).where(User.id.in_({row.user_id for row in rows})))
        names = {user.id: user.name for user in users}
    return TokenPage(items=[TokenItem(**_shown(row, names[row.user_id], who)) for row in rows], next=following)


@router.post("", status_code=201)
def create_token(
    request: Request, store: Store, given: NewToken, who: Annotated[Principal, Depends(allowed("create", "token"))]
) -> CreatedToken:
    """Create a token for a program of one's own; its secret is shown this once."""
    token, secret = issue(store, who.user_id, "api", name=given.name, limit=given.role, expires_at=given.expires_at)
    note(request, entity_id=token.id, detail={"name": given.name, "role": given.role})
    return CreatedToken(**_shown(token, who.name, who), secret=secret)


@router.delete("/{id}", status_code=204)
def revoke_token(
    request: Request, store: Store, id: RowId, who: Annotated[Principal, Depends(allowed("trash", "token"))]
) -> None:
    """Have a token or a session refused from now on: one's own, or that of any user for administrators."""
    is_manager = _manages(request, who)
    with store.transaction() as session:
        token = session.get(Token, id)
        if token is None or not (is_manager or token.user_id == who.user_id):
            raise NotFoundError(f"You have no token {id}. List yours: GET /api/v1/tokens")
        revoke(session, id)


def _manages(request: Request, who: Principal) -> bool:
    access: Access = request.app.state.access
    return not access.reason_against(who, "manage_users", "user_account")


def _shown(token: Token, user: str, who: Principal) -> dict[str, Any]:
    names = ("id", "kind", "name", "role", "expires_at", "last_used_at", "revoked_at", "created_at")
    return {name: getattr(token, name) for name in names} | {"user": user, "is_own": token.id == who.token_id}
