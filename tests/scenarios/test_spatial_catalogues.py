"""Scenarios of catalogues: scenes found, loaded and checked, whatever the server does."""

import json
import os
import socket
from types import SimpleNamespace

import numpy as np
import pytest
import urllib3
from catalogues import (
    BOX,
    CORE,
    Server,
    busy,
    cut,
    needs_token,
    redirect,
    refusal,
    reset,
    rustac,
    short,
    slow,
    status,
    well,
)
from catching import HookCatcher, free_port

from enorchestrator import Orchestrator, create_rule, run_pipeline, save_pipeline
from enorchestrator.notification import notifier
from enorchestrator.pipeline.patterns import from_pattern
from enspatial import (
    Area,
    CatalogueProfile,
    Grid,
    find_scenes,
    generated_scenes,
    keep_scene,
    keep_scenes,
    open_cube,
    search_catalogue,
)
from enspatial.catalogue.profile import PROFILES, profile_of
from enspatial.catalogue.requests import CatalogueRequests
from enspatial.demo import run as demonstration
from enstorage.errors import InvalidInputError, NotFoundError, StoreError

AREA = Area(*BOX)
MAY_TO_JULY = ("2020-05-01", "2020-07-01")


@pytest.fixture
def server():
    made = Server(int(os.environ["ENSTORAGE_CATALOGUE_HOSTS"].rpartition(":")[2]))
    yield made
    made.close()


@pytest.fixture
def searched(server):
    """A function that searches the server."""

    def search(clouds_below=None, bands=(), **facts):
        waits = []
        access = CatalogueRequests(server.profile(**facts), sleep=waits.append)
        found = search_catalogue(
            access.profile, AREA, *MAY_TO_JULY, clouds_below=clouds_below, bands=bands, requests=access
        )
        search.waits = waits
        return found

    return search


@pytest.fixture
def at_work(store, server, monkeypatch):
    """An orchestrator whose children may ask the server."""
    monkeypatch.setattr(notifier, "LOOK_SECONDS", 0.1)
    with store, Orchestrator(store, workers=1) as orchestrator:
        yield orchestrator


@pytest.fixture
def load(server, store, at_work):
    """A function that runs the pattern `spatial-load` on the server."""

    def start(pattern="spatial-load", **parameters):
        save_pipeline(from_pattern(pattern, pattern), connector=store)
        given = {"catalogue": server.url, "area": BOX, "time_from": MAY_TO_JULY[0], "time_to": MAY_TO_JULY[1]}
        return run_pipeline(pattern, {**given, **parameters}, connector=store)

    return start


@pytest.fixture
def current(store):
    return store


@pytest.fixture
def hook(monkeypatch):
    catcher = HookCatcher()
    monkeypatch.setenv("ENSTORAGE_NOTIFY_OPS", catcher.address)
    yield catcher
    catcher.stop()


def ids(scenes):
    return [scene.id for scene in scenes]


class TestLoading:
    """Scenario 26."""

    @pytest.mark.slow
    def test_scenes_of_a_period_and_an_area_are_checked_kept_in_versions_and_told_of(
        self, server, load, over, hook, eventually
    ):
        for id, day, clouds in (("a", "2020-06-01", 10), ("cloudy", "2020-06-06", 60), ("late", "2020-07-06", 5)):
            server.add(id, day, clouds)
        create_rule("loads", "ops", events=["run.succeeded", "run.failed"])
        made = over(load())
        outputs = made.steps[0].outputs
        assert (made.run.state, outputs["found"], outputs["new"]) == ("succeeded", 1, 1)
        (scene,) = find_scenes()
        assert (scene.name, scene.version, scene.cloud_share, sorted(scene.bands())) == (
            "a",
            1,
            0.1,
            ["nir", "red", "scl"],
        )
        eventually(lambda: [title for title, _ in hook.messages] == [f"spatial-load succeeded (run {made.run.id})"])

    @pytest.mark.slow
    def test_a_failure_is_told_with_its_stage(self, server, load, over, hook, eventually):
        server.faults["/search"] = [status(400)]
        create_rule("loads", "ops", events=["run.succeeded", "run.failed"])
        made = over(load())
        assert made.run.state == "failed"
        eventually(lambda: len(hook.messages) == 1)
        title, text = hook.messages[0]
        assert "failed" in title
        assert "Searching the catalogue" in text
        assert "refuses the request (status 400)" in text

    @pytest.mark.long
    def test_scenes_in_a_forecast_out_and_again_when_scenes_came(self, server, load, over, store):
        random = np.random.default_rng(0)
        days = [str(np.datetime64("2020-01-01") + 5 * number) for number in range(26)]
        for number, day in enumerate(days[:24]):
            server.add(f"s{number:02}", day, value=round(3000 + 1500 * np.sin(number / 4) + random.normal(0, 50)))
        period = {"time_from": "2020-01-01", "time_to": "2020-12-01"}
        made = over(load("spatial-forecast", horizon=2, **period), within=240)
        assert made.run.state == "succeeded", made.attempts[-1].log
        forecast = next(step.outputs for step in made.steps if "pixels" in (step.outputs or {}))
        assert (forecast["pixels"], forecast["scenes"]) == (24, 24)
        content = store.objects.get(forecast["file"]["object"])
        assert content[:4] == b"II*\x00"
        for number, day in enumerate(days[24:], 24):
            server.add(f"s{number:02}", day, value=4000)
        panel = forecast["panel"]["id"]
        again = over(load("spatial-update", panel=panel, **period), within=240)
        assert again.run.state == "succeeded", again.attempts[-1].log
        (updated,) = [step.outputs for step in again.steps if step.kind == "update_scenes"]
        assert updated["scenes"] == 26
        assert min(updated["dates"]) > days[25]


