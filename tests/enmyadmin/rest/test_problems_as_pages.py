"""An address of the REST interface that a person opens in a browser answers a problem by a page, and a program by JSON."""

import re

import httpx
import pytest

V1 = "/api/v1"
BROWSER = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.5",
}
ABSENT = {"object": "f" * 64, "entity": "model", "collection": "models", "form": "csv"}


def absent(path):
    """The same address of records that are not there."""
    return re.sub(r"\{(\w+)(?::path)?\}", lambda name: ABSENT.get(name[1], "999"), path)


def addresses(api):
    described = api.get(f"{V1}/openapi.json").json()["paths"]
    return [absent(path) for path, routes in described.items() if "get" in routes and "{" in path]


def test_no_problem_of_any_address_is_shown_as_json_to_a_person(api):
    found = {path: api.get(path, headers=BROWSER) for path in addresses(api) if not path.endswith("/events")}
    refused = {path: answer for path, answer in found.items() if answer.status_code >= 400}
    assert len(refused) > 40
    kinds = {path: answer.headers["content-type"] for path, answer in refused.items()}
    assert [path for path, kind in kinds.items() if not kind.startswith("text/html")] == []


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("/ensembles/999/report", "There is no Ensemble with id 999"),
        ("/registry/load/versions/1/report", "There is no registered model load."),
        ("/runs/999/files/" + "f" * 64, "There is no run 999"),
    ],
)
def test_the_page_has_the_message_of_the_problem_and_a_way_back(api, path, message):
    page = api.get(V1 + path, headers=BROWSER)
    assert page.status_code == 404
    assert message in page.text
    assert '<html lang="en">' in page.text
    assert '<a href="/">Open EnMyAdmin</a>' in page.text
    assert message in api.get(V1 + path).json()["detail"]


def test_the_page_is_in_the_language_of_the_address_else_of_the_browser(api):
    path = f"{V1}/registry/load/versions/1/report"
    for page in (
        api.get(path, params={"language": "ru"}, headers=BROWSER),
        api.get(path, headers=BROWSER | {"Accept-Language": "ru-RU,ru;q=0.8"}),
    ):
        assert '<html lang="ru">' in page.text
        assert "Показать не удалось" in page.text
        assert "Зарегистрированной модели load нет." in page.text


def test_names_in_the_message_are_no_markup(api):
    page = api.get(f"{V1}/registry/%3Cscript%3Ealert(1)%3C%2Fscript%3E/versions/1/report", headers=BROWSER)
    assert page.status_code == 404
    assert "<script" not in page.text


def test_who_is_not_logged_in_reads_so_on_a_page(api, served):
    page = httpx.get(f"{served.url}{V1}/ensembles/1/report", headers=BROWSER)
    assert page.status_code == 401
    assert page.headers["www-authenticate"] == "Bearer"
    assert "Nobody is logged in" in page.text
