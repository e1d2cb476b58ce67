"""Texts that every database can store."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from enstorage.database.types import JsonText
from enstorage.errors import InvalidInputError

if TYPE_CHECKING:
    from enstorage.entity._record import Record

#: Most characters of a name or a key.
NAME_LENGTH = 255


def check_texts(entity: "type[Record]", values: Mapping[str, Any]) -> None:
    """Refuse texts among the values of a record that not every database can store.

    Raises:
        InvalidInputError: the name is missing, a text is too long, or `check_text` refuses it.
    """
    for key, longest, optional in _text_columns(entity):
        value = values.get(key)
        if value is None and optional:
            continue
        if key == "name":
            check_name(value, f"name of a {entity.__name__}")
            continue
        if not isinstance(value, str):
            continue
        if longest is not None and len(value) > longest:
            raise InvalidInputError(
                f"The {key} of a {entity.__name__} may have at most {longest} characters; received {len(value)}."
            )
        check_text(value, f"{key} of a {entity.__name__}")


@cache
def _text_columns(entity: "type[Record]") -> list[tuple[str, int | None, bool]]:
    """The text columns, each with its maximal length and with true if it may be empty.

    Not JSON, which is stored as text but whose strings may hold anything.
    """
    columns = [column for column in entity.__table__.columns if not isinstance(column.type, JsonText)]
    return [(column.key, getattr(column.type, "length", None), column.nullable) for column in columns]


def check_name(text: object, what: str) -> None:
    """Refuse a name or a key that not every database can store.

    Raises:
        InvalidInputError: it is not a text of 1 to 255 characters, or `check_text` refuses it.
    """
    if not isinstance(text, str) or not 0 < len(text) <= NAME_LENGTH:
        raise InvalidInputError(f"The {what} must be a text of 1 to {NAME_LENGTH} characters; received {text!r:.80}.")
    check_text(text, what)


def check_text(text: str, what: str) -> None:
    """Refuse a text that not every database can store.

    Raises:
        InvalidInputError: it has the character NUL, or half of a surrogate pair.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(f"The {what} is not valid Unicode: {text!r:.80}. Correct the text.") from error
    if "\x00" in text:
        raise InvalidInputError(f"The {what} has the character NUL: {text!r:.80}. Remove it.")
