"""Rules of notifications by keys: made, refused at the field, paused, changed, deleted."""

from playwright.sync_api import expect
from served_pages import open_page


def test_a_rule_is_made_paused_changed_and_deleted(page, served):
    open_page(page, served, "/notifications")
    page.get_by_role("button", name="Add rule").press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("failures")
    dialog.get_by_label("Channel").fill("mailto://olga:secret@example.org")
    dialog.get_by_label("cancelled").press("Space")
    dialog.get_by_role("button", name="Save").press("Enter")
    expect(dialog.get_by_text("Addresses are not stored", exact=False)).to_be_visible()
    dialog.get_by_label("Channel").fill("ops")
    dialog.get_by_role("button", name="Save").press("Enter")
    row = page.get_by_role("table", name="Rules").get_by_role("row").filter(has_text="failures")
    expect(row).to_contain_text("failed, cancelled")
    expect(row).to_contain_text("at once")
    switch = page.get_by_role("switch", name="Active: failures")
    switch.press("Space")
    expect(switch).not_to_be_checked()
    page.get_by_role("button", name="Edit: failures").press("Enter")
    dialog.get_by_label("Minutes whose events are one message").fill("5")
    dialog.get_by_role("button", name="Save").press("Enter")
    expect(row).to_contain_text("5 min")
    page.get_by_role("button", name="Delete: failures").press("Enter")
    dialog.get_by_role("button", name="Delete").press("Enter")
    expect(page.get_by_text("No rule yet.", exact=False)).to_be_visible()
