"""Scenes in the store: checked, once, in versions, found again, shown."""

import io

import numpy as np
import pytest
import rasterio
from small_scenes import band, classes, index, scene

import enspatial
from enspatial import Area, find_scenes, keep_scene, keep_scenes, preview, scenes_in
from enspatial.demo.generated import geotiff
from enspatial.raster.cog import is_cog
from enstorage import Scene, check, gc
from enstorage.errors import CorruptError, InUseError, InvalidInputError, NotFoundError
from enstorage.instant import to_ns


def pixels(kept, name):
    """The pixels of a stored band."""
    with rasterio.MemoryFile(kept.connector.objects.get(kept.bands()[name].sha256)) as file, file.open() as dataset:
        return dataset.read(1)


def test_a_scene_is_kept_as_cloud_optimized_geotiff_with_its_checks(store):
    counts = np.arange(24, dtype=np.uint16).reshape(4, 6) + 1
    kept = keep_scene(scene(red=band(counts, scale=0.0001), scl=classes((0, 0), (1, 1))), area=None).scene
    assert (kept.crs, kept.version, kept.quarantine) == ("EPSG:32632", 1, None)
    assert kept.cloud_share == pytest.approx(2 / 24)
    assert (pixels(kept, "red") == counts).all()
    assert is_cog(store.objects.get(kept.bands()["red"].sha256))
    raster = kept.bands()["red"].raster
    assert (raster["shape"], raster["minimum"], raster["maximum"], raster["nodata"]) == ([4, 6], 1, 24, 0)
    assert (raster["scale"], raster["measured"]) == (0.0001, 1)
    assert kept.west < 12 < kept.east + 0.1
    assert check(store) == []
    assert gc(store).spared == 0


def test_the_same_scene_twice_is_one_copy(store, census):
    assert keep_scene(scene()).is_new
    before = census(store)
    again = keep_scene(scene())
    assert (again.is_new, again.scene.version) == (False, 1)
    assert census(store) == before


def test_a_scene_that_was_processed_again_is_a_new_version_and_the_one_that_is_found(store):
    names = [f"S2B_MSIL2A_20200914T231559_N0{baseline}_R087_T01VCG_20230315T224658" for baseline in (214, 500)]
    keep_scene(scene(names[0], ndvi=index(0.5)))
    second = keep_scene(scene(names[1], ndvi=index(0.4)))
    assert second.is_new
    assert second.scene.version == 2
    assert find_scenes() == [second.scene]
    assert [each.name for each in find_scenes(all_versions=True)] == names


def test_a_further_band_of_a_known_scene_joins_it(store):
    first = keep_scene(scene(ndvi=index())).scene
    second = keep_scene(scene(ndvi=index(), scl=classes()))
    assert (second.is_new, second.scene) == (False, first)
    assert set(first.bands()) == {"ndvi", "scl"}


def test_scenes_are_found_by_area_time_clouds_and_baseline(store):
    for day, cloud, baseline in (("2020-06-01", (), "02.14"), ("2020-06-11", ((0, 0),) * 6, "05.00")):
        found = scene(day, day, ndvi=index(), scl=classes(*cloud))
        keep_scene(
            enspatial.SceneCandidate(
                **{**{name: getattr(found, name) for name in found.__slots__}, "baseline": baseline}
            )
        )
    names = lambda **wanted: [each.name for each in find_scenes(**wanted)]  # noqa: E731
    assert names(area=Area(11, 44, 12, 45)) == ["2020-06-01", "2020-06-11"]
    assert names(area=Area(170, 44, -170, 45)) == []
    assert names(time_from="2020-06-02") == names(baseline="05.00") == ["2020-06-11"]
    assert names(time_to="2020-06-11") == names(clouds_below=0.01) == ["2020-06-01"]
    with pytest.raises(InvalidInputError, match="from 2021 to 2020 is empty or reversed"):
        find_scenes(time_from="2021", time_to="2020")
    with pytest.raises(InvalidInputError, match="clouds_below is 20; expected a share from 0 to 1"):
        find_scenes(clouds_below=20)


