"""`Website`: requests to the address of one connection, and to no place that was not named."""

import base64
import ipaddress
import socket
from collections.abc import Callable, Collection, Mapping
from contextlib import closing
from typing import Any
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, NewConnectionError

from enstorage.errors import CorruptError, InvalidInputError, NotFoundError, StoreError
from enstorage.places.connections import connection_url, connections

SCHEMES = ("http", "https")
_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_PIECE = 1 << 20
_CONNECT_SECONDS = 10.0


class Website:
    """The address of a connection: `https://user:password@host/path`, or `https://TOKEN@host/path` for a bearer token.

    A request goes to the host of the connection, or after a redirect to that of another connection, without credentials
    there, and never from https to http. A redirect from a public address into a private network is refused. The name of a
    host is looked up once, and what was looked at is connected to.

    Args:
        connection: its name.
        wait_seconds: without a byte, after which a request has failed.
    """

    def __init__(self, connection: str, *, wait_seconds: float = 60.0) -> None:
        self._home = urlsplit(connection_url(connection, SCHEMES))
        self._connection = connection
        self._wait = wait_seconds
        self._is_private = is_private(_addresses(self._home))

    def __repr__(self) -> str:
        return shown_url(self._home.geturl())

    def url(self, path: str) -> str:
        """The URL of a path with a query below the connection, without credentials.

        Raises:
            InvalidInputError: it leads elsewhere.
        """
        host = self._home.netloc.rpartition("@")[2]
        base = f"{self._home.scheme}://{host}{self._home.path.rstrip('/')}/"
        found = urljoin(base, path.lstrip("/")) if path else base.rstrip("/")
        if not f"{found}/".startswith(base) or "/.." in unquote(urlsplit(found).path) or not path.isprintable():
            raise InvalidInputError(
                f"path is {path!r:.80}; expected one below {shown_url(base)}. Correct it.", field="path"
            )
        return found

    def get(
        self, path: str, *, most_bytes: int, consume: Callable[[bytes], Any], headers: Mapping[str, str] | None = None
    ) -> Mapping[str, str]:
        """Read what is at a path.

        Args:
            path: with its query.
            most_bytes: unpacked; more are refused, whatever the server says about the size.
            consume: takes the bytes, piece by piece.
            headers: of the request.

        Returns:
            The headers of the answer.

        Raises:
            CorruptError: fewer bytes came than the server told.
            InvalidInputError: there are too many bytes, the credentials are refused, or it leads elsewhere.
            NotFoundError: there is nothing.
            StoreError: the server cannot be reached or failed; this may pass.
        """
        count = 0

        def read(answer: urllib3.BaseHTTPResponse) -> Mapping[str, str]:
            nonlocal count
            told = answer.headers.get("Content-Length", "")
            if told.isdecimal() and int(told) > most_bytes:
                raise self._too_large(path, most_bytes)
            for piece in answer.stream(_PIECE):
                count += len(piece)
                if count > most_bytes:
                    raise self._too_large(path, most_bytes)
                consume(piece)
            return dict(answer.headers)

        return self._sent("GET", self.url(path), dict(headers or {}), None, read)

    def head(self, path: str) -> Mapping[str, str]:
        """The headers of what is at a path; {} where the server does not tell. Errors as of `get`."""
        try:
            return self._sent("HEAD", self.url(path), {}, None, lambda answer: dict(answer.headers))
        except (InvalidInputError, NotFoundError):
            return {}

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Give bytes to a path; redirects are not followed. Errors as of `get`."""
        self._sent("POST", self.url(path), dict(headers), body, lambda _: {})

    def _sent(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: bytes | None,
        read: Callable[[urllib3.BaseHTTPResponse], Mapping[str, str]],
    ) -> Mapping[str, str]:
        try:
            for _ in range(_MOST_REDIRECTS + 1):
                with closing(self._answer(method, url, headers, body)) as answer:
                    if answer.status in _REDIRECTS and answer.headers.get("Location") and body is None:
                        url = self._next(url, answer.headers["Location"])
                        continue
                    self._check(answer, url)
                    return read(answer)
        except HTTPError as error:
            if _is_cut(error):
                raise CorruptError(
                    f"{shown_url(url)} came in part; expected as many bytes as the server told. Nothing was stored. Load it "
                    "again."
                ) from error
            raise StoreError(
                f"{shown_url(url)} does not answer: {type(error).__name__}. Expected an answer within {self._wait:g} "
                "seconds. Try again later."
            ) from None  # its text has the whole URL
        raise InvalidInputError(f"{shown_url(url)} redirects more than {_MOST_REDIRECTS} times. Ask the provider.")

    def _answer(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> urllib3.BaseHTTPResponse:
        parts = urlsplit(url)
        addresses = _addresses(parts)
        if is_private(addresses) and not self._is_private:
            raise InvalidInputError(
                f"{shown_url(url)} leads into a private network, and the connection {self._connection!r} does not. "
                "Expected a public address. Ask the provider."
            )
        own = self._credentials() if _origin(parts) == _origin(self._home) else {}
        asked = {"Host": parts.netloc, **headers, **own}
        for address in addresses[:-1]:
            try:
                return self._request(method, address, parts, asked, body)
            except (NewConnectionError, ConnectTimeoutError):
                continue  # such as one of IPv6 on a machine without it
        return self._request(method, addresses[-1], parts, asked, body)

    def _request(
        self, method: str, address: str, parts: SplitResult, headers: dict[str, str], body: bytes | None
    ) -> urllib3.BaseHTTPResponse:
        timeout = urllib3.Timeout(connect=min(_CONNECT_SECONDS, self._wait), read=self._wait)
        tls = {"server_hostname": parts.hostname, "assert_hostname": parts.hostname} if parts.scheme == "https" else {}
        make: Any = urllib3.HTTPSConnectionPool if tls else urllib3.HTTPConnectionPool
        pool = make(address, parts.port, timeout=timeout, retries=False, maxsize=1, **tls)
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        found: urllib3.BaseHTTPResponse = pool.request(
            method, target, body=body, headers=headers, redirect=False, preload_content=False
        )
        return found

    def _credentials(self) -> dict[str, str]:
        user, password = self._home.username, self._home.password
        if user is None:
            return {}
        if password is None:
            return {"Authorization": f"Bearer {unquote(user)}"}
        pair = f"{unquote(user)}:{unquote(password)}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def _next(self, url: str, location: str) -> str:
        found = urljoin(url, location)
        parts = urlsplit(found)
        known = {_origin(urlsplit(each))[1:] for each in connections().values() if each.startswith(SCHEMES)}
        is_down = urlsplit(url).scheme == "https" and parts.scheme != "https"
        if parts.scheme not in SCHEMES or is_down or "@" in parts.netloc or _origin(parts)[1:] not in known:
            raise InvalidInputError(
                f"{shown_url(url)} leads to {shown_url(found)}, which no connection names. Expected the host of a "
                "connection. Name one for that host if you trust it."
            )
        return found

    def _check(self, answer: urllib3.BaseHTTPResponse, url: str) -> None:
        status = answer.status
        if status in (401, 403):
            raise InvalidInputError(
                f"{shown_url(url)} refuses the credentials of the connection {self._connection!r} (status {status}). "
                "Expected that they may be used there. Correct its URL.",
                field="connection",
            )
        if status in (404, 410):
            raise NotFoundError(f"There is nothing at {shown_url(url)} (status {status}). Correct the path.")
        if status in (408, 425, 429) or status >= 500:
            raise StoreError(f"{shown_url(url)} failed with status {status}. Try again later.")
        if status >= 300:
            told = " ".join(answer.read(200).decode(errors="replace").split())
            raise InvalidInputError(f"{shown_url(url)} refuses the request (status {status}): {told}. Correct it.")

    def _too_large(self, path: str, most_bytes: int) -> InvalidInputError:
        return InvalidInputError(
            f"{shown_url(self.url(path))} has more than {most_bytes:,} bytes; expected at most that. Load a shorter period, "
            "or allow more by the setting ENSTORAGE_MAX_FILE_BYTES."
        )


def is_private(addresses: Collection[str]) -> bool:
    """True if one of some addresses is not public."""
    return any(not ipaddress.ip_address(each.partition("%")[0]).is_global for each in addresses)


def addresses_of(host: str, port: int | None = None) -> list[str]:
    """The addresses of a host.

    Raises:
        OSError: it has none, or nobody can be asked.
    """
    return list(dict.fromkeys(str(each[4][0]) for each in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


def shown_url(url: str) -> str:
    """A URL without credentials and without its query, which may have a signature."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"[:160]


def download_headers(name: str) -> dict[str, str]:
    """The headers of an answer that is to be saved under a name, which may be any text."""
    safe = quote(name.replace("/", "_").replace("\\", "_"), safe="")
    return {"Content-Disposition": f"attachment; filename*=UTF-8''{safe}"}


def _addresses(parts: SplitResult) -> list[str]:
    try:
        return addresses_of(parts.hostname or "", parts.port)
    except (OSError, UnicodeError, ValueError):
        raise StoreError(
            f"The host of {shown_url(parts.geturl())} is not found. Check its name and the network, and try again later."
        ) from None


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _is_cut(error: HTTPError) -> bool:
    """True for an answer that ended early."""
    texts = (type(error).__name__, *(type(each).__name__ for each in error.args if isinstance(each, Exception)))
    return "IncompleteRead" in texts
