"""`Access`: who may reach a server, who asks, and what the policies say."""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from starlette.requests import Request

from enmyadmin.access.attempts import Attempts
from enmyadmin.access.link import Link, owner
from enmyadmin.access.principal import Principal
from enmyadmin.access.refusal import DeniedError, ForgedRequestError, NotLoggedInError
from enmyadmin.access.tokens import holder, known_again
from enmyadmin.access.users import can_somebody_enter
from enorchestrator.policy.engine import PolicyEngine, Question, engine_with
from enorchestrator.policy.roles import ACTIONS
from enorchestrator.policy.stored import enabled_policies
from enstorage.connector import Connector
from enstorage.errors import InvalidInputError

CSRF_HEADER = "X-CSRF-Token"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
#: An IPv6 address in brackets, else an IPv4 address or a name; then the port.
_HOST = re.compile(r"(?:\[([\da-fA-F:.]+)\]|([^:\[\]]+))(?::\d{1,5})?")


@dataclass(eq=False)
class Access:
    """The access rules of one server.

    Attributes:
        connector: the store.
        hosts: names, beside IP addresses and `localhost`, by which the server may be called.
        link: opens the server on a machine of one's own; None where users log in.
        cookie: name of the cookie of a session; servers of other stores on this machine have other names.
        attempts: log-ins that failed.
    """

    connector: Connector
    hosts: frozenset[str] = frozenset()
    link: Link | None = None
    cookie: str = ""
    attempts: Attempts = field(default_factory=Attempts)

    @classmethod
    def of_server(cls, connector: Connector, host: str, hosts: tuple[str, ...] = ()) -> "Access":
        """The rules of a server that listens to an address: a link on loopback while there are no users.

        Args:
            connector: the store.
            host: address to listen to.
            hosts: further names by which the server may be called, such as that of a proxy in front of it.

        Raises:
            InvalidInputError: others could reach the server, and nobody could log in.
        """
        has_users, has_tokens = can_somebody_enter(connector)
        if not is_loopback(host) and not (has_users or has_tokens):
            raise InvalidInputError(
                f"The server would listen to {host}, which other machines can reach, and the store has no users; expected "
                "at least one user or token. Add one: enstorage user add NAME --role administrator; or listen to "
                "127.0.0.1 alone.",
                field="host",
            )
        store = hashlib.sha256(connector.database.store_id().encode()).hexdigest()[:12]
        names = {each.lower() for each in hosts} | ({host.lower()} if not _is_address(host) else set())
        return cls(
            connector,
            frozenset(names - {""}),
            Link() if is_loopback(host) and not has_users else None,
            f"enstorage_{store}",
        )

    @property
    def mode(self) -> Literal["link", "users"]:
        """The way in: "link" or "users"."""
        return "users" if self.link is None else "link"

    def knows(self, host: str) -> bool:
        """True if a request for this Host is meant for the server.

        A page of another site that has its own name lead to this server (DNS rebinding) sends its own name.
        """
        match = _HOST.fullmatch(host)
        return match is not None and (
            _is_address(match[1] or match[2]) or (match[2] or "").lower() in self.hosts | {"localhost"}
        )

    def principal(self, request: Request, bearer: str | None) -> Principal | None:
        """The principal of a request: of its bearer token, else of its session; None for nobody.

        Raises:
            NotLoggedInError: the bearer token is not valid.
            ForgedRequestError: the request changes something, and what a page of the client sends with it is missing.
        """
        address = request.client.host if request.client else ""
        if bearer is not None:
            return self._of_token(bearer, address)
        secret = request.cookies.get(self.cookie)
        found = holder(self.connector, secret, "session", address) if secret else None
        if secret is None or found is None or (found.via == "link" and self.link is None):
            return None
        if request.method not in SAFE_METHODS and not hmac.compare_digest(
            request.headers.get(CSRF_HEADER, "").encode(), csrf(secret).encode()
        ):
            raise ForgedRequestError(
                f"The request comes from a browser without the header {CSRF_HEADER} of its session; expected the value "
                "that GET /api/v1/session gives. Reload the page.",
            )
        return found

    def _of_token(self, bearer: str, address: str) -> Principal:
        if self.link is not None and self.link.opens(bearer):
            user = self.connector.database.until_changed("owner", partial(owner, self.connector))
            return Principal(user.name, user.role, "link", address, user.id)
        found = holder(self.connector, bearer, "api", address)
        if found is None:
            raise NotLoggedInError(
                "The bearer token is unknown, expired or revoked. Create one: enstorage token create"
            )
        return found

    def reason_against(self, who: Principal, action: str, table: str) -> str:
        """The reason why a principal may not do something; empty if it may."""
        return _reason(self._engine(), who, action, table)

    def demand(self, who: Principal, action: str, table: str) -> None:
        """Refuse what the policies do not permit: for what a route learns from the body of its request.

        Raises:
            DeniedError: they do not permit it.
        """
        reason = self.reason_against(who, action, table)
        if reason:
            raise DeniedError(
                f"{who.name} ({who.role}) may not {action} {table}: {reason}. Ask an administrator for the role or for a "
                "policy."
            )

    def may_go_on(self, who: Principal, action: str, table: str) -> bool:
        """True if a principal may still do what it was permitted before: for answers that last."""
        now = known_again(self.connector, who)
        return now is not None and not self.reason_against(now, action, table)

    def permissions(self, who: Principal, tables: Collection[str]) -> list[str]:
        """The actions that a principal may do to at least one of the tables."""
        engine = self._engine()
        return [action for action in ACTIONS if any(not _reason(engine, who, action, each) for each in tables)]

    def _engine(self) -> PolicyEngine:
        """The engine of the policies that are in force now: other processes change them too."""
        read = partial(enabled_policies, self.connector)
        return engine_with(self.connector.database.until_changed("policies in force", read))


def _reason(engine: PolicyEngine, who: Principal, action: str, table: str) -> str:
    """The reason why a principal may not do something; empty if it may.

    A limited token may what both its user and a nameless user of the limiting role may: a policy that permits more to this
    user does not permit it to the token.
    """
    asked = [Question(who.name, who.role_of_user, who.via, who.address, action, table)]
    if who.limit is not None:
        asked.append(Question("", who.role, who.via, who.address, action, table))
    answers = [engine.decide(each) for each in asked]
    return next((each.reason for each in answers if not each.is_allowed), "")


def csrf(secret: str) -> str:
    """Code that a page of the client sends with each change: known only to who knows the session, or reads its answers."""
    return hmac.digest(secret.encode(errors="replace"), b"csrf", "sha256").hex()


def is_loopback(host: str) -> bool:
    """True for an address that only this machine reaches."""
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