@pytest.mark.parametrize(
    ("file", "error", "message"),
    [
        (lambda: geotiff(np.ones((4, 6), dtype=np.uint16))[:200], InvalidInputError, "is damaged"),
        (lambda: b"<html>busy</html>", InvalidInputError, "is no raster that can be read"),
        (
            lambda: geotiff(np.ones((4, 6), dtype=np.uint16), crs=None),
            InvalidInputError,
            "no coordinate reference system",
        ),
        (lambda: b"\x00\x00\x00\x0cjP  \r\n\x87\n damaged", InvalidInputError, "is damaged"),
    ],
)
def test_files_that_cannot_be_used_are_refused_and_change_nothing(store, census, file, error, message):
    before = census(store)
    with pytest.raises(error, match=message):
        keep_scene(scene(red=enspatial.BandFile(file, "red.tif")))
    assert census(store) == before


def test_bytes_that_are_not_as_announced_are_refused(store):
    content = geotiff(np.ones((4, 6), dtype=np.uint16))
    for announced, message in (
        ({"bytes": 5}, "expected 5 by its catalogue"),
        ({"sha256": "0" * 64}, "has the SHA-256"),
    ):
        with pytest.raises(CorruptError, match=message):
            keep_scene(scene(red=enspatial.BandFile(lambda: content, "red.tif", **announced)))
    with pytest.raises(InvalidInputError, match="EPSG:32632; expected EPSG:32633 by its catalogue"):
        keep_scene(scene(red=enspatial.BandFile(lambda: content, "red.tif", crs="EPSG:32633")))


def test_bands_of_several_systems_and_classes_out_of_range_are_refused(store):
    with pytest.raises(InvalidInputError, match="EPSG:32632, EPSG:32633; expected one"):
        keep_scene(scene(red=index(), nir=index(crs="EPSG:32633")))
    with pytest.raises(InvalidInputError, match="has the class 99; expected 0 to 11"):
        keep_scene(scene(scl=band(np.full((4, 6), 99, dtype=np.uint8))))


def test_the_coverage_of_the_area_is_told_and_a_scene_beside_it_refused(store):
    kept = keep_scene(scene(), area=Area(11.9, 44.8, 12.1, 44.9)).scene
    assert 0 < kept.checks["covered"] < 0.01
    assert "It covers 0% of the area" in kept.checks["remarks"][0]
    with pytest.raises(InvalidInputError, match="does not meet the area"):
        keep_scene(scene("two", ndvi=index(0.1)), area=Area(0, 0, 1, 1))


def test_values_that_are_impossible_are_remarked(store):
    kept = keep_scene(scene(ndvi=band(np.full((4, 6), 3.5, dtype=np.float32)))).scene
    assert "ndvi has values from 3.5 to 3.5; those outside -1 to 1 are taken as not measured." in kept.checks["remarks"]


def test_one_bad_scene_goes_into_quarantine_and_the_others_are_kept(store):
    bad = scene("bad", red=enspatial.BandFile(lambda: b"II*\x00 cut", "red.tif"))
    loaded = keep_scenes([scene(), bad, scene("three", "2020-06-03")], progress=False)
    assert [each.name for each in loaded.scenes] == ["one", "three"]
    assert [(each.name, "is damaged" in each.quarantine) for each in loaded.quarantined] == [("bad", True)]
    assert find_scenes(quarantined=True) == list(loaded.quarantined)
    assert len(find_scenes()) == 2
    again = keep_scenes([bad], progress=False)
    assert again.quarantined == loaded.quarantined  # the same reason is one record
    mended = keep_scene(scene("bad", red=index()))
    assert mended.scene.version == 2


def test_a_scene_in_use_is_not_deleted(store):
    cube = enspatial.open_cube([keep_scene(scene()).scene], "ndvi")
    enspatial.to_panel(cube, name="field", time_interval="5d")
    with pytest.raises(InUseError, match=r"in use by PanelScene\(1\)"):
        Scene.get(1).delete()


def test_a_preview_is_a_small_picture(store):
    kept = keep_scene(scene(red=index(0.1), green=index(0.2), blue=index(0.3), scl=classes())).scene
    picture = preview(kept)
    assert picture.startswith(b"\x89PNG")
    with rasterio.MemoryFile(picture) as file, file.open() as dataset:
        assert (dataset.count, dataset.shape) == (4, (4, 6))
    assert preview(kept, bands=("scl",)).startswith(b"\x89PNG")
    with pytest.raises(NotFoundError, match="cannot be shown by nir; expected one or three of red"):
        preview(kept, bands=("nir",))


