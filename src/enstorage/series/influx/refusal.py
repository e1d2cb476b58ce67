"""Messages for requests that an InfluxDB server refuses; never with a password or token in them."""

import json
import re

import urllib3

from enstorage.errors import StoreError
from enstorage.places.masking import scrubbed
from enstorage.series.influx import influxql
from enstorage.series.influx.place import InfluxPlace

# Pattern for status and text of a response, the fact, the remedy. The first match counts.
_REFUSALS = (
    (r"^401|authorization failed|unauthorized access",
     "{who} is wrong or unknown", "Correct it in the URL; special characters are written in percent form (@ as %40)."),
    (r"not authorized to execute statement .CREATE DATABASE",
     "{user} sees no database {database} and may not make one", "Let an administrator run: {make}; {grant}"),
    (r"^403|not authorized|forbidden",
     "{user} may not do that", "Let an administrator give all rights on the database, in InfluxDB 1: {grant}"),
    (r"^413|too large",
     "the request is too large", "Raise max-body-size of the server, or the limit of the proxy before it."),
    (r"^3\d\d",
     "the server redirects to another address", "Give that address in the URL; redirections are not followed."),
    (r"database not found|no dbrp mapping|bucket .*not found|^404",
     "there is no database {database}", "Make it with: {make}"),
    (r"field type conflict",
     "the field {field} is already there with another type, so some of the points could not be written",
     "Somebody wrote it as an integer or a text; write floats there (5 rather than 5i), or choose another database."),
    (r"beyond retention policy",
     "some of the points are older than the database keeps them",
     "Let it keep them for ever: ALTER RETENTION POLICY \"autogen\" ON {name} DURATION INF. Or choose another database."),
    (r"max-(?:values|series|select|concurrent)|limit exceeded|broken off",
     "the server reached a limit", "Raise it in its configuration, or ask for a shorter period."),
    (r"maximum memory|hinted handoff|overloaded",
     "the server cannot take that much now", "Wait, or raise cache-max-memory-size in its configuration."),
    (r"no space left",
     "the disk of the server is full", "Make room there, then try again."),
    (r"^(?:429|502|503|504)|shutdown|shutting down|is closed|is disabled",
     "the server is not ready", "Try again later."),
    (r"timeout|timed out|interrupted",
     "the server gave up", "Ask for a shorter period, or raise query-timeout and write-timeout of InfluxDB."),
)  # fmt: skip

# Names of urllib3's errors, what has happened, and the remedy.
_LOSSES = (
    ({"NameResolutionError", "LocationParseError", "LocationValueError"},
     "the host is not known", "Correct it in the URL."),
    ({"NewConnectionError"},
     "the server cannot be reached", "Check that it runs, and host and port in the URL."),
    ({"ConnectTimeoutError"},
     "the server does not answer", "Check host and port in the URL, and the firewall between."),
    ({"ReadTimeoutError"},
     "the server took too long; whether it executed the request is unknown, and repeating it does no harm",
     "Ask for a shorter period, or check what else the server is doing."),
    ({"SSLError"},
     "its certificate is not trusted, or it does not speak TLS",
     "Name the certificates of your own authority in SSL_CERT_FILE, or correct the scheme of the URL."),
)  # fmt: skip

# Name of the caller when no user is given: a token, or none.
_NOBODY = {False: "the token", True: "a request without user and password"}


class PassingError(Exception):
    """The server, or a proxy in front of it, is unavailable for now; `final` is the error to raise if that lasts."""

    def __init__(self, final: StoreError) -> None:
        super().__init__(final)
        self.final = final


def words_of(answer: urllib3.BaseHTTPResponse) -> str:
    """The message of the server, in one line: its own error, else the beginning of the text."""
    text = answer.data[:10_000].decode(errors="replace").strip()
    try:
        error = json.loads(text)
        text = str(error.get("error") or error.get("message") or text)
    except (ValueError, AttributeError):
        pass
    if text.startswith("<"):
        return "an HTML page"
    return " ".join(text.split())[:300].removesuffix(".") or "no text"


def failed(place: InfluxPlace, fact: str, remedy: str, words: str = "") -> StoreError:
    """The error with a fact and a remedy."""
    words = scrubbed(words, place.url)
    return StoreError(
        f"The series store {place.shown} failed: {fact}{f' ({words})' if words else ''}. {remedy}".strip()
    )


def refused(place: InfluxPlace, major: int, status: int, words: str) -> StoreError:
    """The error for a response with an error status from a server of a major version."""
    user = f"the user {place.user!r}" if place.user is not None else _NOBODY[place.secret is None]
    fields = {
        "user": user,
        # What was given as the name of a user may be a token; only where the server knew the user it is shown.
        "who": "the user or the password" if place.user is not None else user,
        "database": repr(place.database),
        "name": influxql.identifier(place.database),
        "field": repr(influxql.FIELD),
        "make": _how_to_make(place, major),
        "grant": influxql.grant_all(place.database, place.user or "USER"),
    }
    for pattern, fact, remedy in _REFUSALS:
        if re.search(pattern, f"{status} {words}", re.IGNORECASE):
            return failed(place, fact.format(**fields), remedy.format(**fields), words)
    return failed(place, f"status {status}", "The log of the server may say more.", words)


def lost(place: InfluxPlace, error: Exception) -> StoreError:
    """The error for a server that did not respond."""
    if isinstance(error, PassingError):
        return error.final
    for kinds, fact, remedy in _LOSSES:
        if type(error).__name__ in kinds:
            return failed(place, fact, remedy)
    return failed(place, "the connection was lost", "Check that the server runs, then try again.")


def _how_to_make(place: InfluxPlace, major: int) -> str:
    name = influxql.identifier(place.database)
    if major >= 3:
        return f"influxdb3 create database {name}"
    if major == 2:
        org = f" --org {influxql.identifier(place.org)}" if place.org else ""
        return (
            f"influx bucket create --name {name} --retention 0{org}; or map a bucket of another name with: "
            f"influx v1 dbrp create --db {name} --rp autogen --default --bucket-id ID{org}"
        )
    return influxql.create_database(place.database)
