"""Parsing of the text of a query to a tree, independent of entities and databases."""

import math
import re
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedInput

from enstorage.errors import InvalidInputError

LONGEST = 10_000
MOST_CONDITIONS = 500
DEEPEST = 50
#: A term becomes up to six expressions, and SQLite 3.40 crashes on more than 63.
MOST_TERMS = 10

_OPERATORS = "=, !=, <, <=, >, >=, LIKE, ILIKE, IN (…), NOT IN (…), IS NULL, IS NOT NULL"
# Descriptions of grammar terminals for messages; the first expected one is named.
_EXPECTED = {
    "PATH": "a name, such as name or meta.loss",
    "COMPARISON": f"an operator: {_OPERATORS}",
    "NUMBER": "a number, a text in quotes, true or false",
    "TEXT": "a text in quotes",
    "_LPAR": "an opening bracket",
    "DIRECTION": "asc, desc, a comma or the end",
    "_COMMA": "a comma or a closing bracket",
    "_AND": "and, or, or the end",
    "_NULL": "NULL",
    "_IN": "IN, LIKE or ILIKE",
}
_FAMILIAR = {"==": "=", "<>": "!=", "&&": "and", "&": "and", "||": "or", "|": "or", "!": "not", "=<": "<=", "=>": ">="}


