"""Pipelines by clicks and by keys: written with the message at its line, run, watched step by step, scheduled."""

import re

import pytest
from playwright.sync_api import expect
from served_pages import open_page, settle

#: Time for child processes to start on a busy machine, in milliseconds.
PATIENCE = 120_000


def write(page, text):
    field = page.get_by_label("Definition in YAML")
    field.fill(text)
    return field


TEXT = """name: {name}
steps:
  check: {{kind: check}}
  sweep:
    kind: gc
    with: {{grace_hours: 48}}
    needs: [check]
"""


def test_a_pipeline_is_written_with_the_message_at_its_line_saved_run_and_watched(page, served):
    open_page(page, served, "/pipelines")
    page.get_by_role("link", name="New pipeline").click()
    field = write(page, TEXT.format(name="by clicks").replace("grace_hours", "hours"))
    expect(page.get_by_role("status").filter(has_text="has an argument hours, which gc does not take")).to_be_visible()
    assert page.locator("[class*=wrong]").all_inner_texts() == ["6"]
    expect(field).to_have_attribute("aria-invalid", "true")
    expect(page.get_by_role("button", name="Save")).to_be_disabled()
    write(page, TEXT.format(name="by clicks"))
    graph = page.get_by_role("group", name="Steps in their order")
    expect(graph).to_contain_text("sweep")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name="by clicks", level=1)).to_be_visible()
    expect(page.get_by_text("It was not run yet.")).to_be_visible()

    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_role("button", name="Start").click()
    expect(page).to_have_url(re.compile(r"/runs/\d+"))
    timeline = page.get_by_role("table", name="Timeline")
    expect(timeline.get_by_role("row").filter(has_text="sweep").get_by_text("done")).to_be_visible(timeout=PATIENCE)
    expect(page.get_by_role("group", name="Steps in their order").get_by_role("img", name="done")).to_have_count(2)
    page.get_by_role("button", name="Log: check").press("Enter")
    expect(page.get_by_role("region", name="Log").or_(page.get_by_text("It printed nothing."))).to_be_visible()
    page.get_by_role("link", name="pipeline, version 1").click()
    expect(page.get_by_role("table", name="Latest runs").get_by_text("done")).to_be_visible()


def test_an_edit_is_a_new_version_and_the_old_one_is_still_there(page, served):
    open_page(page, served, "/pipelines/new")
    write(page, TEXT.format(name="versions"))
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Edit").click()
    field = page.get_by_label("Definition in YAML")
    expect(field).to_have_value(re.compile("grace_hours: 48"))
    field.fill(field.input_value().replace("48", "72"))
    page.get_by_role("button", name="Save").click()
    version = page.get_by_role("combobox", name="Version")
    expect(version).to_have_value("Version 2")
    version.click()
    page.get_by_role("option", name="Version 1").click()
    expect(page.get_by_text("This is an earlier version; the latest one is 2.")).to_be_visible()
    page.get_by_role("combobox", name="Version").click()
    page.get_by_role("option", name="Version 2").click()
    page.get_by_role("button", name="Archive").click()
    page.get_by_role("dialog").get_by_role("button", name="Archive").click()
    expect(page.get_by_role("heading", name="Pipelines", level=1)).to_be_visible()
    expect(page.get_by_role("link", name="versions")).to_have_count(0)


def test_a_schedule_shows_its_times_and_is_paused_and_changed_by_keys(page, served):
    open_page(page, served, "/pipelines/new")
    write(page, TEXT.format(name="each day"))
    page.get_by_role("button", name="Save").click()
    page.get_by_role("link", name="Add a schedule").click()
    page.get_by_role("button", name="Add schedule").press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("early")
    expect(dialog.get_by_label("Pipeline")).to_have_value("each day")
    dialog.get_by_role("textbox", name="Times", exact=True).fill("often")
    expect(dialog.get_by_text("cron is 'often'")).to_be_visible()
    dialog.get_by_role("textbox", name="Times", exact=True).fill("15 4 * * *")
    dialog.get_by_label("Time zone").fill("Europe/Riga")
    expect(dialog.get_by_role("status")).to_contain_text(re.compile(r"Next: \d{4}-\d\d-\d\d 04:15 · "))
    dialog.get_by_label("Time zone").press("Enter")
    row = page.get_by_role("row").filter(has_text="early")
    expect(row).to_contain_text(re.compile(r"\d{4}-\d\d-\d\d 04:15"))
    switch = page.get_by_role("switch", name="Active: early")
    switch.press("Space")
    expect(row).to_contain_text("paused")
    switch.press("Space")
    expect(row).to_contain_text("04:15")
    page.get_by_role("button", name="Edit: early").press("Enter")
    dialog.get_by_role("textbox", name="Times", exact=True).fill("45 5 * * *")
    dialog.get_by_role("button", name="Save").press("Enter")
    expect(row).to_contain_text("05:45")
    page.get_by_role("button", name="Delete: early").press("Enter")
    dialog.get_by_role("button", name="Delete").press("Enter")
    expect(page.get_by_text("No schedule yet.", exact=False)).to_be_visible()


@pytest.mark.parametrize("path", ["/intents", "/pipelines", "/pipelines/new", "/schedules"])
def test_they_fit_a_narrow_screen(page, served, path):
    page.set_viewport_size({"width": 400, "height": 800})
    open_page(page, served, path)
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
