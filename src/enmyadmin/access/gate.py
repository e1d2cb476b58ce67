"""The gate: what every request passes before any route, and every answer on its way out.

It refuses unknown hosts and other sites, takes the secret of the link out of the address before anything can log it, and
writes the audit log.
"""

import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode

from sqlalchemy import update
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from enmyadmin.access.audit import AuditNote, Outcome, record
from enmyadmin.access.door import SAFE_METHODS, Access
from enmyadmin.access.link import owner
from enmyadmin.access.principal import Principal
from enmyadmin.access.refusal import ForgedRequestError, RefusedError
from enmyadmin.access.tokens import SESSION_PERIOD, issue, principal_of
from enstorage.ledger import User

#: An answer that lasts, such as a stream of events, ends this long after its principal lost the right to it.
_LOOK_AGAIN_SECONDS = 15.0


@dataclass
class AccessGate:
    """Middleware around the whole application.

    Attributes:
        app: the application.
        access: the rules.
    """

    app: ASGIApp
    access: Access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it here."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008, "reason": "There are no WebSockets."})
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        secret = _take_secret(scope)
        answer = self._refusal(scope["method"], Headers(scope=scope))
        if answer is None and secret is not None and scope["method"] == "GET" and not scope["path"].startswith("/api/"):
            answer = await run_in_threadpool(self._opened, scope, secret)
        note = AuditNote()
        scope.setdefault("state", {})["audit"] = note

        looked, is_over = time.monotonic(), False

        async def send_on(message: Message) -> None:
            nonlocal looked, is_over
            if message["type"] == "http.response.start":
                await self._write(note, message["status"])
            elif message.get("more_body") and time.monotonic() - looked > _LOOK_AGAIN_SECONDS and note.who is not None:
                looked = time.monotonic()
                may = self.access.may_go_on
                if not await run_in_threadpool(may, note.who, note.action, note.entity or ""):
                    message = {"type": "http.response.body", "body": b""}
            if not is_over:
                is_over = message["type"] == "http.response.body" and not message.get("more_body")
                await send(message)

        try:
            await (answer or self.app)(scope, receive, send_on)
        except BaseException:
            await self._write(note, 500)
            raise

    def _refusal(self, method: str, headers: Headers) -> Response | None:
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self.access.knows(hosts[0]):
            return problem(
                _UnknownHostError(
                    "The request names a Host that this server does not have; expected an IP address, localhost or one of "
                    "the setting hosts. Correct the address, or start the server with ENSTORAGE_SERVER_HOSTS='[\"NAME\"]'."
                )
            )
        origins, sites = headers.getlist("origin"), headers.getlist("sec-fetch-site")
        is_own = all(each.partition("://")[2].lower() == hosts[0].lower() for each in origins)
        is_visit = method in SAFE_METHODS and headers.getlist("sec-fetch-mode") == ["navigate"]
        is_foreign = "cross-site" in sites and not is_visit
        if not is_own or is_foreign:
            return problem(ForgedRequestError("A page of another site made the request. Open the page of this server."))
        return None

    def _opened(self, scope: Scope, secret: str) -> Response:
        """The answer to an opened link: a session, and the same page without the secret in its address."""
        path = scope["path"]
        place = quote(path) if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"
        query = scope["query_string"].decode("latin-1")
        answer = RedirectResponse(f"{place}?{query}" if query else place, 303, {"Cache-Control": "no-store"})
        if self.access.link is not None and self.access.link.opens(secret):
            address = (scope.get("client") or ("",))[0]
            begin_session(
                self.access, answer, owner(self.access.connector), address, is_secure=scope["scheme"] == "https"
            )
        return answer

    async def _write(self, note: AuditNote, status: int) -> None:
        """Write the entry of a request, before its answer is sent."""
        if note.who is None or note.is_written or not (note.is_change or status in (401, 403)):
            return
        note.is_written = True
        outcome: Outcome = "denied" if status in (401, 403) else "failed" if status >= 400 else "done"
        kept = (note.who, note.action, note.entity, note.entity_id, outcome, note.detail)
        await run_in_threadpool(record, self.access.connector, *kept)


class _UnknownHostError(RefusedError):
    """The request was made for another host."""

    status = 421
    title = "Unknown host"


def problem(error: RefusedError) -> Response:
    """A refusal as a problem document (RFC 9457)."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": str(error),
    }
    return Response(json.dumps(content), error.status, error.headers, "application/problem+json")


def begin_session(
    access: Access, answer: Response, user: User, address: str, *, is_secure: bool
) -> tuple[Principal, str]:
    """Make a session, set its cookie, and return the principal and the secret."""
    now = datetime.now(UTC)
    with access.connector.transaction() as session:
        token, secret = issue(access.connector, user.id, "session", expires_at=now + SESSION_PERIOD)
        session.execute(update(User).where(User.id == user.id).values(last_login_at=now))
        who = principal_of(token, user, address)
        record(access.connector, who, "login", "session", token.id, "done")
    answer.set_cookie(
        access.cookie,
        secret,
        max_age=int(SESSION_PERIOD.total_seconds()),
        path="/",
        secure=is_secure,
        httponly=True,
        samesite="strict",
    )
    return who, secret


def _take_secret(scope: Scope) -> str | None:
    """Take the secret of the link out of the address, in the scope that the server logs after the answer."""
    query = scope["query_string"].decode("latin-1")
    if "token" not in query and "%" not in query:
        return None
    parts = parse_qsl(query, keep_blank_values=True)
    given = [value for name, value in parts if name == "token"]
    if given:
        scope["query_string"] = urlencode([each for each in parts if each[0] != "token"]).encode()
    return given[0] if given else None
