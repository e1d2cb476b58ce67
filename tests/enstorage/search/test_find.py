"""`find` gives what the query says, of every entity, and takes everything in a query for data."""

import math
import operator
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.dialects import mysql, postgresql, sqlite

from enstorage import (
    Connector,
    DataSetInput,
    DataSource,
    Ensemble,
    EnsembleItem,
    Forecast,
    Model,
    ModelCurve,
    ModelMeta,
    Panel,
    PanelMember,
    PanelScene,
    Project,
    Scene,
    SceneBand,
)
from enstorage.adapter import Window
from enstorage.database.types import to_json_text
from enstorage.entity import ENTITIES
from enstorage.errors import InvalidInputError
from enstorage.search.parser import DEEPEST, LONGEST, MOST_CONDITIONS, MOST_TERMS
from enstorage.search.query import build

FACTS = {
    "good": {"loss": 0.001, "optimizer": "adam", "val-loss": 1, "best": True, "empty": None},
    "fair": {"loss": 0.5, "optimizer": "Adam", "batch_size": 32, "best": False},
    "wild": {"loss": math.nan, "optimizer": "50% adam_w", "history": [1.0, math.inf], "best": 1.0},
    "text": {"loss": "0.001", "optimizer": "", "note": "long " * 100, "batch_size": "32"},
    "bare": {},
}
TAGS = {
    "good": {"kind": "lstm", 'odd "key" $.[0]': "x", "version": 2},
    "fair": {"kind": "LSTM", "score": 0.5, "live": True},
    "wild": {"kind": None, "a.b": "dotted"},
    "text": {"version": "2", "nested": {"kind": "lstm"}},
    "bare": {},
}


def filled(store):
    source = DataSource(name="Sun", time_interval="1y").save()
    source.write(["2000", "2001", "2002", "2003", "2004", "2005"], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0])
    preparation = source.create_snapshot().create_preparation("linear", "minmax")
    project = Project(name="Spots", data_source=source).save()
    for name in ("Standard data", "Other data"):
        project.create_research(name, preparation)
    standard, other = project.researches()
    for name, facts in FACTS.items():
        model = (other if name == "bare" else standard).create_model(name)
        for key, value in facts.items():
            model.meta(key, value)
        model.tags = TAGS[name]
        model.save()
    Model.get(1).data_set(preparation.create_set(Window(2)))
    return store


@pytest.fixture(scope="module", params=["sqlite", "mariadb", "postgresql"])
def models(request, tmp_path_factory):
    """A store with five models; nothing in this file that reads it alone changes it."""
    folder = tmp_path_factory.mktemp("find") / "store"
    database = None
    if request.param != "sqlite":
        database = request.getfixturevalue("empty_database")(request.param, "find")
    connector = filled(
        Connector(database or f"sqlite:///{folder}/enstorage.sqlite", f"delta:{folder}", f"file:{folder}")
    )
    yield connector
    connector.close()


