"""Many records at once: moved to the trash and back, those that a request waits for and those that are a run."""

import pytest
from playwright.sync_api import expect
from served_pages import Served, open_page, settle

from enstorage import Connector, DataSource, Project
from enstorage.entity._saving import save_all

NUMBER = 1_200


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many") / "store"
    with Connector.in_folder(folder):
        research = Project(name="Many", data_source=DataSource(name="s").save()).save().create_research("r")
        save_all(research.create_model(f"model {number:04}") for number in range(NUMBER))
    server = Served(folder)
    yield server
    server.stop()


def test_what_was_moved_to_the_trash_comes_back_by_undo(page, served):
    open_page(page, served, "/models")
    for name in ("model 0000", "model 0001"):
        page.get_by_role("checkbox", name=f"Select {name}").click()
    page.get_by_role("button", name="Move to trash").click()
    expect(page.get_by_text("2 records moved to the trash")).to_be_visible()
    expect(page.get_by_role("link", name="model 0000")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("2 records restored")).to_be_visible()
    expect(page.get_by_role("link", name="model 0000")).to_be_visible()


def test_more_than_a_thousand_are_a_run_whose_page_restores_them(page, served):
    open_page(page, served, "/models")
    page.get_by_role("checkbox", name="Select model 0000").click()
    page.get_by_role("button", name="Select all 1,200 that match").click()
    expect(page.get_by_text("1,200 selected")).to_be_visible()
    page.get_by_role("button", name="Move to trash").click()
    expect(page.get_by_role("heading", name="Change many records", exact=False)).to_be_visible()
    restore = page.get_by_role("button", name="Restore all")
    expect(restore).to_be_visible(timeout=120_000)
    expect(page.get_by_text("Models: 1,200")).to_be_visible()
    open_page(page, served, "/models")
    expect(page.get_by_text("No model yet.", exact=False)).to_be_visible()
    page.go_back()
    restore.click()
    expect(page.get_by_role("heading", name="Change many records (restore, model)")).to_be_visible()
    expect(page.get_by_text("Models: 1,200")).to_be_visible(timeout=120_000)
    open_page(page, served, "/models")
    settle(page)
    expect(page.get_by_text("1,200 records")).to_be_visible()
