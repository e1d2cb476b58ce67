"""JSON that is given to an option: as text, in a file, or on standard input."""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from enstorage.errors import InvalidInputError


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
    is_text = given.lstrip()[:1] in ("{", "[")
    try:
        content = given if is_text else sys.stdin.read() if given == "-" else Path(given).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            f"{option} received {given!r}, which is neither a JSON object nor a file that can be read: {error}. Give an "
            'object such as \'{"name": "a"}\', a file, or - for standard input.'
        ) from error
    try:
        value = json.loads(content)
    except ValueError as error:
        raise InvalidInputError(f"{option} received no valid JSON: {error}. Correct it.") from error
    if not isinstance(value, Mapping):
        raise InvalidInputError(f"{option} received the JSON {value!r:.60}; expected an object in braces.")
    return dict(value)


def read_named(given: str | None, option: str) -> dict[str, Any] | None:
    """The same, where a word alone stands for an object with that `name` and nothing else; None where it was not given."""
    if given is None:
        return None
    return {"name": given} if re.fullmatch(r"[A-Za-z][\w-]*", given) else read_object(given, option)


def without_none(values: Mapping[str, Any]) -> dict[str, Any]:
    """The options that were given."""
    return {name: value for name, value in values.items() if value is not None and value != []}
