"""The model registry by clicks: a name with gates, a version from the page of an ensemble, promotion and rollback."""

import pytest
from playwright.sync_api import expect
from served_pages import Served, fill, open_page

from enorchestrator import aliases_of, find_registered, register
from enstorage import Connector, Model


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("registry") / "store"
    fill(folder)
    server = Served(folder)
    yield server
    server.stop()


def test_an_ensemble_is_registered_promoted_and_rolled_back_by_clicks(page, served):
    open_page(page, served, "/registry")
    expect(page.get_by_text("No registered model yet.", exact=False)).to_be_visible()
    page.get_by_role("button", name="New registered model").click()
    page.get_by_label("Name").fill("solar")
    page.get_by_label("Limits").fill('{"mae": "far"}')
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Input should be a valid number", exact=False)).to_be_visible()
    expect(page.get_by_label("Limits")).to_have_attribute("aria-invalid", "true")
    page.get_by_label("Limits").fill('{"mae": 30}')
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="solar", level=1)).to_be_visible()
    expect(page.get_by_text("Nothing is in production yet.")).to_be_visible()

    open_page(page, served, "/ensembles/1")
    page.get_by_role("button", name="Register").click()
    page.get_by_role("dialog").get_by_label("Name").fill("solar")
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_text("done", exact=True).first).to_be_visible(timeout=120_000)

    open_page(page, served, "/registry/solar")
    versions = page.get_by_role("table", name="Versions side by side")
    expect(versions.get_by_role("link", name="Ensemble 1")).to_be_visible()
    expect(versions.get_by_text("the limit is 30.", exact=False)).to_be_visible()
    page.get_by_role("button", name="Promote version 1").click()
    page.get_by_label("Remark").fill("better than nothing")
    page.get_by_role("dialog").get_by_role("button", name="Promote version 1").click()
    expect(page.get_by_text("Version 1 is in production")).to_be_visible()
    expect(page.get_by_role("table", name="Who promoted what").get_by_text("better than nothing")).to_be_visible()

    with Connector.in_folder(served.store) as store:
        register("solar", Model.get(3), created_by="bob", progress=False)
        page.reload()
        page.get_by_role("button", name="Promote version 2").click()
        page.get_by_role("dialog").get_by_role("button", name="Promote version 2").click()
        expect(page.get_by_text("Version 2 is in production")).to_be_visible()
        page.get_by_role("button", name="Roll back").click()
        page.get_by_role("dialog").get_by_role("button", name="Roll back").click()
        expect(page.get_by_text("Version 1 is in production")).to_be_visible()
        page.get_by_role("button", name="Reject version 2").click()
        expect(versions.get_by_text("rejected")).to_be_visible()
        page.get_by_role("button", name="Check every byte of version 1").click()
        expect(page.get_by_text("Every byte is what was registered.")).to_be_visible()
        page.get_by_role("button", name="Edit gates").click()
        page.get_by_label("Limits").fill('{"mae": 25}')
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("dialog")).to_have_count(0)
        assert find_registered("solar", connector=store).gates["limits"] == {"mae": 25}
        assert aliases_of("solar", connector=store)["production"] == 1
