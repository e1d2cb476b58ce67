"""The language of a page: English, or another that all texts of pages and sentences of the library have forms in.

`texts.ru.json` has the Russian forms of the texts of pages, `messages.ru.json` those of the sentences that the library
writes into remarks and reports. The second is made from the texts of the web client, by `make messages`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib.resources import files
from typing import Any

from enstorage.errors import InvalidInputError

LANGUAGES = ("en", "ru")
_language: ContextVar[str] = ContextVar("the language of a page", default="en")
#: A shorter part of a sentence is a name or a number, and no sentence of its own.
_SHORTEST = 19


@contextmanager
def in_language(language: str) -> Iterator[None]:
    """Texts that are asked for within are in this language.

    Raises:
        InvalidInputError: see `check_language`.
    """
    token = _language.set(check_language(language))
    try:
        yield
    finally:
        _language.reset(token)


def check_language(language: str) -> str:
    """The language, if pages can be in it.

    Raises:
        InvalidInputError: they cannot.
    """
    if language not in LANGUAGES:
        raise InvalidInputError(
            f"There are no pages in the language {language!r:.20}; expected {' or '.join(LANGUAGES)}. Name one of these.",
            field="language",
        )
    return language


def current_language() -> str:
    """The language of the page that is made: `en` or `ru`."""
    return _language.get()


def text(english: str, /, **values: Any) -> str:
    """A text of a page in its language, with values in its places.

    Args:
        english: the text; with a value `n`, its forms for 1 and for other numbers, parted by `|`.
        values: by the names of the places.
    """
    return text_form(english, values.get("n")).format(**values)


def text_form(english: str, n: int | None = None) -> str:
    """The same with its places, in the form that a number asks for."""
    language = _language.get()
    found = english if language == "en" else _texts(language).get(english, english)
    if n is None:
        return found
    forms = found.split("|")
    return forms[min(_plural(language, n), len(forms) - 1)]


def word(english: str) -> str:
    """A word in the language of the page; what is none, such as the name of a member, as it is."""
    return text_form(english)


def sentence(english: str) -> str:
    """A sentence that the library wrote, in the language of the page; in English where it has no other form."""
    language = _language.get()
    return english if language == "en" else (_translated(language, english) or english)


def _plural(language: str, n: int) -> int:
    """The place among the forms of a text: of 1 and others in English; of 1, 2 to 4 and others in Russian."""
    if language == "en":
        return int(n != 1)
    if n % 10 == 1 and n % 100 != 11:
        return 0
    return 1 if n % 10 in (2, 3, 4) and n % 100 not in (12, 13, 14) else 2


@cache
def _texts(language: str) -> Mapping[str, str]:
    found: dict[str, str] = json.loads(_read(f"texts.{language}.json"))
    return found


@cache
def _messages(language: str) -> tuple[list[tuple[re.Pattern[str], str]], Mapping[str, str], Mapping[str, str]]:
    found = json.loads(_read(f"messages.{language}.json"))
    # A short form such as `{} of {} series: {}` also fits sentences that have a form of their own.
    pairs = sorted(found["messages"], key=lambda pair: (pair[0].startswith("{}"), -len(pair[0].replace("{}", ""))))
    forms = [(re.compile(re.escape(form).replace(r"\{\}", "(.+?)"), re.DOTALL), own) for form, own in pairs]
    return forms, found["words"], found["units"]


@cache
def _words_alone(language: str) -> Mapping[str, str]:
    """Forms without places, by the English ones."""
    return {form: own for form, own in json.loads(_read(f"messages.{language}.json"))["messages"] if "{" not in form}


def _read(name: str) -> str:
    return files("endirector.reporting").joinpath(name).read_text(encoding="utf-8")


def _translated(language: str, english: str) -> str | None:
    for form, own in _messages(language)[0]:
        if found := form.fullmatch(english):
            return _filled(language, own, iter(found.groups()))
    return None


def _filled(language: str, form: str, parts: Iterator[str]) -> str:
    def own(place: re.Match[str]) -> str:
        return (_in_words if place[1] else _nested)(language, next(parts, ""))

    return re.sub(r"\{(\*?)\}", own, form)


def _in_words(language: str, english: str) -> str:
    """A word, a time such as `7 days`, or a list of these."""
    _, words, units = _messages(language)
    links = {", ": ", ", " and ": text(" and "), " or ": text(" or ")}

    def own(part: str) -> str:
        found = re.fullmatch(r"(\d+) (\w+?)s?", part)
        unit = None if found is None else units.get(found[2])
        return words.get(part) or links.get(part) or (part if found is None or unit is None else f"{found[1]} {unit}")

    return "".join(own(part) for part in re.split(r"(, | and | or )", english))


def _nested(language: str, value: str) -> str:
    """A part of a sentence: a sentence, or a list of these; what is short is a name or a number."""
    if len(value) < _SHORTEST:
        return _words_alone(language).get(value, value)
    parts = value.split(", ")
    own = [_translated(language, each) for each in parts]
    is_list = sum(each is not None for each in own) > 1
    if not is_list and (whole := _translated(language, value)) is not None:
        return whole
    return ", ".join(each or part for each, part in zip(own, parts, strict=True))