@dataclass(frozen=True, slots=True)
class Path:
    """A dotted name as its parts; a quoted name is one part."""

    parts: tuple[str, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Literal:
    """A value in the query.

    Attributes:
        escape: of a pattern, the character before which %, _ and itself stand for themselves; empty if there is none.
    """

    value: str | int | float | bool
    position: int = field(default=0, compare=False)
    escape: str = ""


@dataclass(frozen=True, slots=True)
class ComparisonNode:
    """A value is present and fulfils the condition; negated: it is present and does not.

    Attributes:
        operator: `=`, `<`, `<=`, `>`, `>=`, `like` or `ilike`. `!=`, `not like` and `not in` are negated ones.
        values: one value; for `=` any number of values, of which one must be equal.
    """

    path: Path
    operator: str
    values: tuple[Literal, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Present:
    """There is a value."""

    path: Path


@dataclass(frozen=True, slots=True)
class Not:
    """The operand does not hold."""

    operand: "Condition"


@dataclass(frozen=True, slots=True)
class And:
    """All operands hold."""

    operands: "tuple[Condition, ...]"


@dataclass(frozen=True, slots=True)
class Or:
    """At least one operand holds."""

    operands: "tuple[Condition, ...]"


Condition = ComparisonNode | Present | Not | And | Or


@dataclass(frozen=True, slots=True)
class OrderTerm:
    """One term of a sort order."""

    path: Path
    descending: bool


@dataclass(frozen=True, slots=True)
class Source:
    """A text to parse, and its name in messages."""

    text: str
    name: str = "the query"

    def problem(self, position: int, message: str) -> InvalidInputError:
        """The error to raise, with the line and a caret under the position."""
        before, after = self.text[:position], self.text[position:]
        shown_before = before.rpartition("\n")[2][-60:]
        shown = re.sub(r"\s", " ", shown_before + after.partition("\n")[0][:60])
        return InvalidInputError(
            f"Position {position + 1} of {self.name}: {message}\n    {shown}\n    {' ' * len(shown_before)}^"
        )


def parse_condition(source: Source) -> Condition:
    """The tree of a condition such as `meta.loss < 0.01 and not tags.kind = 'lstm'`.

    Raises:
        InvalidInputError: the text is not a valid condition; the message gives the position and what was expected there.
    """
    tree: Condition = _parse(source, "condition")
    count, depth = measure(tree)
    if depth > DEEPEST or count > MOST_CONDITIONS:
        raise InvalidInputError(
            f"The query has more than {MOST_CONDITIONS} comparisons or is nested more than {DEEPEST} deep. Use "
            "IN (…) for many values of one name, or several queries."
        )
    return tree


def measure(tree: Condition) -> tuple[int, int]:
    """The number of comparisons of a tree and its depth, without recursion."""
    pending, count, deepest = [(tree, 1)], 0, 1
    while pending:
        node, depth = pending.pop()
        count += isinstance(node, ComparisonNode | Present)
        deepest = max(deepest, depth)
        if isinstance(node, And | Or):
            pending += [(operand, depth + 1) for operand in node.operands]
        elif isinstance(node, Not):
            pending.append((node.operand, depth + 1))
    return count, deepest


def parse_order(source: Source) -> tuple[OrderTerm, ...]:
    """The terms of an order such as `meta.mse desc, name`.

    Raises:
        InvalidInputError: the text is not such an order, or has too many terms.
    """
    terms: tuple[OrderTerm, ...] = _parse(source, "order")
    if len(terms) > MOST_TERMS:
        raise source.problem(
            terms[MOST_TERMS].path.position,
            f"an order has at most {MOST_TERMS} terms; received {len(terms)}. Leave out the last ones.",
        )
    return terms


def _parse(source: Source, start: str) -> Any:
    text = source.text
    if not isinstance(text, str):
        raise InvalidInputError(f"{source.name.capitalize()} must be a text; received {text!r:.80}.")
    if not text.strip():
        raise InvalidInputError(
            f"{source.name.capitalize()} is empty; expected for example "
            f"{_EXAMPLES[start]}. Leave it out if there is no condition."
        )
    if len(text) > LONGEST:
        raise InvalidInputError(
            f"{source.name.capitalize()} has {len(text)} characters; expected at most {LONGEST}. Use several queries."
        )
    invalid = re.search("[\x00\ud800-\udfff]", text)
    if invalid:
        raise source.problem(invalid.start(), f"{invalid[0]!r} is not a character that can be stored. Leave it out.")
    try:
        # The tree is built during parsing, from the leaves up, without recursion.
        return _language().parse(text, start=start)
    except UnexpectedInput as error:
        raise _explained(source, error) from None
    except _ValueError as error:
        raise source.problem(error.position, str(error)) from None


_EXAMPLES = {"condition": "meta.loss < 0.01 and research.name = 'Standard data'", "order": "meta.mse desc, name"}


@cache
def _language() -> Lark:
    return Lark.open_from_package(
        "enstorage.search",
        "grammar.lark",
        ("",),
        parser="lalr",
        start=["condition", "order"],
        transformer=_TreeBuilder(),
    )


class _ValueError(ValueError):  # lark lets a ValueError of a transformer pass as it is
    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position


class _TreeBuilder(Transformer[Token, Any]):
    """One method for each rule of the grammar."""

    def either(self, operands: list[Condition]) -> Or:
        return Or(tuple(operands))

    def both(self, operands: list[Condition]) -> And:
        return And(tuple(operands))

    def negate(self, operands: list[Condition]) -> Not:
        return Not(operands[0])

    def compare(self, parts: list[Any]) -> ComparisonNode:
        path, operator, value = parts
        if operator == "!=":
            return ComparisonNode(path, "=", (value,), negated=True)
        return ComparisonNode(path, operator, (value,))

    def match(self, parts: list[Any]) -> ComparisonNode:
        path, operator, pattern, escape = parts
        return ComparisonNode(path, operator.lower(), (_escaped(pattern, escape),))

    def match_not(self, parts: list[Any]) -> ComparisonNode:
        return replace(self.match(parts), negated=True)

    def among(self, parts: list[Any]) -> ComparisonNode:
        return ComparisonNode(parts[0], "=", tuple(parts[1:]))

    def among_not(self, parts: list[Any]) -> ComparisonNode:
        return ComparisonNode(parts[0], "=", tuple(parts[1:]), negated=True)

    def present(self, parts: list[Path]) -> Present:
        return Present(parts[0])

    def absent(self, parts: list[Path]) -> Not:
        return Not(Present(parts[0]))

    def order(self, terms: list[OrderTerm]) -> tuple[OrderTerm, ...]:
        return tuple(terms)

    def order_term(self, parts: list[Any]) -> OrderTerm:
        return OrderTerm(parts[0], parts[1] is not None and parts[1].lower() == "desc")

    def path(self, tokens: list[Token]) -> Path:
        token = tokens[0]
        parts = re.findall(r"`(?:[^`]|``)+`|\"(?:[^\"]|\"\")+\"|\w+", token)
        return Path(tuple(part if part[0] not in '`"' else _unquoted(part) for part in parts), _start(token))

    def text(self, tokens: list[Token]) -> Literal:
        return Literal(_unquoted(tokens[0]), _start(tokens[0]))

    def truth(self, tokens: list[Token]) -> Literal:
        return Literal(tokens[0].lower() == "true", _start(tokens[0]))

    def number(self, tokens: list[Token]) -> Literal:
        token = tokens[0]
        number = float(token)
        if not math.isfinite(number):
            raise _ValueError(f"{token:.40} is too large for a number; expected at most 1.8e308.", _start(token))
        if re.fullmatch(r"[+-]?\d+", token):
            digits = token.lstrip("+-0") or "0"  # int() takes at most 4,300 digits, also if the first ones are 0
            return Literal(-int(digits) if token[0] == "-" else int(digits), _start(token))
        return Literal(number, _start(token))


def _escaped(pattern: Literal, escape: Literal | None) -> Literal:
    """The pattern with its escape character."""
    if escape is None:
        return pattern
    character = str(escape.value)
    if len(character) != 1:
        raise _ValueError(f"ESCAPE takes one character; received {character!r:.40}.", escape.position)
    plain = re.escape(character)
    if not re.fullmatch(f"([^{plain}]|{plain}[%_{plain}])*", str(pattern.value), re.DOTALL):
        raise _ValueError(
            f"{character} is the escape character; expected %, _ or {character} after it. Write {character * 2} for the "
            "character itself.",
            pattern.position,
        )
    return replace(pattern, escape=character)


def _start(token: Token) -> int:
    return token.start_pos or 0


def _unquoted(text: str) -> str:
    return text[1:-1].replace(text[0] * 2, text[0])


def _explained(source: Source, error: UnexpectedInput) -> InvalidInputError:
    """A message for a syntax error that lark found."""
    token = getattr(error, "token", None)
    if token is None:
        position = error.pos_in_stream or 0
        return source.problem(position, _about_characters(source.text, position, error))
    if token.type != "$END":
        return source.problem(_start(token), _about_token(token, error))
    if "_RPAR" in _names(error):
        return source.problem(_last_open_bracket(source.text), "this bracket is never closed. Close it.")
    return source.problem(len(source.text.rstrip()), f"expected {_expected(error)}; found the end.")


def _about_characters(text: str, position: int, error: UnexpectedInput) -> str:
    symbols = re.compile(r"[=!<>~&|+*/^%-]+").match(text, position)
    if text[position] in "'\"`":
        return f"this {text[position]} is never closed. Close it."
    if symbols and symbols[0] in _FAMILIAR:
        return f"unknown operator {symbols[0]}. Write {_FAMILIAR[symbols[0]]} instead."
    if symbols and "COMPARISON" in _names(error):
        return (
            f"unknown operator {symbols[0]}; known are {_OPERATORS}. Put a name with other characters than letters, "
            "digits and _ in backticks: meta.`val-loss`."
        )
    return f"expected {_expected(error)}; found {text[position]!r}."


def _about_token(token: Token, error: UnexpectedInput) -> str:
    names = _names(error)
    if token.type == "_RPAR" and (not names or "_AND" in names):  # the query is complete
        return "this bracket closes nothing. Leave it out, or open one before."
    if token.type == "PATH" and "COMPARISON" in names:
        return f"unknown operator {str(token)!r}; known are {_OPERATORS}."
    remedy = ""
    if "TEXT" in names:
        remedy = " Write IS NULL." if token.lower() == "null" else " Put texts in quotes."
    return f"expected {_expected(error)}; found {str(token)!r}.{remedy}"


def _names(error: UnexpectedInput) -> set[str]:
    found = (getattr(error, name, None) for name in ("accepts", "expected", "allowed"))
    return set(next(filter(None, found), ()))


def _expected(error: UnexpectedInput) -> str:
    names = _names(error)
    if {"_AND", "_COMMA"} <= names:  # lark does not distinguish a value in IN (…) from one outside
        return "and, or, a comma, a closing bracket or the end"
    return next((words for name, words in _EXPECTED.items() if name in names), "the end")


def _last_open_bracket(text: str) -> int:
    opened: list[int] = []
    for match in re.finditer(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|`[^`]*`|[()]", text):
        if match[0] == "(":
            opened.append(match.start())
        elif match[0] == ")" and opened:
            opened.pop()
    return opened[-1]
