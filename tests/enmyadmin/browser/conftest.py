"""The web client in Debian's Chromium, before a server that is started as people start it."""

import os
import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect
from served_pages import Served, fill, fill_long, fill_pipelines, fill_registry

from enmyadmin.server.client import STATIC

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def pytest_collection_modifyitems(items):
    """Every test of this folder needs the browser, and a program of its own as server."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.server)


def require(is_there, remedy):
    """Skip a test for want of something; where all servers are to be there, fail it."""
    if is_there:
        return
    if os.environ.get("ENSTORAGE_REQUIRE_SERVERS"):
        pytest.fail(remedy)
    pytest.skip(remedy)


@pytest.fixture(scope="session")
def served(tmp_path_factory):
    """One server for all tests that change little."""
    require((STATIC / "index.html").exists(), "The web client is not built. Run: make web")
    folder = tmp_path_factory.mktemp("browser") / "store"
    fill(folder)
    fill_long(folder)
    fill_pipelines(folder)
    fill_registry(folder)
    server = Served(folder)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def browser_type_launch_args():
    require(CHROMIUM, "There is no Chromium. On Debian: apt-get install chromium")
    return {"executable_path": CHROMIUM, "args": ["--no-sandbox"], "timeout": 60_000}


@pytest.fixture(scope="session")
def browser_context_args():
    return {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}, "accept_downloads": True}


@pytest.fixture
def page(served, page):
    """A page that is logged in; it fails the test if the client fails."""
    failures = []
    page.on("pageerror", lambda error: failures.append(str(error)))
    page.set_default_timeout(20_000)
    page.goto(served.link)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    yield page
    assert failures == []
