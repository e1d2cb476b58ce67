"""The way of the paper, from a file to an ensemble that is trusted, by clicks alone."""

import re

import pytest
from playwright.sync_api import expect
from served_pages import Served, series

pytestmark = pytest.mark.long


@pytest.fixture
def served(tmp_path):
    """An empty store of its own."""
    server = Served(tmp_path / "store")
    yield server
    server.stop()


@pytest.fixture
def csv(tmp_path):
    file = tmp_path / "sunspots.csv"
    times, values = series()
    rows = [f"{str(time)[:10]},{value}" for time, value in zip(times, values, strict=True)]
    file.write_text("\n".join(["time,value", *rows]) + "\n")
    return file


def click(page, name):
    page.get_by_role("button", name=name, exact=True).click()


def follow(page, name):
    page.get_by_role("main").get_by_role("link", name=name, exact=True).first.click()


def turn_to(page, name):
    """Follow a link of the panel on the left."""
    panel = page.get_by_role("navigation", name="Projects, data sources and pages")
    panel.get_by_role("link", name=name).first.click()
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()  # the page before has gone


def fill(page, field, text):
    page.get_by_label(field).and_(page.locator("input")).first.fill(text)


def choose(page, field, option):
    """Choose an option of a list that opens."""
    page.get_by_role("combobox", name=field).first.click()
    page.get_by_role("option", name=option).first.click()


def wait_for_run(page):
    """Stay on the page of a run until it is done."""
    expect(page.get_by_role("heading", name="Result")).to_be_visible(timeout=180_000)


def test_from_a_file_to_an_ensemble(page, csv, tmp_path):
    expect(page.get_by_text("The store is empty.", exact=False)).to_be_visible()

    # A source and its points.
    follow(page, "New data source")
    click(page, "Create")
    expect(page.get_by_text("This is needed.")).to_be_visible()
    fill(page, "Name", "Solar activity")
    fill(page, "Time interval", "1y")
    fill(page, "Unit", "sunspots")
    click(page, "Create")
    expect(page.get_by_role("heading", name="Solar activity", level=1)).to_be_visible()
    click(page, "Upload points")
    page.locator("input[type=file]").set_input_files(csv)
    click(page, "Upload")
    expect(page.get_by_text("120 points added")).to_be_visible()
    expect(page.get_by_role("figure", name="Series of Solar activity")).to_be_visible()

    # A snapshot, prepared.
    follow(page, "Take snapshot")
    click(page, "Create")
    expect(page.get_by_role("heading", name="Snapshot 1", level=1)).to_be_visible()
    follow(page, "Prepare")
    fill(page, "Clean method", "forward")
    fill(page, "Transform method", "minmax")
    fill(page, "Train part", "0.7")
    click(page, "Create")
    expect(page.get_by_role("heading", name="Preparation 1", level=1)).to_be_visible()

    # Two data sets.
    for lag in ("3", "7"):
        follow(page, "New data set")
        choose(page, "Adapter", "window")
        fill(page, "Lag", lag)
        click(page, "Create")
        expect(page.get_by_role("heading", level=1)).to_contain_text(f"lag {lag}")
        page.get_by_role("navigation", name="Origins").get_by_role("link", name="Preparation 1").click()

    # A project with a research, and a model for each data set.
    turn_to(page, "Solar activity")
    follow(page, "New project")
    fill(page, "Name", "Sunspots")
    click(page, "Create")
    expect(page.get_by_role("heading", name="Sunspots", level=1)).to_be_visible()
    follow(page, "New research")
    fill(page, "Name", "Linear")
    click(page, "Create")
    for number in (1, 2):
        follow(page, "New model")
        fill(page, "Name", f"Ridge {number}")
        choose(page, "Network", "estimator")
        fill(page, "Estimator", "Ridge")
        choose(page, "Data set", re.compile(rf"\({number}\)$"))
        click(page, "Create")
        expect(page.get_by_role("heading", name=f"Ridge {number}", level=1)).to_be_visible()

        # Trained by a run, which is watched.
        click(page, "Train")
        click(page, "Start")
        wait_for_run(page)
        follow(page, f"Ridge {number}")
        expect(page.get_by_role("figure", name=re.compile("Forecast of Ridge"))).to_be_visible()
        page.get_by_role("navigation", name="Origins").get_by_role("link", name="Linear").click()

    # The ensemble.
    page.get_by_role("navigation", name="Origins").get_by_role("link", name="Sunspots").click()
    follow(page, "New ensemble")
    choose(page, "Method", "blending")
    fill(page, "Metamodel", "LinearRegression")
    choose(page, "Models", "Ridge 1")
    page.get_by_role("option", name="Ridge 2").click()
    page.keyboard.press("Escape")
    click(page, "Create")
    click(page, "Render")
    click(page, "Start")
    wait_for_run(page)
    page.get_by_role("link", name=re.compile("blending")).first.click()
    expect(page.get_by_role("table", name="Errors of members and ensemble").get_by_role("row")).to_have_count(4)
    expect(page.get_by_role("table", name="Weights").get_by_role("row")).to_have_count(3)

    # All models, exported as a file; one thrown away, and taken back.
    turn_to(page, "Models")
    expect(page.get_by_role("link", name="Ridge 2")).to_be_visible()
    click(page, "Export all that match")
    with page.expect_download() as download:
        page.get_by_role("menuitem", name="CSV").click()
    download.value.save_as(tmp_path / "models.csv")
    assert "Ridge 1" in (tmp_path / "models.csv").read_text()
    page.get_by_label("Select Ridge 2").click()
    expect(page.get_by_text("1 selected")).to_be_visible()
    click(page, "Move to trash")
    expect(page.get_by_role("link", name="Ridge 2")).to_have_count(0)
    turn_to(page, "Trash")
    page.get_by_role("tab", name="Models").click()
    page.get_by_label("Select Ridge 2").click()
    click(page, "Restore")
    expect(page.get_by_text("1 record restored")).to_be_visible()
    turn_to(page, "Models")
    expect(page.get_by_role("link", name="Ridge 2")).to_be_visible()
