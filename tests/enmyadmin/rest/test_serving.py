"""The command serve, the built client and the headers of every answer."""

import asyncio
import signal
import subprocess
import sys

import httpx
import pytest
from fastapi import FastAPI

from enmyadmin.server import client
from enmyadmin.server.app import create_app
from enmyadmin.server.client import client_router
from enmyadmin.server.command import serve
from enmyadmin.server.settings import ServerSettings
from enstorage.errors import InvalidInputError, NotFoundError


@pytest.mark.long
def test_serve_prints_a_link_that_opens_the_server_and_stops_when_asked(tmp_path):
    command = [sys.executable, "-m", "enstorage", "serve", "--port", "0", "--store", str(tmp_path / "store")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            line = server.stdout.readline()
            link = line.split()[-1]
            assert link.startswith("http://127.0.0.1:")
            with httpx.Client(timeout=30) as browser:
                opened = browser.get(link, follow_redirects=True)
                assert opened.status_code == 200
                assert "token" not in str(opened.url)
                base = str(opened.url).rstrip("/")
                assert browser.get(f"{base}/api/v1/models").json()["items"] == []
            assert httpx.get(f"{base}/api/v1/models").status_code == 401
            assert httpx.get(f"{base}/v2/health/live").json() == {"live": True}
        finally:
            server.send_signal(signal.SIGINT)
            _, errors = server.communicate(timeout=60)
    assert "Traceback" not in errors


def test_a_server_for_others_makes_no_store_that_has_no_users(tmp_path):
    with pytest.raises(NotFoundError, match="There is no store"):
        serve("0.0.0.0", store=tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_another_address_needs_users(store):
    with pytest.raises(InvalidInputError, match="has no users"):
        create_app(store, ServerSettings(host="0.0.0.0"))


@pytest.fixture
def built(tmp_path):
    """A built client: a page, a file beside it, and assets."""
    (tmp_path / "secret.txt").write_text("secret")
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (folder / "index.html").write_text("<!doctype html>client")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / "assets" / "main-1a2b.js").write_text("1")
    return folder


@pytest.fixture
def pages(built, store):
    """A browser over a built client."""
    app = FastAPI()
    app.state.access = create_app(store).state.access
    app.include_router(client_router(built))
    transport = httpx.ASGITransport(app)

    def get(path):
        async def ask():
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as browser:
                return await browser.get(path)

        return asyncio.run(ask())

    return get


@pytest.mark.parametrize("path", ["/", "/models/3", "/forecast?x=1", "/assetsx", "/a/b.c/d"])
def test_every_address_of_the_client_is_its_page(pages, path):
    answer = pages(path)
    assert (answer.status_code, answer.text) == (200, "<!doctype html>client")
    assert answer.headers["cache-control"] == "no-cache"


def test_files_are_kept_by_browsers_where_their_name_has_their_hash(pages):
    assert pages("/assets/main-1a2b.js").headers["cache-control"] == "public, max-age=31536000, immutable"
    assert pages("/favicon.svg").headers["cache-control"] == "no-cache"
    assert pages("/assets/old-0000.js").status_code == 404
    assert pages("/api/v1/nothing").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/../secret.txt", "/%2e%2e/secret.txt", "/..%2fsecret.txt", "/%252e%252e/secret.txt", "/assets/../../secret.txt"],
)
def test_no_address_leads_out_of_the_folder(pages, path):
    assert "secret" not in pages(path).text


def test_a_client_that_is_not_built_is_said_how_to_build(api, monkeypatch):
    if not (client.STATIC / "index.html").exists():
        assert "make web" in api.get("/").text


def test_every_answer_has_the_headers_of_safety(api):
    for path, cache in (("/", "no-cache"), ("/api/v1/models", "no-store"), ("/api/v1/nothing", "no-store")):
        headers = api.get(path).headers
        assert "script-src 'self';" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert (headers["x-content-type-options"], headers["cache-control"]) == ("nosniff", cache)