@pytest.fixture
def find(models):
    def names(where=None, **options):
        return " ".join(model.name for model in Model.find(where, connector=models, **options))

    return names


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (None, "good fair wild text bare"),
        ("meta.loss < 0.01", "good"),
        ("meta.loss >= 0.001 and meta.loss <= 0.5", "good fair"),
        ("meta.loss = 0.5 or name = 'bare'", "fair bare"),
        ("meta.best = true", "good wild"),
        ("meta.best = 0", "fair"),
        ("meta.loss = 'NaN'", "wild"),
        ("meta.loss = '0.001'", "good text"),
        ("meta.loss != 0.5", "good wild text"),
        ("not meta.loss = 0.5", "good wild text bare"),
        ("meta.loss is null", "bare"),
        ("meta.empty is null and meta.loss is not null", "good fair wild text"),
        ("meta.`val-loss` > 0", "good"),
        ("meta.optimizer = 'adam'", "good"),
        ("meta.optimizer = ''", "text"),
        ("meta.optimizer like 'ad%'", "good"),
        ("meta.optimizer ilike 'ad%'", "good fair"),
        ("meta.optimizer not ilike '%ad%'", "text"),
        ("meta.optimizer like '50_ adam_w' and meta.optimizer like '50% %'", "wild"),
        ("meta.optimizer like '*'", ""),
        ("meta.optimizer in ('adam', 'Adam')", "good fair"),
        ("meta.optimizer not in ('adam', 'Adam')", "wild text"),
        ("meta.optimizer like '50!% adam!_w' escape '!'", "wild"),
        ("meta.optimizer like '5!_%' escape '!'", ""),
        (r"meta.optimizer LIKE '50\% %' ESCAPE '\'", "wild"),
        ("meta.optimizer not like '%[%%' ESCAPE '['", "good fair text"),
        ("meta.optimizer ilike '%ADAM=_W' escape '='", "wild"),
        ("name like 'gaaod' escape 'a' or tags.kind like 'ls%%tm' escape '%'", ""),
        ("name like 'gooood' escape 'o'", "good"),
        ("params.batch_size = '32'", "fair text"),
        ("params.batch_size in (32, 'x')", "fair"),
        ("metric.loss < 0.01 and parameter.optimizer = 'adam' and attributes.name like 'g%'", "good"),
        (f"meta.note = '{'long ' * 100}'", "text"),
        (f"meta.note = '{'long ' * 99}'", ""),
        ("meta.note like '%g '", "text"),
        ("meta.note like '%long'", ""),
        ("meta.history = '[1.0, Infinity]'", "wild"),
        (f"meta.note = '{'[' * 9000}'", ""),
        (f"meta.note = '{'1' * 9000}' or id > {'0' * 900}4", "bare"),
        ("tags.kind = 'lstm'", "good"),
        ("tags.kind ilike 'l%'", "good fair"),
        ("not tags.kind = 'lstm'", "fair wild text bare"),
        ("tags.kind != 'lstm'", "fair"),
        ("tags.kind is null", "wild text bare"),
        ("tags.`odd \"key\" $.[0]` = 'x'", "good"),
        ("tags.a.b = 'dotted'", "wild"),
        ("tags.version = 2", "good"),
        ("tags.version = '2'", "good text"),
        ("tags.score > 0.4 and tags.live = true", "fair"),
        ("research.name = 'Standard data' and not meta.loss < 1", "wild text"),
        ("research.name != 'Standard data'", "bare"),
        ("research.project.name = 'Spots' and research.project.data_source.name like 'S%' and id > 4", "bare"),
        ("data_set.data_preparation.transform_method = 'minmax'", "good"),
        ("data_set.name is null", "fair wild text bare"),
        ("not data_set.data_preparation.data_snapshot.rows = 6", "fair wild text bare"),
        ("data_set.data_preparation.data_snapshot.time_from = '2000'", "good"),
        ("data_set.data_preparation.data_snapshot.time_from < 0", ""),
        ("object_format != 'keras'", ""),
        ("not object_format = 'keras' and id in (1, 2.0, 99)", "good fair"),
        ("network is null and created_at > '2020-01-01' and created_at < '2200'", "good fair wild text bare"),
    ],
)
def test_a_query_finds_what_it_says(find, where, found):
    assert find(where) == found


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("name desc", "wild text good fair bare"),
        ("meta.loss", "good fair text wild bare"),
        ("meta.loss desc", "fair good wild text bare"),
        ("tags.version desc, id desc", "good text bare wild fair"),
        ("meta.best, name", "fair good wild bare text"),
        ("data_set.name, research.name desc", "good fair wild text bare"),
        ("meta.no_such_fact", "good fair wild text bare"),
    ],
)
def test_an_order_puts_what_has_no_value_last_and_equals_by_id(find, order, found):
    assert find(order_by=order) == found


def test_a_limit_takes_the_first(find):
    assert find("meta.loss is not null", order_by="meta.loss desc", limit=2) == "fair good"


