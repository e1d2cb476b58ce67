"""Scenarios of scenes: areas, grids, baselines, versions, profiles of models, disjoint blocks, staleness."""

import numpy as np
import pytest
from catalogues import BOX, Server

from enorchestrator import Dispatcher, PipelineDefinition, plan_intent, run_pipeline, save_pipeline, start_intent
from enorchestrator.dispatch.read import list_runs
from enorchestrator.pipeline.patterns import from_pattern
from enspatial import (
    Area,
    BandFile,
    Grid,
    Patches,
    SceneCandidate,
    find_scenes,
    keep_scene,
    keep_scenes,
    open_cube,
    overdue,
    search_catalogue,
    split_blocks,
    to_panel,
)
from enspatial.demo.generated import geotiff
from enstorage.errors import InvalidInputError
from enstorage.instant import to_ns

AREA = Area(*BOX)


@pytest.fixture
def server():
    made = Server()
    yield made
    made.close()


def search(server, area=AREA, **wanted):
    return search_catalogue(server.profile(), area, "2020-01-01", "2024-01-01", **wanted)


def scene(id, values, *, day="2020-06-01", **place):
    """A scene of one band, from a folder."""
    content = geotiff(np.asarray(values), **place)
    return SceneCandidate("field", id, to_ns(day), {"red": BandFile(lambda: content, "red.tif", scale=0.0001)})


class TestAreas:
    """Scenario 32."""

    def test_an_area_across_the_antimeridian_is_asked_for_in_two_parts(self, server):
        assert search(server, Area(179, -10, -179, 10)) == []
        assert [body["bbox"] for body in server.bodies] == [[179, -10, 180, 10], [-180, -10, -179, 10]]

    def test_what_is_no_area_is_refused(self):
        with pytest.raises(InvalidInputError, match="north of the area is 100; expected -90 to 90"):
            Area(0, 0, 1, 100)

    def test_a_low_coverage_is_flagged(self, server, store):
        server.add("a")
        loaded = keep_scenes(search(server), area=Area(11.9, 44.8, 12.1, 44.9), progress=False)
        assert loaded.remarks == ("a: It covers 0% of the area 11.9 44.8 12.1 44.9.",)
        assert loaded.scenes[0].checks["covered"] < 0.01

    def test_a_scene_beside_the_area_is_no_answer_whatever_the_server_says(self, server):
        server.add("a")
        assert search(server, Area(0, 0, 1, 1)) == []


class TestGrids:
    """Scenario 33."""

    def test_scenes_of_two_zones_and_resolutions_come_onto_one_grid(self, store):
        here = scene("here", np.full((40, 40), 2000, dtype=np.uint16))
        there = scene(
            "there",
            np.full((80, 60), 3000, dtype=np.uint16),
            day="2020-06-06",
            crs="EPSG:32633",
            left=260_700.0,
            top=4_974_200.0,
            size=20.0,
        )
        cube = open_cube(keep_scenes([here, there], progress=False).scenes, bands=["red"])
        assert cube.attrs["crs"] == "EPSG:32632"
        assert float(cube["x"][1] - cube["x"][0]) == 10
        assert [float(np.nanmedian(layer)) for layer in cube["red"].to_numpy()] == pytest.approx([0.2, 0.3])

    def test_a_scene_without_a_reference_system_is_refused(self, store):
        with pytest.raises(InvalidInputError, match="no coordinate reference system"):
            keep_scene(scene("lost", np.ones((4, 6), dtype=np.uint16), crs=None))


