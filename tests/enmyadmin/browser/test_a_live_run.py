"""A run that is watched: its curves and its leaderboard as they grow, its log, a server that dies below it, cancelling."""

import re

import pytest
from playwright.sync_api import expect
from served_pages import Served, fill, open_page, series

import entrainer
from enstorage import Connector, DataSource, Project
from enstorage.adapter import Window

pytestmark = pytest.mark.long

#: Time for a child process that imports and compiles, in milliseconds, on a busy machine.
PATIENCE = 240_000


@pytest.fixture
def served(tmp_path):
    """A store whose project 2 has a network that nobody waits for."""
    folder = tmp_path / "store"
    fill(folder)
    with Connector.in_folder(folder):
        source = DataSource(name="Again", time_interval="1y").save()
        source.write(*series())
        preparation = source.create_snapshot().create_preparation("forward", "minmax", 0.6, 0.2, 0.2)
        research = Project(name="Again", data_source=source).save().create_research("Networks", preparation)
        research.create_model("Network", entrainer.networks.MLP([4])).data_set(preparation.create_set(Window(3)))
    server = Served(folder)
    yield server
    server.stop()


def test_a_training_is_watched_by_two_outlives_its_server_and_is_cancelled(page, served, browser, browser_context_args):
    open_page(page, served, "/models/4")
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_label("Epochs").fill("1000000")
    page.get_by_role("button", name="Start").click()
    curves = page.get_by_role("figure", name="Training curves")
    expect(curves).to_be_visible(timeout=PATIENCE)
    expect(curves.get_by_role("button", name="Network, valid part")).to_be_visible()
    before = curves.get_by_text(re.compile(r"\d points")).inner_text()
    expect(curves).not_to_contain_text(before)

    # The work goes on with another server, below the same page.
    served.kill()
    expect(page.get_by_text("The connection to the server is lost.", exact=False)).to_be_visible()
    served.start()
    expect(page.get_by_text("The connection to the server is lost.", exact=False)).to_have_count(0, timeout=30_000)
    expect(page.get_by_role("cell", name="fit, attempt 2", exact=True)).to_be_visible(timeout=PATIENCE)

    # Another browser sees the same run, and this one that it was cancelled there.
    other = browser.new_context(**browser_context_args)
    try:
        second = other.new_page()
        second.goto(served.link)
        open_page(second, served, "/runs/1")
        expect(second.get_by_role("figure", name="Training curves")).to_be_visible(timeout=PATIENCE)
        second.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("button", name="Cancelling")).to_be_visible(timeout=3_000)
        expect(page.get_by_role("button", name="Run again")).to_be_visible(timeout=60_000)
    finally:
        other.close()


def test_forming_shows_what_was_tried_until_now(page, served):
    open_page(page, served, "/projects/1")
    page.get_by_role("button", name="Form ensemble").click()
    page.get_by_role("button", name="Start").click()
    board = page.get_by_role("table", name="Leaderboard")
    expect(board.or_(page.get_by_role("heading", name="Result"))).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("heading", name="Result")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("link", name=re.compile("^formed: ")).click()
    expect(page.get_by_role("table", name="Errors of members and ensemble")).to_be_visible()