@pytest.mark.slow
def test_no_scenes_are_a_success_that_says_so_and_nothing_is_forecast(server, load, over):
    """Scenario 27."""
    made = over(load("spatial-forecast"))
    (loaded,) = [step for step in made.steps if step.kind == "load_scenes"]
    assert (made.run.state, loaded.outputs["is_empty"], loaded.outputs["found"]) == ("succeeded", True, 0)
    assert [step.fence for step in made.steps if step.name.startswith("forecast")] == [0]  # never executed


class TestClouds:
    """Scenario 28."""

    def scenes(self, server):
        for id, clouds in (("clear", 10), ("cloudy", 60)):
            server.add(id, clouds=clouds)

    def test_a_server_with_query_filters_and_is_checked(self, server, searched):
        self.scenes(server)
        assert ids(searched(0.2)) == ["clear"]
        assert server.bodies[0]["query"] == {"eo:cloud_cover": {"lt": 20.0}}

    def test_a_server_without_query_is_not_sent_the_filter(self, server, searched):
        self.scenes(server)
        server.conforms, server.filters = CORE, False
        assert ids(searched(0.2)) == ["clear"]
        assert ["query" in body for body in server.bodies] == [False]

    def test_a_server_that_declares_query_and_answers_nothing_is_asked_again_without_it(self, server, searched):
        self.scenes(server)
        server.filters = False
        assert ids(searched(0.2)) == ["clear"]
        assert ["query" in body for body in server.bodies] == [True, False]

    def test_a_real_server_without_query_finds_the_clear_scenes(self, server, tmp_path, store):
        self.scenes(server)
        with rustac(tmp_path, server.items, free_port()) as url:
            profile = CatalogueProfile(url, hosts=(server.host,), requests_per_second=1e6)
            found = search_catalogue(profile, AREA, *MAY_TO_JULY, clouds_below=0.2)
            assert ids(found) == ["clear"]
            assert len(search_catalogue(profile, AREA, *MAY_TO_JULY)) == 2
            assert search_catalogue(profile, Area(0, 0, 1, 1), *MAY_TO_JULY) == []
            assert keep_scene(found[0]).scene.cloud_share == 0.1

    def test_scenes_without_a_share_are_not_lost(self, server, searched):
        self.scenes(server)
        del server.items[1]["properties"]["eo:cloud_cover"]
        assert ids(searched(0.2)) == ["clear", "cloudy"]

    def test_a_static_catalogue_is_filtered_here(self, server, searched):
        self.scenes(server)
        server.conforms = []
        for number, each in enumerate(server.items):
            server.files[f"/item{number}"] = json.dumps(each).encode()
        root = {"type": "Catalog", "id": "s", "links": [{"rel": "item", "href": f"item{number}"} for number in (0, 1)]}
        server.files["/"] = json.dumps(root).encode()
        assert ids(searched(0.2)) == ["clear"]