class TestBaselines:
    """Scenario 34."""

    def test_scenes_before_and_after_the_offset_agree(self, server, store):
        server.add("old", "2021-12-01", value=5000, **{"s2:processing_baseline": "03.01"})
        server.add("new", "2022-06-01", value=6000, **{"s2:processing_baseline": "04.00"})
        for name, asset in server.items[1]["assets"].items():
            if name != "scl":
                asset["raster:bands"] = [{"scale": 0.0001, "offset": -0.1}]
        cube = open_cube(keep_scenes(search(server), progress=False).scenes, bands=["nir"])
        assert cube["nir"].to_numpy().mean(axis=(1, 2)) == pytest.approx([0.5, 0.5])

    def test_an_offset_that_is_applied_already_is_not_applied_twice(self, server, store):
        facts = {"s2:processing_baseline": "04.00", "earthsearch:boa_offset_applied": True}
        server.add("applied", "2022-06-01", value=5000, **facts)
        server.items[0]["assets"]["nir"]["raster:bands"] = [{"scale": 0.0001, "offset": -0.1}]
        cube = open_cube(keep_scenes(search(server), progress=False).scenes, bands=["nir"])
        assert cube["nir"].to_numpy() == pytest.approx(0.5)

    def test_metadata_that_contradict_each_other_put_the_scene_into_quarantine(self, server, store):
        server.add("odd", "2022-06-01", **{"s2:processing_baseline": "04.00"})
        server.add("good", "2022-06-06", **{"s2:processing_baseline": "04.00"})
        server.items[0]["assets"]["nir"]["raster:bands"] = [{"scale": 0.0001, "offset": 0}]
        loaded = keep_scenes(search(server), progress=False)
        assert [each.name for each in loaded.scenes] == ["good"]
        (odd,) = loaded.quarantined
        assert "offset 0; expected -0.1 by its processing baseline 04.00" in odd.quarantine
        assert server.asked["/odd/nir.tif"] == 0


class TestVersions:
    """Scenario 35."""

    def test_the_same_scene_twice_is_no_copy_and_one_processed_again_a_new_version(self, server, store, census):
        ids = [
            f"S2B_MSIL2A_20200914T231559_N0{number}_R087_T01VCG_2023031{number % 10}T224658" for number in (214, 500)
        ]
        server.add(ids[0], "2020-09-14")
        keep_scenes(search(server), progress=False)
        before = census(store)
        assert len(keep_scenes(search(server), progress=False).known) == 1
        assert census(store) == before
        server.items.clear()
        server.add(ids[1], "2020-09-14", value=4000)
        (second,) = keep_scenes(search(server), progress=False).kept
        assert (second.version, second.item) == (2, find_scenes(all_versions=True)[0].item)
        assert find_scenes() == [second]


class TestProfiles:
    """Scenario 37."""

    def test_two_expressions_of_one_set_of_scenes_are_two_panels_with_their_lineage(self, server, store):
        server.add("a")
        scenes = keep_scenes(search(server), progress=False).scenes
        panels = [
            to_panel(open_cube(scenes, expression), name=expression, time_interval="5d")
            for expression in ("ndvi", "evi2")
        ]
        assert [panel.tags["spatial"]["expression"] for panel in panels] == ["ndvi", "evi2"]
        for panel in panels:
            assert scenes[0] in panel.lineage().records
        first, second = (panel.read()["value"].mean() for panel in panels)
        assert first != pytest.approx(second)

    def test_a_missing_band_is_refused(self, server, store):
        server.add("a")
        scenes = keep_scenes(search(server), progress=False).scenes
        with pytest.raises(InvalidInputError, match="No scene has the band swir16"):
            open_cube(scenes, "(nir - swir16) / (nir + swir16)")


def test_a_load_without_an_area_asks_for_it_and_starts_nothing(store):
    """Scenario 73."""
    save_pipeline(from_pattern("spatial-load", "load"), connector=store)
    with pytest.raises(InvalidInputError, match="area"):
        run_pipeline("load", {"time_from": "2020-05-01", "time_to": "2020-07-01"}, connector=store)
    assert list_runs(connector=store) == []


LOAD = "load Sentinel-2 for 44.1 53.9 44.3 54.1 from 2020-05-01 to 2020-09-30 with clouds below 20 %"


