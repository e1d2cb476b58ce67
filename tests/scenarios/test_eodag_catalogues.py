"""Scenes of the providers of eodag, behind the same guard as those of other catalogues."""

import os
import shutil
import sys
import tempfile
import zlib
from contextlib import suppress
from pathlib import Path

import pytest
import requests
from catalogues import BOX, Server, busy, cut, item, needs_token, redirect, rustac, status, well
from catching import free_port

from enorchestrator import Orchestrator, run_pipeline, save_pipeline
from enorchestrator.pipeline.patterns import from_pattern
from enspatial import Area, find_scenes, keep_scene, search_catalogue
from enspatial.catalogue.provider import EodagProvider
from enstorage.errors import InvalidInputError, MissingLibraryError, StoreError

pytestmark = pytest.mark.long
AREA = Area(*BOX)
MAY_TO_JULY = ("2020-05-01", "2020-07-01")
#: The processes of steps have the environment of the first one, so eodag's configuration is named before any test.
CONFIGURED = Path(tempfile.gettempdir()) / f"enstorage-eodag-{os.getpid()}"
os.environ.update(EODAG_CFG_DIR=str(CONFIGURED), EODAG_CFG_FILE=str(CONFIGURED / "ours.yml"))


@pytest.fixture
def server():
    made = Server()
    configure(made.url)
    yield made
    made.close()
    shutil.rmtree(CONFIGURED)


@pytest.fixture
def current(store):
    return store


def configure(url):
    """A provider `ours` of eodag, which changes a password for a token for the files."""
    CONFIGURED.mkdir(exist_ok=True)
    (CONFIGURED / "ours.yml").write_text(
        f"""
ours:
  search: {{type: StacSearch, api_endpoint: "{url}/search"}}
  products: {{S2_MSI_L2A: {{_collection: sentinel-2-l2a}}, GENERIC_COLLECTION: {{_collection: "{{collection}}"}}}}
  download: {{type: HTTPDownload}}
  auth:
    type: TokenAuth
    matching_url: {url}
    auth_uri: {url}/token
    token_type: json
    token_key: access_token
    headers: {{Authorization: "Bearer {{token}}"}}
    retrieve_headers: {{}}
    credentials: {{username: olga, password: s3cret}}
"""
    )


def search(**options):
    return search_catalogue("eodag:ours", AREA, *MAY_TO_JULY, **options)


def test_all_conditions_are_checked_here_as_the_server_ignores_them(server):
    for id, day, clouds in (("b", "2020-06-11", 19), ("a", "2020-06-01", 10), ("cloudy", "2020-06-06", 60)):
        server.add(id, day, clouds)
    server.add("late", "2020-07-01")
    server.add("elsewhere")["geometry"]["coordinates"] = [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]
    found = search(clouds_below=0.2, bands=("red",))
    assert [scene.id for scene in found] == ["a", "b"]
    assert [list(scene.bands) for scene in found] == [["red"], ["red"]]
    assert (found[0].collection, found[0].cloud_share) == ("S2_MSI_L2A", 0.1)
    (body,) = server.bodies
    assert ("query" in body, body["datetime"], body["collections"]) == (
        False,
        "2020-05-01T00:00:00.000Z/2020-07-01T00:00:00.000Z",
        ["sentinel-2-l2a"],
    )


def test_all_pages_of_a_real_server_are_read(tmp_path, server):
    content = {"red": {"href": f"{server.url}/red.tif"}}
    items = [item(f"s{day:02}", f"2020-06-{day:02}", clouds=2 * day, files=content) for day in range(1, 29)]
    items += [item("late", "2020-08-01", clouds=0, files=content)]
    with rustac(tmp_path, items, free_port()) as url:
        configure(url)
        assert len(search()) == 28
        assert [scene.id for scene in search(clouds_below=0.2)] == [f"s{day:02}" for day in range(1, 10)]


def test_files_are_read_with_the_credentials_of_eodag_and_checked(server, store):
    server.add("a", **{"s2:processing_baseline": "05.10"})
    content = server.files["/a/red.tif"]
    server.faults["/a/red.tif"] = [cut(content), needs_token("token 1")]
    server.faults["/a/nir.tif"] = [needs_token("token 2")] * 2
    server.faults["/a/scl.tif"] = [status(403), status(403)]
    (found,) = search(bands=("red", "nir"))
    assert found.bands["red"].read() == content
    server.faults["/a/red.tif"] = [well] * 9
    kept = keep_scene(found).scene
    assert (sorted(kept.bands()), kept.baseline) == (["nir", "red"], "05.10")
    assert (server.asked["/a/red.tif"], server.asked["/a/nir.tif"]) == (3, 2)
    assert server.tokens == ["username=olga&password=s3cret"] * 2
    with pytest.raises(
        InvalidInputError, match=r"refuses the credentials \(status 403\).* Correct those of eodag"
    ) as told:
        keep_scene(search(bands=("scl",))[0])
    assert "s3cret" not in str(told.value)
    server.files["/a/red.tif"] = content[:-10]
    with pytest.raises(Exception, match=r"by its catalogue\. It is truncated"):
        keep_scene(search(bands=("red",))[0])


