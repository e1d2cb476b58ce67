"""The same verbs for every entity: list, get, create, change, trash, restore, purge."""

import numpy as np
import pytest

from enmyadmin.routes.records.collection import COLLECTIONS
from enstorage import DataSource, Model, Project

V1 = "/api/v1"


def make():
    """A source with points, a project and twelve models with facts."""
    source = DataSource(name="Load", time_interval="1h", time_zone="Europe/Paris", time_from="2024-06-01").save()
    source.write(np.arange(48) * 3_600_000_000_000 + 1_717_200_000_000_000_000, np.sin(np.arange(48.0)))
    project = Project(name="Forecasts", data_source=source).save()
    research = project.create_research("Standard data")
    for number in range(12):
        model = research.create_model(f"lag {number % 5}").save()
        model.meta("loss", [0.5, "none", float("inf"), 2**60][number % 4])
    source.connector.recorder.flush()


@pytest.fixture
def filled_with():
    return make


def pages(api, path, **parameters):
    """All items of a list, page by page."""
    found, cursor = [], None
    while True:
        answer = api.get(path, params=parameters | ({"cursor": cursor} if cursor else {}))
        assert answer.status_code == 200, answer.text
        found += answer.json()["items"]
        cursor = answer.json()["next"]
        if cursor is None:
            return found


@pytest.mark.parametrize("collection", COLLECTIONS, ids=lambda each: each.path)
def test_every_collection_is_listed(api, collection):
    answer = api.get(f"{V1}/{collection.path}", params={"count": True}).json()
    assert answer["count"] == {"value": collection.entity.count(), "capped": False}
    assert len(answer["items"]) == collection.entity.count()
    assert answer["next"] is None


def test_an_item_has_its_columns_its_parents_and_the_facts_that_were_asked_for(api):
    (item,) = api.get(f"{V1}/models", params={"limit": 1, "facts": "loss,none"}).json()["items"]
    assert (item["entity"], item["id"], item["name"], item["in_trash"]) == ("model", 1, "lag 0", False)
    assert item["parents"] == {"research": {"id": 1, "name": "Standard data"}}
    assert item["facts"] == {"loss": 0.5}
    assert item["created_at"].endswith("Z")
    (item,) = api.get(f"{V1}/models", params={"limit": 1, "columns": "object_bytes"}).json()["items"]
    assert item.keys() == {"entity", "id", "name", "object_bytes", "parents", "in_trash"}


def test_times_are_shown_on_the_clock_of_the_source(api):
    assert api.get(f"{V1}/data-sources/1").json()["time_from"] == "2024-06-01T00:00:00+02:00"


@pytest.mark.parametrize(
    "order",
    [
        "id",
        "name",
        "name desc",
        "meta.loss desc, name",
        "meta.loss",
        "research.name, name desc",
        "data_set_id, created_at",
    ],
)
def test_pages_follow_each_other_in_the_order_of_the_library(api, order):
    found = pages(api, f"{V1}/models", order_by=order, limit=5)
    assert [item["id"] for item in found] == [model.id for model in Model.find(order_by=order)]


def test_a_list_is_narrowed_by_a_query_and_by_what_records_belong_to(api):
    found = pages(api, f"{V1}/models", where="name = 'lag 1' or meta.loss = 'none'", project=1, data_source=1)
    assert {item["id"] for item in found} == {m.id for m in Model.find("name = 'lag 1' or meta.loss = 'none'")}
    assert pages(api, f"{V1}/models", project=2) == []


@pytest.mark.parametrize(
    ("path", "parameters", "status", "field"),
    [
        ("models", {"where": "nme = 'a'"}, 422, "where"),
        ("models", {"where": "name = '" + "x" * 50_000 + "'"}, 422, "where"),
        ("models", {"order_by": "nme"}, 422, "order_by"),
        ("models", {"columns": "name,nme"}, 422, "columns"),
        ("models", {"limit": "501"}, 422, "limit"),
        ("models", {"cursor": "abcd"}, 422, "cursor"),
        ("models", {"cursor": "é"}, 422, "cursor"),
        ("models", {"nme": "1"}, 422, "nme"),
        ("projects", {"facts": "loss"}, 422, "facts"),
        ("models/99", {}, 404, "id"),
        ("models/0", {}, 422, "id"),
        (f"models/{2**70}", {}, 422, "id"),
        ("models/..%2f..%2fetc%2fpasswd", {}, 404, None),
        ("models/%00", {}, 422, "id"),
        ("nothing", {}, 404, None),
    ],
)
def test_a_wrong_question_is_answered_by_a_problem_that_names_the_field(api, path, parameters, status, field):
    answer = api.get(f"{V1}/{path}", params=parameters)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["field"] == field
    assert "Traceback" not in answer.text


