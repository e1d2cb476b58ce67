"""`CatalogueRequests`: requests to the hosts of one catalogue, within its rate, with its token, and never elsewhere."""

import json
import os
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import Any, Protocol
from urllib.parse import urljoin, urlsplit

import urllib3
from urllib3.exceptions import HTTPError, NewConnectionError

from enspatial.catalogue.profile import CatalogueProfile, no_url
from enspatial.catalogue.public import PublicPools, is_private_host
from enstorage.errors import CorruptError, InvalidInputError, NotFoundError, StoreError
from enstorage.places.masking import without
from enstorage.places.web import shown_url
from enstorage.settings import limit

USER_VARIABLE, PASSWORD_VARIABLE = "ENSTORAGE_CATALOGUE_USER", "ENSTORAGE_CATALOGUE_PASSWORD"
_MOST_REDIRECTS = 5
_MOST_TRIES = 4
_LARGEST_ANSWER = 64 << 20  # of JSON
_PIECE = 1 << 20
_PAUSE_SECONDS = 0.5
_BUSY = (429, 502, 503, 504)


class Sign(Protocol):
    """Credentials for an address; new ones if it is to renew them."""

    def __call__(self, url: str, *, renew: bool = False) -> tuple[str, Mapping[str, str]]:
        """The address and the headers of the request."""
        ...


class CatalogueRequests:
    """Requests to a catalogue and to the hosts of its files.

    A request goes to a known host alone, also after a redirect, by https unless the catalogue itself has http, and not
    to an address of a private network unless the catalogue itself is there. The token goes to hosts of the profile
    only. After 429 it waits as long as the server asks, within the limit of the profile.

    Args:
        profile: of the catalogue.
        sleep: waits for some seconds.
        sign: gives address and headers with credentials for an address on a known host, see `EodagProvider.signed`.
    """

    def __init__(
        self, profile: CatalogueProfile, *, sleep: Callable[[float], None] = time.sleep, sign: Sign | None = None
    ) -> None:
        self.profile = profile
        self._sleep = sleep
        self._sign = sign
        self._token: str | None = None
        self._next = 0.0

    @cached_property
    def _pool(self) -> urllib3.PoolManager:
        seconds = self.profile.timeout_seconds
        timeout = urllib3.Timeout(connect=min(10.0, seconds), read=seconds)
        is_at_home = is_private_host(urlsplit(self.profile.url).hostname or "")
        return (urllib3.PoolManager if is_at_home else PublicPools)(timeout=timeout, retries=False)

    def text(self, url: str, *, method: str = "GET", body: Mapping[str, Any] | None = None) -> str:
        """The text that a URL gives, such as JSON; errors as of `content`."""
        headers = {"Accept": "application/geo+json, application/json"}
        given = None if body is None else json.dumps(body).encode()
        given_as = {"Content-Type": "application/json"} if body else {}
        content, _ = self._asked(url, method, {**headers, **given_as}, given, _LARGEST_ANSWER)
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise StoreError(f"{shown_url(url)} gives no text in UTF-8; expected JSON. Try again later.") from None

    def content(self, url: str) -> bytes:
        """The bytes of a file; one that comes in part is asked for once more.

        Raises:
            CorruptError: it came in part twice.
            InvalidInputError: the host is none of the catalogue, or the credentials are refused.
            NotFoundError: there is no such file.
            StoreError: the server cannot be reached or is busy; this may pass.
        """
        return self._asked(url, "GET", {}, None, limit("max_file_bytes"))[0]

    def piece(self, url: str, start: int, end: int) -> tuple[bytes, int]:
        """Some bytes of a file, and the number of all its bytes; errors as of `content`.

        A server that gives no parts gives all bytes.
        """
        content, headers = self._asked(url, "GET", {"Range": f"bytes={start}-{end - 1}"}, None, limit("max_file_bytes"))
        told = headers.get("Content-Range", "").rpartition("/")[2]
        return content, int(told) if told.isdecimal() else len(content)

    def _asked(
        self, url: str, method: str, headers: dict[str, str], body: bytes | None, most_bytes: int
    ) -> tuple[bytes, Mapping[str, str]]:
        waited, cut, renewed = 0.0, False, False
        for number in range(1, 100):
            try:
                answer = self._follow(url, method, headers, body, most_bytes, renew=renewed)
            except HTTPError as error:
                if _is_cut(error) and not cut:
                    cut = True
                    continue
                if _is_cut(error):
                    raise CorruptError(
                        f"{shown_url(url)} came in part twice; expected all of its bytes. Load it again later, or from "
                        "another catalogue."
                    ) from error
                if number >= (2 if isinstance(error, NewConnectionError) else _MOST_TRIES):  # it is not there
                    raise StoreError(
                        f"{shown_url(url)} does not answer: {type(error).__name__}. Expected an answer within "
                        f"{self.profile.timeout_seconds:g} seconds. Try again later."
                    ) from error
                waited = self._wait(_PAUSE_SECONDS * 2**number, waited, url)
                continue
            status, told, content = answer
            if status in (401, 403) and not renewed and (self.profile.token_url or self._sign):
                renewed, self._token = True, None
                self._token = self._new_token() if self.profile.token_url else None
                continue
            if status in _BUSY:
                pause = _retry_after(told)
                waited = self._wait(_PAUSE_SECONDS * 2**number if pause is None else pause, waited, url)
                continue
            return _checked(status, content, url, self.profile, self._token), told
        raise StoreError(f"{shown_url(url)} is busy. Try again later.")

    def _wait(self, seconds: float, waited: float, url: str) -> float:
        longest = self.profile.longest_wait_seconds
        if waited + seconds > longest:
            raise StoreError(
                f"{shown_url(url)} asks to wait {seconds:g} seconds; expected at most {longest:g} in all. It is busy, or "
                "the rate of "
                "requests is too high. Try again later."
            )
        self._sleep(seconds)
        return waited + seconds

    def _follow(
        self, url: str, method: str, headers: dict[str, str], body: bytes | None, most_bytes: int, *, renew: bool
    ) -> tuple[int, Mapping[str, str], bytes]:
        for _ in range(_MOST_REDIRECTS + 1):
            self.profile.check(url)
            self._keep_rate()
            token: Mapping[str, str] = {"Authorization": f"Bearer {self._token}"} if self._token else {}
            signed = url
            if self._sign:
                signed, token = self._sign(url, renew=renew)
                self.profile.check(signed)
            answer = self._pool.request(
                method, signed, headers={**headers, **token}, body=body, redirect=False, preload_content=False
            )
            try:
                if answer.status in (301, 302, 303, 307, 308) and answer.headers.get("Location"):
                    url = _joined(url, answer.headers["Location"])
                    continue
                return answer.status, answer.headers, _body(answer, url, most_bytes)
            finally:
                answer.close()
        raise InvalidInputError(f"{shown_url(url)} redirects more than {_MOST_REDIRECTS} times. Ask the provider.")

    def _keep_rate(self) -> None:
        now = time.monotonic()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + 1 / self.profile.requests_per_second

    def _new_token(self) -> str:
        user, password = os.environ.get(USER_VARIABLE), os.environ.get(PASSWORD_VARIABLE)
        if not user or not password:
            raise InvalidInputError(
                f"The catalogue {self.profile.home} wants a user; expected a name and a password in {USER_VARIABLE} "
                "and "
                f"{PASSWORD_VARIABLE}. Set both where enstorage starts.",
                field="catalogue",
            )
        url = str(self.profile.token_url)
        self.profile.check(url)
        fields = {"grant_type": "password", "username": user, "password": password, "client_id": self.profile.client}
        try:
            answer = self._pool.request("POST", url, fields=fields, encode_multipart=False, redirect=False)
        except HTTPError as error:
            raise StoreError(f"{shown_url(url)} does not answer: {type(error).__name__}. Try again later.") from error
        if answer.status in _BUSY:
            raise StoreError(f"{shown_url(url)} is busy. Try again later.")
        try:
            return str(json.loads(answer.data)["access_token"])
        except (ValueError, KeyError, TypeError):
            raise InvalidInputError(
                f"The catalogue {self.profile.home} refuses the credentials of {USER_VARIABLE} (status "
                f"{answer.status}). Expected a "
                "token. Correct the name and the password.",
                field="catalogue",
            ) from None