def test_files_elsewhere_are_not_read_and_the_token_goes_nowhere_else(server, store, monkeypatch):
    other = Server()
    other.files["/red.tif"] = b"secret"
    server.add("a")["assets"]["red"]["href"] = f"{other.url}/red.tif"
    server.faults["/a/nir.tif"] = [redirect(f"{other.url}/red.tif")] * 2
    for band in ("red", "nir"):
        with pytest.raises(InvalidInputError, match="Add the host to ENSTORAGE_CATALOGUE_HOSTS if you trust it"):
            keep_scene(search(bands=(band,))[0])
    assert other.asked == {}
    seen = []
    other.faults["/red.tif"] = [lambda request: seen.append(request.headers.get("Authorization"))]
    monkeypatch.setenv("ENSTORAGE_CATALOGUE_HOSTS", other.host)
    assert search(bands=("nir",))[0].bands["nir"].read() == b"secret"
    assert seen == [None]
    other.close()
    server.items[0]["assets"]["red"]["href"] = "s3://bucket/red.tif"
    with pytest.raises(InvalidInputError, match="has no band that can be read"):
        keep_scene(search(bands=("red",))[0])


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        (status(401), InvalidInputError, r"for ours are missing or refused \(status 401\)"),
        (status(400), InvalidInputError, r"refuses the search \(RequestError, status 400\)"),
        (busy(1000), StoreError, r"fails \(QuotaExceededError"),
        (status(500), StoreError, r"fails \(RequestError, status 500\)"),
        (redirect("/unreadable"), StoreError, r"gives nothing that eodag can read \(JSONDecodeError\)"),
        (None, StoreError, r"fails \(RequestError, status None\)"),
    ],
)
def test_a_search_that_fails_is_no_empty_answer(server, fault, error, message):
    server.add("a")
    server.files["/unreadable"] = b"<html>"
    if fault:
        server.faults["/search"] = [fault]
    else:
        configure(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(error, match=message) as told:
        search()
    assert "s3cret" not in str(told.value)


def test_a_search_goes_to_known_hosts_alone_also_after_a_redirect(server, monkeypatch):
    server.add("a")
    other = Server()
    other.add("b")
    server.faults["/search"] = [redirect(f"{other.url}/search")] * 2
    with pytest.raises(
        InvalidInputError, match=f"{other.host}/search is on no host of the catalogue {server.host}"
    ) as told:
        search()
    assert other.asked == {}
    assert "Add the host to ENSTORAGE_CATALOGUE_HOSTS if you trust it" in str(told.value)
    monkeypatch.setenv("ENSTORAGE_CATALOGUE_HOSTS", other.host)
    other.faults["/search"] = [status(500)]
    with pytest.raises(StoreError, match=r"fails \(RequestError, status 500\)"):
        search()
    monkeypatch.delenv("ENSTORAGE_CATALOGUE_HOSTS")
    assert requests.get(f"{other.url}/", timeout=9).ok  # requests of other code are not bounded
    other.close()


def test_an_answer_without_an_end_is_given_up(server, monkeypatch):
    server.add("a")
    monkeypatch.setattr("enspatial.catalogue.guard.LARGEST_ANSWER", 1 << 20)

    def endless(request):
        request.send_response(200)
        request.send_header("Content-Encoding", "gzip")
        request.end_headers()
        pack = zlib.compressobj(wbits=31)
        with suppress(OSError):
            for _ in range(64):
                request.wfile.write(pack.compress(b" " * (1 << 20)) + pack.flush(zlib.Z_SYNC_FLUSH))
        return True

    server.faults["/search"] = [endless]
    with pytest.raises(
        InvalidInputError, match="/search answers with more than 1,048,576 bytes; expected a page of items"
    ):
        search()


def test_fewer_items_than_announced_and_collections_without_any_are_no_empty_answers(server, monkeypatch):
    server.add("a", "2020-01-01")
    assert search() == []
    server.items.clear()
    with pytest.raises(InvalidInputError, match="gives no item of the collection 'S2_MSI_L2A' at all"):
        search()
    for number in range(15):
        server.add(f"s{number}")
    send = server.send
    monkeypatch.setattr(server, "send", lambda request, content: send(request, {**content, "numberMatched": 40}))
    with pytest.raises(StoreError, match="gave 15 items; expected the 40 that it announced"):
        search()


def test_a_provider_that_cannot_be_used_is_told_with_its_reason(server, monkeypatch):
    with pytest.raises(InvalidInputError, match="'nobody' of eodag cannot be used: eodag does not know it"):
        search_catalogue("eodag:nobody", AREA, *MAY_TO_JULY)
    with pytest.raises(InvalidInputError, match=r"'wekeo_main' of eodag cannot be used: .*no credentials"):
        search_catalogue("eodag:wekeo_main", AREA, *MAY_TO_JULY)
    shipped = EodagProvider("planetary_computer").profile  # with an address that is a pattern
    assert (shipped.home, shipped.collection) == ("planetarycomputer.microsoft.com", "S2_MSI_L2A")
    (CONFIGURED / "ours.yml").write_text("ours: [")
    with pytest.raises(InvalidInputError, match="configuration of eodag cannot be read"):
        search()
    monkeypatch.setitem(sys.modules, "eodag", None)
    with pytest.raises(MissingLibraryError, match=r'pip install "enstorage\[eodag\]"'):
        search()


def test_scenes_of_a_provider_are_loaded_by_the_pattern(server, store, over):
    server.add("a")
    server.add("cloudy", "2020-06-06", 60)
    server.faults["/a/red.tif"] = [needs_token("token 1")] * 20
    save_pipeline(from_pattern("spatial-load", "load"), connector=store)
    period = {"time_from": MAY_TO_JULY[0], "time_to": MAY_TO_JULY[1]}
    with store, Orchestrator(store, workers=1):
        made = over(run_pipeline("load", {"catalogue": "eodag:ours", "area": BOX, **period}, connector=store))
        assert made.run.state == "succeeded", made.attempts[-1].log
        assert [scene.name for scene in find_scenes()] == ["a"]
