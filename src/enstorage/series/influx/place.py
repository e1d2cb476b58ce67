"""URLs of InfluxDB: server, database and credentials."""

import base64
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from enstorage.errors import InvalidInputError
from enstorage.places.masking import masked

#: The schemes, and whether they name a user with a password; the others name a token.
SCHEMES = {"influxdb": True, "influxdb+https": True, "influxdb2": False, "influxdb2+https": False}
_DEFAULT_PORT = 8086
_FORMS = {
    True: "influxdb://user:password@host:8086/database, or influxdb+https://…",
    False: "influxdb2://TOKEN@host:8086/bucket?org=NAME, or influxdb2+https://…",
}


@dataclass(frozen=True, slots=True)
class InfluxPlace:
    """A database of an InfluxDB server, and the credentials for it.

    Attributes:
        url: the URL as it was given.
        shown: the URL as it may be shown.
        origin: the address of requests, such as `http://host:8086`.
        database: its name; of InfluxDB 2 that of a bucket.
        user: name of the user; None with a token or without authentication.
        org: name of the organisation of InfluxDB 2, for messages.
        secret: the password or token, None where there is none.
    """

    url: str = field(repr=False)
    shown: str
    origin: str
    database: str
    user: str | None = field(default=None, repr=False)
    org: str | None = None
    secret: str | None = field(default=None, repr=False)

    @classmethod
    def parse(cls, url: str) -> "InfluxPlace":
        """Read a URL such as `influxdb://user:password@host:8086/database`.

        Raises:
            InvalidInputError: it is malformed; the message shows neither password nor token.
        """
        has_user = SCHEMES[url.partition(":")[0]]
        try:
            parts = urlsplit(url)
            port = parts.port or _DEFAULT_PORT
        except ValueError:
            raise _malformed(url, "its host or port cannot be read", has_user=has_user) from None
        user, password = (None if text is None else unquote(text) for text in (parts.username, parts.password))
        database, options = unquote(parts.path[1:]), dict(parse_qsl(parts.query, keep_blank_values=True))
        fault = _fault(parts, database, options, has_user=has_user)
        if fault:
            raise _malformed(url, fault, has_user=has_user)
        host = f"[{parts.hostname}]" if ":" in str(parts.hostname) else parts.hostname
        return cls(
            url=url,
            shown=masked(url),
            origin=f"{'https' if parts.scheme.endswith('+https') else 'http'}://{host}:{port}",
            database=database,
            user=user if has_user else None,
            org=options.get("org"),
            secret=(password or "" if user is not None else None) if has_user else user,
        )

    def headers(self) -> dict[str, str]:
        """The HTTP headers that authenticate the client."""
        if self.secret is None:
            return {}
        if self.user is None:
            return {"Authorization": f"Token {self.secret}"}
        return {"Authorization": f"Basic {base64.b64encode(f'{self.user}:{self.secret}'.encode()).decode()}"}

    @property
    def is_local(self) -> bool:
        """True for a server on this machine."""
        return urlsplit(self.origin).hostname in {"localhost", "127.0.0.1", "::1"}


def _fault(parts: SplitResult, database: str, options: dict[str, str], *, has_user: bool) -> str | None:
    """The fault of a URL; None where it has none."""
    known = set() if has_user else {"org"}
    faults = {
        "it names no host": not parts.hostname or not parts.hostname.isprintable() or " " in parts.hostname,
        "it names no database": not database or "/" in parts.path[1:] or not database.isprintable(),
        "its user name holds a colon": has_user and ":" in unquote(parts.username or ""),
        "its user name or password is no Unicode text": any(
            "\ud800" <= character < "\ue000" for character in unquote(f"{parts.username}{parts.password}")
        ),
        "it names no token": not has_user and (not parts.username or parts.password is not None),
        "its token is not ASCII text": not has_user and not unquote(parts.username or "").isascii(),
        f"it has options other than {', '.join(known) or 'none'}": bool(parts.fragment) or not known >= options.keys(),
    }
    return next((fault for fault, found in faults.items() if found), None)


def _malformed(url: str, fault: str, *, has_user: bool) -> InvalidInputError:
    return InvalidInputError(
        f"{masked(url)!r} is not the URL of an InfluxDB database: {fault}. Expected {_FORMS[has_user]}. Write special "
        "characters in percent form: @ as %40, / as %2F, : as %3A."
    )