def test_the_trash_is_left_out(store):
    filled(store)
    trashed = Model.get(1)
    trashed.deleted_at = datetime.now(UTC) - timedelta(days=1)
    trashed.save()
    assert Model.find("meta.loss < 0.01") == []
    assert [model.name for model in Model.find(order_by="meta.loss", limit=1)] == ["fair"]


def test_every_entity_is_found_by_its_columns_and_parents(models):
    for entity in ENTITIES:
        assert entity.find("id > 0 and tags.kind is null or id < 0", connector=models, order_by="created_at desc") or (
            entity
            in (
                DataSetInput,
                Forecast,
                Ensemble,
                EnsembleItem,
                ModelCurve,
                Panel,
                PanelMember,
                PanelScene,
                Scene,
                SceneBand,
            )
        )
    (fact,) = ModelMeta.find("key = 'loss' and model.meta.loss < 0.01", connector=models, order_by="model.meta.loss")
    assert fact.value == 0.001
    assert Forecast.find("model.research.name = 'x' or ensemble.project.name = 'y'", connector=models) == []


def test_a_fact_is_found_by_its_latest_value_of_any_kind(models):
    model = Model.get(1, connector=models)
    for value in (7, 7.0, "7", True, None, [7], 10**400, "\x00", math.inf, 0.001):
        model.meta("seven", value)
        assert (Model.find("meta.seven = 7", connector=models) == [model]) == (
            value in (7, 7.0) and value is not True
        ), value
        assert (Model.find("meta.seven = '7'", connector=models) == [model]) == (to_json_text(value) in ("7", '"7"')), (
            value
        )
        assert (Model.find("meta.seven is not null", connector=models) == [model]) == (value is not None)


NASTY = [
    "x' OR 1=1 --",
    "x'; DROP TABLE model; --",
    'x" OR ""="',
    "') UNION SELECT * FROM model --",
    "\\' OR 1=1 #",
    "%(id)s :id ? {0} $1",
]


@pytest.mark.parametrize("text", NASTY)
def test_what_looks_like_sql_is_data(models, find, text):
    quoted = text.replace("'", "''")
    key = text.replace("`", "``")
    assert find(f"name = '{quoted}' or meta.`{key}` = '{quoted}' or tags.`{key}` like '{quoted}'") == ""
    assert find(f"tags.`{key}` is null", order_by=f"meta.`{key}`, tags.`{key}` desc") == find()
    with pytest.raises(InvalidInputError):
        find(f"`{key}` = 1")
    with pytest.raises(InvalidInputError):
        find(order_by=f"`{key}`")


@pytest.mark.parametrize(
    "dialect", [sqlite.dialect(), postgresql.dialect(), mysql.dialect()], ids=lambda each: each.name
)
def test_every_value_and_key_is_a_bound_parameter(dialect):
    where = (
        "meta.`secret1` < 731 and meta.a in (732, 'secret2') or tags.`secret3` like 'secret4%' or not name = 'secret5' "
        "or research.tags.b ilike 'secret6' or tags.c > 733.5 or network is null and meta.d like 'secret7' and id = 734"
    )
    compiled = build(Model, where, "meta.`secret8`, tags.`secret9` desc", 735).compile(dialect=dialect)
    assert not re.search(r"secret|73\d", str(compiled))
    bound = " ".join(map(str, compiled.params.values()))
    assert [
        secret for secret in [*(f"secret{n}" for n in range(1, 10)), *map(str, range(731, 736))] if secret not in bound
    ] == []


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("nmae = 'x'", ["Position 1 ", "no column 'nmae' of Model", "Did you mean 'name'?", "research.…", "meta.KEY"]),
        ("id = 1 and reserch.name = 'x'", ["Position 12 ", "no relation 'reserch'", "Did you mean 'research'?"]),
        ("research.nam = 'x'", ["no column 'nam' of Research", "Did you mean 'name'?"]),
        ("research.meta.x = 1", ["only a Model has facts, a Research has none"]),
        ("research = 1", ["research is a record; compare a column of it, such as research.id"]),
        ("tags = 'x'", ["tags needs a key: tags.KEY"]),
        ("name.x = 'x'", ["the column name of Model has no parts"]),
        ("attributes.run_id = 'x'", ["no column 'run_id' of Model"]),
        ("__table__ = 1", ["no column '__table__'"]),
        ("connector = 1", ["no column 'connector'"]),
        ("name < 'x'", ["Position 8 ", "name is a text; < compares numbers and times", "LIKE"]),
        ("name = 5", ["name is a text; expected for example 'Standard data'"]),
        ("id = 'x'", ["id is a number; expected for example 0.01"]),
        ("id = true", ["id is a number"]),
        ("id like '1%'", ["id is a number; LIKE compares only texts"]),
        ("meta.loss < 'x'", ["Position 13 ", "< compares numbers; received 'x'"]),
        ("tags.x >= true", [">= compares numbers; received True"]),
        ("created_at = 5", ["created_at is a time; expected for example '2015-01-29'"]),
        ("created_at > 'soon'", ["'soon' is not a time; expected ISO 8601"]),
        ("network = 'x'", ["network is JSON", "IS NULL"]),
    ],
)
def test_what_a_query_cannot_ask_is_told_with_its_place(find, where, words):
    with pytest.raises(InvalidInputError) as told:
        find(where)
    for word in words:
        assert word in str(told.value)
    assert str(told.value).endswith("^")


