"""An InfluxDB server over HTTP; requests are repeated while it is briefly unavailable."""

import gzip
import json
import re
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import closing
from typing import Any, TypeVar
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError, LocationValueError, ReadTimeoutError, SSLError

from enstorage.errors import NotSupportedError
from enstorage.series.influx import influxql
from enstorage.series.influx.place import InfluxPlace
from enstorage.series.influx.refusal import PassingError, failed, lost, refused, words_of
from enstorage.settings import wait_seconds

Answer = TypeVar("Answer")

_OLDEST = (1, 3)
_CONNECT_SECONDS = 5.0
_PATIENCE_SECONDS = 15.0  # a server that is restarted is back by then
_LONGEST_PAUSE_SECONDS = 1.0
_PASSING = {429, 502, 503, 504}
# InfluxDB 1 gives these errors to queries while it shuts down.
_STOPPING = re.compile("shutdown|is closed|is disabled")
_FAILED = 500
_TOO_LARGE = 413
_ANY_STATUS = range(600)
_CHUNK_ROWS = 10_000
_CONNECTIONS = 8
# Shorter texts are sent faster than they are compressed.
_GZIP_FROM_BYTES = 10_000


class InfluxServer:
    """One database on an InfluxDB server; threads may share it.

    When the connection is lost, the request is repeated for some seconds. That is safe: a point that is written twice
    replaces itself, and all other requests may be repeated too.

    Attributes:
        place: the address of the server. Its database is made if it is missing, unless `may_create` is false.
        version: major and minor version of the server.
    """

    def __init__(self, place: InfluxPlace, *, may_create: bool = True) -> None:
        self.place = place
        self.version = (0, 0)
        longest = wait_seconds()
        timeout = urllib3.Timeout(connect=min(_CONNECT_SECONDS, longest), read=longest)
        self._pool = urllib3.PoolManager(timeout=timeout, maxsize=_CONNECTIONS)
        self.version = self._greet()
        if may_create:
            self._ensure_database()

    def __repr__(self) -> str:
        return f"InfluxServer({self.place.shown!r}, version={self.version})"

    @property
    def major(self) -> int:
        """The major version: 1, 2 or 3; 0 as long as it is not known."""
        return self.version[0]

    def ask(self, statement: str) -> list[dict[str, Any]]:
        """The series that one statement returns: dictionaries with `columns` and `values`."""
        method = "GET" if statement.startswith(("SELECT", "SHOW")) else "POST"

        def once() -> list[dict[str, Any]]:
            answer = self._send(method, "/query", {"q": statement, "epoch": "ns"})
            try:
                (result,) = json.loads(answer.data)["results"]
            except (ValueError, KeyError, TypeError):
                raise self._not_understood(words_of(answer)) from None
            if "error" in result:
                error = refused(self.place, self.major, answer.status, result["error"])
                raise PassingError(error) if _STOPPING.search(result["error"]) else error
            return list(result.get("series", ()))

        return self._persist(once)

    def stream(self, statement: str, consume: Callable[[Iterator[bytes]], Answer]) -> Answer:
        """The result of `consume` for the pieces of a CSV response; starts again when the connection is lost."""
        parameters = {"q": statement, "epoch": "ns", "chunked": "true", "chunk_size": str(_CHUNK_ROWS)}

        def once() -> Answer:
            headers = {"Accept": "application/csv"}
            with closing(self._send("GET", "/query", parameters, headers=headers, preload=False)) as answer:
                return consume(answer.stream())

        return self._persist(once)

    def write(self, lines: bytes) -> None:
        """Store lines, in halves as long as they are too large for the server or a proxy in front of it."""
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        body = lines
        # Compressed lines are a fifth as long, but within one machine compressing takes longer than sending.
        if len(lines) >= _GZIP_FROM_BYTES and not self.place.is_local:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(lines, 1)
        # In a cluster all nodes that keep the points must have them, so that every reader finds them.
        parameters = {"precision": "ns", **({"consistency": "all"} if self.major == 1 else {})}
        middle = lines.find(b"\n", len(lines) // 2 - 1) + 1
        allowed = [_TOO_LARGE] if 0 < middle < len(lines) else []
        answer = self._persist(lambda: self._send("POST", "/write", parameters, body, headers=headers, allowed=allowed))
        if answer.status == _TOO_LARGE:
            self.write(lines[:middle])
            self.write(lines[middle:])

    def _greet(self) -> tuple[int, int]:
        """The version of the server; not repeated, so that opening a store fails at once if the server is unavailable."""
        answer = self._persist(lambda: self._send("GET", "/ping", {}, allowed=_ANY_STATUS), patience=0)
        reported = answer.headers.get("X-Influxdb-Version", "")
        found = re.search(r"(\d+)\.(\d+)", reported)
        if answer.status in {401, 403}:
            raise refused(self.place, self.major, answer.status, words_of(answer))
        if found is None:
            raise self._not_understood(f"status {answer.status}, {words_of(answer)}")
        version = int(found[1]), int(found[2])
        if version < _OLDEST:
            raise failed(self.place, f"the server is InfluxDB {reported}; expected 1.3 or later", "Upgrade it.")
        if version[0] == 1 and self.place.user is None and self.place.secret:
            remedy = "Write influxdb://user:password@host:port/database."
            raise failed(self.place, f"the server is InfluxDB {reported}, which has users but no tokens", remedy)
        return version

    def _ensure_database(self) -> None:
        """Create the database if it is missing and the server allows its users to create it."""
        name = self.place.database
        if self.major >= 3:
            # It exists already (409), or the first write creates it because the token is not that of an administrator.
            body, headers = json.dumps({"db": name}).encode(), {"Content-Type": "application/json"}
            allowed = [401, 403, 409]
            path = "/api/v3/configure/database"
            self._persist(lambda: self._send("POST", path, {}, body, headers=headers, allowed=allowed))
        elif name not in [row[0] for series in self.ask("SHOW DATABASES") for row in series.get("values", ())]:
            if self.major == 2:
                error = refused(self.place, self.major, 404, "no dbrp mapping found")
                raise NotSupportedError(f"{error}; InfluxDB 2 makes none by InfluxQL.")
            self.ask(influxql.create_database(name))

    def _send(
        self,
        method: str,
        path: str,
        parameters: Mapping[str, str],
        body: bytes | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        allowed: Collection[int] = (),
        preload: bool = True,
    ) -> urllib3.BaseHTTPResponse:
        """Send one request once; error statuses other than those allowed are raised."""
        named = {"db": self.place.database, **parameters} if path in {"/query", "/write"} else parameters
        answer = self._pool.request(
            method,
            f"{self.place.origin}{path}{f'?{urlencode(named)}' if named else ''}",
            body=body,
            headers={**self.place.headers(), **(headers or {})},
            preload_content=preload,
            retries=False,
        )
        if answer.status >= 300 and answer.status not in allowed:
            error = refused(self.place, self.major, answer.status, words_of(answer))
            # Writing also fails while the server shuts down.
            passes = answer.status in _PASSING or (answer.status == _FAILED and path == "/write")
            raise PassingError(error) if passes else error
        return answer

    def _persist(self, act: Callable[[], Answer], patience: float | None = None) -> Answer:
        """Repeat a request until the server responds or the patience, in seconds, is over."""
        end, pause = time.monotonic() + (_PATIENCE_SECONDS if patience is None else patience), 0.05
        while True:
            try:
                return act()
            except (HTTPError, PassingError) as error:
                # Waiting does not help here, and a slow server should not get the same request twice at once.
                is_final = isinstance(error, LocationValueError | SSLError | ReadTimeoutError)
                if is_final or time.monotonic() + pause > end:
                    raise lost(self.place, error) from None
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    def _not_understood(self, words: str) -> Exception:
        return failed(
            self.place,
            "what answers there is not InfluxDB",
            "Correct scheme, host and port in the URL; InfluxDB listens on 8086, InfluxDB 3 on 8181.",
            words,
        )
