"""Links of the client to answers of the REST interface, reports and files: none shows a person the JSON of a problem."""

import pytest
from playwright.sync_api import expect
from served_pages import Served, fill, fill_registry, open_page

PAGES = ("ensembles/1", "models/1", "data-sources/1", "registry/solar")
LINKS = """[...document.querySelectorAll('a[href^="/api/"]')].map(
    each => [each.getAttribute('href'), each.hasAttribute('download')]
)"""


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("links") / "store"
    fill(folder)
    fill_registry(folder)
    server = Served(folder)
    yield server
    server.stop()


def opened(page, link):
    """The new page that a link opens."""
    with page.expect_popup() as popup:
        link.click()
    popup.value.wait_for_load_state()
    return popup.value


@pytest.mark.long
def test_the_report_of_an_ensemble_is_offered_once_it_was_diagnosed(page, served):
    open_page(page, served, "/ensembles/1")
    report = page.get_by_role("button", name="Report", exact=True)
    expect(report).to_be_disabled()
    expect(page.get_by_text("The report is made of a diagnosis", exact=False)).to_be_visible()
    page.get_by_role("button", name="Diagnose now").click()
    page.get_by_role("dialog").get_by_role("button", name="Start").click()
    expect(page.get_by_text("done", exact=True).first).to_be_visible(timeout=120_000)
    open_page(page, served, "/ensembles/1")
    shown = opened(page, page.get_by_role("link", name="Report", exact=True))
    expect(shown.get_by_role("heading", level=1)).to_be_visible()
    assert shown.evaluate("document.contentType") == "text/html"


def test_a_page_that_opens_after_its_record_has_changed_says_why_it_is_not_there(page, served):
    open_page(page, served, "/registry/solar")
    link = page.get_by_role("link", name="Report on version 1")
    link.evaluate("each => each.href = each.href.replace('versions/1', 'versions/9')")
    shown = opened(page, link)
    expect(shown.get_by_role("heading", name="This cannot be shown")).to_be_visible()
    expect(shown.get_by_text("solar has no version 9", exact=False)).to_be_visible()
    shown.get_by_role("link", name="Open EnMyAdmin").click()
    expect(shown.get_by_role("navigation").first).to_be_visible()


@pytest.mark.long
def test_no_link_of_a_page_shows_the_json_of_a_problem(page, served):
    found = {}
    for path in PAGES:
        open_page(page, served, f"/{path}")
        if (more := page.get_by_role("button", name="More actions")).count():
            more.click()
            page.get_by_role("menuitem").first.wait_for()
        found |= dict(page.evaluate(LINKS))
    assert set(found.values()) == {True, False}
    kinds = {}
    for href in found:
        wrong = href.replace("/1/", "/999/").replace("?", "?limit=x&")
        kinds[href] = page.goto(served.origin + wrong).headers["content-type"].partition(";")[0]
    assert {href: kind for href, kind in kinds.items() if kind != "text/html"} == {}