class TestBusyServers:
    """Scenario 29."""

    def test_it_is_waited_as_long_as_the_server_asks(self, server, searched):
        server.add("a")
        server.faults["/search"] = [busy(3), busy(2), well]
        assert ids(searched()) == ["a"]
        assert [wait for wait in searched.waits if wait >= 1] == [3, 2]

    def test_a_longer_wait_than_allowed_is_an_error_that_passes(self, server, searched):
        server.faults["/search"] = [busy(100), busy(100)]
        with pytest.raises(StoreError, match="asks to wait 100 seconds; expected at most 120 in all"):
            searched()

    def test_requests_keep_the_rate(self, server):
        server.add("a")
        access = CatalogueRequests(server.profile(), sleep=lambda _: None)
        assert access.profile.requests_per_second == 1e6
        waits = []
        slowly = CatalogueRequests(CatalogueProfile(server.url, requests_per_second=2.0), sleep=waits.append)
        for _ in range(3):
            slowly.text(server.url)
        assert len(waits) == 2
        assert waits[0] == pytest.approx(0.5, abs=0.2)

    def test_a_connection_that_is_reset_is_tried_again(self, server, searched):
        server.add("a")
        server.faults["/search"] = [reset, reset, well]
        assert ids(searched()) == ["a"]

    def test_a_server_that_does_not_answer_is_an_error_that_passes(self, server, searched):
        server.faults["/search"] = [slow(0.6)] * 4
        with pytest.raises(
            StoreError, match=r"does not answer: ReadTimeoutError\. Expected an answer within 0\.2 seconds"
        ):
            searched(timeout_seconds=0.2)

    @pytest.mark.slow
    def test_a_server_that_stays_busy_has_the_step_wait_for_its_next_try(self, server, load, eventually):
        from enorchestrator import cancel
        from enorchestrator.dispatch.read import details

        server.faults["/search"] = [busy(1000)] * 50
        run = load()
        eventually(lambda: details(run.id).steps[0].retry_at is not None)
        assert details(run.id).steps[0].state == "ready"
        assert "asks to wait 1000 seconds" in str(details(run.id).attempts[-1].error)
        cancel(run.id)


class TestTokens:
    """Scenario 30."""

    @pytest.fixture(autouse=True)
    def user(self, monkeypatch):
        monkeypatch.setenv("ENSTORAGE_CATALOGUE_USER", "olga")
        monkeypatch.setenv("ENSTORAGE_CATALOGUE_PASSWORD", "s3cret")

    def test_a_token_that_expires_between_two_files_is_renewed(self, server, searched, store):
        server.add("a")
        for name, token in (("red", "token 1"), ("nir", "token 2"), ("scl", "token 2")):
            server.faults[f"/a/{name}.tif"] = [needs_token(token)] * 3
        (found,) = searched(token_url=f"{server.url}/token", client="us")
        order = {name: found.bands[name] for name in ("red", "nir", "scl")}
        assert all(file.read() for file in order.values())
        assert len(server.tokens) == 2
        assert server.tokens[0] == "grant_type=password&username=olga&password=s3cret&client_id=us"

    def test_bad_credentials_are_a_failure_that_stays_and_no_secret_is_told(self, server, searched):
        server.add("a")
        server.faults["/search"] = [status(401)]
        server.faults["/token"] = [status(401)]
        with pytest.raises(InvalidInputError, match="refuses the credentials of ENSTORAGE_CATALOGUE_USER") as caught:
            searched(token_url=f"{server.url}/token")
        assert "s3cret" not in str(caught.value)

    def test_a_token_that_is_refused_again_is_a_failure_that_stays(self, server, searched):
        server.faults["/search"] = [status(403), status(403)]
        with pytest.raises(InvalidInputError, match=r"refuses the credentials \(status 403\)"):
            searched(token_url=f"{server.url}/token")

    def test_missing_credentials_are_named(self, server, searched, monkeypatch):
        monkeypatch.delenv("ENSTORAGE_CATALOGUE_PASSWORD")
        server.faults["/search"] = [status(401)]
        with pytest.raises(InvalidInputError, match="wants a user; expected a name and a password in"):
            searched(token_url=f"{server.url}/token")

    def test_the_token_goes_to_no_other_host(self, server, searched):
        other = Server()
        server.faults["/search"] = [redirect(f"{other.url}/search")]
        with pytest.raises(InvalidInputError, match="is on no host of the catalogue"):
            searched(token_url=f"{server.url}/token")
        assert other.asked == {}
        other.close()

    @pytest.mark.parametrize("token", ["token 1", "%74oken 1"])
    def test_a_refusal_that_repeats_the_token_is_told_without_it(self, server, searched, token):
        server.faults["/search"] = [status(401), refusal(f"no {token}".encode(), 400)]
        with pytest.raises(InvalidInputError, match=r"refuses the request \(status 400\): no \*\*\*"):
            searched(token_url=f"{server.url}/token")


