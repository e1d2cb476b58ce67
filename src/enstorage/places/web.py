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
from enstorage.places.connections import PREFIX, connection_url, connections
from enstorage.places.masking import is_well_formed, masked, secrets_of, without

SCHEMES = ("http", "https")
_MOST_REDIRECTS = 5
_REDIRECTS = (301, 302, 303, 307, 308)
_PIECE = 1 << 20
_LONGEST_REASON = 2_000
_CONNECT_SECONDS = 10.0


class Website:
    """The address of a connection: `https://user:password@host/path`, or `https://TOKEN@host/path` for a bearer token.

    Options, such as `?api_key=KEY`, are sent with each request to its host. No message shows them, the credentials, or a
    path that may hold a token.

    A request goes to the host of the connection, or after a redirect to that of another connection, without credentials
    there, and never from https to http. A redirect from a public address into a private network is refused. The name of a
    host is looked up once, and what was looked at is connected to.

    Args:
        connection: its name.
        wait_seconds: without a byte, after which a request has failed.

    Raises:
        InvalidInputError: its URL is not well-formed, or has a token that cannot be sent.
        NotFoundError: this process does not know it.
        StoreError: its host is not found.
    """

    def __init__(self, connection: str, *, wait_seconds: float = 60.0) -> None:
        self._home, self._secrets = _home_of(connection)
        self._connection = connection
        self._wait = wait_seconds
        self._is_private = is_private(self._addresses(self._home))

    def __repr__(self) -> str:
        return self._shown(self._home.geturl())

    def _shown(self, url: str) -> str:
        """A URL as it may be shown: a server may name in it, or in what it leads to, what it was given."""
        return without(shown_url(url), self._secrets)

    def url(self, path: str) -> str:
        """The URL of a path with a query below the connection, without credentials.

        Raises:
            InvalidInputError: it leads elsewhere.
        """
        host = self._home.netloc.rpartition("@")[2]
        base = f"{self._home.scheme}://{host}{self._home.path.rstrip('/')}/"
        try:
            found = urljoin(base, path.lstrip("/")) if path else base.rstrip("/")
            is_below = f"{found}/".startswith(base) and "/.." not in unquote(urlsplit(found).path)
        except ValueError:
            found, is_below = "", False
        if not is_below or not path.isprintable():
            raise InvalidInputError(
                f"path is {path.partition('?')[0]!r:.80}; expected one below {self._shown(base)}. Correct it.",
                field="path",
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
                    f"{self._shown(url)} came in part; expected as many bytes as the server told. Nothing was stored. Load "
                    "it again."
                ) from error
            raise StoreError(
                f"{self._shown(url)} does not answer: {type(error).__name__}. Expected an answer within {self._wait:g} "
                "seconds. Try again later."
            ) from None  # its text has the whole URL
        raise InvalidInputError(f"{self._shown(url)} redirects more than {_MOST_REDIRECTS} times. Ask the provider.")

    def _answer(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> urllib3.BaseHTTPResponse:
        parts = urlsplit(url)
        addresses = self._addresses(parts)
        if is_private(addresses) and not self._is_private:
            raise InvalidInputError(
                f"{self._shown(url)} leads into a private network, and the connection {self._connection!r} does not. "
                "Expected a public address. Ask the provider."
            )
        own = _credentials(self._home) if self._is_home(parts) else {}
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
        query = "&".join(filter(None, (parts.query, self._home.query if self._is_home(parts) else "")))
        target = (parts.path or "/") + (f"?{query}" if query else "")
        found: urllib3.BaseHTTPResponse = pool.request(
            method, target, body=body, headers=headers, redirect=False, preload_content=False
        )
        return found

    def _is_home(self, parts: SplitResult) -> bool:
        return _origin(parts) == _origin(self._home)

    def _addresses(self, parts: SplitResult) -> list[str]:
        try:
            return addresses_of(parts.hostname or "", parts.port)
        except (OSError, UnicodeError, ValueError):
            raise StoreError(
                f"The host of {self._shown(parts.geturl())} is not found. Check its name and the network, and try again "
                "later."
            ) from None

    def _next(self, url: str, location: str) -> str:
        try:
            found = urljoin(url, location)
            parts = urlsplit(found)
            _ = parts.port
        except ValueError:
            raise InvalidInputError(
                f"{self._shown(url)} leads to what is no URL. Expected the host of a connection. Ask the provider."
            ) from None
        known = {
            _origin(urlsplit(each))[1:]
            for each in connections().values()
            if each.startswith(SCHEMES) and is_well_formed(each)
        }
        is_down = urlsplit(url).scheme == "https" and parts.scheme != "https"
        if parts.scheme not in SCHEMES or is_down or "@" in parts.netloc or _origin(parts)[1:] not in known:
            raise InvalidInputError(
                f"{self._shown(url)} leads to {self._shown(found)}, which no connection names. Expected the host of a "
                "connection. Name one for that host if you trust it."
            )
        return found

    def _check(self, answer: urllib3.BaseHTTPResponse, url: str) -> None:
        status = answer.status
        if status in (401, 403):
            raise InvalidInputError(
                f"{self._shown(url)} refuses the credentials of the connection {self._connection!r} (status {status}). "
                "Expected that they may be used there. Correct its URL.",
                field="connection",
            )
        if status in (404, 410):
            raise NotFoundError(f"There is nothing at {self._shown(url)} (status {status}). Correct the path.")
        if status in (408, 425, 429) or status >= 500:
            raise StoreError(f"{self._shown(url)} failed with status {status}. Try again later.")
        if status >= 300:
            told = without(" ".join(answer.read(_LONGEST_REASON).decode(errors="replace").split()), self._secrets)[:200]
            raise InvalidInputError(f"{self._shown(url)} refuses the request (status {status}): {told}. Correct it.")

    def _too_large(self, path: str, most_bytes: int) -> InvalidInputError:
        return InvalidInputError(
            f"{self._shown(self.url(path))} has more than {most_bytes:,} bytes; expected at most that. Load a shorter "
            "period, or allow more by the setting ENSTORAGE_MAX_FILE_BYTES."
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


def _origin(parts: SplitResult) -> tuple[str, str | None, int]:
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _is_cut(error: HTTPError) -> bool:
    """True for an answer that ended early."""
    texts = (type(error).__name__, *(type(each).__name__ for each in error.args if isinstance(each, Exception)))
    return "IncompleteRead" in texts


def _home_of(connection: str) -> tuple[SplitResult, frozenset[str]]:
    """The address of a connection, and all that must not be shown of it."""
    scheme, _, rest = connection_url(connection, SCHEMES).partition(":")
    url = f"{scheme.lower()}:{rest}"
    if not is_well_formed(url):
        raise InvalidInputError(
            f"The connection {connection!r} is {masked(url)}, which is no address of a website; expected one such as "
            f"https://user:password@host/path, special characters in percent form. Correct {PREFIX}{connection.upper()}.",
            field="connection",
        )
    home = urlsplit(url)
    sent = [value.partition(" ")[2] for value in _credentials(home).values()]
    if not all(each.isascii() and each.isprintable() for each in sent):
        raise InvalidInputError(
            f"The connection {connection!r} has a token that no header can have; expected printable letters of ASCII. "
            f"Correct {PREFIX}{connection.upper()}.",
            field="connection",
        )
    return home, frozenset({*secrets_of(url), *sent})


def _credentials(home: SplitResult) -> dict[str, str]:
    user, password = home.username, home.password
    if user is None:
        return {}
    if password is None:
        return {"Authorization": f"Bearer {unquote(user)}"}
    pair = f"{unquote(user)}:{unquote(password)}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
