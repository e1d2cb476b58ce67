"""*Forecast my data*: from a file that is dropped to forecasts that are taken away."""

import math
import re

import pytest
from playwright.sync_api import expect
from served_pages import Served, open_page, settle

SHOPS = ("Berlin", "Kiel")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    """A store of its own, for what is made here."""
    server = Served(tmp_path_factory.mktemp("forecast") / "store")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A long table of two shops, five years by month, whose first numbers are not those to forecast."""
    file = tmp_path_factory.mktemp("table") / "sales.csv"
    rows = [
        f"{2019 + month // 12}-{month % 12 + 1:02},{shop},{9 + month % 5 / 10},"
        f"{100 * (place + 1) + month + 20 * math.sin(math.pi * month / 6):.1f}"
        for place, shop in enumerate(SHOPS)
        for month in range(60)
    ]
    file.write_text("\n".join(["month,shop,price,units", *rows]) + "\n")
    return file


def drop(page, served, file):
    open_page(page, served, "/forecast")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("heading", name=f"{file.name}: this was understood")).to_be_visible()


def choose_role(page, column, role):
    page.get_by_role("combobox", name=f"Meaning of {column}").click()
    page.get_by_role("option", name=role, exact=True).click()
    expect(page.get_by_role("combobox", name=f"Meaning of {column}")).to_have_value(role)


def test_what_was_understood_is_corrected(page, served, table):
    drop(page, served, table)
    expect(page.get_by_role("combobox", name="Meaning of price")).to_have_value("value")
    choose_role(page, "units", "value")
    expect(page.get_by_role("combobox", name="Meaning of price")).to_have_value("left out")
    expect(page.get_by_label("Season")).to_have_value("12")
    choose_role(page, "price", "known up to now")
    page.get_by_label("Season").fill("x")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("season")
    page.get_by_label("Season").fill("1")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_count(0)
    expect(page.get_by_label("Season")).to_have_value("1")


def test_a_file_that_is_no_table_says_so(page, served, tmp_path):
    file = tmp_path / "letter.csv"
    file.write_text("Dear reader\n")
    open_page(page, served, "/forecast")
    page.locator("input[type=file]").set_input_files(file)
    expect(page.get_by_role("alert")).to_contain_text("letter.csv")


@pytest.mark.long
def test_from_a_file_to_forecasts_that_are_taken_away(page, served, table, tmp_path):
    drop(page, served, table)
    choose_role(page, "units", "value")
    page.get_by_label("Steps to forecast").fill("3")
    page.get_by_role("main").get_by_role("button", name="Forecast", exact=True).click()

    # The leaderboard grows while members are trained, and the address alone leads back to it.
    expect(page.get_by_role("progressbar", name="Progress")).to_be_visible()
    board = page.get_by_role("table", name="Leaderboard")
    expect(board.get_by_role("row", name="Naive").first).to_be_visible(timeout=120_000)
    page.reload()

    steps = page.get_by_role("region", name="Table of Forecast of Berlin")
    expect(steps.get_by_role("row")).to_have_count(4, timeout=180_000)
    expect(steps).to_contain_text("2024-01-01")
    expect(steps.get_by_role("columnheader", name="95 % interval")).to_be_visible()
    expect(page.get_by_role("figure", name="Forecast of Berlin")).to_contain_text("63 points")
    expect(board.get_by_role("row", name=re.compile("Ensemble"))).to_be_visible()

    # Another series; more of its past.
    page.get_by_role("combobox", name="2 series").click()
    page.get_by_role("option", name="Kiel").click()
    expect(page.get_by_role("figure", name="Forecast of Kiel")).to_be_visible()
    page.get_by_role("button", name="Zoom in").click()
    settle(page)
    expect(page).to_have_url(re.compile("run=1.*from="))

    with page.expect_download() as download:
        page.get_by_role("link", name="Download forecasts").click()
    download.value.save_as(tmp_path / "forecast.csv")
    lines = (tmp_path / "forecast.csv").read_text().splitlines()
    assert lines[0] == "series,time,step,quantile,value"
    assert len(lines) == 1 + len(SHOPS) * 3 * 5
    assert "/tmp" not in page.get_by_role("main").inner_text()
