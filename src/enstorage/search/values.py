"""The kinds of values that a query compares, with their comparisons."""

import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from json import loads
from operator import eq, ge, gt, le, lt
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Float,
    FromClause,
    String,
    Text,
    and_,
    case,
    false,
    func,
    not_,
    or_,
    select,
    true,
    type_coerce,
)
from sqlalchemy import Integer as AnyInteger
from sqlalchemy import literal as bound

from enstorage.database.types import UtcDateTime
from enstorage.entity.model_meta import LABEL_LENGTH, ModelMeta, number_of
from enstorage.errors import InvalidInputError
from enstorage.instant import from_ns, to_ns
from enstorage.search import expressions as sql
from enstorage.search.expressions import ExactInteger, IsDouble, JsonAsText, TagNumber, TagText, like
from enstorage.search.parser import Literal, Path, Source

_NANOSECONDS = {"time", "time_from", "time_to"}
#: From here on not every integer has a double of its own.
SPARSE = 2**53
_TURNED = str.maketrans("<>", "><")
_HOLDS: dict[str, Callable[[int, int], bool]] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}
_COMPARED: dict[str, Callable[[Any, Any], ColumnElement[bool]]] = {
    "<": lambda left, right: left < right,
    "<=": lambda left, right: left <= right,
    ">": lambda left, right: left > right,
    ">=": lambda left, right: left >= right,
}


def matches(text: Any, pattern: Literal, operator: str) -> ColumnElement[bool]:
    """The condition that a text matches a pattern."""
    return like(text, str(pattern.value), pattern.escape, ignore_case=operator == "ilike")


def _directed(keys: list[Any], *, descending: bool) -> list[ColumnElement[Any]]:
    return [key.desc() if descending else key.asc() for key in keys]


@dataclass(frozen=True, slots=True, eq=False)
class Segment:
    """A part of the values of an order, which lie side by side in it.

    Attributes:
        condition: of the values in it.
        pinned: the values of the first expressions of `Value.order`, which are the same for all of these.
        order: the expressions that are left of them, as an index has them; () for those of `Value.order`.
        is_present: true if it has only values that are present.
    """

    condition: ColumnElement[bool]
    pinned: tuple[int | None, ...]
    order: tuple[ColumnElement[Any], ...] = ()
    is_present: bool = False


