"""Policies in the browser: who may do what, tried out; tests of policies; a text that cannot be read changes nothing."""

from playwright.sync_api import expect
from served_pages import open_page


def test_policies_are_tried_out_and_what_cannot_be_read_changes_nothing(page, served):
    open_page(page, served, "/policies")
    who = page.get_by_role("table", name="Who may do what")
    release = who.get_by_role("row", name="release")
    expect(release.get_by_role("cell")).to_have_text(["–", "–", "all but user account, policy, audit", "everything"])

    asked = page.get_by_role("region", name="May somebody do something?")
    asked.get_by_role("button", name="Ask the policies").click()
    expect(asked.get_by_role("alert")).to_contain_text("allowed")
    expect(asked.get_by_role("alert")).to_contain_text("permit")
    asked.get_by_label("Action").click()
    page.get_by_role("option", name="purge").click()
    asked.get_by_role("button", name="Ask the policies").click()
    expect(asked.get_by_role("alert")).to_contain_text("no policy permits it")
    asked.get_by_label("User").fill("nobody-of-this-name")
    asked.get_by_role("button", name="Ask the policies").click()
    expect(asked.get_by_role("alert")).to_contain_text("There is no user nobody-of-this-name")

    cases = page.get_by_role("region", name="Tests of policies")
    cases.get_by_role("button", name="Run the tests").click()
    expect(cases.get_by_role("status")).to_have_text("2 of 2 cases are as expected")
    expect(cases.get_by_role("table")).to_contain_text("the policy 'candidate' forbids it")
    cases.get_by_label("Cases").fill("cases: [{role: viewer, action: purge, table: model, expect: allow}]")
    cases.get_by_role("button", name="Run the tests").click()
    expect(cases.get_by_role("status")).to_have_text("0 of 1 case is as expected")
    cases.get_by_label("Cases").fill("cases: [")
    cases.get_by_role("button", name="Run the tests").click()
    expect(cases.get_by_text("no YAML that can be read", exact=False)).to_be_visible()

    page.get_by_role("button", name="Add policy").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name").fill("half a policy")
    dialog.get_by_label("Policy").fill("forbid(principal, action")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_text("What is in force stays as it is.", exact=False)).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_text("No policy of your own.", exact=False)).to_be_visible()
