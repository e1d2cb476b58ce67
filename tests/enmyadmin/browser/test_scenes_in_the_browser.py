"""Scenes on a map, their pictures and checks, maps of a panel before and after, and the series of a pixel."""

import re

import pytest
from playwright.sync_api import expect
from served_pages import Served, open_page, settle
from test_everybody_can_use_it import violations
from test_russian_pages import TEXTS, english

from enstorage import Connector
from satellite import COLUMNS, DAYS, ROWS, fill_scenes

#: Of a picture, as soon as it is there.
SIZE = "async image => { await image.decode(); return [image.naturalWidth, image.naturalHeight]; }"
PAGES = ("/scenes", "/scenes/1", f"/scenes/{DAYS + 1}", "/panels/1")


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("scenes") / "store"
    with Connector.in_folder(folder):
        fill_scenes()
    server = Served(folder)
    yield server
    server.stop()


@pytest.fixture
def browser_context_args(browser_context_args, request):
    """The rules are put into the page, which its own policy forbids."""
    return {**browser_context_args, "bypass_csp": True, **getattr(request, "param", {})}


def test_scenes_are_outlines_on_a_map_and_rows_of_a_table_and_each_has_a_page(page, served):
    open_page(page, served, "/scenes")
    expect(page.get_by_text(f"{DAYS + 1} scenes on the map")).to_be_visible()
    outline = page.locator("main svg path[fill-rule=evenodd]")
    expect(outline).to_have_count(1)  # all see one field; where the one in quarantine lies is not known
    expect(outline.locator("title")).to_have_text(f"{DAYS} scenes")
    page.get_by_role("link", name="generated 2020-01-04").click()
    settle(page)
    picture = page.get_by_role("img", name="Picture of generated 2020-01-04")
    assert picture.evaluate(SIZE) == [COLUMNS, ROWS]
    expect(page.get_by_text("Everything that was checked is as expected.")).to_be_visible()
    with page.expect_download() as given:
        page.get_by_role("link", name="nir").click()
    assert given.value.suggested_filename == "generated 2020-01-04 nir.tif"
    open_page(page, served, f"/scenes/{DAYS + 1}")
    expect(page.get_by_role("alert").filter(has_text="contradict each other")).to_be_visible()


def test_maps_before_and_after_are_moved_by_the_keyboard_and_a_pixel_shows_its_forecast(page, served):
    open_page(page, served, "/panels/1")
    maps = page.get_by_role("region", name="Maps").first
    after = maps.get_by_role("img", name="Forecast, 2020-03-04")
    assert after.evaluate(SIZE) == [COLUMNS, ROWS]
    assert "50%" in after.get_attribute("style")
    maps.get_by_role("slider", name="Share of the left map").focus()
    page.keyboard.press("Home")
    expect(after).to_have_attribute("style", re.compile(r"inset\(0(px)? 0(px)? 0(px)? 0%\)"))

    box = after.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 2.5 / COLUMNS, box["y"] + box["height"] * 1.5 / ROWS)
    expect(maps.get_by_role("heading", name="Pixel r1c2")).to_be_visible()
    chosen = maps.get_by_role("combobox", name="Pixel")
    chosen.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("r0c3")
    page.get_by_role("option", name="r0c3").wait_for()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(maps.get_by_role("heading", name="Pixel r0c3")).to_be_visible()
    settle(page)
    maps.get_by_text("Show as table").last.click()
    steps = maps.get_by_role("region", name="Table of Pixel r0c3")
    expect(steps.get_by_role("columnheader", name="80 % interval, lower end")).to_be_visible()
    expect(steps.get_by_role("row").filter(has_text="2020-03-04")).to_contain_text("0.13")
    maps.get_by_text("Show as table").first.click()
    figures = maps.get_by_role("table", name="Maps").get_by_role("row")
    expect(figures.filter(has_text=re.compile("^Forecast, 2020-03-04"))).to_contain_text(f"{ROWS * COLUMNS}0.1550")
    with page.expect_download() as given:
        maps.get_by_role("link", name="Forecast maps as GeoTIFF").click()
    assert given.value.suggested_filename == "Field forecast.tif"


@pytest.mark.long
@pytest.mark.parametrize("browser_context_args", [{"color_scheme": "dark"}, {"color_scheme": "light"}], indirect=True)
def test_the_pages_of_scenes_break_no_rule_and_fit_on_a_narrow_screen(page, served):
    broken = {}
    for path in PAGES:
        open_page(page, served, path)
        if found := violations(page):
            broken[path] = found
        page.set_viewport_size({"width": 400, "height": 800})
        settle(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 400, path
        page.set_viewport_size({"width": 1280, "height": 800})
    assert broken == {}


@pytest.mark.parametrize("browser_context_args", [{"locale": "ru-RU"}], indirect=True)
def test_the_pages_of_scenes_are_russian(page, served):
    found = {}
    for path in PAGES:
        open_page(page, served, path)
        if sentences := english(page.evaluate(TEXTS)):
            found[path] = sentences
    assert found == {}