class TestHostileCatalogues:
    @pytest.mark.parametrize("location", ["http://[x/", "//[", "http://127.0.0.1:x/", "http://ho\u2100st/"])
    def test_a_redirect_to_what_is_no_url_is_refused(self, server, searched, location):
        server.faults["/search"] = [redirect(location.encode().decode("latin-1"))]
        with pytest.raises(InvalidInputError, match=r"leads to what is no URL|is on no host of the catalogue"):
            searched()

    @pytest.mark.parametrize("answer", [b"\xff\xfe{}", b"[" * 100_000, b"nothing", b"1e999", b"[]", b"null"])
    def test_an_answer_that_is_no_search_is_told(self, server, searched, answer):
        server.faults["/search"] = [refusal(answer, 200)] * 9
        with pytest.raises((InvalidInputError, StoreError), match=r"xpected|Try again"):
            searched()

    @pytest.mark.parametrize(
        "changed",
        [
            {"bbox": ["x", 1, 2, 3]},
            {"geometry": {"type": "Polygon", "coordinates": 7}, "bbox": None},
            {"assets": [1]},
            {"assets": {"red": 1}},
            {"properties": [1]},
            {"assets": None},
            {"properties": {"datetime": "2020-06-01T10:00:00Z", "eo:cloud_cover": "many"}},
        ],
    )
    def test_an_item_of_another_form_is_told(self, server, searched, changed):
        server.add("a")
        body = {"type": "FeatureCollection", "features": [{**server.items[0], **changed}], "links": []}
        server.faults["/search"] = [refusal(json.dumps(body).encode(), 200)]
        with pytest.raises((InvalidInputError, StoreError), match=r"xpected|Ask the provider"):
            searched(clouds_below=0.5)

    def test_a_page_that_leads_to_itself_is_given_up(self, server, searched, monkeypatch):
        monkeypatch.setattr("enspatial.catalogue.search._MOST_GIVEN", 20)
        server.add("a")
        again = {"rel": "next", "href": f"{server.url}/search", "method": "POST", "body": {}, "merge": True}
        body = {"type": "FeatureCollection", "features": server.items, "links": [again]}
        server.faults["/search"] = [refusal(json.dumps(body).encode(), 200)] * 50
        with pytest.raises(InvalidInputError, match="finds more than"):
            searched()

    @pytest.mark.parametrize(
        "answer", [b"[" * 100_000, b'{"conformsTo": 3}', b'{"conformsTo": [], "links": 3}', b"\xff"]
    )
    def test_a_root_of_another_form_is_told(self, server, searched, answer):
        server.faults["/"] = [refusal(answer, 200)] * 9
        with pytest.raises((InvalidInputError, StoreError), match=r"xpected|Check its address|Ask the provider"):
            searched()

    def test_an_endless_answer_is_given_up(self, server, searched, monkeypatch):
        monkeypatch.setattr("enspatial.catalogue.requests._LARGEST_ANSWER", 1_000_000)
        server.faults["/search"] = [refusal(b" " * 1_000_001, 200)]
        with pytest.raises(InvalidInputError, match="more than 1,000,000 bytes"):
            searched()

    @pytest.mark.parametrize(
        "url", ["https://u:q9Zs@[::1/x", "https://u:q9Zs@h/x", "https:/u:q9Zs@h/x", "https://h:x/?key=q9Zs"]
    )
    def test_the_url_of_an_unknown_catalogue_is_told_without_secrets(self, url):
        with pytest.raises(InvalidInputError, match="is not known") as caught:
            profile_of(url)
        assert "q9Zs" not in str(caught.value)


