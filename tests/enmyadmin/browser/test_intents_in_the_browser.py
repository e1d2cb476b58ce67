"""A sentence becomes a plan that is shown; what is missing is asked for, and a ready one is started by a click."""

from playwright.sync_api import expect
from served_pages import open_page

SENTENCE = 'forecast "Solar activity" 3 years ahead, values between -10 and 400'


def test_a_sentence_is_planned_completed_and_started(page, served):
    open_page(page, served, "/intents")
    page.get_by_role("button", name='evaluate "Both"', exact=False).click()
    field = page.get_by_role("textbox", name="What is wanted")
    expect(field).to_have_value('evaluate "Both" every monday, notify ops')
    field.fill("sing a song")
    field.press("Enter")
    expect(page.get_by_text("begins with sing a song", exact=False)).to_be_visible()
    field.fill('forecast "Solar activity"')
    page.get_by_role("button", name="Show the plan").click()
    plan = page.get_by_role("region", name="The plan")
    expect(plan).to_contain_text("How far ahead is Solar activity to be forecast?")
    start = page.get_by_role("button", name="Start now")
    expect(start).to_be_disabled()
    field.fill(SENTENCE)
    expect(page.get_by_text("The sentence was changed", exact=False)).to_be_visible()
    field.press("Enter")
    expect(plan).to_contain_text("Forecast the source Solar activity: 3 steps of 1y (3 years ahead).")
    expect(plan.get_by_role("group", name="Pipeline")).to_contain_text("forecast")
    expect(plan.get_by_role("table", name="The data")).to_contain_text("400")
    start.click()
    page.wait_for_url("**/runs/*")
    expect(page.get_by_role("heading", level=1)).to_contain_text("forecast Solar activity")


def test_a_conflict_is_told_with_what_would_do_and_times_are_shown(page, served):
    open_page(page, served, "/intents")
    field = page.get_by_role("textbox", name="What is wanted")
    field.fill('forecast "Solar activity" 3 years ahead with RMSE below 0.01 every january')
    field.press("Enter")
    plan = page.get_by_role("region", name="The plan")
    expect(plan).to_contain_text("RMSE below 0.01 is less than a fifth of")
    expect(plan).to_contain_text("Say a shorter horizon.")
    expect(plan).to_contain_text("It runs at the times 0 0 1 1 * of UTC")
    expect(page.get_by_role("button", name="Start at these times")).to_be_disabled()
