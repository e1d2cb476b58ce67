"""The language of `find`: what is read, and what is said of what cannot be."""

import pytest

from enstorage.errors import InvalidInputError
from enstorage.search.parser import (
    And,
    ComparisonNode,
    Literal,
    Not,
    Or,
    OrderTerm,
    Path,
    Present,
    Source,
    parse_condition,
    parse_order,
)


def read(text):
    return parse_condition(Source(text))


def compared(path, operator, *values, negated=False):
    return ComparisonNode(Path(tuple(path.split("."))), operator, tuple(map(Literal, values)), negated)


def test_and_binds_closer_than_or_and_not_closer_than_and():
    tree = read("meta.loss < 0.01 and research.name = 'Standard data' or not tags.kind = 'lstm'")
    assert tree == Or(
        (
            And((compared("meta.loss", "<", 0.01), compared("research.name", "=", "Standard data"))),
            Not(compared("tags.kind", "=", "lstm")),
        )
    )


def test_brackets_come_first():
    either = Or((compared("a", "=", 1), compared("b", "=", 2)))
    assert read("(a = 1 or b = 2) and c = 3") == And((either, compared("c", "=", 3)))
    assert read("not (a = 1 or b = 2)") == Not(either)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a=1", compared("a", "=", 1)),
        ("a != -1.5e-3", compared("a", "=", -0.0015, negated=True)),
        ("a<.5", compared("a", "<", 0.5)),
        ("a >= 1.", compared("a", ">=", 1.0)),
        ("a = 9223372036854775808", compared("a", "=", 9223372036854775808.0)),
        ("a = 'it''s'", compared("a", "=", "it's")),
        ('a = "say ""yes"""', compared("a", "=", 'say "yes"')),
        ("a = True", compared("a", "=", True)),
        ("a LIKE 'x%'", compared("a", "like", "x%")),
        ("a not iLike 'x%'", compared("a", "ilike", "x%", negated=True)),
        ("a in (1, 'x', false)", compared("a", "=", 1, "x", False)),
        ("a NOT IN ('x')", compared("a", "=", "x", negated=True)),
        ("a is not null", Present(Path(("a",)))),
        ("a like '50!%' escape '!'", ComparisonNode(Path(("a",)), "like", (Literal("50!%", escape="!"),))),
        ("a NOT LIKE '%!!_' ESCAPE '!'", ComparisonNode(Path(("a",)), "like", (Literal("%!!_", escape="!"),), True)),
        ("escape = 2 and a > -9007199254740993", And((compared("escape", "=", 2), compared("a", ">", -(2**53) - 1)))),
        ("a Is Null", Not(Present(Path(("a",))))),
        ("not NOT a = 1", Not(Not(compared("a", "=", 1)))),
        ("tags.and = 1 AND android = 2", And((compared("tags.and", "=", 1), compared("android", "=", 2)))),
        ("größe = 'Straße'", compared("größe", "=", "Straße")),
    ],
)
def test_every_form_of_a_comparison_is_read(text, tree):
    assert read(text) == tree


@pytest.mark.parametrize("key", ["meta.`val-loss`", 'meta."val-loss"', "`meta`.`val-loss`"])
def test_keys_with_other_characters_stand_in_quotes(key):
    assert read(f"{key} < 1").path == Path(("meta", "val-loss"))


# The examples of https://mlflow.org/docs/latest/ml/search/search-runs, and what else its syntax allows.
@pytest.mark.parametrize(
    "text",
    [
        "metrics.accuracy > 0.72",
        'metrics."accuracy" > 0.72 and metrics.`loss` <= 0.15 and metrics.accuracy != 0.15',
        'params.model = "GPT-3"',
        "params.model ILIKE 'gpt%' AND params.batch_size = \"2\"",
        "params.\"model name\" LIKE '%LogisticRegression'",
        "attributes.status = 'FINISHED'",
        "attribute.run_name LIKE '%user%'",
        "attributes.run_id IN ('a1b2', 'c3d4')",
        "attr.run_id NOT IN ('a1b2')",
        "run.start_time >= 1664067852747",
        "tags.mlflow.user ILIKE '%Monkey%'",
        "tags.`mlflow.parentRunId` = '7b'",
        "tags.\"mlflow.source.name\" != 'train.py'",
        "tag.environment IS NOT NULL and params.x is null",
        'datasets.name LIKE "%custom" and dataset.digest IN (\'s8ds293b\', "jks834s2")',
        "metrics.accuracy > 0.72\n  AND params.model = 'GPT-3'",
    ],
)
def test_the_filters_of_mlflow_are_read(text):
    assert read(text)