def test_a_cursor_of_another_question_is_refused(api):
    cursor = api.get(f"{V1}/models", params={"limit": 3, "order_by": "name"}).json()["next"]
    assert api.get(f"{V1}/models", params={"limit": 3, "order_by": "name", "cursor": cursor}).status_code == 200
    answer = api.get(f"{V1}/models", params={"limit": 3, "order_by": "name desc", "cursor": cursor})
    assert (answer.status_code, answer.json()["field"]) == (422, "cursor")


def test_a_record_is_created_as_in_python(api):
    answer = api.post(f"{V1}/researches", json={"name": "Second", "project_id": 1, "tags": {"kind": "trial"}})
    assert answer.status_code == 201
    item = answer.json()
    assert api.get(answer.headers["location"]).json() == item
    assert (item["tags"], item["parents"]) == ({"kind": "trial"}, {"project": {"id": 1, "name": "Forecasts"}})


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        ({"project_id": 1}, 422, "name"),
        ({"name": "a", "project_id": 7}, 404, "project_id"),
        ({"name": "a", "project_id": "1"}, 422, "project_id"),
        ({"name": "a", "project_id": 1, "nme": "a"}, 422, "nme"),
        ({"name": "a\0b", "project_id": 1}, 422, None),
        ({"name": "a" * 300, "project_id": 1}, 422, None),
        ([], 422, "body"),
    ],
)
def test_a_wrong_form_names_the_field_and_stores_nothing(api, store, census, body, status, field):
    before = census(store)
    answer = api.post(f"{V1}/researches", json=body)
    assert (answer.status_code, answer.json()["field"]) == (status, field)
    assert census(store) == before


def test_names_and_tags_are_changed_and_nothing_else(api):
    changed = api.patch(f"{V1}/models/2", json={"name": "new", "description": "a note", "tags": {"a": [1]}}).json()
    assert (changed["name"], changed["description"], changed["tags"]) == ("new", "a note", {"a": [1]})
    assert api.get(f"{V1}/models/2").json() == changed
    for body in ({"id": 4}, {"research_id": 1}, {"object_sha256": "0" * 64}, {"name": None}, {"tags": "x"}):
        answer = api.patch(f"{V1}/models/2", json=body)
        assert (answer.status_code, answer.json()["field"]) == (422, *body)
    assert api.get(f"{V1}/models/2").json()["updated_at"] == changed["updated_at"]


def test_a_source_may_change_its_period(api):
    changed = api.patch(f"{V1}/data-sources/1", json={"time_from": None, "unit": "MW"}).json()
    assert (changed["time_from"], changed["unit"]) == (None, "MW")
    answer = api.patch(f"{V1}/data-sources/1", json={"time_interval": "1 fortnight"})
    assert (answer.status_code, answer.json()["field"]) == (422, "time_interval")


def test_what_is_deleted_goes_to_the_trash_and_comes_back_until_it_is_purged(api):
    trashed = api.delete(f"{V1}/researches/1").json()["trashed"]
    assert trashed[0] == {"entity": "research", "id": 1, "name": "Standard data"}
    assert len(trashed) == 13
    assert pages(api, f"{V1}/models") == []
    assert len(pages(api, f"{V1}/models", trash=True)) == 12
    assert api.get(f"{V1}/models/1").json()["in_trash"] is True
    assert api.delete(f"{V1}/researches/1").status_code == 422
    assert len(api.post(f"{V1}/researches/1/restore").json()["restored"]) == 13
    assert api.post(f"{V1}/researches/1/purge").status_code == 422
    api.delete(f"{V1}/models/3")
    purged = api.post(f"{V1}/models/3/purge").json()["purged"]
    assert purged[0] == {"entity": "model", "id": 3, "name": "lag 2"}
    assert api.get(f"{V1}/models/3").status_code == 404


def test_the_schema_describes_columns_forms_and_actions(api):
    schema = {each["entity"]: each for each in api.get(f"{V1}/schema").json()}
    assert {each.kind for each in COLLECTIONS} == schema.keys()
    model = schema["model"]
    assert {"name": "name", "type": "text", "sortable": True, "immutable": False}.items() <= model["columns"][1].items()
    assert [each["name"] for each in model["fields"] if each["required"]] == ["research_id", "name"]
    assert "project" in model["within"]
    assert schema["data_csv"]["fields"] == []
    assert "median" in next(each for each in schema["data_source"]["fields"] if each["name"] == "aggregate")["choices"]


@pytest.mark.parametrize("path", [f"{V1}/projects", f"{V1}/models/bulk", "/v2/models/model-1/infer"])
def test_a_body_that_is_too_large_is_refused(api, path):
    for content in (b"[" * (9 << 20), iter([b"[" * (1 << 20)] * 9)):
        answer = api.post(path, content=content, headers={"content-type": "application/json"})
        assert (answer.status_code, answer.headers["content-type"]) == (413, "application/problem+json")
    deep = api.post(path, content=b"[" * 100_000, headers={"content-type": "application/json"})
    assert deep.status_code in (400, 422)