def _body(answer: urllib3.BaseHTTPResponse, url: str, most: int) -> bytes:
    pieces, count = [], 0
    for piece in answer.stream(_PIECE):
        count += len(piece)
        if count > most:
            raise InvalidInputError(
                f"{shown_url(url)} has more than {most:,} bytes; expected at most that. Load a smaller file, or allow "
                "more by the setting ENSTORAGE_MAX_FILE_BYTES."
            )
        pieces.append(piece)
    return b"".join(pieces)


def _joined(url: str, location: str) -> str:
    try:
        return urljoin(url, location)
    except ValueError:
        raise no_url(urlsplit(url).netloc.lower()) from None


def _checked(status: int, content: bytes, url: str, profile: CatalogueProfile, token: str | None) -> bytes:
    if status in (401, 403):
        raise InvalidInputError(
            f"{shown_url(url)} refuses the credentials (status {status}). Expected that the user may read it. Correct "
            f"{'those of eodag' if profile.provider else f'{USER_VARIABLE} and {PASSWORD_VARIABLE}'}, or ask for access.",
            field="catalogue",
        )
    if status == 404:
        raise NotFoundError(f"There is nothing at {shown_url(url)}. Search the catalogue again.")
    if status >= 500:
        raise StoreError(f"{shown_url(url)} failed with status {status}. Try again later.")
    if status >= 300:
        told = without(" ".join(content[:2_000].decode(errors="replace").split()), {token} if token else ())[:200]
        raise InvalidInputError(f"{shown_url(url)} refuses the request (status {status}): {told}. Correct the search.")
    return content


def _is_cut(error: HTTPError) -> bool:
    """True for an answer that ended early."""
    texts = (type(error).__name__, *(type(each).__name__ for each in error.args if isinstance(each, Exception)))
    return "IncompleteRead" in texts


def _retry_after(headers: Mapping[str, str]) -> float | None:
    told = headers.get("Retry-After", "")
    if told.strip().isdecimal():
        return float(told)
    try:
        return max(0.0, (parsedate_to_datetime(told) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