class TestDamagedFiles:
    """Scenario 31."""

    def test_a_file_that_comes_in_part_is_asked_for_once_more(self, server, searched, store):
        server.add("a")
        content = server.files["/a/red.tif"]
        server.faults["/a/red.tif"] = [cut(content), well]
        assert keep_scene(searched()[0]).is_new
        assert server.asked["/a/red.tif"] == 2

    def test_a_short_file_is_seen_by_its_size_fetched_again_and_then_put_into_quarantine(self, server, searched, store):
        server.add("a")
        server.add("b", "2020-06-06")
        content = server.files["/a/red.tif"]
        server.faults["/a/red.tif"] = [short(content), short(content)]
        loaded = keep_scenes(searched(), progress=False)
        assert server.asked["/a/red.tif"] == 2
        assert [scene.name for scene in loaded.scenes] == ["b"]
        assert "expected" in loaded.quarantined[0].quarantine
        assert "by its catalogue" in loaded.remarks[0]
        assert keep_scenes(searched(), progress=False).quarantined == ()  # whole this time

    def test_a_short_file_that_is_whole_the_second_time_is_kept(self, server, searched, store):
        server.add("a")
        server.faults["/a/red.tif"] = [short(server.files["/a/red.tif"]), well]
        assert keep_scene(searched()[0]).is_new

    @pytest.mark.slow
    def test_people_are_told_when_no_scene_can_be_used(self, server, load, over, hook, eventually):
        server.add("a")
        content = server.files["/a/red.tif"]
        server.faults["/a/red.tif"] = [short(content)] * 2
        create_rule("failures", "ops")
        made = over(load())
        assert made.run.state == "failed"
        eventually(lambda: len(hook.messages) == 1)
        assert "all are in quarantine" in hook.messages[0][1]
        assert len(find_scenes(quarantined=True)) == 1

    @pytest.mark.long
    def test_people_are_told_once_of_scenes_in_quarantine_beside_others(self, server, load, over, hook, eventually):
        server.add("a")
        server.add("b", "2020-06-06")
        server.put("/a/red.tif", np.full((4, 6), 1000, dtype=np.uint16), crs=None)
        create_rule("alerts", "ops", events=["run.alert"])
        made = over(load())
        assert (made.run.state, len(made.steps[0].outputs["scenes"])) == ("succeeded", 1)
        eventually(lambda: len(hook.messages) == 1)
        assert "1 of 2 scenes cannot be used and are in quarantine. The first: " in hook.messages[0][1]
        again = over(load(clouds_below=0.5))
        assert len(again.steps[0].outputs["quarantined"]) == 1
        create_rule("loads", "ops", events=["run.succeeded"])
        over(load(clouds_below=0.6))
        eventually(lambda: len(hook.messages) == 2)  # of the loads; that scene was told of before
        assert "succeeded" in hook.messages[1][0]

    def test_a_file_that_is_gone_is_told(self, server, searched, store):
        server.add("a")
        del server.files["/a/red.tif"]
        with pytest.raises(NotFoundError, match="There is nothing at"):
            keep_scene(searched()[0])


