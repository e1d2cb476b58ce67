"""Tables: filter, order, columns, selection, addresses that can be sent to others."""

from playwright.sync_api import expect
from served_pages import open_page, settle


def names(page):
    return [link for link in page.locator("tbody a").all_inner_texts() if link.startswith("Ridge")]


def test_filter_and_order_are_in_the_address(page, served):
    open_page(page, served, "/models")
    page.get_by_role("textbox", name="Filter of Models").fill("name like '%7' or id = 3")
    page.keyboard.press("Enter")
    expect(page.get_by_text("2 records")).to_be_visible()
    page.get_by_role("button", name="name", exact=True).click()
    settle(page)
    found = names(page)
    assert sorted(found) == ["Ridge lag 13", "Ridge lag 7"]
    page.reload()
    settle(page)
    assert names(page) == found


def test_a_filter_that_is_wrong_says_why_at_the_field(page, served):
    open_page(page, served, "/models")
    page.get_by_role("textbox", name="Filter of Models").fill("nmae = 'x'")
    page.keyboard.press("Enter")
    expect(page.get_by_text("nmae", exact=False)).to_be_visible()
    expect(page.get_by_role("textbox", name="Filter of Models")).to_have_attribute("aria-invalid", "true")


def test_chosen_columns_are_remembered(page, served):
    open_page(page, served, "/models")
    page.get_by_role("button", name="Choose columns").click()
    page.get_by_role("checkbox", name="object format").check()
    page.keyboard.press("Escape")
    expect(page.get_by_role("columnheader", name="object format")).to_be_visible()
    page.reload()
    expect(page.get_by_role("columnheader", name="object format")).to_be_visible()


def test_shift_selects_a_range_and_all_that_match_can_be_tagged(page, served):
    open_page(page, served, "/models")
    boxes = page.get_by_role("checkbox", name="Select Ridge")
    boxes.nth(0).click()
    boxes.nth(2).click(modifiers=["Shift"])
    expect(page.get_by_text("3 selected")).to_be_visible()
    page.get_by_role("button", name="Tag", exact=True).click()
    page.get_by_label("Key").fill("kind")
    page.get_by_label("Value").fill("linear")
    page.get_by_role("dialog").get_by_role("button", name="Tag", exact=True).click()
    expect(page.get_by_text("3 records tagged")).to_be_visible()
    page.get_by_role("link", name="Ridge lag 3").click()
    expect(page.get_by_text("kind: linear")).to_be_visible()


def test_a_comparison_shows_only_what_differs(page, served):
    open_page(page, served, "/models")
    page.get_by_role("checkbox", name="Select Ridge lag 3").click()
    page.get_by_role("checkbox", name="Select Ridge lag 7").click()
    page.get_by_role("link", name="Compare").click()
    expect(page.get_by_role("rowheader", name="data set · adapter · lag")).to_be_visible()
    expect(page.get_by_role("rowheader", name="network · estimator", exact=True)).to_have_count(0)
    page.get_by_role("switch", name="Only differences").click()
    expect(page.get_by_role("rowheader", name="research id", exact=True)).to_be_visible()