@pytest.mark.parametrize(
    "sentence",
    [LOAD, "загрузи Sentinel-2, область 44,1 53,9 44,3 54,1 с 2020-05-01 по 2020-09-30, облачность ниже 20 %"],
)
def test_a_sentence_loads_scenes(store, sentence):
    plan = plan_intent(sentence, connector=store)
    assert plan.is_ready
    parameters = {name: each.default for name, each in plan.pipeline.parameters.items()}
    assert parameters == {
        "catalogue": "earth-search",
        "area": [44.1, 53.9, 44.3, 54.1],
        "time_from": "2020-05-01",
        "time_to": "2020-10-01",
        "clouds_below": 0.2,
    }
    assert [step.kind for step in plan.pipeline.steps.values()] == ["load_scenes"]


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        (LOAD.replace("44.1 53.9 44.3 54.1", ""), "Of which area? Say west, south, east and north in degrees"),
        (LOAD.replace("from 2020-05-01 to 2020-09-30", ""), "Of which time? Say such as: from 2020-05-01"),
        (LOAD.replace("53.9", "95"), "expected -90 to 90 degrees"),
        (LOAD.replace("2020-09-30", "2019-09-30"), "2019-09-30 is before 2020-05-01."),
    ],
)
def test_a_sentence_that_lacks_something_asks_for_it_and_starts_nothing(store, sentence, told):
    """Scenario 73."""
    plan = plan_intent(sentence, connector=store)
    assert not plan.is_ready
    assert told in " ".join([*plan.questions, *(each.fact for each in plan.conflicts)])
    with pytest.raises(InvalidInputError, match="Nothing was started"):
        start_intent(plan, connector=store)
    assert list_runs(connector=store) == []


class TestStaleness:
    """Scenario 60."""

    def test_no_scene_by_the_time_of_the_next_pass_is_told(self, store):
        assert overdue(AREA, 5) == (
            "There is no scene of the area 11.97 44.86 11.98 44.875. Expected one every 5 days. Load scenes."
        )
        keep_scene(scene("one", np.ones((4, 6), dtype=np.uint16), day="2020-06-01"))
        assert overdue(AREA, 5, now="2020-06-05") is None
        assert "The latest scene of the area" in (overdue(AREA, 5, now="2020-06-07") or "")
        assert "one, 6.0 days old; expected one every 5 days" in (overdue(AREA, 5, now="2020-06-07") or "")
        assert "There is no scene" in (overdue(Area(0, 0, 1, 1), 5, now="2020-06-05") or "")

    @pytest.mark.slow
    def test_the_check_fails_so_that_people_are_told(self, store, over):
        keep_scene(scene("one", np.ones((4, 6), dtype=np.uint16), day="2020-06-01"))
        definition = {"name": "watch", "steps": {"look": {"kind": "check_scenes", "with": {"area": BOX}}}}
        save_pipeline(PipelineDefinition.read(definition), connector=store)
        with Dispatcher(store, workers=1):
            made = over(run_pipeline("watch", {}, connector=store))
        assert made.run.state == "failed"
        assert "days old; expected one every 5 days" in str(made.attempts[-1].error)

    @pytest.fixture
    def current(self, store):
        return store


class TestOverlap:
    """Scenario 55."""

    def test_parts_that_share_pixels_are_refused_and_marked_where_that_is_wanted(self, store):
        found = keep_scene(scene("one", np.full((20, 24), 500, dtype=np.uint16))).scene
        cube = open_cube([found], bands=["red"])
        labels = (np.arange(480).reshape(20, 24) % 24 > 11).astype(np.int64)
        parts = split_blocks(Grid.from_json(cube.attrs["grid"]), 5, seed=1)
        with pytest.raises(
            InvalidInputError, match="patches share a pixel with a patch of another part; expected none"
        ):
            Patches(1, 2).data_set(cube, labels, parts, name="covers")
        marked = Patches(1, 2).data_set(cube, labels, parts, name="covers", leaks="mark")
        assert marked.tags["spatial"]["leaks"] > 0
        apart = Patches(1, 2).data_set(cube, labels, parts.with_gap(1), name="covers")
        assert apart.tags["spatial"]["leaks"] == 0