class TestCuts:
    """Of a large file only the pixels of the area are read."""

    @pytest.fixture
    def tile(self, server):
        """A tile of 3000 × 3000 pixels of noise, 18 MB, whose north-west corner is the small scenes'."""
        values = np.random.default_rng(0).integers(1, 9000, (3000, 3000)).astype(np.uint16)
        server.add("a")
        server.items[0]["assets"] = {"red": {"type": "image/tiff", **server.put("/tile.tif", values)}}
        return values

    def test_a_part_of_a_tile_is_loaded(self, server, tile, store):
        area = Area(11.9750, 44.8700, 11.9760, 44.8710)
        (found,) = search_catalogue(server.profile(), area, *MAY_TO_JULY, cut=True)
        kept = keep_scene(found, area=area).scene
        assert kept.checks["covered"] > 0.95
        assert server.given < len(server.files["/tile.tif"]) / 4
        cube = open_cube([kept], bands=["red"])
        left, _, _, top = Grid.from_json(cube.attrs["grid"]).edges
        row, column = round((4_973_170 - top) / 10), round((left - 734_880) / 10)
        rows, columns = cube.sizes["y"], cube.sizes["x"]
        assert rows * columns < 300
        assert np.round(cube["red"].to_numpy()[0] / 1e-4) == pytest.approx(
            tile[row : row + rows, column : column + columns]
        )
        assert not keep_scene(found).is_new

    def test_another_cut_is_another_scene_and_no_version(self, server, tile, store):
        areas = [Area(11.9750, 44.8700, 11.9760, 44.8710), Area(11.9760, 44.8700, 11.9770, 44.8710)]
        scenes = [
            keep_scene(search_catalogue(server.profile(), area, *MAY_TO_JULY, cut=True)[0]).scene for area in areas
        ]
        assert [scene.version for scene in scenes] == [1, 1]
        assert len(find_scenes()) == 2

    def test_a_cut_of_too_many_pixels_is_refused_before_they_are_read(self, server, tile, store, monkeypatch):
        monkeypatch.setenv("ENSTORAGE_MAX_RASTER_BYTES", "1000000")
        (found,) = search_catalogue(server.profile(), Area(11.9, 44.7, 12.1, 44.9), *MAY_TO_JULY, cut=True)
        with pytest.raises(InvalidInputError, match="bytes would be read; expected at most 1,000,000"):
            keep_scene(found)
        assert server.given < len(server.files["/tile.tif"]) / 4

    def test_a_server_that_gives_no_parts_gives_all(self, server, store):
        server.parts = False
        server.add("a")
        (found,) = search_catalogue(server.profile(), Area(11.9736, 44.8729, 11.9739, 44.8732), *MAY_TO_JULY, cut=True)
        assert keep_scene(found).scene.bands()["red"].raster["shape"] == [4, 3]

    def test_an_error_that_passes_stays_one_and_what_is_beside_is_refused(self, server, tile, store):
        area = Area(11.9750, 44.8650, 11.9760, 44.8660)
        server.faults["/tile.tif"] = [well, *[busy(1000)] * 20]
        (found,) = search_catalogue(server.profile(), area, *MAY_TO_JULY, cut=True)
        with pytest.raises(StoreError, match="asks to wait 1000 seconds"):
            keep_scene(found)
        server.faults.clear()
        server.items[0]["bbox"], beside = [0, 0, 60, 60], Area(20, 44, 20.1, 44.1)
        (found,) = search_catalogue(server.profile(), beside, *MAY_TO_JULY, cut=True)
        with pytest.raises(InvalidInputError, match="does not meet the area"):
            keep_scene(found)


@pytest.mark.long
def test_the_demonstration_loads_its_field_from_a_catalogue(server, tmp_path, monkeypatch):
    for number, each in enumerate(generated_scenes(30, 4, 5)):
        server.add(f"s{number:02}", str(np.datetime64(each.time, "ns"))[:10])
        for name, file in each.bands.items():
            server.files[f"/s{number:02}/{name}.tif"] = file.read()
    monkeypatch.setattr(demonstration, "CATALOGUE", server.profile())
    figures = demonstration.run(tmp_path, progress=False)
    assert (figures["scenes"], figures["is_generated"]) == (30, False)
    assert figures["values"] > 0
    assert (tmp_path / "forecast.tif").exists()


