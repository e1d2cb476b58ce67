"""`find` compares and orders values of any kind and size as Python does: infinities, NaN, integers beyond 2^53, texts."""

import math
import operator
import re

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from enstorage import Connector, DataSource, Model, Project, save_all
from enstorage.database.types import to_json_text
from enstorage.errors import InvalidInputError
from enstorage.search.query import build

MODELS = 6
INFINITY, LARGE = math.inf, 10**400  # an integer beyond all doubles
COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq}

edges = st.builds(
    lambda sign, edge, step: sign * edge + step,
    st.sampled_from([1, -1]),
    st.sampled_from([0, 1, 2**53, 10**16, 2**60, 2**62, 2**63]),
    st.integers(-2, 2),
)
integers = edges | st.integers(-(2**64), 2**64)
doubles = st.floats(allow_nan=False, allow_infinity=False) | edges.map(float)
words = st.sampled_from(["Infinity", "-Infinity", "NaN", "12", "-5", str(2**53 + 1), "", "a_b", "50%", "x!y", "ab"])
values = (
    integers
    | doubles
    | words
    | st.sampled_from([INFINITY, -INFINITY, math.nan, LARGE, -LARGE, True, False, None, [1, INFINITY], {"a": 1}])
)
several = st.lists(values, min_size=1, max_size=MODELS)
MIXED = [2**53 + 1, float(2**53), INFINITY, -INFINITY, "Infinity", 2**53]


@pytest.fixture(scope="module", params=["sqlite", "mariadb", "postgresql"])
def models(request, tmp_path_factory):
    """Models that every example gives other facts and tags."""
    folder = tmp_path_factory.mktemp("numbers") / "store"
    database = None
    if request.param != "sqlite":
        database = request.getfixturevalue("empty_database")(request.param, "numbers")
    connector = Connector(database or f"sqlite:///{folder}/enstorage.sqlite", f"delta:{folder}", f"file:{folder}")
    research = Project(name="p", data_source=DataSource(name="s")).create_research("r")
    yield save_all(Model(research=research, name=str(number)) for number in range(MODELS))
    connector.close()


def record(models, given):
    """Give the first models these facts, and the others none."""
    connector = models[0].connector
    with connector.buffered():
        for model, value in zip(models, [*given, *[None] * (MODELS - len(given))], strict=True):
            model.meta("x", value)


def found(models, where=None, order_by=None):
    return [model.id - 1 for model in Model.find(where, order_by=order_by, connector=models[0].connector)]


def is_number(value):
    return isinstance(value, bool | int | float) and not math.isnan(value if isinstance(value, float) else 0)


def text_of(value):
    return value if isinstance(value, str) else to_json_text(value)


def written(literal):
    return "'" + literal.replace("'", "''") + "'" if isinstance(literal, str) else repr(literal)


def expected(given, holds):
    return [number for number, value in enumerate(given) if value is not None and holds(value)]


def equal(value, literal):
    return text_of(value) == literal if isinstance(literal, str) else is_number(value) and value == literal


def among(value, literals):
    return any(equal(value, each) for each in literals)


def fits(text, pattern, escape):
    pieces = re.findall(f"{escape}[%_{escape}]|.", pattern, re.DOTALL)
    special = {"%": ".*", "_": "."}
    return (
        re.fullmatch("".join(special.get(each) or re.escape(each[-1]) for each in pieces), text, re.DOTALL) is not None
    )


def in_order(given, descending):
    """The numbers of the models in the order that `find` has to give."""

    def key(number):
        value = given[number]
        if not is_number(value):
            return (0, 0, text_of(value))
        beyond = (value > 0) - (value < 0) if value in (INFINITY, -INFINITY) or abs(value) == LARGE else 0
        return (beyond, 0, text_of(value)) if beyond else (0, value, "")

    there = [number for number, value in enumerate(given) if value is not None]
    numbers = sorted((each for each in there if is_number(given[each])), key=key, reverse=descending)
    texts = sorted((each for each in there if not is_number(given[each])), key=key, reverse=descending)
    return numbers + texts + [number for number in range(MODELS) if number not in there]


once = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@once
@given(several, integers | doubles, st.integers(0, MODELS), st.integers(-1, 1), words)
@example(MIXED, 2**53, 0, 0, "Infinity")
def test_facts_are_compared_as_python_compares_them(models, given, literal, number, step, word):
    record(models, given)
    near = [int(each) + step for each in given if is_number(each) and abs(each) < 1e300]
    chosen = [literal, near[number % len(near)] if near else 0]
    for sign, holds in COMPARISONS.items():
        for literal in chosen:
            wanted = expected(given, lambda value: is_number(value) and holds(value, literal))  # noqa: B023
            assert found(models, f"meta.x {sign} {literal!r}") == wanted, (sign, literal)
    chosen.append(word)
    condition = f"in ({', '.join(map(written, chosen))})"
    assert found(models, f"meta.x {condition}") == expected(given, lambda value: among(value, chosen))
    assert found(models, f"meta.x not {condition}") == expected(given, lambda value: not among(value, chosen))
    assert found(models, f"meta.x != {chosen[0]!r}") == expected(given, lambda value: not equal(value, chosen[0]))


