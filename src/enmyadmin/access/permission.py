"""The permission of a route: exactly one, `allowed(action, table)` or `public()`."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from enmyadmin.access.audit import AuditNote
from enmyadmin.access.door import SAFE_METHODS, Access
from enmyadmin.access.principal import Principal
from enmyadmin.access.refusal import NotLoggedInError, RefusedError
from enorchestrator.policy.roles import ACTIONS, READING

_Bearer = Annotated[
    HTTPAuthorizationCredentials | None,
    Depends(HTTPBearer(auto_error=False, description="A token of `/api/v1/tokens`.")),
]


@dataclass(frozen=True)
class Allowed:
    """The permission of a route for those whom the policies permit it; a dependency that gives the principal.

    Attributes:
        action: one of `ACTIONS`.
        table: of what the route works on.
    """

    action: str
    table: str

    def __call__(self, request: Request, bearer: _Bearer = None) -> Principal:
        """The principal of the request.

        Raises:
            NotLoggedInError: there is none.
            DeniedError: the policies do not permit it.
            ForgedRequestError: a change by a browser without what a page of the client sends with it.
        """
        access: Access = request.app.state.access
        who = access.principal(request, bearer.credentials if bearer else None)
        if who is None:
            raise NotLoggedInError
        kept: AuditNote = request.state.audit  # made by the gate
        kept.who, kept.action, kept.entity, kept.entity_id = who, self.action, self.table, _id_in_path(request)
        kept.is_change = request.method not in SAFE_METHODS and self.action not in READING
        access.demand(who, self.action, self.table)
        return who


@dataclass(frozen=True)
class Public:
    """The permission of a route that everybody may call; a dependency that gives the principal, None for nobody."""

    def __call__(self, request: Request, bearer: _Bearer = None) -> Principal | None:
        """The principal of the request, if it has a valid session or token."""
        access: Access = request.app.state.access
        try:
            return access.principal(request, bearer.credentials if bearer else None)
        except RefusedError:
            return None


def allowed(action: str, table: str = "store") -> Any:
    """The permission of a route: `dependencies=[Depends(allowed("trash", "model"))]`, or a parameter that is the principal.

    Args:
        action: one of `ACTIONS`.
        table: of what the route works on, such as "model".
    """
    if action not in ACTIONS:
        raise ValueError(f"There is no action {action!r}; expected one of {', '.join(ACTIONS)}.")
    return Allowed(action, table)


def public() -> Any:
    """The permission of a route that everybody may call, before anybody has logged in."""
    return Public()


def permissions_of(dependant: Dependant) -> set[Allowed | Public]:
    """The permissions of a route, found in its tree of dependencies."""
    return set(_found(dependant))


def _found(dependant: Dependant) -> Iterator[Allowed | Public]:
    if isinstance(dependant.call, Allowed | Public):
        yield dependant.call
    for each in dependant.dependencies:
        yield from _found(each)


def _id_in_path(request: Request) -> int | None:
    given = request.path_params.get("id")
    return int(given) if given is not None and str(given).isdecimal() and int(given) < 2**63 else None