class TestOtherHosts:
    """A catalogue cannot have enstorage ask hosts of its choice."""

    @pytest.mark.parametrize(
        "url",
        [
            "http://169.254.169.254/latest/meta-data",
            "http://localhost:22/x.tif",
            "https://127.0.0.1.example.org/x.tif",
            "ftp://127.0.0.1/x.tif",
            "file:///etc/passwd.tif",
            "/etc/passwd.tif",
        ],
    )
    def test_an_asset_elsewhere_is_not_read(self, server, searched, store, url):
        server.add("a")["assets"]["red"]["href"] = url
        (found,) = searched(bands=("red",))
        with pytest.raises(InvalidInputError, match=r"is on no host of the catalogue|has no band"):
            keep_scene(found)

    def test_user_names_in_addresses_lead_nowhere(self, server):
        access = CatalogueRequests(server.profile())
        with pytest.raises(InvalidInputError, match="is on no host"):
            access.content(f"http://{server.host}@example.org/x")
        with pytest.raises(InvalidInputError, match="is on no host"):
            access.content(f"http://example.org@{server.host}/x")

    def test_a_public_catalogue_does_not_lead_into_a_private_network(self):
        profile = CatalogueProfile("https://8.8.8.8/v1", hosts=("127.0.0.1:9",))
        with pytest.raises(InvalidInputError, match="leads into a private network"):
            CatalogueRequests(profile).content("https://127.0.0.1:9/x.tif")

    @pytest.fixture
    def rebound(self, server, monkeypatch):
        """A public catalogue whose name is public as often as `rebound.public` says, and leads to the server then."""
        port, resolve = int(server.host.rpartition(":")[2]), socket.getaddrinfo

        def changing(host, *arguments, **options):
            if host != "rebinding.example":
                return resolve(host, *arguments, **options)
            profile.asked += 1
            return resolve("8.8.8.8" if profile.asked <= profile.public else "127.0.0.1", *arguments, **options)

        monkeypatch.setattr(socket, "getaddrinfo", changing)
        profile = SimpleNamespace(url=f"http://rebinding.example:{port}/v1", port=port, asked=0, public=1)
        return profile

    def test_a_name_that_leads_into_a_private_network_after_it_was_looked_at_is_refused(self, server, rebound):
        before = dict(server.asked)
        with pytest.raises(InvalidInputError, match=r"rebinding\.example leads into a private network"):
            CatalogueRequests(CatalogueProfile(rebound.url)).content(f"{rebound.url}/x.tif")
        assert (rebound.asked, server.asked) == (2, before)

    def test_the_address_that_was_looked_at_is_the_one_connected_to(self, rebound, monkeypatch):
        rebound.public, connected = 2, []

        def not_connected(address, *_arguments, **_options):
            connected.append(address)
            raise OSError

        monkeypatch.setattr(urllib3.util.connection, "create_connection", not_connected)
        with pytest.raises((StoreError, InvalidInputError)):
            CatalogueRequests(CatalogueProfile(rebound.url), sleep=float).content(f"{rebound.url}/x.tif")
        assert connected == [("8.8.8.8", rebound.port)]  # the next try looks again, and is refused

    def test_a_url_is_no_catalogue_unless_its_host_is_allowed(self, server, monkeypatch):
        monkeypatch.delenv("ENSTORAGE_CATALOGUE_HOSTS")
        with pytest.raises(InvalidInputError, match="is not known; expected copernicus, earth-search, or a URL"):
            profile_of(server.url)
        monkeypatch.setenv("ENSTORAGE_CATALOGUE_HOSTS", f" {server.host.upper()} , other:1")
        assert profile_of(server.url).knows(server.host)
        for wrong in ("file:///etc/passwd", "", None, f"http://{server.host}.evil.org"):
            with pytest.raises(InvalidInputError, match="is not known"):
                profile_of(wrong)

    def test_the_profiles_know_their_hosts_and_no_other(self):
        for profile in PROFILES.values():
            assert profile.knows(profile.home)
            assert not profile.knows(f"x{profile.home}")
            assert not profile.knows("example.org")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"time_from": "2020-07-01", "time_to": "2020-06-01"}, "is empty or reversed"),
        ({"clouds_below": 20}, "clouds_below is 20; expected a share"),
        ({"catalogue": "nowhere"}, "is not known"),
    ],
)
def test_a_wrong_search_is_refused_before_anything_is_asked(server, arguments, message):
    given = {"catalogue": server.profile(), "time_from": "2020-06-01", "time_to": "2020-07-01", **arguments}
    catalogue, start, end = (given.pop(name) for name in ("catalogue", "time_from", "time_to"))
    with pytest.raises(InvalidInputError, match=message):
        search_catalogue(catalogue, AREA, start, end, **given)
    assert server.asked == {}


def test_recorded_items_of_both_catalogues_have_their_bands(test_data):
    """Answers of the live servers, which cannot be reached from the tests."""
    from enspatial.scenes.items import candidate_of_item

    folder = test_data / "s2"
    earth_search = json.loads(
        (folder / "rio_tiler_pds_S2A_29RKH_20200219" / "S2A_29RKH_20200219_0_L2A.json").read_text()
    )
    asked = []
    found = candidate_of_item(earth_search, lambda href: asked.append(href) or folder, {"red", "nir", "scl"})
    assert set(found.bands) == {"red", "nir", "scl"}
    assert all(PROFILES["earth-search"].knows(each.split("/")[2]) for each in asked)
    (copernicus,) = json.loads((folder / "stac_items" / "openeo_cdse_search_queried.json").read_text())["features"]
    asked.clear()
    found = candidate_of_item(copernicus, lambda href: asked.append(href) or folder, {"red", "nir"})
    assert set(found.bands) == {"red", "nir"}
    assert found.bands["red"].bytes == 185_948_699
    assert all(PROFILES["copernicus"].knows(each.split("/")[2]) for each in asked)