@pytest.mark.parametrize("operator", ["<", ">="])
def test_a_comparison_reads_its_range_of_the_index_and_no_fact_itself(store, operator):
    query = build(Model, f"meta.x {operator} 5", None, None)
    statement = query.compile(store.database.engine, compile_kwargs={"literal_binds": True})
    with store.database.engine.connect() as connection:
        plan = connection.execute(text(f"EXPLAIN QUERY PLAN {statement}")).all()
    ranges = [line.detail for line in plan if line.detail.startswith("SEARCH model_meta")]
    assert [re.sub(r".* USING (COVERING INDEX|INDEX).*?( AND number.*)", r"\1\2", line) for line in ranges] == [
        f"COVERING INDEX AND number>?{' AND number<?' if operator == '<' else ''})",
        "COVERING INDEX AND number=? AND label>? AND label<?)",
    ]


def test_a_text_is_not_equal_to_any_number(models):
    record(models, ["good", 1e300, 2.0, None])
    assert found(models, "meta.x != 1e300") == [0, 2]
    assert found(models, "meta.x not in (1e300, 2)") == [0]


@once
@given(several.filter(lambda given: not any(is_number(each) and 2**63 <= abs(each) < 1e300 for each in given)))
@example(MIXED)
@example([-(2**53) - 1, -float(2**53), -(2**53), math.nan, -LARGE, LARGE])
@example([2**63 - 1, 2**63 - 2, 2**62 + 1, float(2**62), 2**62, 0.5])
def test_facts_are_ordered_as_python_orders_them(models, given):
    record(models, given)
    for direction, descending in (("asc", False), ("desc", True)):
        assert found(models, order_by=f"meta.x {direction}") == in_order(given, descending)


@once
@given(several, st.text("abx!_%50", max_size=4))
def test_the_escape_character_makes_wildcards_plain(models, given, pattern):
    record(models, given)
    condition = f"like {written(pattern)} escape '!'"
    if not re.fullmatch("([^!]|![%_!])*", pattern):
        with pytest.raises(InvalidInputError, match="! is the escape character; expected %, _ or ! after it"):
            found(models, f"meta.x {condition}")
        return
    assert found(models, f"meta.x {condition}") == expected(given, lambda value: fits(text_of(value), pattern, "!"))
    assert found(models, f"meta.x not {condition}") == expected(
        given, lambda value: not fits(text_of(value), pattern, "!")
    )


@settings(once, max_examples=10)
@given(st.lists(st.integers(-(2**63) + 1, 2**63 - 1) | edges.filter(lambda each: abs(each) < 2**63), max_size=MODELS))
@example([2**53, 2**53 + 1, 2**53 + 2, -(2**53), -(2**53) - 1, 5])
def test_integers_in_tags_are_exact_up_to_2_to_63(models, given):
    for model, value in zip(models, [*given, *[None] * (MODELS - len(given))], strict=True):
        model.tags["x"] = value
    save_all(models)
    for literal in given[:2]:
        for sign, holds in COMPARISONS.items():
            assert found(models, f"tags.x {sign} {literal}") == expected(given, lambda value: holds(value, literal))  # noqa: B023
    assert found(models, order_by="tags.x desc") == in_order(given, True)


def test_a_tag_beyond_all_doubles_fails_no_query(models):
    for model, value in zip(models, [LARGE, -LARGE, 1, 2, "a", None], strict=True):
        model.tags["x"] = value
    save_all(models)
    assert found(models, "tags.x > 1") == [0, 3]
    assert found(models, "tags.x < 2") == [1, 2]
    assert found(models, order_by="tags.x") == [1, 2, 3, 0, 4, 5]


def test_times_in_nanoseconds_are_compared_exactly(models):
    connector, time = models[0].connector, 1_600_000_000_000_000_001
    DataSource(name="exact", time_interval=None, time_from=time, connector=connector).save()
    for query, count in (("=", 1), (">=", 1), (">", 0), ("<", 0), ("!=", 0)):
        assert len(DataSource.find(f"time_from {query} {time}", connector=connector)) == count
    assert DataSource.find("time_from = 1.6e18", connector=connector) == []