class Value(ABC):
    """The value at the end of a path, with its conditions and sort keys."""

    def __init__(self, source: Source, path: Path) -> None:
        self.source = source
        self.path = path
        self.name = ".".join(path.parts)

    @abstractmethod
    def present(self) -> ColumnElement[bool]:
        """The condition that there is a value."""

    @abstractmethod
    def test(self, operator: str, literals: Sequence[Literal]) -> ColumnElement[bool]:
        """The condition of a comparison; null only where the value is not present."""

    def fulfils(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        """True where there is a value and an alternative is true, else false."""
        return and_(self.present(), condition)

    def alternatives(self, operator: str, literals: Sequence[Literal]) -> list[ColumnElement[bool]]:
        """The conditions of which the values of a comparison fulfil one each, so that an index serves each of them."""
        return [self.test(operator, literals)]

    @abstractmethod
    def order(self, *, descending: bool) -> list[ColumnElement[Any]]:
        """The expressions to sort by, with their directions, at most six; values that are not present come last."""

    def problem(self, literal: Literal, message: str) -> InvalidInputError:
        """The error to raise about a value in the query."""
        return self.source.problem(literal.position, message)


class Column(Value):
    """The value of a column. It has one type, and a comparison with a value of another type is refused."""

    def __init__(self, source: Source, path: Path, column: Any, key: str) -> None:
        super().__init__(source, path)
        self.column = column
        self.key = key

    def present(self) -> ColumnElement[bool]:
        """The condition that the value is present."""
        result: ColumnElement[bool] = self.column.is_not(None)
        return result

    def test(self, operator: str, literals: Sequence[Literal]) -> ColumnElement[bool]:
        """The condition of a comparison."""
        values = [self._bound(literal, operator) for literal in literals]
        if operator == "=":
            result: ColumnElement[bool] = self.column.in_(values)
            return result
        if operator in _COMPARED:
            return _COMPARED[operator](self.column, values[0])
        return matches(self.column, literals[0], operator)

    def order(self, *, descending: bool) -> list[ColumnElement[Any]]:
        """The value itself."""
        if self._kind() == "JSON":
            raise self.source.problem(self.path.position, f"{self.name} is JSON, which has no order.")
        # Not every database has NULLS LAST.
        return [self.column.is_(None), *_directed([self.column], descending=descending)]

    def _kind(self) -> str:
        kind = self.column.type
        if isinstance(kind, UtcDateTime) or self.key in _NANOSECONDS:
            return "time"
        if isinstance(kind, String):
            return "text"
        return "number" if isinstance(kind, AnyInteger | Float) else "JSON"

    def _bound(self, literal: Literal, operator: str) -> ColumnElement[Any]:
        kind, value = self._kind(), literal.value
        if kind == "JSON":
            raise self.problem(literal, f"{self.name} is JSON, which cannot be compared. Use IS NULL or IS NOT NULL.")
        if operator in ("like", "ilike") and kind != "text":
            raise self.problem(literal, f"{self.name} is a {kind}; {operator.upper()} compares only texts.")
        if operator in _COMPARED and kind == "text":
            raise self.problem(
                literal,
                f"{self.name} is a text; {operator} compares numbers and times. Write =, !=, LIKE, ILIKE or IN (…).",
            )
        if kind == "time" and isinstance(value, str):
            try:
                time = to_ns(value)
            except InvalidInputError as error:
                raise self.problem(literal, str(error)) from None
            return bound(time, BigInteger()) if self.key in _NANOSECONDS else bound(from_ns(time), UtcDateTime())
        if kind == "text" and isinstance(value, str):
            return bound(value, String())
        wants_number = kind == "number" or self.key in _NANOSECONDS
        if not wants_number or isinstance(value, str | bool):
            example = {"text": "'Standard data'", "time": "'2015-01-29' or '2015-01-29T21:55Z'", "number": "0.01"}[kind]
            raise self.problem(literal, f"{self.name} is a {kind}; expected for example {example}.")
        if value == int(value) and abs(value) < 2**63:
            return bound(int(value), BigInteger())
        return bound(float(value), Double())


class _Free(Value):
    """A value without a type of its own, such as a fact: numbers are compared as numbers, texts as texts."""

    #: The nearest double; null for infinities, NaN and what is no number.
    number: ColumnElement[Any]

    def test(self, operator: str, literals: Sequence[Literal]) -> ColumnElement[bool]:
        """The condition of a comparison."""
        numbers = [each.value for each in literals if not isinstance(each.value, str)]
        texts = [each.value for each in literals if isinstance(each.value, str)]
        if operator == "=":
            near = [float(each) for each in numbers if abs(each) < SPARSE]
            equal: list[ColumnElement[bool]] = [self.number.in_(near)] if near else []
            equal += [self._near(operator, int(each)) for each in numbers if abs(each) >= SPARSE]
            is_number = [and_(self.number.is_not(None), or_(*equal))] if equal else []
            return or_(*is_number, *([self.is_text(texts)] if texts else []))
        if operator in _COMPARED:
            return or_(*self.alternatives(operator, literals))
        return matches(self.full_text(), literals[0], operator)

    def alternatives(self, operator: str, literals: Sequence[Literal]) -> list[ColumnElement[bool]]:
        """Of a comparison in size: doubles, and what is beyond all of them."""
        if operator not in _COMPARED:
            return [self.test(operator, literals)]
        number = literals[0].value
        if isinstance(number, str | bool):
            raise self.problem(literals[0], f"{operator} compares numbers; received {number!r:.80}. Write a number.")
        is_beyond = self.is_above() if operator[0] == ">" else self.is_below()
        return [and_(self.number.is_not(None), self._compared(operator, number)), is_beyond]

    def _compared(self, operator: str, number: float) -> ColumnElement[bool]:
        if abs(number) < SPARSE:
            return _COMPARED[operator](self.number, float(number))
        return or_(_COMPARED[operator[0]](self.number, float(number)), self._near(operator, int(number)))

    def _near(self, operator: str, number: int) -> ColumnElement[bool]:
        """The condition of a comparison with an integer for values that have the same double: the digits decide."""
        digits, double = str(number), float(number)
        text = self.digits(len(digits) + 1)
        if operator == "=":
            test = text == digits
        else:
            # Of negative integers the one with the larger digits is smaller.
            turned = operator if number > 0 else operator.translate(_TURNED)
            length = func.length(text)
            longer = _COMPARED[turned[0]](length, len(digits))
            test = or_(longer, and_(length == len(digits), _COMPARED[turned](text, digits)))
        as_double = true() if _HOLDS[operator](int(double), number) else false()
        return and_(self.number == double, case((IsDouble(text), as_double), else_=test))

    def text_keys(self) -> list[ColumnElement[Any]]:
        """The expressions to sort values by that are no numbers."""
        return [case((self.number.is_(None), self.full_text()))]

    def is_above(self) -> ColumnElement[bool]:
        """The condition that the value is a number above all doubles, such as infinity."""
        return false()

    def is_below(self) -> ColumnElement[bool]:
        """The condition that the value is a number below all doubles."""
        return false()

    @abstractmethod
    def is_text(self, texts: list[str]) -> ColumnElement[bool]:
        """The condition that the value, written as text, is one of these."""

    @abstractmethod
    def full_text(self) -> ColumnElement[str]:
        """The value, written as text."""

    def digits(self, length: int) -> ColumnElement[str]:  # noqa: ARG002 - others keep only so many characters at hand
        """The text of a number that has at most so many characters."""
        return self.full_text()

    def order(self, *, descending: bool) -> list[ColumnElement[Any]]:
        """Numbers first, then texts; equal numbers are equal even where they are written differently."""
        text = self.full_text()
        infinity = case((self.number.is_not(None), 0), (self.is_above(), 1), (self.is_below(), -1))
        kind = case((infinity.is_not(None), 0), (self.present(), 1), else_=2)
        # Each of them is null for all or for none of the values that the ones before do not distinguish.
        keys = [
            infinity,
            self.number,
            case((func.abs(self.number) >= SPARSE, ExactInteger(text, self.number))),
            *self.text_keys(),
        ]
        return [kind, *_directed(keys, descending=descending)]


#: Keys that look the same in a dictionary and in a path of JSON.
_IN_PATHS = re.compile("[A-Za-z0-9_][A-Za-z0-9_ .:/-]*")


class Tag(_Free):
    """A tag of any record."""

    def __init__(self, source: Source, path: Path, tags: Any, key: str, row: Any = None) -> None:
        super().__init__(source, path)
        in_json = [bound(f'$."{key}"', String())] if _IN_PATHS.fullmatch(key) else []
        arguments = type_coerce(tags, Text), bound(key, String()), *in_json
        self.number, self.text = TagNumber(*arguments), TagText(*arguments)
        self.row = row

    def fulfils(self, condition: ColumnElement[bool]) -> ColumnElement[bool]:
        """True where there is a tag and an alternative is true, else false."""
        return func.coalesce(condition, false())  # no alternative is true without a value; half the time

    def order(self, *, descending: bool) -> list[ColumnElement[Any]]:
        """Numbers first, then texts; no tag is infinite."""
        kind: ColumnElement[Any] = case((self.number.is_not(None), 0), (self.text.is_not(None), 1), else_=2)
        exact = case((func.abs(self.number) >= SPARSE, ExactInteger(self.text, self.number)))
        keys: list[ColumnElement[Any]] = [self.number, exact, case((self.number.is_(None), self.text))]
        if self.row is not None:
            row = (self.row.c.type, self.row.c.value)
            kind, keys = (
                sql.RowKind(kind, *row),
                [sql.RowValue(keys[0], *row), *(sql.RowRest(each, *row) for each in keys[1:])],
            )
        return [kind, *_directed(keys, descending=descending)]

    def present(self) -> ColumnElement[bool]:
        """The condition that the tag is present."""
        return self.text.is_not(None)

    def is_text(self, texts: list[str]) -> ColumnElement[bool]:
        """The condition that the tag, written as text, is one of these."""
        return self.text.in_(texts)

    def full_text(self) -> ColumnElement[str]:
        """The tag, written as text."""
        return self.text


class Fact(_Free):
    """A fact about a model."""

    def __init__(self, source: Source, path: Path, fact: FromClause) -> None:
        super().__init__(source, path)
        self.number = fact.c.number
        self.label = fact.c.label
        self.json = type_coerce(fact.c.value, Text)
        self.fact = fact

    def present(self) -> ColumnElement[bool]:
        """The condition that the fact is present."""
        result: ColumnElement[bool] = self.label.is_not(None)
        return result

    def segments(self, *, descending: bool) -> list[Segment]:
        """Infinities, numbers, texts and what is missing: an index serves the order inside each segment."""
        below, above = (
            Segment(condition, (0, sign), is_present=True)
            for condition, sign in ((self.is_below(), -1), (self.is_above(), 1))
        )
        finite = Segment(self.number.is_not(None), (0, 0), is_present=True)
        no_number = and_(self.number.is_(None), self.present(), not_(or_(self.is_below(), self.is_above())))
        text = tuple(_directed([self.label, self._long_text()], descending=descending))
        texts = Segment(no_number, (1, None, None, None), text, is_present=True)
        numbers = [above, finite, below] if descending else [below, finite, above]
        return [*numbers, texts, Segment(not_(self.present()), (2, *[None] * 5))]

    def text_keys(self) -> list[ColumnElement[Any]]:
        """The searched part of a text, and the whole of a longer one; the former is the beginning of the latter."""
        return [case((self.number.is_(None), self.label)), case((self.number.is_(None), self._long_text()))]

    def _long_text(self) -> ColumnElement[Any]:
        return case((func.length(self.label) >= LABEL_LENGTH, JsonAsText(self.json)))

    def is_text(self, texts: list[str]) -> ColumnElement[bool]:
        """The condition that the fact, written as text, is one of these."""
        # A label determines the number beside it: with a condition on both, the index (key, number, label) is used.
        numbers = [number for number in map(_number_written_as, texts) if number is not None]
        beside = or_(self.number.is_(None), self.number.in_(numbers)) if numbers else self.number.is_(None)
        matches: ColumnElement[bool] = and_(beside, self.label.in_([text[:LABEL_LENGTH] for text in texts]))
        if all(len(text) < LABEL_LENGTH for text in texts):
            return matches
        return and_(matches, self.full_text().in_(texts))

    def is_above(self) -> ColumnElement[bool]:
        """The condition that the fact is infinity, or an integer above all doubles."""
        return self._is_beyond("")

    def is_below(self) -> ColumnElement[bool]:
        """The condition that the fact is negative infinity, or an integer below all doubles."""
        return self._is_beyond("-")

    def _is_beyond(self, sign: str) -> ColumnElement[bool]:
        # Between the two is no other JSON without a number, only texts, which are in quotes there. Texts of numbers are
        # frequent, integers beyond all doubles are longer than a label: few rows are left for the subquery.
        label = self.label.between(f"{sign}0", f"{sign}Infinity")
        is_candidate = or_(func.length(self.label) >= LABEL_LENGTH, self.label == f"{sign}Infinity")
        return and_(self.number.is_(None), label, is_candidate, _is_no_text(self.fact))

    def digits(self, length: int) -> ColumnElement[str]:
        """The text of a number that has at most so many characters."""
        return self.label if length < LABEL_LENGTH else self.full_text()

    def full_text(self) -> ColumnElement[str]:
        """The fact, written as text."""
        return case((func.length(self.label) < LABEL_LENGTH, self.label), else_=JsonAsText(self.json))


@lru_cache(32)
def _is_no_text(fact: FromClause) -> ColumnElement[bool]:
    # The index has all but the JSON. A subquery reads that of the few facts alone whose labels may be such numbers.
    same = ModelMeta.__table__.alias("same_fact")
    first = select(func.substr(type_coerce(same.c.value, Text), 1, 1)).where(same.c.id == fact.c.id)
    return first.correlate(fact).scalar_subquery() != '"'


def _number_written_as(text: str) -> float | None:
    try:
        return number_of(loads(text))
    except (ValueError, RecursionError):  # no JSON, too many digits, or too many brackets
        return None
