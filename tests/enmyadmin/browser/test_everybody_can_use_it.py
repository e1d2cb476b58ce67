"""Accessibility: rules of WCAG 2.2 AA on every page in both themes, keyboard, small screens, two languages."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect
from served_pages import open_page, settle

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
PAGES = [
    *("/", "/forecast", "/compare?models=%221%2C2%22", "/runs", "/search", "/trash"),
    *(
        "/pipelines",
        "/pipelines/new",
        "/pipelines/nightly",
        "/pipelines/nightly/edit",
        "/intents",
        "/schedules",
        "/runs/1",
        "/notifications",
        "/registry",
        "/registry/solar",
        "/monitoring",
        "/monitoring/solar",
    ),
    *("/users", "/tokens", "/policies", "/audit"),
    *("/projects", "/scenes", "/models", "/ensembles"),
    *("/data-sources/new", "/models/new", "/ensembles/new", "/preparations/new"),
    *("/projects/1", "/data-sources/1", "/snapshots/1", "/preparations/1", "/data-sets/1"),
    *("/researches/1", "/models/1", "/ensembles/1", "/forecasts/1", "/models/1/lineage"),
]


@pytest.fixture
def browser_context_args(browser_context_args, request):
    """The rules are put into the page, which its own policy forbids."""
    scheme = getattr(request, "param", "light")
    return {**browser_context_args, "bypass_csp": True, "color_scheme": scheme}


def violations(page):
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": TAGS}}).response["violations"]
    return [(rule["id"], rule["help"], [node["html"][:200] for node in rule["nodes"][:3]]) for rule in found]


@pytest.mark.long
@pytest.mark.parametrize("browser_context_args", ["light", "dark"], indirect=True)
def test_no_page_breaks_a_rule(page, served):
    broken = {}
    for path in PAGES:
        open_page(page, served, path)
        if found := violations(page):
            broken[path] = found
    assert broken == {}


@pytest.mark.parametrize("browser_context_args", ["dark"], indirect=True)
def test_a_menu_a_form_and_a_palette_that_are_open_break_no_rule(page, served):
    open_page(page, served, "/models/1")
    page.get_by_role("button", name="More actions").click()
    expect(page.get_by_role("menuitem", name="Copy as Python")).to_be_visible()
    assert violations(page) == []
    page.get_by_role("menuitem", name="Edit").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    settle(page)
    assert violations(page) == []
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    page.keyboard.press("/")
    expect(page.get_by_placeholder("Name or id")).to_be_visible()
    assert violations(page) == []


@pytest.mark.parametrize(
    "path", ["/", "/models", "/models/1", "/ensembles/1", "/forecast", "/runs", "/audit", "/registry/solar"]
)
def test_a_narrow_screen_shows_all_without_scrolling_sideways(page, served, path):
    page.set_viewport_size({"width": 400, "height": 800})
    open_page(page, served, path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    page.get_by_role("button", name="Navigation").click()
    expect(page.get_by_role("link", name="Forecast my data")).to_be_visible()


def test_everything_is_reached_by_the_keyboard(page, served):
    open_page(page, served, "/")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()

    # Find a model by its name and open it.
    page.keyboard.press("/")
    expect(page.get_by_placeholder("Name or id")).to_be_focused()
    page.keyboard.type("Ridge lag 7")
    found = page.get_by_role("dialog").get_by_role("button")
    expect(found).to_have_count(1)  # the list of the letters before is replaced
    expect(found).to_have_text(re.compile(r"Ridge lag 7"))
    settle(page)
    page.keyboard.press("ArrowDown")
    expect(found).to_have_attribute("data-selected", "true")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ridge lag 7", level=1)).to_be_visible()
    settle(page)

    # Zoom into its chart and out of it.
    page.get_by_role("button", name="Zoom in").focus()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("from="))
    page.get_by_role("button", name="Whole period").focus()
    page.keyboard.press("Enter")
    expect(page).not_to_have_url(re.compile("from="))

    # The values of the chart are a table, too.
    page.get_by_text("Show as table").first.press("Enter")
    expect(page.get_by_role("table").filter(has_text="Truth")).to_be_visible()

    # Shortcuts explain themselves.
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_pages_speak_russian_and_remember_it(page, served):
    open_page(page, served, "/models")
    page.get_by_role("button", name="Theme, language and session").first.click()
    page.get_by_role("menuitem", name="Русский").click()
    expect(page.get_by_role("heading", name="Модели", level=1)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Модели", level=1)).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "ru"


@pytest.mark.parametrize("path", ["/", "/models", "/ensembles/1", "/models/new", "/forecast"])
def test_texts_of_twice_the_size_fit_on_the_page(page, served, path):
    open_page(page, served, path)
    page.add_style_tag(content="html { font-size: 200% }")
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    heading = page.get_by_role("heading", level=1).first.bounding_box()
    assert 0 <= heading["x"] < heading["x"] + heading["width"] <= 1280
