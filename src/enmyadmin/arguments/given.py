"""Values of options: JSON as text, in a file, or on standard input; pairs."""

import io
import json
import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any

from enstorage.errors import InvalidInputError

_LARGEST = 10_000_000


def read_object(given: str | None, option: str) -> dict[str, Any]:
    """The JSON object of an option; empty where it was not given.

    Args:
        given: the object itself, `-` for standard input, or the path of a file.
        option: its name, for messages.

    Raises:
        InvalidInputError: the file cannot be read, or it is no JSON object.
    """
    if given is None:
        return {}
    try:
        content = given if given.lstrip()[:1] in ("{", "[") else _read(given)
    except (OSError, ValueError) as error:
        raise InvalidInputError(
            f"{option} received {given!r:.80}, which is neither a JSON object nor a file that can be read: {error}. Give an "
            'object such as \'{"name": "a"}\', a file, or - for standard input.'
        ) from error
    if len(content) > _LARGEST:
        raise InvalidInputError(
            f"{option} received {given!r:.80} of more than {_LARGEST} characters; expected a JSON object. Shorten it."
        )
    try:
        value = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"{option} received no valid JSON: {error}. Correct it.") from error
    if not isinstance(value, Mapping):
        raise InvalidInputError(f"{option} received the JSON {value!r:.60}; expected an object in braces.")
    return dict(value)


def _read(given: str) -> str:
    if given == "-":
        return sys.stdin.read(_LARGEST + 1)
    from enstorage.sources.stream import open_to_read

    with io.TextIOWrapper(open_to_read(given), encoding="utf-8") as file:
        return file.read(_LARGEST + 1)


def read_named(given: str | None, option: str) -> dict[str, Any] | None:
    """The same, where a word alone stands for an object with that `name` and nothing else; None where it was not given."""
    if given is None:
        return None
    return {"name": given} if re.fullmatch(r"[A-Za-z][\w-]*", given) else read_object(given, option)


def pair(text: str, option: str, expected: str = "KEY=TEXT, such as host=server01") -> tuple[str, str]:
    """Key and text of an option such as `--tag KEY=TEXT`.

    Raises:
        InvalidInputError: one of both is missing.
    """
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        raise InvalidInputError(f"{option} received {text!r}; expected {expected}.")
    return key, value


def read_parameters(given: Iterable[str] | None, owner: str, example: str) -> dict[str, Any]:
    """The parameters of a plug-in from `KEY=VALUE`.

    A value that begins as JSON is JSON, so `"7"` is a text; digits are an integer, all else is a text.

    Args:
        given: the texts.
        owner: what they are of, such as `loader`.
        example: one of them, for messages.

    Raises:
        InvalidInputError: one is not written so, or two have the same key.
    """
    found: dict[str, Any] = {}
    for text in given or ():
        key, value = pair(text, f"A parameter of the {owner}", f"KEY=VALUE, such as {example}")
        if key in found:
            raise InvalidInputError(f"The {owner} received {key} twice; expected it once. Leave one out.")
        found[key] = _value(key, value)
    return found


def _value(key: str, text: str) -> Any:
    if text[:1] in ("{", "[", '"') or text in ("true", "false", "null"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            raise InvalidInputError(f"{key} is {text[:60]!r}, which begins as JSON and is none. Correct it.") from None
    return int(text) if re.fullmatch(r"-?[0-9]{1,18}", text) else text


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in values.items() if value is not None and value != []}
