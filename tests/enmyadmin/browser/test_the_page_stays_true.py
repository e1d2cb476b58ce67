"""Changes by others, a server that is killed, a slow network."""

import re
import time

import pytest
from playwright.sync_api import expect
from served_pages import Served, fill, open_page, settle


def test_two_browsers_see_the_changes_of_each_other_within_three_seconds(page, served, browser, browser_context_args):
    open_page(page, served, "/projects/1")
    other = browser.new_context(**browser_context_args)
    try:
        second = other.new_page()
        second.goto(served.link)
        open_page(second, served, "/projects/1")
        second.get_by_role("button", name="More actions").click()
        second.get_by_role("menuitem", name="Edit").click()
        second.get_by_label("Name").fill("Sunspots of all years")
        second.get_by_role("button", name="Save").click()
        expect(second.get_by_role("heading", name="Sunspots of all years")).to_be_visible()
        expect(page.get_by_role("heading", name="Sunspots of all years")).to_be_visible(timeout=3_000)
    finally:
        other.close()


class TestServerOfItsOwn:
    """A server that is killed under the page."""

    @pytest.fixture
    def served(self, tmp_path):
        fill(tmp_path / "store")
        server = Served(tmp_path / "store")
        yield server
        server.stop()

    @pytest.mark.long
    def test_a_page_outlives_its_server(self, page, served):
        open_page(page, served, "/models")
        served.kill()
        expect(page.get_by_text("The connection to the server is lost.", exact=False)).to_be_visible()
        served.start()
        expect(page.get_by_text("The connection to the server is lost.", exact=False)).to_have_count(0, timeout=30_000)
        page.get_by_role("link", name="Ridge lag 7").click()
        expect(page.get_by_role("heading", name="Ridge lag 7", level=1)).to_be_visible()


def test_a_slow_network_shows_that_something_is_loading(page, served):
    def slowly(route):
        time.sleep(1)
        route.continue_()

    page.route("**/api/v1/models?*", slowly)
    page.goto(f"{served.origin}/models")
    expect(page.get_by_label("Loading").first).to_be_visible()
    expect(page.get_by_role("link", name="Ridge lag 7")).to_be_visible()


def test_the_first_load_is_small_and_other_pages_load_later(page, served, browser, browser_context_args):
    context = browser.new_context(**browser_context_args)  # which has nothing yet
    weights = {}
    page = context.new_page()
    page.on("requestfinished", lambda request: weights.update({request.url: request.sizes()["responseBodySize"]}))
    page.goto(served.link)
    settle(page)
    first = sum(size for url, size in weights.items() if "/assets/" in url)
    assert 50_000 < first <= 450_000
    assert not any("/Graph-" in url for url in weights)
    with page.expect_event("requestfinished", lambda request: "/Graph-" in request.url):
        open_page(page, served, "/models/1/lineage")
    context.close()


def test_a_period_of_a_million_points_is_read_again_for_each_zoom(page, served, browser):
    open_page(page, served, "/data-sources/2")
    figure = page.get_by_role("figure", name="Series of Load")
    expect(figure).to_contain_text(re.compile(r"points that show the course of 1,000,000 rows"))
    with page.expect_response(re.compile("/data-sources/2/series.*time_from")) as answer:
        page.get_by_role("button", name="Zoom in").click()
    assert answer.value.json()["rows"] == pytest.approx(500_000, abs=2)
    expect(figure).to_contain_text(re.compile(r"the course of (500,000|499,999|500,001) rows"))
