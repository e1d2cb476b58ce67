"""`Redactor`: takes secrets out of what work prints, logs and reports, before it is stored or sent anywhere."""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

from enstorage.places.connections import PREFIX
from enstorage.places.masking import HIDDEN, is_name, secrets_of, without
from enstorage.settings import Settings

_NAME_OF_SECRET = re.compile(
    r"pass(?:word|wd|phrase)?$|pwd$|secret|token|api_?key|credential|private_?key", re.IGNORECASE
)
#: A name and its value, as people, headers and programs write them: `password=…`, `"token": "…"`, `Authorization: Bearer …`.
_ASSIGNED = re.compile(
    r"(?P<name>(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|authorization)['\"]?\s{0,8}[=:]\s{0,8}['\"]?"
    r"(?:(?:bearer|basic)\s{1,8})?)(?P<value>[^\s'\",;&]+)",
    re.IGNORECASE,
)
_SEPARATORS = re.compile(r"[:@/?#&=;,\s]+")
_WORD = re.compile(r"\S+")
#: Variables whose addresses may have secrets anywhere, such as those of web hooks, or keys of buckets among the options.
_ADDRESSES = ("ENSTORAGE_NOTIFY_", PREFIX)
#: Words that may be URLs and are longer are hidden as a whole, so that odd ones take no time.
_LONGEST_URL = 2_000
_SHORTEST = 6


class Redactor:
    """Knows the secrets of a process: passwords of its store, and variables whose names say that they are secret.

    Args:
        urls: those that the store was opened with.
    """

    def __init__(self, *urls: str) -> None:
        given = [value for name, value in os.environ.items() if _NAME_OF_SECRET.search(name)]
        addresses = [
            value
            for name, value in os.environ.items()
            if name.startswith(_ADDRESSES) or ("://" in value and "@" in value)
        ]
        found = secrets_of(*urls, *addresses) | set(given) | set(_tokens_in([*urls, *addresses]))
        self._secrets = sorted((each for each in found if len(each) >= _SHORTEST), key=len, reverse=True)

    def text(self, text: str) -> str:
        """A text with `***` in place of secrets, of values that are called so, and of credentials in URLs."""
        if not text:
            return text
        shown = _ASSIGNED.sub(lambda match: f"{match['name']}{HIDDEN}", without(text, self._secrets, urls=False))
        if ":/" in shown:
            shown = _WORD.sub(lambda match: _without_credentials(match[0]), shown)
        return shown

    def json(self, value: Any) -> Any:
        """The same JSON with each text as `text` gives it."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {key: self.json(each) for key, each in value.items()}
        if isinstance(value, list | tuple):
            return [self.json(each) for each in value]
        return value


@cache
def redactor_of(settings: Settings) -> Redactor:
    """The redactor of a store, made once in each process."""
    return Redactor(*settings)


def _tokens_in(addresses: Iterable[str]) -> Iterator[str]:
    """The parts of addresses that may be tokens, wherever they stand: web hooks have them in place of the host."""
    for part in (part for address in addresses for part in _SEPARATORS.split(address)):
        if not is_name(part):
            yield from (part, unquote(part))


def _without_credentials(word: str) -> str:
    if ":/" not in word or not ("@" in word or "?" in word):
        return word
    return HIDDEN if len(word) > _LONGEST_URL else without(word, ())