def test_an_order_has_several_terms():
    assert parse_order(Source("meta.mse DESC, name,`id` asc")) == (
        OrderTerm(Path(("meta", "mse")), True),
        OrderTerm(Path(("name",)), False),
        OrderTerm(Path(("id",)), False),
    )


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("name", 5, "expected an operator: =, !=, "),
        ("name =", 7, "expected a number, a text in quotes, true or false; found the end"),
        ("name = lstm", 8, "found 'lstm'. Put texts in quotes."),
        ("name = null", 8, "Write IS NULL."),
        ("name = 'lstm", 8, "this ' is never closed"),
        ("name like 5", 11, "expected a text in quotes; found '5'"),
        ("name == 'a'", 6, "unknown operator ==. Write = instead."),
        ("name <> 'a'", 6, "unknown operator <>. Write != instead."),
        ("name contains 'a'", 6, "unknown operator 'contains'; known are =, !=, "),
        ("name ~ 'a'", 6, "unknown operator ~; known are =, !=, "),
        ("meta.val-loss < 1", 9, "in backticks: meta.`val-loss`"),
        ("a = 1 && b = 2", 7, "unknown operator &&. Write and instead."),
        ("a = 1 b = 2", 7, "expected and, or, or the end; found 'b'"),
        ("a = 1 and", 10, "expected a name, such as name or meta.loss; found the end"),
        ("1 < a", 1, "expected a name"),
        ("(a = 1", 1, "never closed"),
        ("(a = 1) and (b = '('", 13, "never closed"),
        ("a = 1)", 6, "this bracket closes nothing"),
        ("a in ()", 7, "expected a number, a text in quotes"),
        ("a in 1", 6, "expected an opening bracket"),
        (
            "a like 'x!' escape '!'",
            8,
            "! is the escape character; expected %, _ or ! after it. Write !! for the character",
        ),
        ("a like 'x!y' escape '!'", 8, "expected %, _ or ! after it"),
        ("a like 'x' escape ''", 19, "ESCAPE takes one character; received ''"),
        ("a like 'x' escape 'ab'", 19, "ESCAPE takes one character; received 'ab'"),
        ("a like 'x' escape 5", 19, "expected a text in quotes; found '5'"),
        ("a = 'x' escape '!'", 9, "expected and, or, or the end"),
        ("a = 1e999", 5, "too large for a number"),
        ("a = 'x'; DROP TABLE model", 8, "found ';'"),
        ("a = 'x\x00'", 7, "not a character that can be stored"),
        ("a = '\ud800'", 6, "not a character that can be stored"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text, position, words):
    with pytest.raises(InvalidInputError) as told:
        read(text)
    first, shown, caret = str(told.value).split("\n")
    assert first.startswith(f"Position {position} of the query: ")
    assert words in first
    assert caret.index("^") == position - 1 + 4
    assert shown[4:].isprintable() == text.isprintable()


def test_the_line_of_the_place_is_shown():
    with pytest.raises(InvalidInputError) as told:
        read("a = 1\nand b = \n or c = 2")
    assert str(told.value).split("\n")[1:] == ["     or c = 2", "     ^"]


@pytest.mark.parametrize("text", ["", " \n"])
def test_an_empty_query_is_refused(text):
    with pytest.raises(InvalidInputError, match=r"The query is empty; expected for example meta\.loss < 0\.01"):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "a = 1 or " * 501 + "a = 1",
        "not " * 51 + "a = 1",
        "(not " * 1500 + "a = 1" + ")" * 1500,
        "a = '" + "x" * 10_000 + "'",
    ],
)
def test_a_query_that_no_database_would_take_is_refused(text):
    with pytest.raises(InvalidInputError, match="several queries"):
        read(text)


def test_an_order_that_cannot_be_read_is_told_of():
    with pytest.raises(InvalidInputError, match=r"Position 10 of order_by: expected asc, desc, a comma or the end"):
        parse_order(Source("meta.mse down", "order_by"))
