"""Pages of records by keyset: the same records in the same order as `find`, however the store changes meanwhile."""

import pytest
from sqlalchemy import event

from enstorage import DataSource, Model, Project
from enstorage.entity._saving import save_all
from enstorage.errors import InvalidInputError, NotFoundError
from enstorage.search import pages
from enstorage.search.exporting import export_records
from enstorage.search.listing import ListQuery, count_records, find_ids, list_records, read_record
from enstorage.search.query import build

#: Facts that sort in every way that there is: numbers, texts, none, infinities, integers beyond the doubles.
FACTS = [0.5, "none", None, float("inf"), float("-inf"), 2**60, 2**60 + 1, -3, True, "b", 2**70, 0.5]


def make():
    source = DataSource(name="Load", time_interval="1h", time_zone="Europe/Paris", time_from="2024-06-01").save()
    research = Project(name="p", data_source=source).save().create_research("r")
    for number, fact in enumerate(FACTS):
        model = research.create_model(f"lag {number % 4}").save()
        if fact is not None:
            model.meta("loss", fact)
        model.tags = ({"kind": fact} if number % 2 else {}) | ({"size": number // 5} if number > 1 else {})
        model.save()
    source.connector.recorder.flush()


@pytest.fixture
def filled_with():
    return make


def all_ids(entity, query, limit=2):
    found, cursor = [], None
    while True:
        page = list_records(entity, query, limit=limit, cursor=cursor)
        found += [item["id"] for item in page.items]
        cursor = page.next
        if cursor is None:
            return found


class TestOnSqlite:
    database = "sqlite"

    @pytest.mark.parametrize(
        "order",
        [
            None,
            "id desc",
            "name",
            "name desc",
            "meta.loss",
            "meta.loss desc",
            "meta.loss, name desc",
            "tags.kind",
            "tags.kind desc",
            "tags.kind desc, meta.loss",
            "meta.loss desc, tags.kind",
            "research.tags.kind, tags.kind, name desc",
            "created_at",
            "data_set_id",
            "data_set.rows desc, research.name, name",
        ],
    )
    def test_pages_have_the_records_of_find_in_its_order(self, store, order):
        make_here(store)
        assert all_ids(Model, ListQuery(order_by=order)) == [each.id for each in Model.find(order_by=order)]

    @pytest.mark.parametrize("first", [2, 5])
    @pytest.mark.parametrize(
        "order",
        [
            "tags.kind desc, meta.loss",
            "tags.size, meta.loss desc, name",
            "research.name, meta.loss",
            "tags.size desc, research.name, meta.none, meta.loss",
            "name, created_at desc, meta.loss",
        ],
    )
    def test_groups_before_a_fact_are_read_to_their_end_however_large_they_are(self, store, monkeypatch, order, first):
        make_here(store)
        monkeypatch.setattr(pages, "_FIRST", first)
        query = ListQuery(order_by=order)
        assert all_ids(Model, query) == all_ids(Model, query, 1) == [each.id for each in Model.find(order_by=order)]

    def test_a_record_that_is_added_or_deleted_meanwhile_shifts_nothing(self, store):
        make_here(store)
        query = ListQuery(order_by="name")
        first = list_records(Model, query, limit=4)
        Model.get(first.items[-1]["id"]).trash()
        Project.get(1).researches()[0].create_model("a").save()
        second = list_records(Model, query, limit=100, cursor=first.next)
        seen = [item["id"] for item in (*first.items, *second.items)]
        assert sorted(seen) == list(range(1, len(FACTS) + 1))


def make_here(store):
    if not Model.count():
        make()


@pytest.mark.server
class TestOnPostgresql(TestOnSqlite):
    database = "postgresql"


@pytest.mark.server
class TestOnMariadb(TestOnSqlite):
    database = "mariadb"


def test_only_what_is_asked_for_is_given(store):
    (item,) = list_records(Model, ListQuery(columns=["object_bytes"], facts=["loss", "x"]), limit=1).items
    assert item == {
        "entity": "model",
        "id": 1,
        "name": "lag 0",
        "object_bytes": None,
        "parents": {"research": {"id": 1, "name": "r"}},
        "facts": {"loss": 0.5},
        "in_trash": False,
    }


def test_a_page_takes_as_many_queries_as_it_has_parents(store, monkeypatch):
    statements = []
    with store.database.reading() as session:
        connection = session.connection()
    from sqlalchemy import event

    event.listen(store.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    list_records(Model, ListQuery(facts=["loss"]), limit=10)
    assert len([each for each in statements if each.startswith("SELECT")]) == 3  # models, researches, facts
    del connection


def test_times_stand_on_the_clock_of_their_record(store):
    assert read_record(DataSource, 1)["time_from"] == "2024-06-01T00:00:00+02:00"
    with pytest.raises(NotFoundError, match="the latest ids are 1"):
        read_record(DataSource, 2)


def test_records_are_counted_up_to_a_number(store):
    assert count_records(Model, ListQuery(where="name = 'lag 1'")) == (3, False)
    assert count_records(Model, ListQuery(), most=5) == (5, True)


def test_a_query_is_narrowed_to_what_records_belong_to(store):
    assert len(all_ids(Model, ListQuery(within={"data_source": 1, "project": 1}))) == len(FACTS)
    assert all_ids(Model, ListQuery(within={"project": 2})) == []
    with pytest.raises(InvalidInputError, match="belongs to no 'model'"):
        list_records(Project, ListQuery(within={"model": 1}))


def test_ids_of_too_many_records_are_refused(store):
    assert find_ids(Model, ListQuery(where="id > 3"), most=100) == list(range(4, len(FACTS) + 1))
    with pytest.raises(InvalidInputError, match="more than 3 records"):
        find_ids(Model, ListQuery(), most=3)


@pytest.mark.parametrize("cursor", ["", "x", "AAAA", "é", "A" * 10_000])
def test_what_is_no_cursor_is_refused(store, cursor):
    with pytest.raises(InvalidInputError, match="is not one of this list"):
        list_records(Model, ListQuery(), cursor=cursor)


def test_an_export_has_every_record_in_every_format(store):
    import io
    import json

    import polars as pl

    query = ListQuery(columns=["name", "tags"], facts=["loss"], where="id < 3")
    assert (
        export_records(Model, query, "csv", most=10).decode()
        == 'id,name,tags,meta.loss\n1,lag 0,{},0.5\n2,lag 1,"{""kind"": ""none""}",none\n'
    )
    assert [row["meta.loss"] for row in json.loads(export_records(Model, query, "json", most=10))] == [0.5, "none"]
    table = pl.read_parquet(io.BytesIO(export_records(Model, query, "parquet", most=10)))
    assert table["meta.loss"].to_list() == ["0.5", "none"]
    with pytest.raises(InvalidInputError, match="more than 1 records"):
        export_records(Model, query, "csv", most=1)


def steps(store, query):
    """The number of steps of SQLite's machine for a page, in hundreds."""
    done = []
    with store.transaction() as session:  # in which all is read over one connection
        list_records(Model, query)
        raw = session.connection().connection.driver_connection
        raw.set_progress_handler(lambda: done.append(None), 100)
        list_records(Model, query)
        raw.set_progress_handler(None, 0)
    return len(done)


@pytest.fixture
def many_models(store):
    research = Project(name="p", data_source=DataSource(name="Load").save()).save().create_research("r")
    models = [research.create_model(f"m {number}") for number in range(1_000)]
    for number, model in enumerate(models):
        model.tags = {"kind": f"k{number % 7}", "size": number % 11, "all": "same"}
    save_all(models)
    for number, model in enumerate(models):
        model.meta("units", str(number % 50))
        model.meta("kind", f"k{number % 50}")
    store.recorder.flush()
    return store


@pytest.mark.long
def test_a_list_by_a_tag_parses_the_tags_of_a_record_once(many_models):
    query = ListQuery(order_by="tags.kind")
    statements = []
    event.listen(many_models.database.engine, "before_cursor_execute", lambda *given: statements.append(given[2]))
    second = list_records(Model, query, cursor=list_records(Model, query).next)
    assert [each["tags"]["kind"] for each in second.items] == ["k0"] * 50
    paged = [each for each in statements if "ORDER BY sort_key_0" in each]
    assert [each.count("json_valid") for each in paged] == [1, 1]


def test_a_list_by_a_tag_and_a_fact_has_the_records_of_a_tag_from_the_index_of_facts(many_models):
    asked = []
    event.listen(many_models.database.engine, "before_cursor_execute", lambda *given: asked.append(given[2:4]))
    page = list_records(Model, ListQuery(order_by="tags.all, meta.kind"))
    assert len(page.items) == 50
    by_fact = [each for each in asked if "model_meta" in each[0]]
    assert by_fact
    with many_models.database.reading() as session:
        for statement, values in by_fact:
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values).all()
            assert "ix_model_meta_key_number_label" in plan[0][-1], plan


def test_a_list_by_texts_of_numbers_reads_its_own_page(many_models):
    # The labels of the former lie where those of integers beyond all doubles do.
    numbers, words = (steps(many_models, ListQuery(order_by=f"meta.{key}")) for key in ("units", "kind"))
    assert numbers < 3 * words, (numbers, words)


@pytest.mark.parametrize("order", ["name", "name desc", "created_at desc", "updated_at"])
def test_an_index_serves_the_orders_of_lists_of_models(store, order):
    statement = build(Model, None, order, 50).compile(dialect=store.database.engine.dialect)
    with store.database.reading() as session:
        bound = tuple(statement.params[name] for name in statement.positiontup)
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound).all()
    assert f"ix_model_{order.partition(' ')[0]}_id" in plan[0][-1]
