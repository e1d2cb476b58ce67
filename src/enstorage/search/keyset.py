"""Paging by the values of the last row: each page takes as long as the first, and rows added meanwhile shift nothing."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Numeric, UnaryExpression, and_, false, or_, true, type_coerce
from sqlalchemy import literal as bound
from sqlalchemy.sql.operators import asc_op, desc_op

from enstorage.errors import InvalidInputError

_DIGEST_LENGTH = 12


@dataclass(frozen=True, slots=True)
class SortKey:
    """One expression of an order.

    Attributes:
        value: the expression, to be selected and compared.
        descending: true if larger values come first.
    """

    value: ColumnElement[Any]
    descending: bool

    @classmethod
    def of(cls, directed: ColumnElement[Any]) -> "SortKey":
        """The key of an expression with its direction, as `order_by` takes it."""
        plain = directed
        if isinstance(directed, UnaryExpression) and directed.modifier in (asc_op, desc_op):
            plain = directed.element
        if isinstance(plain.type, Numeric) and plain.type.asdecimal:
            plain = type_coerce(plain, BigInteger())  # as a decimal, drivers round it
        return cls(plain, plain is not directed and getattr(directed, "modifier", None) is desc_op)

    def directed(self, label: ColumnElement[Any]) -> ColumnElement[Any]:
        """The label of the selected expression with its direction, as `order_by` takes it."""
        return label.desc() if self.descending else label

    def equals(self, value: Any) -> ColumnElement[bool]:
        """The condition that the expression has a value."""
        equal: ColumnElement[bool] = self.value == self._bound(value)
        return equal

    def follows(self, value: Any, *, or_equals: bool = False) -> ColumnElement[bool]:
        """The condition that the expression comes after a value."""
        given = self._bound(value)
        if self.descending:
            return self.value <= given if or_equals else self.value < given
        return self.value >= given if or_equals else self.value > given

    def _bound(self, value: Any) -> ColumnElement[Any]:
        is_long = isinstance(value, int) and not -(2**63) <= value < 2**63
        return bound(value, Numeric() if is_long else self.value.type)


def rows_after(keys: Sequence[SortKey], values: Sequence[Any], *, or_equals: bool = False) -> ColumnElement[bool]:
    """The condition that a row comes after the one with these values of the keys, or has them, too."""
    after: ColumnElement[bool] = true() if or_equals else false()
    for key, value in reversed([*zip(keys, values, strict=True)]):
        # What is null is so for all rows that the keys before it do not distinguish, so it distinguishes none of them.
        if value is not None:
            after = or_(key.follows(value), and_(key.equals(value), after))
    # The bound alone says no more than the rest, but an index serves it.
    return and_(keys[0].follows(values[0], or_equals=True), after) if values[0] is not None else after


def to_cursor(question: str, values: Sequence[Any]) -> str:
    """The text that stands for a place in the answers to a question.

    Args:
        question: all that determines the answers and their order.
        values: of the keys, in the last row before the place.
    """
    content = json.dumps([_plain(value) for value in values], ensure_ascii=False).encode()
    return urlsafe_b64encode(_digest(question, content) + content).decode().rstrip("=")


def from_cursor(question: str, cursor: str) -> list[Any]:
    """The values of a place; see `to_cursor`.

    Raises:
        InvalidInputError: it is no cursor, or one of another question.
    """
    try:
        whole = urlsafe_b64decode(f"{cursor}{'=' * (-len(cursor) % 4)}".encode("ascii"))
    except (NotBase64, UnicodeEncodeError, ValueError):
        whole = b""
    digest, content = whole[:_DIGEST_LENGTH], whole[_DIGEST_LENGTH:]
    if not content or digest != _digest(question, content):
        raise InvalidInputError(
            f"The cursor {cursor!r:.40} is not one of this list; expected `next` of a page with the same filter and order. "
            "Leave it out to get the first page.",
            field="cursor",
        )
    return [datetime.fromisoformat(each[0]) if isinstance(each, list) else each for each in json.loads(content)]


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return [value.isoformat()]
        case Decimal():
            return int(value)
        case _:
            return value


def _digest(question: str, content: bytes) -> bytes:
    return sha256(question.encode() + b"\0" + content).digest()[:_DIGEST_LENGTH]
