"""SQL expressions that differ between databases. All values are bound parameters in all of them."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Double,
    Integer,
    Numeric,
    Select,
    String,
    TableValuedAlias,
    Text,
    bindparam,
    func,
    literal,
    or_,
    type_coerce,
    union_all,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import Boolean, NullType

# Before version 16 PostgreSQL cannot test whether a text is JSON; these are what Python writes outside of JSON.
_POSTGRES_REFUSES = r"([\[:,] *-?(NaN|Infinity))|\\u0000"


_GLOB = {"%": "*", "_": "?"}


class _Like(FunctionElement[bool]):
    """Arguments: text, the pattern for LIKE, the same pattern for GLOB."""

    type = Boolean()
    inherit_cache = True


class TagText(FunctionElement[str]):
    """The value of a key in a JSON dictionary as text; null if there is none or it is null.

    Arguments: text, key, and for a key that paths of JSON can have the path.
    """

    type = Text()
    inherit_cache = True


class TagNumber(FunctionElement[float]):
    """The value of a key in a JSON dictionary if it is a number, true (1) or false (0). Arguments as of `TagText`."""

    type = Double()
    inherit_cache = True


class TagRow(FunctionElement[Any]):
    """A table of the keys of a JSON dictionary, each with its value and the type of that; argument: the text.

    SQLite parses a text again for each expression that a statement computes from it, and for this table once for each
    record. For other databases it is a table of one row, which says nothing.
    """

    inherit_cache = True


class TagRowKey(FunctionElement[str]):
    """A side of the condition that a row of `TagRow` is that of a key: the first argument in SQLite, else 1.

    Further arguments are not compiled: they tell SQLAlchemy which tables the condition joins.
    """

    type = String()
    inherit_cache = True


class RowKind(FunctionElement[int]):
    """0 for a number, true or false, 1 for another value, 2 for none or null.

    Arguments: the same from the text, the type and the value of a row of `TagRow`.
    """

    type = Integer()
    inherit_cache = True


class RowValue(FunctionElement[Any]):
    """First key to sort tags of one kind by: a number, or in SQLite, which sorts both exactly, also a text.

    Arguments: the number, the type and the value of a row of `TagRow`.
    """

    type = NullType()
    inherit_cache = True


class RowRest(FunctionElement[Any]):
    """A further key: null in SQLite. Arguments: the expression for other databases, the type and the value of a row."""

    inherit_cache = True

    def __init__(self, usual: ColumnElement[Any], *row: ColumnElement[Any]) -> None:
        super().__init__(usual, *row)
        self.type = usual.type


class JsonAsText(FunctionElement[str]):
    """The value of a JSON document that is a string, else the document itself. Argument: text."""

    type = Text()
    inherit_cache = True


class IsDouble(FunctionElement[bool]):
    """The condition that the text of a number in JSON has a point or an exponent. Argument: text."""

    type = Boolean()
    inherit_cache = True


class ExactInteger(FunctionElement[Decimal]):
    """A number whose absolute value is 2^53 or more, exactly up to 2^63. Arguments: its text in JSON, its double."""

    type = Numeric()
    inherit_cache = True


class _Either(FunctionElement[int]):
    """Arguments: a query that has alternative conditions, the union of a query for each of them."""

    type = BigInteger()
    inherit_cache = True


def tag_row(tags: ColumnElement[Any], key: str) -> tuple[TableValuedAlias, ColumnElement[bool]]:
    """A table to join records with, of a key of their tags, with `type` and `value`, and the condition; see `TagRow`."""
    row = TagRow(type_coerce(tags, Text)).table_valued("key", "type", "value").alias()
    is_key: ColumnElement[bool] = TagRowKey(row.c.key) == TagRowKey(literal(key, String()), tags)
    return row, is_key


def is_in(id: ColumnElement[int], ids: Select[Any], alternatives: Sequence[ColumnElement[bool]]) -> ColumnElement[bool]:
    """The condition that an id is one of those that a query gives with any of these conditions."""
    if len(alternatives) == 1:
        return id.in_(ids.where(*alternatives))
    # SQLite looks up a range of an index for each query of a union; others would look up the union for each id.
    union = union_all(*(ids.where(each) for each in alternatives))
    return id.bool_op("IN")(_Either(ids.where(or_(*alternatives)).scalar_subquery(), union.scalar_subquery()))


def like(text: ColumnElement[str], pattern: str, escape: str = "", *, ignore_case: bool) -> ColumnElement[bool]:
    """The condition that text matches a pattern in which % is any text and _ any character.

    Args:
        text: the text.
        pattern: nothing else is special in it.
        escape: a character before which %, _ and itself are not special either.
        ignore_case: true to ignore the case of A–Z.
    """
    # LIKE ignores case in SQLite, GLOB does not; in other databases a backslash is special in LIKE.
    tokens = list(_tokens(pattern, escape))
    plain = "".join(each if special or each not in "%_\\" else f"\\{each}" for each, special in tokens)
    glob = "".join(_GLOB[each] if special else f"[{each}]" if each in "*?[" else each for each, special in tokens)
    patterns: list[ColumnElement[str]] = [bindparam(None, each, String) for each in (plain, glob)]
    if ignore_case:
        return _Like(func.lower(text), *(func.lower(each) for each in patterns))
    return _Like(text, *patterns)


def _tokens(pattern: str, escape: str) -> Iterator[tuple[str, bool]]:
    """The characters of a pattern, each with whether it stands for others."""
    characters = iter(pattern)
    for each in characters:
        yield (next(characters), False) if each == escape else (each, each in _GLOB)


@compiles(_Like)
def _like(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    text, pattern, _ = (compiler.process(each, **options) for each in element.clauses)
    return f"({text} LIKE {pattern})"


@compiles(_Like, "sqlite")
def _like_sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    text, _, pattern = (compiler.process(each, **options) for each in element.clauses)
    return f"({text} GLOB {pattern})"


@compiles(_Either)
def _either(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    together, _ = element.clauses
    return compiler.process(together, **options)


@compiles(_Either, "sqlite")
def _either_sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    _, union = element.clauses
    return compiler.process(union, **options)


@compiles(TagRow)
def _tag_row(element: Any, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ARG001 - it has no row to look up
    return "(SELECT 1)"


@compiles(TagRow, "sqlite")
def _tag_row_sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    return f"json_each({_dictionary_sqlite(compiler.process(element.clauses, **options))})"


@compiles(TagRowKey)
def _tag_row_key(element: Any, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ARG001
    return "1"


@compiles(TagRowKey, "sqlite")
def _tag_row_key_sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    return compiler.process(next(iter(element.clauses)), **options)


@compiles(RowKind)
@compiles(RowValue)
@compiles(RowRest)
def _of_row(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    usual, _, _ = element.clauses
    return compiler.process(usual, **options)


@compiles(RowKind, "sqlite")
def _row_kind_sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    _, kind, _ = element.clauses
    kinds = {"text": 1, "integer": 0, "real": 0, "true": 0, "false": 0, "object": 1, "array": 1}
    words = " ".join(f"WHEN '{word}' THEN {number}" for word, number in kinds.items())
    return f"(CASE {compiler.process(kind, **options)} {words} ELSE 2 END)"


@compiles(RowValue, "sqlite")
def _row_value_sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    _, _, value = element.clauses
    return compiler.process(value, **options)


@compiles(RowRest, "sqlite")
def _row_rest_sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:  # noqa: ARG001
    return "NULL"


@compiles(TagText, "sqlite")
def _tag_text_sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    tag = _tag_sqlite(element, compiler, options)
    words = "WHEN 'null' THEN NULL WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'"
    if isinstance(tag, str):
        return f"(SELECT CASE type {words} ELSE CAST(value AS TEXT) END FROM {tag})"  # noqa: S608 - values are bound
    kind, value = tag
    return f"(CASE {kind} {words} ELSE CAST({value} AS TEXT) END)"


@compiles(TagNumber, "sqlite")
def _tag_number_sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    tag = _tag_sqlite(element, compiler, options)
    kinds = "IN ('integer', 'real', 'true', 'false')"
    if isinstance(tag, str):
        return f"(SELECT CAST(value AS REAL) FROM {tag} AND type {kinds})"  # noqa: S608 - values are bound
    kind, value = tag
    return f"(CASE WHEN {kind} {kinds} THEN CAST({value} AS REAL) END)"


def _dictionary_sqlite(text: str) -> str:
    return f"CASE WHEN json_valid({text}) THEN {text} ELSE '{{}}' END"


def _tag_sqlite(element: Any, compiler: SQLCompiler, options: dict[str, Any]) -> str | tuple[str, str]:
    """A table of its type and value; or both as expressions, which take half the time, but not every key has a path."""
    text, key, *path = (compiler.process(each, **options) for each in element.clauses)
    valid = _dictionary_sqlite(text)
    if not path:
        return f"json_each({valid}) WHERE key = {key}"
    return f"json_type({valid}, {path[0]})", f"json_extract({valid}, {path[0]})"


@compiles(JsonAsText, "sqlite")
def _json_as_text_sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    return (
        f"(CASE WHEN json_valid({text}) AND json_type({text}) = 'text' THEN json_extract({text}, '$') ELSE {text} END)"
    )


@compiles(TagText, "postgresql")
def _tag_text_postgresql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    text, key = (compiler.process(each, **options) for each in [*element.clauses][:2])
    return f"({_jsonb(text)} ->> {key})"


@compiles(TagNumber, "postgresql")
def _tag_number_postgresql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    text, key = (compiler.process(each, **options) for each in [*element.clauses][:2])
    value = f"{_jsonb(text)} ->> {key}"
    # The server refuses to cast a number beyond all doubles.
    double = (
        f"CASE WHEN ABS(CAST({value} AS NUMERIC)) < 1.7976931348623158e308 THEN CAST({value} AS DOUBLE PRECISION) "
        f"WHEN LEFT({value}, 1) = '-' THEN '-Infinity' ELSE 'Infinity' END"
    )
    return (
        f"(CASE jsonb_typeof({_jsonb(text)} -> {key}) WHEN 'number' THEN {double} "
        f"WHEN 'boolean' THEN CAST(CAST(CAST({value} AS BOOLEAN) AS INTEGER) AS DOUBLE PRECISION) END)"
    )


@compiles(IsDouble, "sqlite")
def _is_double_sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} GLOB '*[.eE]*')"


@compiles(IsDouble, "postgresql")
def _is_double_postgresql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} ~ '[.eE]')"


@compiles(IsDouble, "mysql", "mariadb")
def _is_double_mysql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    return f"({compiler.process(element.clauses, **options)} REGEXP '[.eE]')"


@compiles(ExactInteger, "sqlite")
def _exact_integer_sqlite(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    text, number = (compiler.process(each, **options) for each in element.clauses)
    return f"(CASE WHEN {text} GLOB '*[.eE]*' THEN CAST({number} AS INTEGER) ELSE CAST({text} AS INTEGER) END)"


@compiles(ExactInteger, "postgresql")
def _exact_integer_postgresql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    text, number = (compiler.process(each, **options) for each in element.clauses)
    # The server casts a double to NUMERIC with 15 digits.
    is_double = f"{text} ~ '[.eE]' AND ABS({number}) < 9.2e18"
    return f"(CASE WHEN {is_double} THEN CAST(CAST({number} AS BIGINT) AS NUMERIC) ELSE CAST({text} AS NUMERIC) END)"


@compiles(ExactInteger, "mysql", "mariadb")
def _exact_integer_mysql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    text, number = (compiler.process(each, **options) for each in element.clauses)
    return f"(CASE WHEN {text} REGEXP '[.eE]' THEN CAST({number} AS SIGNED) ELSE CAST({text} AS DECIMAL(65)) END)"


@compiles(JsonAsText, "postgresql")
def _json_as_text_postgresql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    document = _jsonb(text)
    return f"(CASE WHEN jsonb_typeof({document}) = 'string' THEN {document} #>> '{{}}' ELSE {text} END)"


def _jsonb(text: str) -> str:
    return f"(CASE WHEN {text} !~ '{_POSTGRES_REFUSES}' THEN CAST({text} AS JSONB) END)"


@compiles(TagText, "mysql", "mariadb")
def _tag_text_mysql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    value = _extracted_mysql(element, compiler, options)
    return f"(CASE WHEN JSON_TYPE({value}) != 'NULL' THEN JSON_UNQUOTE({value}) END)"


@compiles(TagNumber, "mysql", "mariadb")
def _tag_number_mysql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    value = _extracted_mysql(element, compiler, options)
    kinds = "'INTEGER', 'UNSIGNED INTEGER', 'DOUBLE', 'DECIMAL'"
    return (
        f"(CASE WHEN JSON_TYPE({value}) IN ({kinds}) THEN JSON_UNQUOTE({value}) + 0e0 "
        f"WHEN JSON_TYPE({value}) = 'BOOLEAN' THEN (JSON_UNQUOTE({value}) = 'true') + 0e0 END)"
    )


def _extracted_mysql(element: Any, compiler: SQLCompiler, options: dict[str, Any]) -> str:
    text, key = (compiler.process(each, **options) for each in [*element.clauses][:2])
    return f"JSON_EXTRACT(CASE WHEN JSON_VALID({text}) THEN {text} END, CONCAT('$.', JSON_QUOTE({key})))"


@compiles(JsonAsText, "mysql", "mariadb")
def _json_as_text_mysql(element: Any, compiler: SQLCompiler, **options: Any) -> str:
    text = compiler.process(element.clauses, **options)
    return f"(CASE WHEN JSON_VALID({text}) AND JSON_TYPE({text}) = 'STRING' THEN JSON_UNQUOTE({text}) ELSE {text} END)"
