"""Monitoring in the browser: alerts with what they propose, windows beside their limits, a look on demand."""

import numpy as np
import pytest
from playwright.sync_api import expect
from served_pages import Served, open_page

import enorchestrator
import entrainer
from enstorage import Connector, DataSource, Project
from enstorage.adapter import Window
from entrainer.networks import Estimator


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("monitoring") / "store"
    days = np.arange("2022-01-01", "2023-07-01", dtype="datetime64[D]")
    load = 100 + np.random.default_rng(0).normal(0, 2, len(days))
    load[-120:] += 12
    with Connector.in_folder(folder):
        source = DataSource(name="Heat load", time_interval="1d", unit="MW").save()
        source.write(days[:365], load[:365])
        preparation = source.create_snapshot().create_preparation("linear", "standard", 0.6, 0.2, 0.2)
        research = Project(name="Heat", data_source=source).save().create_research("Ridge", preparation)
        model = research.create_model("Ridge", Estimator("Ridge"))
        model.data_set(preparation.create_set(Window(7)))
        entrainer.fit([model], progress=False)
        enorchestrator.register("heat", model, progress=False)
        enorchestrator.promote("heat", 1)
        source.write(days[365:], load[365:])
    server = Served(folder)
    yield server
    server.stop()


def test_an_alert_is_found_by_a_look_shown_with_its_windows_and_closed(page, served):
    open_page(page, served, "/monitoring")
    expect(page.get_by_text("No alert.")).to_be_visible()
    page.get_by_role("link", name="heat", exact=True).click()
    expect(page.get_by_text("Nothing was observed yet.", exact=False)).to_be_visible()
    page.get_by_role("button", name="Look now").click()
    expect(page.get_by_text("done", exact=True).first).to_be_visible(timeout=120_000)

    open_page(page, served, "/monitoring/heat")
    alerts = page.get_by_role("table", name="Alerts")
    expect(alerts.get_by_text("train again").first).to_be_visible()
    drift = page.get_by_role("region", name="Drift of inputs")
    expect(drift.get_by_role("figure")).to_be_visible()
    drift.get_by_text("Show as table").click()
    expect(drift.get_by_role("columnheader", name="wasserstein")).to_be_visible()
    closing = alerts.get_by_role("button", name="Close alert")
    number = closing.count()
    closing.first.click()
    expect(closing).to_have_count(number - 1)
    expect(alerts.get_by_text("closed", exact=False).first).to_be_visible()