FAR = "model.data_set.data_preparation.data_snapshot.data_source"


@pytest.mark.parametrize(
    ("entity", "query"),
    [
        (Model, {"order_by": ", ".join(f"meta.k{number} desc" for number in range(MOST_TERMS))}),
        (ModelMeta, {"order_by": ", ".join(f"{FAR}.tags.k{number}" for number in range(MOST_TERMS))}),
        pytest.param(Model, {"where": " or ".join(["meta.k > 1"] * MOST_CONDITIONS)}, marks=pytest.mark.long),
        pytest.param(Model, {"where": " and ".join(["meta.k<9e99"] * MOST_CONDITIONS)}, marks=pytest.mark.long),
        pytest.param(
            ModelMeta, {"where": " or ".join([f"{FAR}.tags.k > 1"] * (LONGEST // 80))}, marks=pytest.mark.long
        ),
        (Model, {"where": "not " * (DEEPEST - 1) + "meta.k = 1"}),
        (Model, {"where": "(id = 0 or (" * (DEEPEST // 2 - 1) + "meta.k = 1" + " and id > 0))" * (DEEPEST // 2 - 1)}),
        (Model, {"where": "(" * 3000 + "meta.k = 1" + ")" * 3000}),
        (Model, {"where": f"meta.k in ({', '.join(['1'] * 3000)})"}),
        (Model, {"where": f"meta.optimizer like '{'%a' * 4900}'"}),
        (Model, {"where": f"meta.note not like '{'l%' * 2000}' escape '!'"}),
    ],
    ids=lambda each: next(iter(each.values()))[:30] if isinstance(each, dict) else each.__name__,
)
def test_the_largest_queries_within_the_bounds_are_answered(models, entity, query):
    assert entity.find(**query, connector=models) is not None


def test_an_order_of_too_many_terms_is_refused(find):
    with pytest.raises(InvalidInputError, match=rf"an order has at most {MOST_TERMS} terms; received 16"):
        find(order_by=", ".join(f"meta.k{number}" for number in range(16)))


@pytest.mark.parametrize("limit", [0, -1, True, 1.5, "3", 2**63])
def test_a_limit_that_is_no_count_is_refused(find, limit):
    with pytest.raises(InvalidInputError, match="expected an integer above 0"):
        find(limit=limit)


def test_an_order_by_json_or_by_nothing_is_refused(find):
    with pytest.raises(
        InvalidInputError, match=r"network is JSON, which has no order\.\n    name, network\n          \^"
    ):
        find(order_by="name, network")
    with pytest.raises(InvalidInputError, match="Order_by is empty"):
        find(order_by=" ")
    with pytest.raises(InvalidInputError, match="The query must be a text; received 5"):
        find(5)


def test_importing_the_store_loads_no_grammar():
    code = "import enstorage, sys; enstorage.Model; print('lark' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


# Random conditions, each as a text and as a function that says the same of a model in Python.

ORDERED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


def number_in(value):
    return float(value) if isinstance(value, bool | int | float) and math.isfinite(value) else None


def text_in(value):
    return value if isinstance(value, str) else to_json_text(value)


def fits(text, pattern, flags=0):
    parts = {"%": ".*", "_": "."}
    return (
        re.fullmatch("".join(parts.get(each, re.escape(each)) for each in pattern), text, flags | re.DOTALL) is not None
    )


def equal(value, literal):
    return text_in(value) == literal if isinstance(literal, str) else number_in(value) == float(literal)


def written(literal):
    return "'" + literal.replace("'", "''") + "'" if isinstance(literal, str) else str(literal)


def reader(name):
    kind, _, key = name.partition(".")
    source = {"meta": FACTS, "tags": TAGS}.get(kind)
    if source is not None:
        return lambda model: source[model].get(key)
    return {
        "name": lambda model: model,
        "research.name": lambda model: "Other data" if model == "bare" else "Standard data",
    }[name]


free_names = st.sampled_from(
    [f"meta.{key}" for key in ("loss", "optimizer", "best", "batch_size", "empty", "history")]
    + [f"tags.{key}" for key in ("kind", "version", "score", "live")]
)
texts = st.sampled_from(
    ["adam", "Adam", "0.001", "32", "2", "lstm", "true", "NaN", "", "good", "Standard data", "50% adam_w", "é"]
)
numbers = st.sampled_from([0.001, 0.5, 0, 1, 2, 32, -1, 1e300])
patterns = st.text("adm%_[]*?L5 ", max_size=4)


@st.composite
def comparisons(draw):
    name = draw(free_names | st.sampled_from(["name", "research.name"]))
    free = name.startswith(("meta.", "tags."))
    value = reader(name)
    shape = draw(st.sampled_from(["=", "in", "like", "ilike", "null", *(ORDERED if free else ())]))
    absent = draw(st.booleans())  # the negated form
    if shape == "null":
        return f"{name} is {'' if absent else 'not '}null", lambda model: (value(model) is None) == absent
    if shape in ORDERED:
        number = draw(numbers)
        return (
            f"{name} {shape} {number}",
            lambda model: number_in(value(model)) is not None and ORDERED[shape](number_in(value(model)), number),
        )
    if shape in ("like", "ilike"):
        pattern, flags = draw(patterns), re.IGNORECASE | re.ASCII if shape == "ilike" else 0
        text = f"{name} {'not ' if absent else ''}{shape} {written(pattern)}"
        return text, lambda model: value(model) is not None and fits(text_in(value(model)), pattern, flags) != absent
    literals = draw(st.lists(texts | numbers | st.booleans() if free else texts, min_size=1, max_size=3))
    if shape == "=":
        literals = literals[:1]
        text = f"{name} {'!=' if absent else '='} {written(literals[0])}"
    else:
        text = f"{name} {'not in' if absent else 'in'} ({', '.join(map(written, literals))})"
    return (
        text,
        lambda model: value(model) is not None and any(equal(value(model), literal) for literal in literals) != absent,
    )


def larger(conditions):
    def joined(word, combine):
        return st.lists(conditions, min_size=2, max_size=3).map(
            lambda parts: (
                "(" + f" {word} ".join(text for text, _ in parts) + ")",
                lambda model: combine(holds(model) for _, holds in parts),
            )
        )

    turned = conditions.map(lambda part: (f"NOT {part[0]}", lambda model: not part[1](model)))
    return joined("AND", all) | joined("or", any) | turned


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(condition=st.recursive(comparisons(), larger, max_leaves=6))
def test_the_database_finds_what_python_finds(find, condition):
    text, holds = condition
    assert find(text) == " ".join(model for model in FACTS if holds(model))
