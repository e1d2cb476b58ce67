"""Pages of single records: each shows what it is about, and its rows can be taken away as a file."""

import re

import polars as pl
import pytest
from playwright.sync_api import expect
from served_pages import Served, fill, open_page, settle

from enorchestrator import submit
from enorchestrator.task.moves import add_event
from enstorage import Connector, Ensemble, Model


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("records") / "store"
    fill(folder)
    server = Served(folder)
    yield server
    server.stop()


@pytest.mark.parametrize(("path", "rows"), [("data-sources/1", 120), ("forecasts/1", None), ("ensembles/1", None)])
def test_the_rows_of_a_record_are_downloaded(page, served, path, rows):
    open_page(page, served, f"/{path}")
    page.get_by_role("button", name="More actions").click()
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="Download as Parquet").click()
    table = pl.read_parquet(download.value.path())
    assert table.height == rows if rows else table.height > 30


def test_a_forecast_shows_its_part_beside_the_truth_and_a_data_set_its_samples(page, served):
    open_page(page, served, "/forecasts/1")
    expect(page.get_by_role("figure").filter(has_text="Truth")).to_be_visible()
    open_page(page, served, "/data-sets/1")
    expect(page.get_by_text("Samples")).to_be_visible()
    expect(page.locator("dd").filter(has_text=re.compile("^117$"))).to_be_visible()


def test_the_trash_opens_where_something_is(page, served):
    open_page(page, served, "/trash")
    expect(page.get_by_text("The trash is empty.", exact=False)).to_be_visible()
    with Connector.in_folder(served.store):
        ensemble = Ensemble.get(1)
        ensemble.trash()
    try:
        page.reload()
        settle(page)
        expect(page.get_by_role("tab", name="Ensembles 1", selected=True)).to_be_visible()
        expect(page.get_by_role("tab", name="Projects")).to_have_count(0)
        expect(page.get_by_role("link", name="blending", exact=False).first).to_be_visible()
    finally:
        ensemble.restore()


def test_the_curves_of_trainings_one_after_another_are_all_shown(page, served):
    with Connector.in_folder(served.store) as store:
        run = submit("check", {})
        for model in (1, 2):
            curve = {"id": model, "name": Model.get(model).name, "epochs": [1, 2], "loss": [1.0, 1.0 / model]}
            with store.transaction() as session:
                add_event(
                    session.connection(), run.id, None, "partial", {"name": "curves", "data": {"models": [curve]}}
                )
    open_page(page, served, f"/runs/{run.id}")
    curves = page.get_by_role("region", name="Training curves")
    expect(curves.get_by_text("Ridge lag 3", exact=True).first).to_be_visible()
    expect(curves.get_by_text("Ridge lag 7", exact=True).first).to_be_visible()