class TestFolders:
    def test_dates_and_bands_are_read_from_names(self, store, tmp_path):
        (tmp_path / "NDVI").mkdir()
        values = np.full((4, 6), 5000, dtype=np.int16)
        for name in ("S2A2A_20200109_022_field_NDVI_10.tif", "S2B2A_20200104_022_field_NDVI_10.tif"):
            (tmp_path / "NDVI" / name).write_bytes(geotiff(values))
        (tmp_path / "S2A2A_20200109_022_field_SCL_20.tif").write_bytes(geotiff(values.astype(np.uint8)))
        (tmp_path / "notes.tif").write_bytes(b"nothing")
        (tmp_path / "S2A_20201399_B04.tif").write_bytes(b"no such day")
        found = scenes_in(tmp_path)
        assert [(each.time, sorted(each.bands)) for each in found] == [
            (to_ns("2020-01-04"), ["ndvi"]),
            (to_ns("2020-01-09"), ["ndvi", "scl"]),
        ]
        assert found[0].bands["ndvi"].scale == 0.0001
        assert [sorted(each.bands) for each in scenes_in(tmp_path, bands=("SCL",))] == [["scl"]]

    def test_an_item_beside_its_files_describes_them(self, store, tmp_path):
        item = {
            "type": "Feature",
            "id": "S2A_1",
            "properties": {"datetime": "2022-06-01T10:00:00Z", "eo:cloud_cover": 4, "s2:processing_baseline": "04.00"},
            "assets": {"red": {"href": "https://example.org/far/away/B04.tif", "type": "image/tiff"}},
        }
        (tmp_path / "item.json").write_text(__import__("json").dumps(item))
        (tmp_path / "B04.tif").write_bytes(geotiff(np.full((4, 6), 2000, dtype=np.uint16)))
        (found,) = scenes_in(tmp_path)
        assert (found.cloud_share, found.baseline, found.bands["red"].offset) == (0.04, "04.00", -0.1)
        cube = enspatial.open_cube([keep_scene(found).scene], bands=["red"])
        assert cube["red"].to_numpy() == pytest.approx(0.1)

    def test_files_outside_the_folder_are_not_read(self, tmp_path):
        (tmp_path / "data").mkdir()
        (tmp_path / "B04.tif").write_bytes(geotiff(np.ones((4, 6), dtype=np.uint16)))
        (tmp_path / "data" / "item.json").write_text(
            '{"type": "Feature", "id": "x", "properties": {"datetime": "2022-06-01T10:00:00Z"}, '
            '"assets": {"B04": {"href": "../B04.tif"}, "B05": {"href": "/etc/passwd.tif"}}}'
        )
        (tmp_path / "data" / "20200101_B04.tif").symlink_to(tmp_path / "B04.tif")
        with pytest.raises(InvalidInputError, match="has no scene; expected GeoTIFFs with a date"):
            scenes_in(tmp_path / "data")

    def test_a_folder_that_is_none_is_refused(self, tmp_path):
        with pytest.raises(InvalidInputError, match="is no folder"):
            scenes_in(tmp_path / "nowhere")


class TestRealScenes:
    def test_the_scenes_of_every_folder_are_kept_without_a_remark(self, store, test_data):
        loaded = keep_scenes(scenes_in(test_data / "s2" / "sen2r_barbellino"), progress=False)
        assert ([each.cloud_share for each in loaded.scenes if "scl" in each.bands()], loaded.quarantined) == (
            [pytest.approx(0.1309, abs=1e-4), 0.0],
            (),
        )
        atmosphere = next(each for each in loaded.scenes if "ndvi" in each.bands())
        cube = enspatial.open_cube([atmosphere], "(nir - red) / (nir + red)", bands=["ndvi"], mask=False)
        ready, made = (cube[name].to_numpy() for name in ("ndvi", "(nir - red) / (nir + red)"))
        assert np.nanmax(np.abs(ready - made)) < 2e-4

    def test_a_tile_with_its_item_is_kept_with_all_bands(self, store, test_data):
        (found,) = scenes_in(test_data / "s2" / "rio_tiler_pds_S2A_29RKH_20200219", bands=("red", "nir", "scl"))
        kept = keep_scene(found).scene
        assert (kept.baseline, kept.crs, sorted(kept.bands())) == ("02.14", "EPSG:32629", ["nir", "red", "scl"])
        assert kept.cloud_share == pytest.approx(0.0405, abs=1e-4)
        with rasterio.MemoryFile(preview(kept)) as file, file.open() as dataset:
            assert max(dataset.shape) == 512
        assert io.BytesIO(preview(kept, pixels=64)).read(4) == b"\x89PNG"
