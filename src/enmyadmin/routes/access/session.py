"""The session of a browser: who is logged in, logging in and out, changing one's password."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field, SecretStr

from enmyadmin.access.audit import note, record
from enmyadmin.access.door import Access, csrf
from enmyadmin.access.gate import begin_session
from enmyadmin.access.permission import allowed, public
from enmyadmin.access.principal import Principal
from enmyadmin.access.refusal import NotLoggedInError
from enmyadmin.access.tokens import revoke
from enmyadmin.access.users import change_user, is_user, log_in
from enorchestrator.policy.stored import TABLES
from enstorage.errors import InvalidInputError

router = APIRouter(prefix="/session", tags=["session"])


class LogIn(BaseModel):
    """A name and a password."""

    name: str = Field(max_length=300)
    password: SecretStr = Field(max_length=1000)


class PasswordChange(BaseModel):
    """The present password and the new one."""

    password: SecretStr = Field(max_length=1000)
    new_password: SecretStr = Field(max_length=1000)


class SessionUser(BaseModel):
    """The user who is logged in."""

    name: str
    role: str


class SessionState(BaseModel):
    """The user who is logged in, and what that user may.

    Attributes:
        user: None for nobody.
        permissions: actions that the user may do to at least one table.
        csrf: the value of the header X-CSRF-Token of every change; None for nobody and for programs.
        mode: the way in: the link that the server printed, or users who log in.
    """

    user: SessionUser | None
    permissions: list[str]
    csrf: str | None
    mode: Literal["link", "users"]


@router.get("")
def get_session(request: Request, who: Annotated[Principal | None, Depends(public())]) -> SessionState:
    """Show who is logged in, and what they may."""
    access: Access = request.app.state.access
    secret = None if who is None or who.via == "token" else request.cookies.get(access.cookie)
    return _state(access, who, secret)


@router.post("", dependencies=[Depends(public())])
def log_in_by_password(request: Request, response: Response, given: LogIn) -> SessionState:
    """Log in."""
    access: Access = request.app.state.access
    address = request.client.host if request.client else ""
    access.attempts.begin(given.name, address)
    user = log_in(access.connector, given.name, given.password.get_secret_value())
    if user is None:
        # A password that was typed into the wrong field must not be kept.
        known = given.name if is_user(access.connector, given.name) else ""
        record(access.connector, None, "login", "session", None, "denied", name=known, address=address)
        raise NotLoggedInError("The name or the password is wrong, or the user is disabled. Correct them.")
    access.attempts.succeeded(given.name, address)
    who, secret = begin_session(access, response, user, address, is_secure=request.url.scheme == "https")
    return _state(access, who, secret)


@router.delete("", status_code=204)
def log_out(
    request: Request, response: Response, who: Annotated[Principal, Depends(allowed("trash", "session"))]
) -> None:
    """Log out: the session is refused from now on."""
    access: Access = request.app.state.access
    if who.token_id is not None:
        with access.connector.transaction() as session:
            revoke(session, who.token_id)
    response.delete_cookie(access.cookie, path="/", httponly=True, samesite="strict")


@router.post("/password", status_code=204)
def change_password(
    request: Request, given: PasswordChange, who: Annotated[Principal, Depends(allowed("change", "session"))]
) -> None:
    """Change one's own password; other sessions of the user end."""
    access: Access = request.app.state.access
    note(request, entity_id=who.user_id, detail={"password": "***"})
    access.attempts.begin(who.name, who.address)
    if log_in(access.connector, who.name, given.password.get_secret_value()) is None:
        raise InvalidInputError("The present password is wrong. Correct it.", field="password")
    access.attempts.succeeded(who.name, who.address)
    new = given.new_password.get_secret_value()
    try:
        change_user(access.connector, who.user_id, password=new, keep_session=who.token_id)
    except InvalidInputError as error:
        raise InvalidInputError(str(error), field="new_password") from None


def _state(access: Access, who: Principal | None, secret: str | None) -> SessionState:
    return SessionState(
        user=None if who is None else SessionUser(name=who.name, role=who.role),
        permissions=[] if who is None else access.permissions(who, TABLES),
        csrf=None if secret is None else csrf(secret),
        mode=access.mode,
    )
